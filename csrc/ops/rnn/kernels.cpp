#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/rnn/rnn.h"

namespace dl {

#define CELL(NAME) \
  DL_DECLARE(NAME##_cell_fwd_f32, RnnCellArgs) \
  DL_DECLARE(NAME##_cell_fwd_f64, RnnCellArgs) \
  DL_DECLARE(NAME##_cell_bwd_f32, RnnCellArgs) \
  DL_DECLARE(NAME##_cell_bwd_f64, RnnCellArgs)
CELL(rnn_tanh)
CELL(rnn_relu)
CELL(lstm)
CELL(gru)
#undef CELL

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
#define CELL(NAME) \
  BOTH(#NAME "_cell_fwd", f32, NAME##_cell_fwd_f32) \
  BOTH(#NAME "_cell_fwd", f64, NAME##_cell_fwd_f64) \
  BOTH(#NAME "_cell_bwd", f32, NAME##_cell_bwd_f32) \
  BOTH(#NAME "_cell_bwd", f64, NAME##_cell_bwd_f64)
constexpr Row<RnnCellArgs> rows[] = {CELL(rnn_tanh) CELL(rnn_relu) CELL(lstm) CELL(gru)};
#undef CELL

namespace {

// Forward: a_t, u_t and (not by rnn) the state are read, the gates (with gru's u_n behind them), the states and y
// written; where a backward wants the states as they were, those are copied. Backward: the gates, the state before and
// y's gradient are read, the states' gradients read and written, those of a_t and u_t written.
Work work(const Row<RnnCellArgs>& row, const RnnCellArgs& a, int64_t n) {
  const std::string_view op = row.op;
  const bool lstm = op.starts_with("lstm"), gru = op.starts_with("gru");
  const int gates = lstm ? 4 : gru ? 3 : 1, kept = gru ? 4 : gates, states = lstm ? 2 : 1, before = lstm || gru;
  const int forward = 2 * gates + before + kept + states + 1 + (a.h_before ? states + !gru : 0);
  const int backward = kept + before + 2 * states + 1 + (gru ? 2 : 1) * gates;
  return moves(static_cast<double>((is_backward(row.op) ? backward : forward) * n * a.hidden), row.dtype);
}

}  // namespace

static const Manifest<RnnCellArgs> manifest(rows, work);

}  // namespace dl
