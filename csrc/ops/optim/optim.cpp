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
Kernels<AdamArgs> adam_kernels("adam_step"), amsgrad_kernels("amsgrad_step");
Kernels<NadamArgs> nadam_kernels("nadam_step");
Kernels<AdamaxArgs> adamax_kernels("adamax_step");
Kernels<AdagradArgs> adagrad_kernels("adagrad_step");
Kernels<AdadeltaArgs> adadelta_kernels("adadelta_step");
Kernels<RmspropArgs> rmsprop_kernels("rmsprop_step");

void check_like(const char* op, int64_t i, const char* what, const Array& a, const Array& p) {
  DL_CHECK(a.shape() == p.shape(), ShapeError, op, ": parameter ", i, " has shape ", p.shape(), " but its ", what, ' ',
           a.shape());
  DL_CHECK(a.dtype() == p.dtype(), DTypeError, op, ": parameter ", i, " of shape ", p.shape(), " is ", p.dtype(),
           " but its ", what, " is ", a.dtype());
  DL_CHECK(a.device() == p.device(), DeviceError, op, ": parameter ", i, " of shape ", p.shape(), " is on ",
           name(p.device()), " but its ", what, " on ", name(a.device()));
}

// Everything that can be wrong, before the first write.
void check(const char* op, const OptimLists& lists) {
  for (int64_t i = 0; i < lists.count; ++i) {
    const Array& p = lists.params[i];
    DL_CHECK(is_floating(p.dtype()), DTypeError, op, ": parameter ", i, " of shape ", p.shape(), " is ", p.dtype(),
             "; only float32 and float64 can be optimised");
    check_like(op, i, "gradient", lists.grads[i], p);
    DL_CHECK(p.device() == lists.params[0].device(), DeviceError, op, ": parameter ", i, " is on ", name(p.device()),
             " but parameter 0 on ", name(lists.params[0].device()), "; make one group a device");
    for (const Array* states : lists.states) {
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

  void add(const OptimLists& lists, int64_t i, OptimTensor t) {
    params.push_back(as_dense(lists.params[i]));
    grads.push_back(as_layout_of(lists.grads[i], params.back()));
    t.p = params.back().raw();
    t.g = grads.back().raw();
    for (int k = 0; k < kMostStates; ++k) t.state[k] = lists.states[k] ? lists.states[k][i].raw() : nullptr;
    t.start = elements;
    t.size = params.back().size();
    elements += t.size;
    tensors.push_back(t);
  }
};

// one(i) gives the scalars of parameter i.
template <class Options, class One>
void run(Kernels<OptimArgs<Options>>& kernels, const OptimLists& lists, const Options& options, const One& one) {
  for (DType dtype : {DType::f32, DType::f64}) {
    Batch batch;
    for (int64_t i = 0; i < lists.count; ++i)
      if (lists.params[i].dtype() == dtype) batch.add(lists, i, one(i));
    if (batch.tensors.empty()) continue;
    const OptimArgs<Options> args{batch.tensors.data(), static_cast<int64_t>(batch.tensors.size()), options};
    launch(kernels.choose(lists.params[0].device(), dtype, args), args, batch.elements, kGrain, OnInterrupt::finish);
    for (int64_t i = 0, k = 0; i < lists.count; ++i) {
      if (lists.params[i].dtype() != dtype) continue;
      const Array& stepped = batch.params[static_cast<size_t>(k++)];
      if (stepped.storage() != lists.params[i].storage()) copy_into(lists.params[i], stepped);
      lists.params[i].bump_version();
      for (const Array* states : lists.states)
        if (states) states[i].bump_version();
    }
  }
}

// 1 - βᵗ: how far a running mean that started from 0 is from its bias.
double unbiased(double beta, int64_t step) { return 1.0 - std::pow(beta, static_cast<double>(step)); }

}  // namespace

void sgd_step(const OptimLists& lists, const SgdOptions& o) {
  check("sgd", lists);
  run(sgd_kernels, lists, o, [&](int64_t i) { return OptimTensor{.first = lists.steps && lists.steps[i] == 1}; });
}

void adam_step(const OptimLists& lists, const AdamOptions& o) {
  check(o.decoupled ? "adamw" : "adam", lists);
  run(lists.states[2] ? amsgrad_kernels : adam_kernels, lists, o, [&](int64_t i) {
    const int64_t t = lists.steps[i];
    return OptimTensor{.first = t == 1,
                       .rate = o.ruder ? o.lr : o.lr / unbiased(o.beta1, t),
                       .root = o.ruder ? 1.0 : std::sqrt(unbiased(o.beta2, t))};
  });
}

void nadam_step(const OptimLists& lists, const double* products, const NadamOptions& o) {
  check("nadam", lists);
  const auto momentum = [&](int64_t t) {
    return o.beta1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(t) * o.momentum_decay));
  };
  run(nadam_kernels, lists, o, [&](int64_t i) {
    const int64_t t = lists.steps[i];
    const double now = o.ruder ? o.beta1 : momentum(t), next = o.ruder ? o.beta1 : momentum(t + 1);
    const double product = products[i] * now;
    return OptimTensor{.first = t == 1,
                       .rate = o.lr * next / (o.ruder ? unbiased(o.beta1, t) : 1.0 - product * next),
                       .ahead = o.lr * (1.0 - now) / (o.ruder ? unbiased(o.beta1, t) : 1.0 - product),
                       .root = std::sqrt(unbiased(o.beta2, t))};
  });
}

void adamax_step(const OptimLists& lists, const AdamaxOptions& o) {
  check("adamax", lists);
  run(adamax_kernels, lists, o, [&](int64_t i) {
    return OptimTensor{.first = lists.steps[i] == 1, .rate = o.lr / unbiased(o.beta1, lists.steps[i])};
  });
}

void adagrad_step(const OptimLists& lists, const AdagradOptions& o) {
  check("adagrad", lists);
  run(adagrad_kernels, lists, o, [&](int64_t i) {
    return OptimTensor{.rate = o.lr / (1.0 + static_cast<double>(lists.steps[i] - 1) * o.lr_decay)};
  });
}

void adadelta_step(const OptimLists& lists, const AdadeltaOptions& o) {
  check("adadelta", lists);
  run(adadelta_kernels, lists, o, [&](int64_t i) { return OptimTensor{.first = lists.steps[i] == 1}; });
}

void rmsprop_step(const OptimLists& lists, const RmspropOptions& o) {
  check("rmsprop", lists);
  run(rmsprop_kernels, lists, o, [&](int64_t i) { return OptimTensor{.first = lists.steps[i] == 1}; });
}

}  // namespace dl
