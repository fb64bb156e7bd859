// The functions of rnn.h: a whole layer forward and backward. Apart from it, since kernel files include no baseline
// code.
#pragma once
#include <vector>

#include "core/array.h"
#include "ops/rnn/rnn.h"

namespace dl {

enum class RnnMode { tanh, relu, lstm, gru };

struct RnnSaved {
  Array gates, h_before, c_before;  // (D, R, G H or 4 H), (D, R, H), (D, R, H)
};

struct RnnGradients {
  Array dx, dh0, dc0;  // dx only where asked for; dc0 only of lstm
  std::vector<Array> weights;
};

// saved: what the backward needs, or null.
DL_API Array rnn_fwd(RnnMode mode, const Array& x, const std::vector<int64_t>& batch_sizes, const Array& h0,
                     const Array* c0, const std::vector<Array>& weights, RnnSaved* saved);
// g: the gradient of out.
DL_API RnnGradients rnn_bwd(RnnMode mode, const Array& g, const Array& x, const std::vector<int64_t>& batch_sizes,
                            const std::vector<Array>& weights, const RnnSaved& saved, bool need_x);

}  // namespace dl
