#include "bindings/call.h"
#include "bindings/device_name.h"
#include "ops/random/random.h"

void bind_random(py::module_& m) {
  def(m, "uniform_", &dl::uniform_);
  def(m, "normal_", &dl::normal_);
  def(
      m, "rand",
      [](const dl::Dims& shape, dl::DType dtype, const std::string& device) {
        return dl::rand(shape, dtype, device_of(device));
      },
      "cpu");
  def(
      m, "randn",
      [](const dl::Dims& shape, dl::DType dtype, const std::string& device) {
        return dl::randn(shape, dtype, device_of(device));
      },
      "cpu");
  def(
      m, "randint",
      [](int64_t low, int64_t high, const dl::Dims& shape, const std::string& device) {
        return dl::randint(low, high, shape, device_of(device));
      },
      "cpu");
  def(m, "randperm", &dl::randperm);
}
