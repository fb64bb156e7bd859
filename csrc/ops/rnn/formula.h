// The cells of rnn.h, once, for every ISA and for scalars. a: what comes from the input, u: from the state.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <class V>
DL_HD inline V sigmoid_slope(V y) {
  using T = typename ScalarOf<V>::type;
  return y * (V(T(1)) - y);
}
template <class V>
DL_HD inline V tanh_slope(V y) {
  using T = typename ScalarOf<V>::type;
  return V(T(1)) - y * y;
}

template <class V>
struct TanhCell {
  static DL_HD V fwd(V s) { return tanh(s); }
  static DL_HD V bwd(V dh, V h) { return dh * tanh_slope(h); }
};

template <class V>
struct ReluCell {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V s) { return select(s < V(T(0)), V(T(0)), s); }  // keeps NaN
  static DL_HD V bwd(V dh, V h) { return select(h > V(T(0)), dh, V(T(0))); }
};

template <class V>
struct LstmGates {
  V i, f, g, o;
  DL_HD V cell(V c_before) const { return f * c_before + i * g; }
};
template <class V>
struct LstmGradients {
  LstmGates<V> a;
  V dc;  // of c_before
};
template <class V>
DL_HD inline LstmGates<V> lstm_gates(LstmGates<V> s) {
  return {sigmoid(s.i), sigmoid(s.f), tanh(s.g), sigmoid(s.o)};
}
template <class V>
DL_HD inline LstmGradients<V> lstm_gradients(V dh, V dc, LstmGates<V> y, V c_before) {
  const V t = tanh(y.cell(c_before));
  const V d = dc + dh * y.o * tanh_slope(t);
  return {{d * y.g * sigmoid_slope(y.i), d * c_before * sigmoid_slope(y.f), d * y.i * tanh_slope(y.g),
           dh * t * sigmoid_slope(y.o)},
          d * y.f};
}

template <class V>
struct GruGates {
  V r, z, n;
};
template <class V>
struct GruGradients {
  GruGates<V> a;
  V un, dh;  // of u_n, and of h_before but for what comes through W_hh; u_r and u_z have a's
};
template <class V>
DL_HD inline GruGates<V> gru_gates(GruGates<V> a, GruGates<V> u) {
  const V r = sigmoid(a.r + u.r);
  return {r, sigmoid(a.z + u.z), tanh(a.n + r * u.n)};
}
template <class V>
DL_HD inline V gru_state(GruGates<V> y, V h_before) {
  using T = typename ScalarOf<V>::type;
  return (V(T(1)) - y.z) * y.n + y.z * h_before;
}
template <class V>
DL_HD inline GruGradients<V> gru_gradients(V dh, GruGates<V> y, V un, V h_before) {
  using T = typename ScalarOf<V>::type;
  const V dn = dh * (V(T(1)) - y.z) * tanh_slope(y.n);
  return {{dn * un * sigmoid_slope(y.r), dh * (h_before - y.n) * sigmoid_slope(y.z), dn}, dn * y.r, dh * y.z};
}

}  // namespace dl::DL_ISA_NS
