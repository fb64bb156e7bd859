// A device by the name that Python gives it.
#pragma once
#include <string>

#include "core/array.h"

inline dl::Device device_of(const std::string& name) {
  DL_CHECK(name == "cpu" || name == "cuda", dl::ValueError, "device must be \"cpu\" or \"cuda\", got \"", name, "\"");
  return name == "cpu" ? dl::Device::cpu : dl::Device::cuda;
}
