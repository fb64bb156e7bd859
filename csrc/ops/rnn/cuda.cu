// One step's gates, state and output of rnn.h, and the gradients of its gates, in one launch between the step's matrix
// product and the next one's. Called by rnn.cpp for all rows of a step: a thread an element of the state.
// Limit: the launches: a step of 64 rows of 256 is 16 thousand threads.
#include "cuda/launch.h"
#include "ops/rnn/formula.h"
#include "ops/rnn/rnn.h"

namespace dl::cuda {

// Column i of one row of what a step reads and writes.
template <class T>
struct Step {
  const RnnCellArgs& a;
  int64_t row, i;

  __device__ T& state(void* p) const { return static_cast<T*>(p)[row * a.state_stride + i]; }
  __device__ T& dense(void* p, int gates = 1, int k = 0) const {
    return static_cast<T*>(p)[(row * gates + k) * a.hidden + i];
  }
  __device__ T product(int gates, int k) const {
    return static_cast<const T*>(a.product)[(row * gates + k) * a.hidden + i];
  }
  __device__ T& gate(int k) const { return static_cast<T*>(a.gates)[row * a.gates_stride + k * a.hidden + i]; }
  // The new state, and the old one kept for the backward.
  __device__ void advance(void* p, void* before, T x) const {
    if (before) dense(before) = state(p);
    state(p) = x;
  }
  __device__ T gradient() const { return static_cast<const T*>(a.g)[row * a.state_stride + i] + dense(a.dh); }
};

template <template <class> class Cell>
struct Plain {
  template <class T>
  static __device__ void fwd(const Step<T>& s) {
    const T h = Cell<T>::fwd(s.gate(0) + s.product(1, 0));
    s.gate(0) = h;
    s.state(s.a.y) = h;
    s.advance(s.a.h, s.a.h_before, h);
  }
  template <class T>
  static __device__ void bwd(const Step<T>& s) {
    s.dense(s.a.da) = Cell<T>::bwd(s.gradient(), s.gate(0));
    s.dense(s.a.dh) = T(0);
  }
};

struct Lstm {
  template <class T>
  static __device__ void fwd(const Step<T>& s) {
    const auto sum = [&](int k) { return s.gate(k) + s.product(4, k); };
    const LstmGates<T> gates = lstm_gates<T>({sum(0), sum(1), sum(2), sum(3)});
    const T c = gates.cell(s.state(s.a.c)), h = gates.o * tanh(c);
    s.gate(0) = gates.i;
    s.gate(1) = gates.f;
    s.gate(2) = gates.g;
    s.gate(3) = gates.o;
    s.state(s.a.y) = h;
    s.advance(s.a.h, s.a.h_before, h);
    s.advance(s.a.c, s.a.c_before, c);
  }
  template <class T>
  static __device__ void bwd(const Step<T>& s) {
    const LstmGates<T> gates{s.gate(0), s.gate(1), s.gate(2), s.gate(3)};
    const LstmGradients<T> d = lstm_gradients(s.gradient(), s.dense(s.a.dc), gates, s.dense(s.a.c_before));
    s.dense(s.a.da, 4, 0) = d.a.i;
    s.dense(s.a.da, 4, 1) = d.a.f;
    s.dense(s.a.da, 4, 2) = d.a.g;
    s.dense(s.a.da, 4, 3) = d.a.o;
    s.dense(s.a.dc) = d.dc;
    s.dense(s.a.dh) = T(0);
  }
};

struct Gru {
  template <class T>
  static __device__ void fwd(const Step<T>& s) {
    const T un = s.product(3, 2);
    const GruGates<T> gates = gru_gates<T>({s.gate(0), s.gate(1), s.gate(2)}, {s.product(3, 0), s.product(3, 1), un});
    const T h = gru_state(gates, s.state(s.a.h));
    s.gate(0) = gates.r;
    s.gate(1) = gates.z;
    s.gate(2) = gates.n;
    s.gate(3) = un;
    s.state(s.a.y) = h;
    s.advance(s.a.h, s.a.h_before, h);
  }
  template <class T>
  static __device__ void bwd(const Step<T>& s) {
    const GruGates<T> gates{s.gate(0), s.gate(1), s.gate(2)};
    const GruGradients<T> d = gru_gradients(s.gradient(), gates, s.gate(3), s.dense(s.a.h_before));
    s.dense(s.a.da, 3, 0) = d.a.r;
    s.dense(s.a.da, 3, 1) = d.a.z;
    s.dense(s.a.da, 3, 2) = d.a.n;
    s.dense(s.a.du, 3, 0) = d.a.r;
    s.dense(s.a.du, 3, 1) = d.a.z;
    s.dense(s.a.du, 3, 2) = d.un;
    s.dense(s.a.dh) = d.dh;
  }
};

template <class Cell, class T, bool kBackward>
static __global__ void cell_kernel(RnnCellArgs a, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Step<T> step{a, item / a.hidden, item % a.hidden};
    if constexpr (kBackward)
      Cell::bwd(step);
    else
      Cell::fwd(step);
  }
}

template <class Cell, class T, bool kBackward>
static void run(const char* name, const RnnCellArgs& a, int64_t rows) {
  if (a.hidden > 0) launch(name, cell_kernel<Cell, T, kBackward>, grid_stride(rows * a.hidden), a, rows * a.hidden);
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
