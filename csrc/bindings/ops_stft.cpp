#include "bindings/call.h"
#include "ops/stft/stft.h"

void bind_stft(py::module_& m) {
  def(m, "dft_fwd", &dl::dft_fwd);
  def(m, "dft_bwd", &dl::dft_bwd);
}
