#include "bindings/call.h"
#include "ops/rnn/layer.h"

using dl::Array;

void bind_rnn(py::module_& m) {
  py::enum_<dl::RnnMode>(m, "RnnMode")
      .value("tanh", dl::RnnMode::tanh)
      .value("relu", dl::RnnMode::relu)
      .value("lstm", dl::RnnMode::lstm)
      .value("gru", dl::RnnMode::gru);
  def(m, "rnn_fwd",
      [](dl::RnnMode mode, const Array& x, const std::vector<int64_t>& batch_sizes, const Array& h0, const Array* c0,
         const std::vector<Array>& weights, bool save) -> py::tuple {
        dl::RnnSaved s;
        Array out = dl::rnn_fwd(mode, x, batch_sizes, h0, c0, weights, save ? &s : nullptr);
        if (!save) return py::make_tuple(std::move(out));
        return py::make_tuple(std::move(out), std::move(s.gates), std::move(s.h_before), std::move(s.c_before));
      });
  def(m, "rnn_bwd",
      [](dl::RnnMode mode, const Array& g, const Array& x, const std::vector<int64_t>& batch_sizes,
         const std::vector<Array>& weights, const Array& gates, const Array& h_before, const Array& c_before,
         bool need_x) {
        dl::RnnGradients r = dl::rnn_bwd(mode, g, x, batch_sizes, weights, {gates, h_before, c_before}, need_x);
        py::list out;
        out.append(need_x ? py::cast(std::move(r.dx)) : py::none());
        out.append(std::move(r.dh0));
        if (mode == dl::RnnMode::lstm) out.append(std::move(r.dc0));
        for (Array& w : r.weights) out.append(std::move(w));
        return out;
      });
}
