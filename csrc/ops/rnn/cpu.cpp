// One step's gates, state and output of rnn.h, and the gradients of its gates: everything between the step's matrix
// product and the next one's, in one pass. Called by rnn.cpp on a range of rows.
// Limit: arithmetic of sigmoid and tanh (about 20 operations a lane each); the step's rows come from L2.
#include "ops/rnn/formula.h"
#include "ops/rnn/rnn.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

// Columns [at, at + n) of rows: whole registers, or the last few.
template <class T>
struct Columns {
  int64_t at;
  int n;
  DL_INLINE Vec<T> load(const T* row) const {
    return n == Vec<T>::size ? Vec<T>::load(row + at) : load_n(row + at, n, T(0));
  }
  DL_INLINE void store(T* row, Vec<T> x) const {
    if (n == Vec<T>::size)
      x.store(row + at);
    else
      store_n(row + at, x, n);
  }
};

template <class T, class F>
static DL_INLINE void over_columns(int64_t hidden, const F& f) {
  int64_t i = 0;
  for (; i + Vec<T>::size <= hidden; i += Vec<T>::size) f(Columns<T>{i, Vec<T>::size});
  if (i < hidden) f(Columns<T>{i, static_cast<int>(hidden - i)});
}

// Pointers to one row of what a step reads and writes.
template <class T>
struct Step {
  const RnnCellArgs& a;
  int64_t row;
  DL_INLINE T* state(void* p) const { return static_cast<T*>(p) + row * a.state_stride; }
  DL_INLINE const T* state(const void* p) const { return static_cast<const T*>(p) + row * a.state_stride; }
  DL_INLINE T* dense(void* p, int gates = 1) const { return static_cast<T*>(p) + row * gates * a.hidden; }
  DL_INLINE const T* product(int gates) const { return static_cast<const T*>(a.product) + row * gates * a.hidden; }
  DL_INLINE T* gates() const { return static_cast<T*>(a.gates) + row * a.gates_stride; }
  // The new state, and the old one kept for the backward.
  DL_INLINE void advance(Columns<T> at, void* p, void* before, Vec<T> x) const {
    if (before) at.store(dense(before), at.load(state(p)));
    at.store(state(p), x);
  }
  DL_INLINE Vec<T> gradient(Columns<T> at) const { return at.load(state(a.g)) + at.load(dense(a.dh)); }
};

template <template <class> class Cell, class T>
static void plain_fwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const Step<T> s{a, row};
    over_columns<T>(a.hidden, [&](Columns<T> at) __attribute__((always_inline)) {
      const Vec<T> h = Cell<Vec<T>>::fwd(at.load(s.gates()) + at.load(s.product(1)));
      at.store(s.gates(), h);
      at.store(s.state(a.y), h);
      s.advance(at, a.h, a.h_before, h);
    });
  }
}

template <template <class> class Cell, class T>
static void plain_bwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const Step<T> s{a, row};
    over_columns<T>(a.hidden, [&](Columns<T> at) __attribute__((always_inline)) {
      at.store(s.dense(a.da), Cell<Vec<T>>::bwd(s.gradient(at), at.load(s.gates())));
      at.store(s.dense(a.dh), Vec<T>(T(0)));
    });
  }
}

template <class T>
static void lstm_fwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  const int64_t H = a.hidden;
  for (int64_t row = begin; row < end; ++row) {
    const Step<T> s{a, row};
    T* y = s.gates();
    const T* u = s.product(4);
    over_columns<T>(H, [&](Columns<T> at) __attribute__((always_inline)) {
      const auto sum = [&](int k) __attribute__((always_inline)) { return at.load(y + k * H) + at.load(u + k * H); };
      const LstmGates<Vec<T>> gates = lstm_gates<Vec<T>>({sum(0), sum(1), sum(2), sum(3)});
      const Vec<T> c = gates.cell(at.load(s.state(a.c))), h = gates.o * tanh(c);
      at.store(y, gates.i);
      at.store(y + H, gates.f);
      at.store(y + 2 * H, gates.g);
      at.store(y + 3 * H, gates.o);
      at.store(s.state(a.y), h);
      s.advance(at, a.h, a.h_before, h);
      s.advance(at, a.c, a.c_before, c);
    });
  }
}

template <class T>
static void lstm_bwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  const int64_t H = a.hidden;
  for (int64_t row = begin; row < end; ++row) {
    const Step<T> s{a, row};
    const T* y = s.gates();
    T* da = s.dense(a.da, 4);
    over_columns<T>(H, [&](Columns<T> at) __attribute__((always_inline)) {
      const LstmGates<Vec<T>> gates{at.load(y), at.load(y + H), at.load(y + 2 * H), at.load(y + 3 * H)};
      const auto d = lstm_gradients(s.gradient(at), at.load(s.dense(a.dc)), gates, at.load(s.dense(a.c_before)));
      at.store(da, d.a.i);
      at.store(da + H, d.a.f);
      at.store(da + 2 * H, d.a.g);
      at.store(da + 3 * H, d.a.o);
      at.store(s.dense(a.dc), d.dc);
      at.store(s.dense(a.dh), Vec<T>(T(0)));
    });
  }
}

template <class T>
static void gru_fwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  const int64_t H = a.hidden;
  for (int64_t row = begin; row < end; ++row) {
    const Step<T> s{a, row};
    T* y = s.gates();
    const T* u = s.product(3);
    over_columns<T>(H, [&](Columns<T> at) __attribute__((always_inline)) {
      const Vec<T> un = at.load(u + 2 * H);
      const GruGates<Vec<T>> gates =
          gru_gates<Vec<T>>({at.load(y), at.load(y + H), at.load(y + 2 * H)}, {at.load(u), at.load(u + H), un});
      const Vec<T> h = gru_state(gates, at.load(s.state(a.h)));
      at.store(y, gates.r);
      at.store(y + H, gates.z);
      at.store(y + 2 * H, gates.n);
      at.store(y + 3 * H, un);
      at.store(s.state(a.y), h);
      s.advance(at, a.h, a.h_before, h);
    });
  }
}

template <class T>
static void gru_bwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  const int64_t H = a.hidden;
  for (int64_t row = begin; row < end; ++row) {
    const Step<T> s{a, row};
    const T* y = s.gates();
    T *da = s.dense(a.da, 3), *du = s.dense(a.du, 3);
    over_columns<T>(H, [&](Columns<T> at) __attribute__((always_inline)) {
      const GruGates<Vec<T>> gates{at.load(y), at.load(y + H), at.load(y + 2 * H)};
      const auto d = gru_gradients(s.gradient(at), gates, at.load(y + 3 * H), at.load(s.dense(a.h_before)));
      at.store(da, d.a.r);
      at.store(da + H, d.a.z);
      at.store(da + 2 * H, d.a.n);
      at.store(du, d.a.r);
      at.store(du + H, d.a.z);
      at.store(du + 2 * H, d.un);
      at.store(s.dense(a.dh), d.dh);
    });
  }
}

template <class T>
static void rnn_tanh_fwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  plain_fwd<TanhCell, T>(a, begin, end);
}
template <class T>
static void rnn_tanh_bwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  plain_bwd<TanhCell, T>(a, begin, end);
}
template <class T>
static void rnn_relu_fwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  plain_fwd<ReluCell, T>(a, begin, end);
}
template <class T>
static void rnn_relu_bwd(const RnnCellArgs& a, int64_t begin, int64_t end) {
  plain_bwd<ReluCell, T>(a, begin, end);
}

#define KERNELS(NAME) \
  void NAME##_cell_fwd_f32(const RnnCellArgs& a, int64_t b, int64_t e) { NAME##_fwd<float>(a, b, e); } \
  void NAME##_cell_fwd_f64(const RnnCellArgs& a, int64_t b, int64_t e) { NAME##_fwd<double>(a, b, e); } \
  void NAME##_cell_bwd_f32(const RnnCellArgs& a, int64_t b, int64_t e) { NAME##_bwd<float>(a, b, e); } \
  void NAME##_cell_bwd_f64(const RnnCellArgs& a, int64_t b, int64_t e) { NAME##_bwd<double>(a, b, e); }

KERNELS(rnn_tanh)
KERNELS(rnn_relu)
KERNELS(lstm)
KERNELS(gru)

}  // namespace dl::DL_ISA_NS
