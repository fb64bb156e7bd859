#include "bindings/call.h"
#include "ops/random/random.h"

void bind_random(py::module_& m) {
  def(m, "uniform_", &dl::uniform_);
  def(m, "normal_", &dl::normal_);
  def(m, "rand", &dl::rand);
  def(m, "randn", &dl::randn);
  def(m, "randint", &dl::randint);
  def(m, "randperm", &dl::randperm);
}
