#include "bindings/call.h"
#include "ops/attention/attention.h"

using dl::Array;

void bind_attention(py::module_& m) {
  def(m, "attention_fwd",
      [](const Array& q, const Array& k, const Array& v, const Array* mask, bool causal, double scale) {
        Array stats;
        Array y = dl::attention_fwd(q, k, v, {mask, causal, scale}, &stats);
        return std::make_pair(std::move(y), std::move(stats));
      });
  def(m, "attention_bwd",
      [](const Array& g, const Array& q, const Array& k, const Array& v, const Array* mask, bool causal, double scale,
         const Array& stats) {
        Array dq, dk, dv;
        dl::attention_bwd(g, q, k, v, {mask, causal, scale}, stats, &dq, &dk, &dv);
        return std::make_tuple(std::move(dq), std::move(dk), std::move(dv));
      });
}
