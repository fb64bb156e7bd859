// Exceptions that become Python's, and DL_CHECK: `DL_CHECK(ok, ShapeError, "matmul: …", shape)`.
// A message names the op, the broken rule, every operand's shape and a hint (DESIGN 10).
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

#include "core/dtype.h"

namespace dl {

struct DL_API Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct DL_API ShapeError : Error {
  using Error::Error;
};
struct DL_API DTypeError : Error {
  using Error::Error;
};
struct DL_API DeviceError : Error {
  using Error::Error;
};
struct DL_API IndexError : Error {
  using Error::Error;
};
struct DL_API ValueError : Error {
  using Error::Error;
};
struct DL_API OutOfMemory : Error {
  using Error::Error;
};
// Ctrl-C was seen between two chunks of a kernel; the binding has set the Python exception already.
struct DL_API Interrupted : Error {
  Interrupted() : Error("interrupted") {}
};

template <class... Parts>
std::string join(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace dl

#define DL_CHECK(ok, Exception, ...) \
  do { \
    if (__builtin_expect(!(ok), 0)) throw Exception(::dl::join(__VA_ARGS__)); \
  } while (0)
