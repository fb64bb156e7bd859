#include "core/kernel_table.h"
#include "ops/optim/optim.h"

namespace dl {

#define DL_OPTIM_DECLARE(NAME, ARGS) DL_DECLARE(NAME##_step_f32, ARGS) DL_DECLARE(NAME##_step_f64, ARGS)
DL_OPTIM_DECLARE(sgd, SgdArgs)
DL_OPTIM_DECLARE(adam, AdamArgs)
DL_OPTIM_DECLARE(amsgrad, AdamArgs)
DL_OPTIM_DECLARE(nadam, NadamArgs)
DL_OPTIM_DECLARE(adamax, AdamaxArgs)
DL_OPTIM_DECLARE(adagrad, AdagradArgs)
DL_OPTIM_DECLARE(adadelta, AdadeltaArgs)
DL_OPTIM_DECLARE(rmsprop, RmspropArgs)

#define DL_OPTIM_ROWS(NAME) \
  DL_CPU_ROWS(#NAME "_step", f32, NAME##_step_f32) DL_CPU_ROWS(#NAME "_step", f64, NAME##_step_f64)
constexpr Row<SgdArgs> sgd_rows[] = {DL_OPTIM_ROWS(sgd)};
constexpr Row<AdamArgs> adam_rows[] = {DL_OPTIM_ROWS(adam) DL_OPTIM_ROWS(amsgrad)};
constexpr Row<NadamArgs> nadam_rows[] = {DL_OPTIM_ROWS(nadam)};
constexpr Row<AdamaxArgs> adamax_rows[] = {DL_OPTIM_ROWS(adamax)};
constexpr Row<AdagradArgs> adagrad_rows[] = {DL_OPTIM_ROWS(adagrad)};
constexpr Row<AdadeltaArgs> adadelta_rows[] = {DL_OPTIM_ROWS(adadelta)};
constexpr Row<RmspropArgs> rmsprop_rows[] = {DL_OPTIM_ROWS(rmsprop)};

static const Manifest<SgdArgs> sgd_manifest(sgd_rows);
static const Manifest<AdamArgs> adam_manifest(adam_rows);
static const Manifest<NadamArgs> nadam_manifest(nadam_rows);
static const Manifest<AdamaxArgs> adamax_manifest(adamax_rows);
static const Manifest<AdagradArgs> adagrad_manifest(adagrad_rows);
static const Manifest<AdadeltaArgs> adadelta_manifest(adadelta_rows);
static const Manifest<RmspropArgs> rmsprop_manifest(rmsprop_rows);

}  // namespace dl
