#include "core/kernel_table.h"
#include "ops/optim/optim.h"

namespace dl {

DL_DECLARE(sgd_step_f32, SgdArgs)
DL_DECLARE(sgd_step_f64, SgdArgs)
DL_DECLARE(adam_step_f32, AdamArgs)
DL_DECLARE(adam_step_f64, AdamArgs)

constexpr Row<SgdArgs> sgd_rows[] = {DL_CPU_ROWS("sgd_step", f32, sgd_step_f32)
                                         DL_CPU_ROWS("sgd_step", f64, sgd_step_f64)};
constexpr Row<AdamArgs> adam_rows[] = {DL_CPU_ROWS("adam_step", f32, adam_step_f32)
                                           DL_CPU_ROWS("adam_step", f64, adam_step_f64)};

static const Manifest<SgdArgs> sgd_manifest(sgd_rows);
static const Manifest<AdamArgs> adam_manifest(adam_rows);

}  // namespace dl
