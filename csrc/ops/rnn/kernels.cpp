#include "core/kernel_table.h"
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

#define CELL(NAME) \
  DL_CPU_ROWS(#NAME "_cell_fwd", f32, NAME##_cell_fwd_f32) \
  DL_CPU_ROWS(#NAME "_cell_fwd", f64, NAME##_cell_fwd_f64) \
  DL_CPU_ROWS(#NAME "_cell_bwd", f32, NAME##_cell_bwd_f32) \
  DL_CPU_ROWS(#NAME "_cell_bwd", f64, NAME##_cell_bwd_f64)
constexpr Row<RnnCellArgs> rows[] = {CELL(rnn_tanh) CELL(rnn_relu) CELL(lstm) CELL(gru)};
#undef CELL

static const Manifest<RnnCellArgs> manifest(rows);

}  // namespace dl
