#include "bindings/convert.h"
#include "ops/embedding/embedding.h"

void bind_embedding(py::module_& m) {
  m.def("embedding_fwd", &dl::embedding_fwd);
  m.def("embedding_bwd", &dl::embedding_bwd);
}
