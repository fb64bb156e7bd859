// What the work functions of manifests share (WorkOf in kernel_table.h). Bytes are what a call needs, every operand
// once, as the rows of bench/ count them: not what an implementation moves.
#pragma once
#include <string_view>

#include "core/array.h"
#include "core/nest.h"
#include "core/profile.h"

namespace dl {

inline Work moves(double elements, DType dtype) {
  return {.flops = 0, .bytes = elements * static_cast<double>(itemsize(dtype))};
}

inline Work operator+(Work a, Work b) { return {.flops = a.flops + b.flops, .bytes = a.bytes + b.bytes}; }

inline bool is_backward(const char* op) { return std::string_view(op).find("_bwd") != std::string_view::npos; }

// Of an operand; along a dimension in which it is broadcast it has one.
inline double elements(const Nest& nest, int operand) {
  double n = 1;
  for (int d = 0; d < nest.ndim; ++d)
    if (nest.stride[operand][d] != 0) n *= static_cast<double>(nest.size[d]);
  return n;
}

// All of the nest, broadcast or not.
inline double elements(const Nest& nest) {
  double n = 1;
  for (int d = 0; d < nest.ndim; ++d) n *= static_cast<double>(nest.size[d]);
  return n;
}

}  // namespace dl
