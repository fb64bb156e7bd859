// One optimiser step over all parameters of a group, in place: a single walk of memory, whatever their number.
//   sgd    g = ±grad + wd p;  b = μ b + (1 - d) g, at the first step b = g;  p -= lr (nesterov: g + μ b, else b)
//   adam   g = ±grad + wd p (decoupled: p *= 1 - lr wd first, AdamW)
//          m += (1 - β1)(g - m);  v = β2 v + (1 - β2) g²;  p -= lr / (1 - β1ᵗ) · m / (√v / √(1 - β2ᵗ) + ε)
// PyTorch's forms: lr stays outside the momentum buffer, ε outside the root. Parameters, gradients and state share
// shape, dtype (float32 or float64, mixed within a group as it comes) and device. State has the parameter's dense
// layout and is read only after the first step, so it may start uncleared; a gradient of another layout is copied.
// Everything is checked before the first write; a step that has begun finishes, Ctrl-C or not.
#pragma once
#include "core/dtype.h"

namespace dl {

struct OptimTensor {
  void* p = nullptr;
  const void* g = nullptr;
  void *m = nullptr, *v = nullptr;  // sgd: m is the momentum buffer or null; v is null
  int64_t start = 0, size = 0;      // its place in the flattened list of elements
  bool first = false;               // the state holds nothing yet
  double rate = 0, root = 0;        // adam: lr / (1 - β1ᵗ), √(1 - β2ᵗ)
};

struct SgdOptions {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
};
struct AdamOptions {
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled, maximize;
};

struct SgdArgs {
  const OptimTensor* tensors;
  int64_t count;
  SgdOptions options;
};
struct AdamArgs {
  const OptimTensor* tensors;
  int64_t count;
  AdamOptions options;
};
// A kernel's range is elements of the flattened list.

// `count` parameters with their gradients. buffers and first are null without momentum; steps counts from 1.
DL_API void sgd_step(int64_t count, const Array* params, const Array* grads, const Array* buffers, const bool* first,
                     const SgdOptions& options);
DL_API void adam_step(int64_t count, const Array* params, const Array* grads, const Array* m, const Array* v,
                      const int64_t* steps, const AdamOptions& options);

}  // namespace dl
