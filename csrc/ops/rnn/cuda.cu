// One step's gates, state and output of rnn.h, and the gradients of its gates, in one launch between the step's matrix
// product and the next one's. Called by rnn.cpp for all rows of a step: a thread takes 16 bytes of the state, or an
// element where rows are no multiple of that.
// Limit: the launches: a step of 64 rows of 256 is 4 thousand threads.
#include "cuda/vec128.cuh"
#include "ops/rnn/formula.h"
#include "ops/rnn/rnn.h"

namespace dl::cuda {

// Where a thread's N neighbours are in memory.
template <class T, int N>
struct Place {
  T* at;
  __device__ Pack<T, N> read() const { return load_pack<N>(at); }
  __device__ void operator=(const Pack<T, N>& v) const { store_pack(at, v); }
};

// Columns i to i + N - 1 of one row of what a step reads and writes.
template <class T, int N>
struct Step {
  const RnnCellArgs& a;
  int64_t row, i;

  __device__ Place<T, N> state(void* p) const { return {static_cast<T*>(p) + row * a.state_stride + i}; }
  __device__ Place<T, N> dense(void* p, int gates = 1, int k = 0) const {
    return {static_cast<T*>(p) + (row * gates + k) * a.hidden + i};
  }
  __device__ Pack<T, N> product(int gates, int k) const {
    return load_pack<N>(static_cast<const T*>(a.product) + (row * gates + k) * a.hidden + i);
  }
  __device__ Place<T, N> gate(int k) const {
    return {static_cast<T*>(a.gates) + row * a.gates_stride + k * a.hidden + i};
  }
  // The new state, and the old one kept for the backward.
  __device__ void advance(void* p, void* before, const Pack<T, N>& x) const {
    if (before) dense(before) = state(p).read();
    state(p) = x;
  }
  __device__ Pack<T, N> gradient() const {
    auto g = load_pack<N>(static_cast<const T*>(a.g) + row * a.state_stride + i);
    const auto dh = dense(a.dh).read();
    DL_UNROLL
    for (int e = 0; e < N; ++e) g.of[e] += dh.of[e];
    return g;
  }
};

template <template <class> class Cell>
struct Plain {
  template <class T, int N>
  static __device__ void fwd(const Step<T, N>& s) {
    const auto a = s.gate(0).read(), u = s.product(1, 0);
    Pack<T, N> h;
    DL_UNROLL
    for (int e = 0; e < N; ++e) h.of[e] = Cell<T>::fwd(a.of[e] + u.of[e]);
    s.gate(0) = h;
    s.state(s.a.y) = h;
    s.advance(s.a.h, s.a.h_before, h);
  }
  template <class T, int N>
  static __device__ void bwd(const Step<T, N>& s) {
    const auto dh = s.gradient(), h = s.gate(0).read();
    Pack<T, N> da;
    DL_UNROLL
    for (int e = 0; e < N; ++e) da.of[e] = Cell<T>::bwd(dh.of[e], h.of[e]);
    s.dense(s.a.da) = da;
    s.dense(s.a.dh) = Pack<T, N>{};
  }
};

struct Lstm {
  template <class T, int N>
  static __device__ void fwd(const Step<T, N>& s) {
    Pack<T, N> gate[4], c = s.state(s.a.c).read(), h;
    DL_UNROLL
    for (int k = 0; k < 4; ++k) {
      gate[k] = s.gate(k).read();
      const auto u = s.product(4, k);
      DL_UNROLL
      for (int e = 0; e < N; ++e) gate[k].of[e] += u.of[e];
    }
    DL_UNROLL
    for (int e = 0; e < N; ++e) {
      const auto y = lstm_gates<T>({gate[0].of[e], gate[1].of[e], gate[2].of[e], gate[3].of[e]});
      c.of[e] = y.cell(c.of[e]);
      h.of[e] = y.o * tanh(c.of[e]);
      gate[0].of[e] = y.i;
      gate[1].of[e] = y.f;
      gate[2].of[e] = y.g;
      gate[3].of[e] = y.o;
    }
    DL_UNROLL
    for (int k = 0; k < 4; ++k) s.gate(k) = gate[k];
    s.state(s.a.y) = h;
    s.advance(s.a.h, s.a.h_before, h);
    s.advance(s.a.c, s.a.c_before, c);
  }
  template <class T, int N>
  static __device__ void bwd(const Step<T, N>& s) {
    const auto dh = s.gradient(), before = s.dense(s.a.c_before).read();
    Pack<T, N> gate[4], dc = s.dense(s.a.dc).read();
    DL_UNROLL
    for (int k = 0; k < 4; ++k) gate[k] = s.gate(k).read();
    DL_UNROLL
    for (int e = 0; e < N; ++e) {
      const LstmGates<T> y{gate[0].of[e], gate[1].of[e], gate[2].of[e], gate[3].of[e]};
      const LstmGradients<T> d = lstm_gradients(dh.of[e], dc.of[e], y, before.of[e]);
      gate[0].of[e] = d.a.i;
      gate[1].of[e] = d.a.f;
      gate[2].of[e] = d.a.g;
      gate[3].of[e] = d.a.o;
      dc.of[e] = d.dc;
    }
    DL_UNROLL
    for (int k = 0; k < 4; ++k) s.dense(s.a.da, 4, k) = gate[k];
    s.dense(s.a.dc) = dc;
    s.dense(s.a.dh) = Pack<T, N>{};
  }
};

struct Gru {
  template <class T, int N>
  static __device__ void fwd(const Step<T, N>& s) {
    Pack<T, N> r = s.gate(0).read(), z = s.gate(1).read(), n = s.gate(2).read(), h = s.state(s.a.h).read();
    const auto ur = s.product(3, 0), uz = s.product(3, 1), un = s.product(3, 2);
    DL_UNROLL
    for (int e = 0; e < N; ++e) {
      const auto y = gru_gates<T>({r.of[e], z.of[e], n.of[e]}, {ur.of[e], uz.of[e], un.of[e]});
      h.of[e] = gru_state(y, h.of[e]);
      r.of[e] = y.r;
      z.of[e] = y.z;
      n.of[e] = y.n;
    }
    s.gate(0) = r;
    s.gate(1) = z;
    s.gate(2) = n;
    s.gate(3) = un;
    s.state(s.a.y) = h;
    s.advance(s.a.h, s.a.h_before, h);
  }
  template <class T, int N>
  static __device__ void bwd(const Step<T, N>& s) {
    Pack<T, N> r = s.gate(0).read(), z = s.gate(1).read(), n = s.gate(2).read(), un = s.gate(3).read(),
               dh = s.gradient();
    const auto before = s.dense(s.a.h_before).read();
    DL_UNROLL
    for (int e = 0; e < N; ++e) {
      const GruGates<T> y{r.of[e], z.of[e], n.of[e]};
      const GruGradients<T> d = gru_gradients(dh.of[e], y, un.of[e], before.of[e]);
      r.of[e] = d.a.r;
      z.of[e] = d.a.z;
      n.of[e] = d.a.n;
      un.of[e] = d.un;
      dh.of[e] = d.dh;
    }
    s.dense(s.a.da, 3, 0) = r;
    s.dense(s.a.da, 3, 1) = z;
    s.dense(s.a.da, 3, 2) = n;
    s.dense(s.a.du, 3, 0) = r;
    s.dense(s.a.du, 3, 1) = z;
    s.dense(s.a.du, 3, 2) = un;
    s.dense(s.a.dh) = dh;
  }
};

template <class Cell, class T, bool kBackward, int N>
static __global__ void cell_kernel(RnnCellArgs a, int64_t items) {
  const int64_t a_row = a.hidden / N;
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Step<T, N> step{a, item / a_row, item % a_row * N};
    if constexpr (kBackward)
      Cell::bwd(step);
    else
      Cell::fwd(step);
  }
}

template <class Cell, class T, bool kBackward>
static void run(const char* name, const RnnCellArgs& a, int64_t rows) {
  if (a.hidden <= 0) return;
  constexpr int kWhole = Vec128<T>::size;
  const bool whole =
      a.hidden % kWhole == 0 && a.gates_stride % kWhole == 0 && a.state_stride % kWhole == 0 &&
      all_aligned<T, kWhole>(a.gates, a.product, a.h, a.c, a.y, a.h_before, a.c_before, a.g, a.dh, a.dc, a.da, a.du);
  with_run<T>(whole, [&]<int N>(std::integral_constant<int, N>) {
    const int64_t items = rows * (a.hidden / N);
    launch(name, cell_kernel<Cell, T, kBackward, N>, grid_stride(items), a, items);
  });
}

#define KERNEL(NAME, CELL, T, BACKWARD) \
  void NAME(const RnnCellArgs& a, int64_t, int64_t n) { run<CELL, T, BACKWARD>(#NAME, a, n); }
#define KERNELS(NAME, CELL) \
  KERNEL(NAME##_cell_fwd_f32, CELL, float, false) \
  KERNEL(NAME##_cell_fwd_f64, CELL, double, false) \
  KERNEL(NAME##_cell_bwd_f32, CELL, float, true) \
  KERNEL(NAME##_cell_bwd_f64, CELL, double, true)
KERNELS(rnn_tanh, Plain<TanhCell>)
KERNELS(rnn_relu, Plain<ReluCell>)
KERNELS(lstm, Lstm)
KERNELS(gru, Gru)

}  // namespace dl::cuda
