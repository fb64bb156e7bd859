#include "bindings/call.h"
#include "ops/embedding/embedding.h"

void bind_embedding(py::module_& m) {
  def(m, "embedding_fwd", &dl::embedding_fwd);
  def(m, "embedding_bwd", &dl::embedding_bwd);
}
