// The element types and devices. Plain enums: safe to include from kernel files.
#pragma once
#include <cstddef>
#include <cstdint>

namespace dl {

// In promotion order within a kind: bool < integers < floats. f16 is for storage: what computes converts it first. So
// is bf16 but for products, pointwise ops, norms, pools and sums, which compute in float32 and round once.
enum class DType : uint8_t { b8, u8, i32, i64, f16, bf16, f32, f64 };
constexpr int kDTypes = 8;

enum class Device : uint8_t { cpu, cuda };
constexpr int kDevices = 2;

class Array;
class Dims;

// A Python number on its way into a kernel: it has a kind, but no dtype of its own.
struct Number {
  enum Kind : uint8_t { boolean, integer, real } kind;
  int64_t i;  // boolean and integer
  double f;   // real
};

}  // namespace dl

// DL_API: exported from libdlcore. DL_HD: a formula that nvcc also compiles for the device.
#define DL_API __attribute__((visibility("default")))
#ifdef __CUDACC__
#define DL_HD __host__ __device__
#else
#define DL_HD
#endif
