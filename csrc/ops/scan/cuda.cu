// Running totals (scan.h). Called by scan.cpp for all lines at once. A line is cut into pieces: the totals of the
// pieces come first, then what comes before each, then the running totals from there on; the pieces depend on shapes
// alone. A row of neighbours is cut into tiles of a block each; where the lines are neighbours, or short, a thread
// walks a piece. Limit: memory bandwidth, x read twice where there are several pieces.
#include "cuda/scratch.h"
#include "ops/scan/formula.h"
#include "ops/scan/scaled.cuh"
#include "ops/scan/scan.h"

namespace dl::cuda {

constexpr unsigned kThreads = 256;
constexpr int64_t kTile = 2048;      // elements of a row a block: eight rounds of its threads
constexpr int64_t kShortRow = 32;    // up to here a thread reads a row's sectors once, and a block would idle
constexpr int64_t kPiece = 64;       // elements of a line a thread, at least
constexpr int64_t kLines = 1 << 14;  // so many fill the GPU whole

// A total's State joins what lies `before` with what comes `after` it.
template <class Op, class T>
struct Total {
  using State = typename TotalOf<T>::Type;
  static __device__ State none() { return State(Op::start); }
  static __device__ State at(const ScanArgs& a, int64_t here, int64_t) {
    return static_cast<State>(static_cast<const T*>(a.x)[here]);
  }
  static __device__ State join(State before, State after) { return Op::step(before, after); }
  static __device__ void put(const ScanArgs& a, int64_t here, int64_t, State s) {
    static_cast<T*>(a.out)[here] = static_cast<T>(s);
  }
};

template <class T>
struct FloatProduct {
  using State = Scaled;
  static __device__ State none() { return scaled(1); }
  static __device__ State at(const ScanArgs& a, int64_t here, int64_t) {
    return scaled(static_cast<double>(static_cast<const T*>(a.x)[here]));
  }
  static __device__ State join(State before, State after) { return times(before, after); }
  static __device__ void put(const ScanArgs& a, int64_t here, int64_t, State s) {
    static_cast<T*>(a.out)[here] = static_cast<T>(value_of(s));
  }
};

// s[i] = add + factor · s[i + 1], from the line's end on.
template <class T>
struct ProductBackward {
  struct State {
    Scaled factor, add;
  };
  static __device__ State none() { return {scaled(1), scaled(0)}; }
  static __device__ State at(const ScanArgs& a, int64_t here, int64_t i) {
    const double x = i + 1 < a.n ? static_cast<double>(static_cast<const T*>(a.x)[here + a.inner]) : 0;
    return {scaled(x), scaled(static_cast<double>(static_cast<const T*>(a.g)[here]))};
  }
  static __device__ State join(State before, State after) {
    return {times(before.factor, after.factor), plus(after.add, times(after.factor, before.add))};
  }
  static __device__ void put(const ScanArgs& a, int64_t here, int64_t i, State s) {
    const double y = i ? static_cast<double>(static_cast<const T*>(a.y)[here - a.inner]) : 1;
    static_cast<T*>(a.out)[here] = static_cast<T>(y * value_of(s.add));
  }
};

template <class Op, class T>
struct Pick {
  struct State {
    T value;
    int64_t place;  // -1: none
  };
  static __device__ State none() { return {T(0), -1}; }
  static __device__ State at(const ScanArgs& a, int64_t here, int64_t i) {
    return {static_cast<const T*>(a.x)[here], i};
  }
  static __device__ State join(State before, State after) {
    if (before.place < 0) return after;
    return after.place >= 0 && Op::wins(after.value, before.value) ? after : before;
  }
  static __device__ void put(const ScanArgs& a, int64_t here, int64_t, State s) {
    static_cast<T*>(a.out)[here] = s.value;
    a.index[here] = s.place;
  }
};

// What the threads before this one have, joined; *total: what all have.
template <class F>
__device__ typename F::State join_before(typename F::State mine, typename F::State* total) {
  struct Held {
    typename F::State of[2][kThreads];
  };
  Held& held = shared<Held>();
  int now = 0;
  held.of[now][threadIdx.x] = mine;
  __syncthreads();
  for (unsigned distance = 1; distance < kThreads; distance *= 2) {
    const typename F::State below = threadIdx.x >= distance ? held.of[now][threadIdx.x - distance] : F::none();
    held.of[1 - now][threadIdx.x] = F::join(below, held.of[now][threadIdx.x]);
    now = 1 - now;
    __syncthreads();
  }
  const typename F::State before = threadIdx.x ? held.of[now][threadIdx.x - 1] : F::none();
  *total = held.of[now][kThreads - 1];
  __syncthreads();  // the next call writes held again
  return before;
}

// Of the place-th element of a line in the order of adding: cumprod_bwd starts at the end, cumsum where it is told to.
__device__ __forceinline__ int64_t index_of(const ScanArgs& a, int64_t place) {
  return a.reverse || a.g ? a.n - 1 - place : place;
}

// A block a tile of a row: its total, or the running totals behind what comes before it.
template <class F, bool totals>
static __global__ void rows_kernel(ScanArgs a, int64_t tiles, typename F::State* state) {
  const int64_t row = blockIdx.x / tiles, first = blockIdx.x % tiles * kTile;
  const int64_t last = first + kTile < a.n ? first + kTile : a.n;
  typename F::State carry = totals || !state ? F::none() : state[blockIdx.x];
  for (int64_t round = first; round < last; round += kThreads) {
    const int64_t place = round + threadIdx.x, i = index_of(a, place), here = row * a.n + i;
    const typename F::State mine = place < last ? F::at(a, here, i) : F::none();
    typename F::State total;
    const typename F::State before = F::join(carry, join_before<F>(mine, &total));
    if (!totals && place < last) F::put(a, here, i, F::join(before, mine));
    carry = F::join(carry, total);
  }
  if (totals && threadIdx.x == 0) state[blockIdx.x] = carry;
}

// A block a row: each tile's total becomes what comes before it.
template <class F>
static __global__ void join_tiles_kernel(int64_t tiles, typename F::State* state) {
  typename F::State carry = F::none();
  for (int64_t round = 0; round < tiles; round += kThreads) {
    const int64_t tile = round + threadIdx.x, at = blockIdx.x * tiles + tile;
    typename F::State total;
    const typename F::State before = join_before<F>(tile < tiles ? state[at] : F::none(), &total);
    if (tile < tiles) state[at] = F::join(carry, before);
    carry = F::join(carry, total);
  }
}

// A thread a piece of a line; neighbouring threads take neighbouring lines.
template <class F, bool totals>
static __global__ void pieces_kernel(ScanArgs a, int64_t lines, int64_t piece, int64_t items,
                                     typename F::State* state) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const int64_t line = item % lines, first = item / lines * piece, last = first + piece < a.n ? first + piece : a.n;
    const int64_t base = line / a.inner * a.n * a.inner + line % a.inner;
    typename F::State carry = totals || !state ? F::none() : state[item];
    for (int64_t place = first; place < last; ++place) {
      const int64_t i = index_of(a, place), here = base + i * a.inner;
      carry = F::join(carry, F::at(a, here, i));
      if (!totals) F::put(a, here, i, carry);
    }
    if (totals) state[item] = carry;
  }
}

// A thread a line: each piece's total becomes what comes before it.
template <class F>
static __global__ void join_pieces_kernel(int64_t lines, int64_t pieces, typename F::State* state) {
  for (int64_t line = first_item(); line < lines; line += item_step()) {
    typename F::State carry = F::none();
    for (int64_t p = 0; p < pieces; ++p) {
      const typename F::State total = state[p * lines + line];
      state[p * lines + line] = carry;
      carry = F::join(carry, total);
    }
  }
}

template <class F>
static void scan_rows(const char* name, const ScanArgs& a, int64_t rows) {
  using State = typename F::State;
  const int64_t tiles = (a.n + kTile - 1) / kTile;
  const Shape shape{.blocks = dim3(static_cast<unsigned>(rows * tiles)), .threads = kThreads};
  const Scratch state(tiles > 1 ? static_cast<std::size_t>(rows * tiles) * sizeof(State) : 0);
  if (tiles > 1) {
    launch(name, rows_kernel<F, true>, shape, a, tiles, state.as<State>());
    launch(name, join_tiles_kernel<F>, {.blocks = dim3(static_cast<unsigned>(rows)), .threads = kThreads}, tiles,
           state.as<State>());
  }
  launch(name, rows_kernel<F, false>, shape, a, tiles, state.as<State>());
}

template <class F>
static void scan(const char* name, const ScanArgs& a, int64_t lines) {
  using State = typename F::State;
  if (a.inner == 1 && a.n > kShortRow) return scan_rows<F>(name, a, lines);
  int64_t piece = kPiece;  // about as many elements a piece as pieces: each is walked by one thread
  while (lines < kLines ? piece * piece < a.n : piece < a.n) piece *= 2;
  const int64_t pieces = (a.n + piece - 1) / piece, items = pieces * lines;
  const Scratch state(pieces > 1 ? static_cast<std::size_t>(items) * sizeof(State) : 0);
  if (pieces > 1) {
    launch(name, pieces_kernel<F, true>, grid_stride(items), a, lines, piece, items, state.as<State>());
    launch(name, join_pieces_kernel<F>, grid_stride(lines), lines, pieces, state.as<State>());
  }
  launch(name, pieces_kernel<F, false>, grid_stride(items), a, lines, piece, items, state.as<State>());
}

#define KERNEL(NAME, SUFFIX, ...) \
  void NAME##_##SUFFIX(const ScanArgs& a, int64_t, int64_t n) { scan<__VA_ARGS__>(#NAME, a, n); }
#define EXTREMES(SUFFIX, T) \
  KERNEL(cummax, SUFFIX, Pick<Max, T>) \
  KERNEL(cummin, SUFFIX, Pick<Min, T>)

KERNEL(cumsum, i64, Total<Sum, int64_t>)
KERNEL(cumsum, f32, Total<Sum, float>)
KERNEL(cumsum, f64, Total<Sum, double>)
KERNEL(cumprod_bwd, f32, ProductBackward<float>)
KERNEL(cumprod_bwd, f64, ProductBackward<double>)
KERNEL(cumprod, i64, Total<Product, int64_t>)
KERNEL(cumprod, f32, FloatProduct<float>)
KERNEL(cumprod, f64, FloatProduct<double>)
EXTREMES(u8, uint8_t)
EXTREMES(i32, int32_t)
EXTREMES(i64, int64_t)
EXTREMES(f32, float)
EXTREMES(f64, double)

}  // namespace dl::cuda
