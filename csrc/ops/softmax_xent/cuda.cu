// Softmax, log-softmax, logsumexp and cross-entropy (softmax_xent.h) for all rows at once. A row whose classes are
// neighbours is a warp's, or a block's where it is long, a thread taking 16 bytes at a time where the number of classes
// is a multiple of that; else a thread takes one of neighbouring columns. Who adds what depends on the number of
// classes alone. Limit: memory bandwidth: a row is read from memory once, and again from the caches.
#include "cuda/reduce.cuh"
#include "cuda/total.cuh"
#include "cuda/vec128.cuh"
#include "ops/softmax_xent/softmax_xent.h"
#include "simd/math.h"

namespace dl::cuda {

constexpr int kBlock = 256;
constexpr int64_t kWarpClasses = 1024;  // 32 a lane

// The threads of one row: a warp, a block, or a thread alone, and how many neighbours one of them takes at a time.
template <int kThreads, int kRun>
struct Team {
  static constexpr int threads = kThreads, run = kRun;
  __device__ static int64_t row() {
    return static_cast<int64_t>(blockIdx.x) * (blockDim.x / kThreads) + threadIdx.x / kThreads;
  }
  __device__ static int member() { return static_cast<int>(threadIdx.x) % kThreads; }
  template <class Op, class T>
  __device__ static T all(T v) {
    if constexpr (kThreads == 1)
      return v;
    else if constexpr (kThreads == 32)
      return warp_reduce<Op>(v);
    else
      return block_reduce<Op>(v);
  }
};

// A row as its team reads it: class c at data[at + c * step]; runs of neighbours are `aligned`, or read one by one.
template <class T, class Team>
struct RowOf {
  int64_t at, step, classes;
  bool aligned;

  __device__ RowOf(int64_t row, int64_t classes, int64_t inner, bool aligned)
      : at(row / inner * classes * inner + row % inner), step(inner), classes(classes), aligned(aligned) {}
  // f(c, x[c]…), or out[c] = f(c, x[c]…), for the member's classes c.
  template <class F, class... X>
  __device__ void each(const F& f, const X*... x) const {
    for (int64_t c = Team::member() * Team::run; c < classes; c += Team::threads * Team::run)
      [&](const auto&... v) {
        DL_UNROLL
        for (int e = 0; e < Team::run; ++e) f(c + e, v.of[e]...);
      }(load_run<Team::run>(x + at + c * step, aligned)...);
  }
  template <class F, class... X>
  __device__ void write(T* out, const F& f, const X*... x) const {
    for (int64_t c = Team::member() * Team::run; c < classes; c += Team::threads * Team::run)
      [&](const auto&... v) {
        Pack<T, Team::run> y;
        DL_UNROLL
        for (int e = 0; e < Team::run; ++e) y.of[e] = f(c + e, v.of[e]...);
        store_run(out + at + c * step, y, aligned);
      }(load_run<Team::run>(x + at + c * step, aligned)...);
  }
  __device__ T max(const T* x) const {
    T m = -INFINITY;
    each([&](int64_t, T v) { m = MaxOf()(m, v); }, x);
    return Team::template all<MaxOf>(m);
  }
  template <class F, class... X>
  __device__ T sum(const F& term, const X*... x) const {
    T s = T(0);
    each([&](int64_t c, const X&... v) { s += term(c, v...); }, x...);
    return Team::template all<SumOf>(s);
  }
};

enum class Kind { softmax, log_softmax, logsumexp, softmax_bwd, log_softmax_bwd };

template <Kind kKind, class T, class Team>
static __global__ void rows_kernel(SoftmaxArgs a, int64_t rows) {
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(a.g);
  T* out = static_cast<T*>(a.out);
  const int64_t id = Team::row();
  if (id >= rows) return;  // whole teams leave
  const bool aligned = is_aligned<Team::run>(x) && is_aligned<Team::run>(g) && is_aligned<Team::run>(out);
  const RowOf<T, Team> row(id, a.classes, a.inner, aligned);
  if constexpr (kKind == Kind::softmax_bwd) {
    const T dot = row.sum([=](int64_t, T y, T dy) { return dy * y; }, x, g);
    row.write(out, [=](int64_t, T y, T dy) { return y * (dy - dot); }, x, g);
  } else if constexpr (kKind == Kind::log_softmax_bwd) {
    const T sum = row.sum([=](int64_t, T dy) { return dy; }, g);
    row.write(out, [=](int64_t, T y, T dy) { return dy - exp(y) * sum; }, x, g);
  } else {
    T m = row.max(x);
    if (kKind == Kind::logsumexp && abs(m) == T(INFINITY)) m = T(0);  // infinite terms need no shift
    const T sum = row.sum([=](int64_t, T v) { return exp(v - m); }, x);
    if constexpr (kKind == Kind::logsumexp) {
      if (Team::member() == 0) out[id] = log(sum) + m;
    } else if constexpr (kKind == Kind::softmax) {
      const T scale = T(1) / sum;
      row.write(out, [=](int64_t, T v) { return exp(v - m) * scale; }, x);
    } else {
      const T log_sum = log(sum);
      row.write(out, [=](int64_t, T v) { return (v - m) - log_sum; }, x);
    }
  }
}

// run(Team, shape) for the team that suits these rows.
template <class T, class F>
static void with_team(int64_t rows, int64_t classes, int64_t inner, const F& run) {
  const auto with = [&]<int kThreads, int kRun>(Team<kThreads, kRun> team) {
    constexpr int64_t kRows = kBlock / kThreads;  // of a block
    run(team, Shape{.blocks = dim3(static_cast<unsigned>((rows + kRows - 1) / kRows)), .threads = dim3(kBlock)});
  };
  constexpr int kRun = Vec128<T>::size;
  if (inner != 1)
    with(Team<1, 1>());
  else if (classes <= kWarpClasses)
    classes % kRun ? with(Team<32, 1>()) : with(Team<32, kRun>());
  else
    classes % kRun ? with(Team<kBlock, 1>()) : with(Team<kBlock, kRun>());
}

template <Kind kKind, class T>
static void softmax(const char* name, const SoftmaxArgs& a, int64_t rows) {
  with_team<T>(rows, a.classes, a.inner, [&]<class Team>(Team, const Shape& shape) {
    launch(name, rows_kernel<kKind, T, Team>, shape, a, rows);
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
template <class T, class Team>
__device__ void gradient(const XentArgs& a, const Sums& sums, int64_t id, const RowOf<T, Team>& row, T m, T sum) {
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  const bool counts = a.target[id] != a.ignored;
  const int64_t target = held(a.target[id], a.classes);
  const T scale = static_cast<T>(sums.count ? 1 / *sums.count : a.scale);
  const T g = counts ? (a.g ? static_cast<const T*>(a.g)[id * a.g_step] : T(1)) * scale : T(0);
  const T part = static_cast<T>(1 - a.smoothing);
  const T own = counts ? (w ? part * w[target] : part) * g : T(0);
  const T each = counts ? static_cast<T>(a.smoothing / static_cast<double>(a.classes)) * g : T(0);
  const T weight_sum = static_cast<T>(sums.weight ? *sums.weight : a.weight_sum);
  const T factor = (own + each * weight_sum) / sum;
  const auto dx = [&](int64_t c, T v) {
    T d = exp(v - m) * factor;
    if (a.smoothing != 0) d -= w ? each * w[c] : each;
    return counts && c == target ? d - own : d;
  };
  row.write(static_cast<T*>(a.dx), dx, x);
}

template <class T, class Team>
__device__ RowOf<T, Team> row_of(const XentArgs& a, int64_t id) {
  const bool aligned =
      is_aligned<Team::run>(static_cast<const T*>(a.x)) && is_aligned<Team::run>(static_cast<T*>(a.dx));
  return {id, a.classes, a.inner, aligned};
}

template <class T, class Team>
static __global__ void cross_entropy_kernel(XentArgs a, Sums sums) {
  const int64_t id = Team::row();
  if (id >= a.rows) return;  // whole teams leave
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  T *max = static_cast<T*>(a.stats), *sum = max + a.rows;
  const RowOf<T, Team> row = row_of<T, Team>(a, id);
  const T m = row.max(x), s = row.sum([=](int64_t, T v) { return exp(v - m); }, x);
  const bool counts = a.target[id] != a.ignored;
  T smoothed = T(0);
  if (counts && a.smoothing != 0) smoothed = row.sum([=](int64_t c, T v) { return w ? (m - v) * w[c] : m - v; }, x);
  if (a.dx) gradient(a, sums, id, row, m, s);
  if (Team::member() > 0) return;
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

template <class T, class Team>
static __global__ void cross_entropy_bwd_kernel(XentArgs a, Sums sums) {
  const int64_t id = Team::row();
  if (id >= a.rows) return;
  const T *max = static_cast<const T*>(a.stats), *sum = max + a.rows;
  gradient(a, sums, id, row_of<T, Team>(a, id), max[id], sum[id]);
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
  with_team<T>(a.rows, a.classes, a.inner, [&]<class Team>(Team, const Shape& shape) {
    if (a.rows > 0) launch("cross_entropy", cross_entropy_kernel<T, Team>, shape, a, sums);
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
  with_team<T>(a.rows, a.classes, a.inner, [&]<class Team>(Team, const Shape& shape) {
    launch("cross_entropy_bwd", cross_entropy_bwd_kernel<T, Team>, shape, a, sums);
  });
}

void cross_entropy_fwd_f32(const XentArgs& a, int64_t, int64_t) { cross_entropy<float>(a); }
void cross_entropy_fwd_f64(const XentArgs& a, int64_t, int64_t) { cross_entropy<double>(a); }
void cross_entropy_bwd_f32(const XentArgs& a, int64_t, int64_t) { cross_entropy_gradient<float>(a); }
void cross_entropy_bwd_f64(const XentArgs& a, int64_t, int64_t) { cross_entropy_gradient<double>(a); }

}  // namespace dl::cuda
