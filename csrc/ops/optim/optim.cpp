#include "ops/optim/optim.h"

#include <cmath>
#include <vector>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 16384;  // 7 words an element: some 20 µs at memory speed

Kernels<SgdArgs> sgd_kernels("sgd_step");
Kernels<AdamArgs> adam_kernels("adam_step");

void check_like(const char* op, int64_t i, const char* what, const Array& a, const Array& p) {
  DL_CHECK(a.shape() == p.shape(), ShapeError, op, ": parameter ", i, " has shape ", p.shape(), " but its ", what, ' ',
           a.shape());
  DL_CHECK(a.dtype() == p.dtype(), DTypeError, op, ": parameter ", i, " of shape ", p.shape(), " is ", p.dtype(),
           " but its ", what, " is ", a.dtype());
  DL_CHECK(a.device() == p.device(), DeviceError, op, ": parameter ", i, " of shape ", p.shape(), " is on ",
           name(p.device()), " but its ", what, " on ", name(a.device()));
}

// Everything that can be wrong, before the first write. m and v are null where the rule keeps no such state.
void check(const char* op, int64_t count, const Array* params, const Array* grads, const Array* m, const Array* v) {
  for (int64_t i = 0; i < count; ++i) {
    const Array& p = params[i];
    DL_CHECK(is_floating(p.dtype()), DTypeError, op, ": parameter ", i, " of shape ", p.shape(), " is ", p.dtype(),
             "; only float32 and float64 can be optimised");
    check_like(op, i, "gradient", grads[i], p);
    DL_CHECK(p.device() == params[0].device(), DeviceError, op, ": parameter ", i, " is on ", name(p.device()),
             " but parameter 0 on ", name(params[0].device()), "; make one group a device");
    for (const Array* states : {m, v}) {
      if (!states) continue;
      const Array& state = states[i];
      check_like(op, i, "state", state, p);
      for (int d = 0; d < p.ndim() && p.size() && p.is_dense(); ++d)
        DL_CHECK(p.shape(d) == 1 || state.stride(d) == p.stride(d), ShapeError, op, ": parameter ", i, " of shape ",
                 p.shape(), " has strides ", p.strides(), " but its state ", state.strides(),
                 "; state needs the parameter's layout");
    }
  }
}

// The parameters of one dtype, flattened. A gapped parameter is stepped as a dense copy and copied back.
struct Batch {
  std::vector<OptimTensor> tensors;
  std::vector<Array> params, grads;  // dense and alike; kept alive here
  int64_t elements = 0;

  void add(const Array& p, const Array& g, const Array* m, const Array* v, OptimTensor t) {
    params.push_back(as_dense(p));
    grads.push_back(as_layout_of(g, params.back()));
    t.p = params.back().raw();
    t.g = grads.back().raw();
    t.m = m ? m->raw() : nullptr;
    t.v = v ? v->raw() : nullptr;
    t.start = elements;
    t.size = p.size();
    elements += t.size;
    tensors.push_back(t);
  }
};

// one(i) gives the scalars of parameter i.
template <class Args, class Options, class One>
void run(Kernels<Args>& kernels, int64_t count, const Array* params, const Array* grads, const Array* m, const Array* v,
         const Options& options, const One& one) {
  for (DType dtype : {DType::f32, DType::f64}) {
    Batch batch;
    for (int64_t i = 0; i < count; ++i)
      if (params[i].dtype() == dtype) batch.add(params[i], grads[i], m ? &m[i] : nullptr, v ? &v[i] : nullptr, one(i));
    if (batch.tensors.empty()) continue;
    const Args args{batch.tensors.data(), static_cast<int64_t>(batch.tensors.size()), options};
    launch(kernels.choose(params[0].device(), dtype, args), args, batch.elements, kGrain, OnInterrupt::finish);
    for (int64_t i = 0, k = 0; i < count; ++i) {
      if (params[i].dtype() != dtype) continue;
      const Array& stepped = batch.params[static_cast<size_t>(k++)];
      if (stepped.storage() != params[i].storage()) copy_into(params[i], stepped);
      params[i].bump_version();
      if (m) m[i].bump_version();
      if (v) v[i].bump_version();
    }
  }
}

}  // namespace

void sgd_step(int64_t count, const Array* params, const Array* grads, const Array* buffers, const bool* first,
              const SgdOptions& options) {
  check("sgd", count, params, grads, buffers, nullptr);
  run(sgd_kernels, count, params, grads, buffers, nullptr, options,
      [&](int64_t i) { return OptimTensor{.first = buffers && first[i]}; });
}

void adam_step(int64_t count, const Array* params, const Array* grads, const Array* m, const Array* v,
               const int64_t* steps, const AdamOptions& options) {
  check(options.decoupled ? "adamw" : "adam", count, params, grads, m, v);
  run(adam_kernels, count, params, grads, m, v, options, [&](int64_t i) {
    const auto t = static_cast<double>(steps[i]);
    return OptimTensor{.first = steps[i] == 1,
                       .rate = options.lr / (1.0 - std::pow(options.beta1, t)),
                       .root = std::sqrt(1.0 - std::pow(options.beta2, t))};
  });
}

}  // namespace dl
