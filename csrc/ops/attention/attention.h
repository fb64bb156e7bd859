// Scaled dot-product attention, a block of queries at a time: a block's scores stay in the L2 cache, and none are kept.
//   s_ij = scale q_i·k_j, + mask_ij or -inf where it forbids;  p_ij = exp(s_ij - m_i) / l_i,  m_i = max_j s_ij,
//   l_i = Σ_j exp(s_ij - m_i);  y_i = Σ_j p_ij v_j
//   backward, from m, 1/l and s again:  dp_ij = g_i·v_j;  ds_ij = scale p_ij (dp_ij - Σ_k p_ik dp_ik)
//   dq = ds k;  dk = dsᵀ q;  dv = pᵀ g, summed over blocks in order
// q (…, L, E), k (…, S, E), v (…, S, V) with equal leading dimensions and any strides; float32 or float64; y (…, L, V)
// in q's memory order. The mask broadcasts to (…, L, S): bool, true where a query may look, or floats of q's dtype.
// causal: query i looks at keys 0 … i, and later blocks of keys are not computed. A query that may look nowhere gets
// zeros and no gradient. A NaN score makes its query's row NaN. Blocks depend on shapes alone: the same bits at any
// number of threads.
#pragma once
#include "core/dtype.h"

namespace dl {

// Matrices of all heads: element (r, c) of head h lies at at[h] + r row + c column.
struct AttentionHeads {
  void* data = nullptr;
  const int64_t* at = nullptr;
  int64_t row = 0, column = 0;
};
// CUDA: the operands themselves, since scores are made and used in one kernel.
struct AttentionDevice {
  AttentionHeads q, k, v, y, g, dq, dk, dv, mask;
  int64_t queries = 0, width = 0, value_width = 0;
};

struct AttentionArgs {
  void* scores;        // (rows, keys): in q kᵀ, out p; CUDA: null
  void* dp = nullptr;  // backward (rows, keys): in dp, out ds
  void* stats;         // (rows, 2): m and 1 / l, or two zeros for a query that may look nowhere
  int64_t keys;
  int64_t first;  // of the queries, where causal
  bool causal;
  double scale;
  const void* mask = nullptr;  // its row for the first query, contiguous; CUDA: its first element
  int64_t mask_step = 0;       // elements from one query's row to the next
  bool added = false;          // the mask is added; else it is bools
  AttentionDevice device{};
};
// A kernel's range: queries of the block; CUDA: heads.

struct AttentionMask {
  const Array* mask;  // or null
  bool causal;
  double scale;
};

// stats: (heads, L, 2), what the backward needs, or null.
DL_API Array attention_fwd(const Array& q, const Array& k, const Array& v, const AttentionMask& how, Array* stats);
// The gradients are in the memory order of q, k and v.
DL_API void attention_bwd(const Array& g, const Array& q, const Array& k, const Array& v, const AttentionMask& how,
                          const Array& stats, Array* dq, Array* dk, Array* dv);

}  // namespace dl
