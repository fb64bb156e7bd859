#include "bindings/convert.h"
#include "ops/random/random.h"

void bind_random(py::module_& m) {
  m.def("uniform_", &dl::uniform_);
  m.def("normal_", &dl::normal_);
  m.def("rand", &dl::rand);
  m.def("randn", &dl::randn);
  m.def("randint", &dl::randint);
  m.def("randperm", &dl::randperm);
}
