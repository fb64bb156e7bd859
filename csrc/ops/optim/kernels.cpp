#include "core/kernel_table.h"
#include "core/work.h"
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
  DL_CPU_ROWS(#NAME "_step", f32, NAME##_step_f32) \
  DL_CPU_ROWS(#NAME "_step", f64, NAME##_step_f64) \
  DL_CUDA_ROW(#NAME "_step", f32, NAME##_step_f32) \
  DL_CUDA_ROW(#NAME "_step", f64, NAME##_step_f64)
constexpr Row<SgdArgs> sgd_rows[] = {DL_OPTIM_ROWS(sgd)};
constexpr Row<AdamArgs> adam_rows[] = {DL_OPTIM_ROWS(adam) DL_OPTIM_ROWS(amsgrad)};
constexpr Row<NadamArgs> nadam_rows[] = {DL_OPTIM_ROWS(nadam)};
constexpr Row<AdamaxArgs> adamax_rows[] = {DL_OPTIM_ROWS(adamax)};
constexpr Row<AdagradArgs> adagrad_rows[] = {DL_OPTIM_ROWS(adagrad)};
constexpr Row<AdadeltaArgs> adadelta_rows[] = {DL_OPTIM_ROWS(adadelta)};
constexpr Row<RmspropArgs> rmsprop_rows[] = {DL_OPTIM_ROWS(rmsprop)};

namespace {

// p is read and written and g read; so is each state, but for the read at the first step.
template <class Args>
Work work(const Row<Args>& row, const Args& a, int64_t) {
  double words = 0;
  for (const OptimTensor* t = a.tensors; t != a.tensors + a.count; ++t) {
    int states = 0;
    for (const void* s : t->state) states += s != nullptr;
    words += static_cast<double>((3 + states * (t->first ? 1 : 2)) * t->size);
  }
  return moves(words, row.dtype);
}

}  // namespace

static const Manifest<SgdArgs> sgd_manifest(sgd_rows, work<SgdArgs>);
static const Manifest<AdamArgs> adam_manifest(adam_rows, work<AdamArgs>);
static const Manifest<NadamArgs> nadam_manifest(nadam_rows, work<NadamArgs>);
static const Manifest<AdamaxArgs> adamax_manifest(adamax_rows, work<AdamaxArgs>);
static const Manifest<AdagradArgs> adagrad_manifest(adagrad_rows, work<AdagradArgs>);
static const Manifest<AdadeltaArgs> adadelta_manifest(adadelta_rows, work<AdadeltaArgs>);
static const Manifest<RmspropArgs> rmsprop_manifest(rmsprop_rows, work<RmspropArgs>);

}  // namespace dl
