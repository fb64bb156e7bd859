// Softmax, log-softmax, logsumexp and cross-entropy (softmax_xent.h) for all rows at once. A row whose classes are
// neighbours is a warp's, or a block's where it is long; else a thread takes one of neighbouring columns. Who adds what
// depends on the number of classes alone.
// Limit: memory bandwidth: a row is read from memory once, and again from the caches.
#include "cuda/reduce.cuh"
#include "cuda/total.cuh"
#include "ops/softmax_xent/softmax_xent.h"
#include "simd/math.h"

namespace dl::cuda {

constexpr int kBlock = 256;
constexpr int64_t kWarpClasses = 1024;  // 32 a lane

// The threads of one row: a warp, a block, or a thread alone.
template <int kTeam>
struct Team {
  __device__ static int64_t row() {
    return static_cast<int64_t>(blockIdx.x) * (blockDim.x / kTeam) + threadIdx.x / kTeam;
  }
  __device__ static int member() { return static_cast<int>(threadIdx.x) % kTeam; }
  template <class Op, class T>
  __device__ static T all(T v) {
    if constexpr (kTeam == 1)
      return v;
    else if constexpr (kTeam == 32)
      return warp_reduce<Op>(v);
    else
      return block_reduce<Op>(v);
  }
};

// A row as its team reads it: class c at data[at + c * step].
template <class T, int kTeam>
struct RowOf {
  int64_t at, step, classes;

  __device__ RowOf(int64_t row, int64_t classes, int64_t inner)
      : at(row / inner * classes * inner + row % inner), step(inner), classes(classes) {}
  template <class F>
  __device__ void each(const F& f) const {
    for (int64_t c = Team<kTeam>::member(); c < classes; c += kTeam) f(c, at + c * step);
  }
  __device__ T max(const T* x) const {
    T m = -INFINITY;
    each([&](int64_t, int64_t i) { m = MaxOf()(m, x[i]); });
    return Team<kTeam>::template all<MaxOf>(m);
  }
  template <class F>
  __device__ T sum(const F& term) const {
    T s = T(0);
    each([&](int64_t c, int64_t i) { s += term(c, i); });
    return Team<kTeam>::template all<SumOf>(s);
  }
};

enum class Kind { softmax, log_softmax, logsumexp, softmax_bwd, log_softmax_bwd };

template <Kind kKind, class T, int kTeam>
static __global__ void rows_kernel(SoftmaxArgs a, int64_t rows) {
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(a.g);
  T* out = static_cast<T*>(a.out);
  const int64_t id = Team<kTeam>::row();
  if (id >= rows) return;  // whole teams leave
  const RowOf<T, kTeam> row(id, a.classes, a.inner);
  if constexpr (kKind == Kind::softmax_bwd) {
    const T dot = row.sum([=](int64_t, int64_t i) { return g[i] * x[i]; });
    row.each([=](int64_t, int64_t i) { out[i] = x[i] * (g[i] - dot); });
  } else if constexpr (kKind == Kind::log_softmax_bwd) {
    const T sum = row.sum([=](int64_t, int64_t i) { return g[i]; });
    row.each([=](int64_t, int64_t i) { out[i] = g[i] - exp(x[i]) * sum; });
  } else {
    T m = row.max(x);
    if (kKind == Kind::logsumexp && abs(m) == T(INFINITY)) m = T(0);  // infinite terms need no shift
    const T sum = row.sum([=](int64_t, int64_t i) { return exp(x[i] - m); });
    if constexpr (kKind == Kind::logsumexp) {
      if (Team<kTeam>::member() == 0) out[id] = log(sum) + m;
    } else if constexpr (kKind == Kind::softmax) {
      const T scale = T(1) / sum;
      row.each([=](int64_t, int64_t i) { out[i] = exp(x[i] - m) * scale; });
    } else {
      const T log_sum = log(sum);
      row.each([=](int64_t, int64_t i) { out[i] = (x[i] - m) - log_sum; });
    }
  }
}

// run(Team, shape) for the team that suits these rows.
template <class F>
static void with_team(int64_t rows, int64_t classes, int64_t inner, const F& run) {
  const auto shape = [=](int64_t team) {
    const int64_t a_block = kBlock / team;
    return Shape{.blocks = dim3(static_cast<unsigned>((rows + a_block - 1) / a_block)), .threads = dim3(kBlock)};
  };
  if (inner != 1)
    run(Team<1>(), shape(1));
  else if (classes <= kWarpClasses)
    run(Team<32>(), shape(32));
  else
    run(Team<kBlock>(), shape(kBlock));
}

template <Kind kKind, class T>
static void softmax(const char* name, const SoftmaxArgs& a, int64_t rows) {
  with_team(rows, a.classes, a.inner, [&]<int kTeam>(Team<kTeam>, const Shape& shape) {
    launch(name, rows_kernel<kKind, T, kTeam>, shape, a, rows);
  });
}

#define BOTH(NAME, KIND) \
  void NAME##_f32(const SoftmaxArgs& a, int64_t, int64_t n) { softmax<Kind::KIND, float>(#NAME, a, n); } \
  void NAME##_f64(const SoftmaxArgs& a, int64_t, int64_t n) { softmax<Kind::KIND, double>(#NAME, a, n); }
BOTH(softmax_fwd, softmax)
BOTH(log_softmax_fwd, log_softmax)
BOTH(logsumexp_fwd, logsumexp)
BOTH(softmax_bwd, softmax_bwd)
BOTH(log_softmax_bwd, log_softmax_bwd)
#undef BOTH

// ---- Cross-entropy

// A target out of range was reported; its row is computed as of the nearest class, so that nothing else is touched.
__device__ __forceinline__ int64_t held(int64_t target, int64_t classes) {
  return target < 0 ? 0 : target < classes ? target : classes - 1;
}

// The weight of a row's target, for the mean.
template <class T>
struct TargetWeight {
  XentArgs a;
  __device__ double operator()(int64_t row) const {
    if (a.target[row] == a.ignored) return 0;
    const T* w = static_cast<const T*>(a.weight);
    return w ? static_cast<double>(w[held(a.target[row], a.classes)]) : 1.0;
  }
};
template <class T>
struct ValueAt {
  const T* x;
  __device__ T operator()(int64_t i) const { return x[i]; }
};

// What divides the gradient and the sum of the losses, and Σ w: where they are known on the device alone.
struct Sums {
  const double *count, *weight;
};

// As shares() and gradient_row() of cross_entropy.h.
template <class T, int kTeam>
__device__ void gradient(const XentArgs& a, const Sums& sums, int64_t id, const RowOf<T, kTeam>& row, T m, T sum) {
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  T* dx = static_cast<T*>(a.dx);
  const bool counts = a.target[id] != a.ignored;
  const int64_t target = held(a.target[id], a.classes);
  const T scale = static_cast<T>(sums.count ? 1 / *sums.count : a.scale);
  const T g = counts ? (a.g ? static_cast<const T*>(a.g)[id * a.g_step] : T(1)) * scale : T(0);
  const T part = static_cast<T>(1 - a.smoothing);
  const T own = counts ? (w ? part * w[target] : part) * g : T(0);
  const T each = counts ? static_cast<T>(a.smoothing / static_cast<double>(a.classes)) * g : T(0);
  const T weight_sum = static_cast<T>(sums.weight ? *sums.weight : a.weight_sum);
  const T factor = (own + each * weight_sum) / sum;
  row.each([&](int64_t c, int64_t i) {
    T d = exp(x[i] - m) * factor;
    if (a.smoothing != 0) d -= w ? each * w[c] : each;
    if (counts && c == target) d -= own;
    dx[i] = d;
  });
}

template <class T, int kTeam>
static __global__ void cross_entropy_kernel(XentArgs a, Sums sums) {
  const int64_t id = Team<kTeam>::row();
  if (id >= a.rows) return;  // whole teams leave
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  T *max = static_cast<T*>(a.stats), *sum = max + a.rows;
  const RowOf<T, kTeam> row(id, a.classes, a.inner);
  const T m = row.max(x), s = row.sum([=](int64_t, int64_t i) { return exp(x[i] - m); });
  const bool counts = a.target[id] != a.ignored;
  T smoothed = T(0);
  if (counts && a.smoothing != 0)
    smoothed = row.sum([=](int64_t c, int64_t i) { return w ? (m - x[i]) * w[c] : m - x[i]; });
  if (a.dx) gradient(a, sums, id, row, m, s);
  if (Team<kTeam>::member() > 0) return;
  max[id] = m;
  sum[id] = s;
  T loss = T(0);
  if (counts) {
    const int64_t target = held(a.target[id], a.classes);
    const T log_sum = log(s), part = static_cast<T>(1 - a.smoothing);
    loss = (w ? part * w[target] : part) * (log_sum + (m - x[row.at + target * row.step]));
    if (a.smoothing != 0) {
      const T weight_sum = static_cast<T>(sums.weight ? *sums.weight : a.weight_sum);
      loss += static_cast<T>(a.smoothing / static_cast<double>(a.classes)) * (weight_sum * log_sum + smoothed);
    }
  }
  static_cast<T*>(a.loss)[id] = loss;
}

template <class T, int kTeam>
static __global__ void cross_entropy_bwd_kernel(XentArgs a, Sums sums) {
  const int64_t id = Team<kTeam>::row();
  if (id >= a.rows) return;
  const T *max = static_cast<const T*>(a.stats), *sum = max + a.rows;
  gradient(a, sums, id, RowOf<T, kTeam>(id, a.classes, a.inner), max[id], sum[id]);
}

// Fills `held` with what the kernels need of Sums, from device memory alone: no step waits for the GPU.
template <class T>
static Sums sums_of(const XentArgs& a, double* held) {
  Sums sums{};
  if (a.mean) {
    sum_terms("cross_entropy", TargetWeight<T>{a}, a.rows, held);
    sums.count = held;
  }
  if (a.weight && a.smoothing != 0) {
    sum_terms("cross_entropy", ValueAt<T>{static_cast<const T*>(a.weight)}, a.classes, held + 1);
    sums.weight = held + 1;
  }
  return sums;
}

template <class T>
static void cross_entropy(XentArgs a) {
  const Scratch numbers(3 * sizeof(double)), losses(a.loss ? 0 : static_cast<std::size_t>(a.rows) * sizeof(T));
  double* held = numbers.as<double>();
  const Sums sums = sums_of<T>(a, held);
  const bool reduced = !a.loss;
  if (reduced) a.loss = losses.as<T>();
  with_team(a.rows, a.classes, a.inner, [&]<int kTeam>(Team<kTeam>, const Shape& shape) {
    if (a.rows > 0) launch("cross_entropy", cross_entropy_kernel<T, kTeam>, shape, a, sums);
  });
  if (!reduced) return;
  sum_terms("cross_entropy", ValueAt<T>{static_cast<const T*>(a.loss)}, a.rows, held + 2);
  launch("cross_entropy", divide_kernel<T>, {.blocks = 1, .threads = 1}, held + 2, sums.count, 1.0,
         static_cast<T*>(a.total));
}

template <class T>
static void cross_entropy_gradient(const XentArgs& a) {
  const Scratch numbers(2 * sizeof(double));
  const Sums sums = sums_of<T>(a, numbers.as<double>());
  with_team(a.rows, a.classes, a.inner, [&]<int kTeam>(Team<kTeam>, const Shape& shape) {
    launch("cross_entropy_bwd", cross_entropy_bwd_kernel<T, kTeam>, shape, a, sums);
  });
}

void cross_entropy_fwd_f32(const XentArgs& a, int64_t, int64_t) { cross_entropy<float>(a); }
void cross_entropy_fwd_f64(const XentArgs& a, int64_t, int64_t) { cross_entropy<double>(a); }
void cross_entropy_bwd_f32(const XentArgs& a, int64_t, int64_t) { cross_entropy_gradient<float>(a); }
void cross_entropy_bwd_f64(const XentArgs& a, int64_t, int64_t) { cross_entropy_gradient<double>(a); }

}  // namespace dl::cuda
