// One layer of a recurrent network over whole sequences, in one or both directions, with PyTorch's gate orders.
//   a_t = W_ih x_t + b_ih, u_t = W_hh h_{t-1} + b_hh; σ is the sigmoid
//   rnn_tanh, rnn_relu   h = tanh or relu (a + u)
//   lstm                 i f g o = σ σ tanh σ (a + u);  c = f c_{t-1} + i g;  h = o tanh c
//   gru                  r z = σ (a + u);  n = tanh(a_n + r u_n);  h = (1 - z) n + z h_{t-1}
// Sequences are packed: the rows of x (R, I) are those of step 0, then step 1, …; step t has the first batch_sizes[t]
// of the N sequences, a count that never grows. A sequence's state stops where it ends, and the reverse direction
// starts there. h0 (D, N, H), c0 the same; weights of each direction in turn: w_ih (G H, I), w_hh (G H, H) and, or not,
// b_ih and b_hh (G H,), with G = 1, 4, 3 and D directions. float32 and float64. NaN propagates, within its sequence.
//   out (R + N, D H): the outputs of all steps, then the last h; for lstm N more rows, the last c. One array, since a
//   node of autograd has one; its halves are views.
#pragma once
#include "core/dtype.h"

namespace dl {

// Steps of one sequence are sequential; rows of one step are not. A kernel's range is rows.
struct RnnCellArgs {
  int64_t hidden;  // H
  // Forward. Strides are between rows, in elements; what has none is dense.
  void* gates;  // (…, G H): in a_t; out the gates, for gru (…, 4 H) with u_n behind them
  int64_t gates_stride;
  const void* product;        // u_t (…, G H)
  void *h, *c;                // the state (…, H), read and written
  void* y;                    // h again, as this step's output
  int64_t state_stride;       // of h, c, y, g
  void *h_before, *c_before;  // the state as it was (…, H), for the backward; or null
  // Backward: from gates, h_before and c_before.
  const void* g;  // the gradient of y
  void *dh, *dc;  // of the state (…, H): in the later step's, out the earlier's without what comes through W_hh
  void *da, *du;  // of a_t and u_t (…, G H); the same memory but for gru
};

}  // namespace dl
