// out[o] = op over r of term(x[o, r]), and the first of equal extremes. Called by reduce.cpp once for all chunks.
// Where an output's elements are neighbours a team of threads, a warp or a block, takes one output; where the outputs
// are neighbours a block of 32 × 8 takes 32 of them, so that memory is read in order either way. Rows of a multiple of
// 16 bytes without gaps are read 16 at a time. Who adds what depends on shapes and strides alone, and what threads hold
// is combined in a fixed tree: the same bits each run.
// Limit: memory bandwidth.
#include "cuda/nest.cuh"
#include "cuda/reduce.cuh"
#include "cuda/vec128.cuh"
#include "ops/reduce/formula.h"
#include "ops/reduce/reduce.h"

namespace dl::cuda {

constexpr int kFold = 64;                      // additions in an element's own type before they join the total
constexpr int kColumns = 32, kColumnRows = 8;  // a warp of neighbouring outputs, and the rows it shares out
constexpr int64_t kWarpLength = 2048;          // 64 elements a lane; longer sums take a block
constexpr unsigned kBlock = 256;

// Σ so far: in the elements' type up to kFold terms, then in the total's.
template <class Op, class T>
struct Accumulator {
  using A = typename Op::template Element<T>;
  using Total = typename Op::template Total<T>;
  A part;
  Total total;
  int terms = 0;

  // `first`: an element of the output, which an extreme may count twice.
  __device__ explicit Accumulator(T first) {
    if constexpr (__is_same(Op, Max) || __is_same(Op, Min)) {
      part = static_cast<A>(first);
      total = static_cast<Total>(first);
    } else {
      part = A(__is_same(Op, Prod) ? 1 : 0);
      total = static_cast<Total>(part);
    }
    start_ = part;
  }
  __device__ void add(T x) {
    part = Op::of(part, Op::term(static_cast<A>(x)));
    if (++terms < kFold) return;
    total = Op::of(total, static_cast<Total>(part));
    part = start_;
    terms = 0;
  }
  __device__ Total finish() const { return Op::of(total, static_cast<Total>(part)); }

 private:
  A start_;
};

template <class Op, class T>
struct Best {
  T value;
  int64_t place;
  __device__ void take(T v, int64_t at) {
    if (Op::better(v, value) || (!Op::better(value, v) && at < place)) {
      value = v;
      place = at;
    }
  }
};

__device__ __forceinline__ int64_t offset_of(const Nest& nest, int64_t item) {
  int64_t at[1];
  if (nest.ndim == 1) return item * nest.stride[0][0];
  nest_offsets(nest, item, at);
  return at[0];
}

template <class Op>
struct Combine {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return Op::of(a, b);
  }
};

// blockDim.x / kTeam outputs a block, of all chunks; kRun neighbours of a row at a time, where more than one is asked
// for.
template <class Op, class T, class R, int kTeam, int kRun>
static __global__ void rows_kernel(ReduceArgs a, int64_t items) {
  using Total = typename Op::template Total<T>;
  const int64_t item = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kTeam) + threadIdx.x / kTeam;
  if (item >= items) return;  // whole teams leave
  const int64_t first = item / a.outputs * a.chunk, last = first + a.chunk < a.length ? first + a.chunk : a.length;
  const T* x = static_cast<const T*>(a.x) + offset_of(a.kept, item % a.outputs);
  Accumulator<Op, T> sum(x[offset_of(a.reduced, first)]);
  const bool aligned = is_aligned<kRun>(x + first);
  for (int64_t r = first + threadIdx.x % kTeam * kRun; r < last; r += kTeam * kRun) {
    const auto v = load_run<kRun>(x + (kRun > 1 ? r : offset_of(a.reduced, r)), aligned);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) sum.add(v.of[e]);
  }
  Total total;
  if constexpr (kTeam == 32)
    total = warp_reduce(sum.finish(), Combine<Op>());
  else
    total = block_reduce(sum.finish(), Combine<Op>());
  if (threadIdx.x % kTeam == 0)
    static_cast<R*>(a.out)[item] = static_cast<R>(a.divisor == 1 ? total : static_cast<Total>(total / a.divisor));
}

template <class Op, class T, class R>
static __global__ void columns_kernel(ReduceArgs a) {
  using Total = typename Op::template Total<T>;
  struct Held {
    Total of[kColumnRows][kColumns];
  };
  Held& held = shared<Held>();
  const int64_t output = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x, chunk = blockIdx.y;
  const int64_t first = chunk * a.chunk, last = first + a.chunk < a.length ? first + a.chunk : a.length;
  if (output < a.outputs) {
    const T* x = static_cast<const T*>(a.x) + offset_of(a.kept, output);
    Accumulator<Op, T> sum(x[offset_of(a.reduced, first)]);
    for (int64_t r = first + threadIdx.y; r < last; r += kColumnRows) sum.add(x[offset_of(a.reduced, r)]);
    held.of[threadIdx.y][threadIdx.x] = sum.finish();
  }
  __syncthreads();
  if (threadIdx.y > 0 || output >= a.outputs) return;
  Total total = held.of[0][threadIdx.x];
  for (int y = 1; y < kColumnRows; ++y) total = Op::of(total, held.of[y][threadIdx.x]);
  static_cast<R*>(a.out)[chunk * a.outputs + output] =
      static_cast<R>(a.divisor == 1 ? total : static_cast<Total>(total / a.divisor));
}

template <class Op, class T>
static __global__ void pick_rows_kernel(ReduceArgs a) {
  const int64_t output = blockIdx.x;
  const T* x = static_cast<const T*>(a.x) + offset_of(a.kept, output);
  Best<Op, T> best{x[0], 0};
  for (int64_t r = threadIdx.x; r < a.length; r += blockDim.x) best.take(x[offset_of(a.reduced, r)], r);
  struct Held {
    Best<Op, T> of[kBlock];
  };
  Held& held = shared<Held>();
  held.of[threadIdx.x] = best;
  for (unsigned half = kBlock / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      const Best<Op, T> other = held.of[threadIdx.x + half];
      held.of[threadIdx.x].take(other.value, other.place);
    }
  }
  if (threadIdx.x > 0) return;
  static_cast<T*>(a.out)[output] = held.of[0].value;
  a.index[output] = held.of[0].place;
}

template <class Op, class T>
static __global__ void pick_columns_kernel(ReduceArgs a) {
  for (int64_t output = first_item(); output < a.outputs; output += item_step()) {
    const T* x = static_cast<const T*>(a.x) + offset_of(a.kept, output);
    Best<Op, T> best{x[0], 0};
    for (int64_t r = 1; r < a.length; ++r) best.take(x[offset_of(a.reduced, r)], r);
    static_cast<T*>(a.out)[output] = best.value;
    a.index[output] = best.place;
  }
}

static dim3 blocks_for(int64_t items, int64_t a_block) {
  return dim3(static_cast<unsigned>((items + a_block - 1) / a_block));
}

// Outputs are neighbours in memory, or so many that a thread each fills the GPU.
static bool in_columns(const ReduceArgs& a) { return a.columns && a.kept.stride[0][0] < a.reduced.stride[0][0]; }

// Whether a row's chunks are whole runs of 16 bytes.
template <class T>
static bool whole_rows(const ReduceArgs& a) {
  constexpr int kRun = Vec128<T>::size;
  return a.reduced.ndim == 1 && a.reduced.stride[0][0] == 1 && a.chunk % kRun == 0 && a.length % kRun == 0;
}

template <class Op, class T, class R>
static void reduce(const char* name, const ReduceArgs& a) {
  const int64_t chunks = (a.length + a.chunk - 1) / a.chunk, items = chunks * a.outputs;
  if (in_columns(a)) {
    dim3 blocks = blocks_for(a.outputs, kColumns);
    blocks.y = static_cast<unsigned>(chunks);
    launch(name, columns_kernel<Op, T, R>, {.blocks = blocks, .threads = dim3(kColumns, kColumnRows)}, a);
  } else {
    with_run<T>(whole_rows<T>(a), [&]<int kRun>(std::integral_constant<int, kRun>) {
      if (a.chunk <= kWarpLength)
        launch(name, rows_kernel<Op, T, R, 32, kRun>, {.blocks = blocks_for(items, kBlock / 32), .threads = kBlock}, a,
               items);
      else
        launch(name, rows_kernel<Op, T, R, kBlock, kRun>, {.blocks = blocks_for(items, 1), .threads = kBlock}, a,
               items);
    });
  }
}

template <class Op, class T>
static void pick(const char* name, const ReduceArgs& a) {
  if (in_columns(a))
    launch(name, pick_columns_kernel<Op, T>, grid_stride(a.outputs), a);
  else
    launch(name, pick_rows_kernel<Op, T>, {.blocks = blocks_for(a.outputs, 1), .threads = kBlock}, a);
}

#define KERNEL(NAME, SUFFIX, ...) \
  void NAME##_##SUFFIX(const ReduceArgs& a, int64_t, int64_t) { __VA_ARGS__(#NAME, a); }
#define EXTREMES(SUFFIX, T) \
  KERNEL(max, SUFFIX, reduce<Max, T, T>) \
  KERNEL(min, SUFFIX, reduce<Min, T, T>) \
  KERNEL(argmax, SUFFIX, pick<Max, T>) \
  KERNEL(argmin, SUFFIX, pick<Min, T>)

KERNEL(sum, u8, reduce<Sum, uint8_t, int64_t>)
KERNEL(sum, i32, reduce<Sum, int32_t, int64_t>)
KERNEL(sum, i64, reduce<Sum, int64_t, int64_t>)
KERNEL(sum, f32, reduce<Sum, float, float>)
KERNEL(sum, f64, reduce<Sum, double, double>)
KERNEL(sum_squares, f32, reduce<SumSquares, float, float>)
KERNEL(sum_squares, f64, reduce<SumSquares, double, double>)
KERNEL(prod, i64, reduce<Prod, int64_t, int64_t>)
KERNEL(prod, f32, reduce<Prod, float, float>)
KERNEL(prod, f64, reduce<Prod, double, double>)
EXTREMES(u8, uint8_t)
EXTREMES(i32, int32_t)
EXTREMES(i64, int64_t)
EXTREMES(f32, float)
EXTREMES(f64, double)

}  // namespace dl::cuda
