// One optimiser step over all parameters of a group, in place: a single walk of memory, whatever their number.
// g = ±grad + wd p everywhere (decoupled: p *= 1 - lr wd in its place); 0 is what state holds before the first step.
//   sgd       b = μ b + (1 - d) g, at the first step b = g;  p -= lr (nesterov: g + μ b, else b; without μ: g)
//   adam      m += (1 - β1)(g - m);  v = β2 v + (1 - β2) g²;  p -= lr / (1 - β1ᵗ) · m / (√v / √(1 - β2ᵗ) + ε)
//   amsgrad   as adam with max v so far for v;  ruder: neither 1 - β1ᵗ nor 1 - β2ᵗ
//   nadam     m, v as adam;  μᵗ = β1 (1 - ½ 0.96^(t ψ)), Πᵗ = μ¹ … μᵗ;
//             p -= lr ((1 - μᵗ) / (1 - Πᵗ) g + μᵗ⁺¹ / (1 - Πᵗ⁺¹) m) / (√v / √(1 - β2ᵗ) + ε)
//             ruder: μ = β1 throughout and 1 - β1ᵗ for both 1 - Π
//   adamax    m as adam;  u = max(β2 u, |g| + ε);  p -= lr / (1 - β1ᵗ) · m / u
//   adagrad   s += g²;  p -= lr / (1 + (t - 1) decay) · g / (√s + ε);  inside: √(s + ε)
//   adadelta  s = ρ s + (1 - ρ) g²;  Δ = √(d + ε) / √(s + ε) · g;  d = ρ d + (1 - ρ) Δ²;  p -= lr Δ
//   rmsprop   s = α s + (1 - α) g²;  centered: m += (1 - α)(g - m), q = s - m², else q = s;
//             h = g / (√q + ε), inside: g / √(q + ε);  with momentum b = μ b + h, h = b;  p -= lr h
// PyTorch's forms: lr stays outside the momentum buffers, ε outside the root where `inside` does not say otherwise.
// q is not allowed below 0, where rounding would make √q a NaN. Parameters, gradients and state share shape, dtype
// (float32 or float64, mixed within a group as it comes) and device. State has the parameter's dense layout and is not
// read at the first step, so it may start uncleared (adagrad's sum is: it may start above 0); a gradient of another
// layout is copied. Everything is checked before the first write; a step that has begun finishes, Ctrl-C or not.
#pragma once
#include "core/dtype.h"

namespace dl {

constexpr int kMostStates = 3;

struct OptimTensor {
  void* p = nullptr;
  const void* g = nullptr;
  void* state[kMostStates] = {};  // in the rule's order; null where the options need none
  int64_t start = 0, size = 0;    // its place in the flattened list of elements
  bool first = false;             // the state holds nothing yet
  double rate = 0, ahead = 0;     // what this step's p -= multiplies (nadam: m, then g)
  double root = 1;                // √(1 - β2ᵗ)
};

struct SgdOptions {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
};
struct AdamOptions {  // adam and amsgrad
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled, ruder, maximize;
};
struct NadamOptions {
  double lr, beta1, beta2, eps, weight_decay, momentum_decay;
  bool decoupled, ruder, maximize;
};
struct AdamaxOptions {
  double lr, beta1, beta2, eps, weight_decay;
  bool maximize;
};
struct AdagradOptions {
  double lr, lr_decay, eps, weight_decay;
  bool inside, maximize;
};
struct AdadeltaOptions {
  double lr, rho, eps, weight_decay;
  bool maximize;
};
struct RmspropOptions {
  double lr, alpha, eps, weight_decay, momentum;
  bool centered, inside, maximize;
};

// A kernel's range is elements of the flattened list.
template <class Options>
struct OptimArgs {
  const OptimTensor* tensors;
  int64_t count;
  Options options;
};
using SgdArgs = OptimArgs<SgdOptions>;
using AdamArgs = OptimArgs<AdamOptions>;
using NadamArgs = OptimArgs<NadamOptions>;
using AdamaxArgs = OptimArgs<AdamaxOptions>;
using AdagradArgs = OptimArgs<AdagradOptions>;
using AdadeltaArgs = OptimArgs<AdadeltaOptions>;
using RmspropArgs = OptimArgs<RmspropOptions>;

// `count` parameters with their gradients and states, in the order of the rule; a list is null where no parameter has
// such a state. steps counts from 1.
struct OptimLists {
  int64_t count;
  const Array *params, *grads;
  const Array* states[kMostStates] = {};
  const int64_t* steps = nullptr;
};

DL_API void sgd_step(const OptimLists& lists, const SgdOptions& options);    // b, with momentum
DL_API void adam_step(const OptimLists& lists, const AdamOptions& options);  // m, v; amsgrad: max v
DL_API void nadam_step(const OptimLists& lists, const double* products, const NadamOptions& options);  // m, v; Πᵗ⁻¹
DL_API void adamax_step(const OptimLists& lists, const AdamaxOptions& options);                        // m, u
DL_API void adagrad_step(const OptimLists& lists, const AdagradOptions& options);                      // s
DL_API void adadelta_step(const OptimLists& lists, const AdadeltaOptions& options);                    // s, d
DL_API void rmsprop_step(const OptimLists& lists, const RmspropOptions& options);  // s; m, centered; b, with momentum

}  // namespace dl
