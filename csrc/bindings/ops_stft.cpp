#include "bindings/convert.h"
#include "ops/stft/stft.h"

void bind_stft(py::module_& m) {
  m.def("dft_fwd", &dl::dft_fwd);
  m.def("dft_bwd", &dl::dft_bwd);
}
