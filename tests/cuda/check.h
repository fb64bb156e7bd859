// The small test harness of the CUDA self tests: TEST and EXPECT, and arrays in device memory.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "cuda/check.h"

namespace check {

struct Test {
  const char* name;
  void (*run)();
};
inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}
#define TEST(name) \
  static void name(); \
  static const bool name##_registered = (::check::tests().push_back({#name, name}), true); \
  static void name()

struct Failed {
  std::string what;
};
#define EXPECT(...) \
  do { \
    if (!(__VA_ARGS__)) throw ::check::Failed{dl::join("line ", __LINE__, ": not true: ", #__VA_ARGS__)}; \
  } while (0)

template <class T>
class Device {  // an array in device memory
 public:
  explicit Device(std::size_t n) : size_(n) {
    void* p;
    dl::cuda::check(cudaMallocAsync(&p, n * sizeof(T), nullptr), "alloc");
    at = static_cast<T*>(p);
  }
  explicit Device(const std::vector<T>& v) : Device(v.size()) {
    dl::cuda::check(cudaMemcpyAsync(at, v.data(), size_ * sizeof(T), cudaMemcpyHostToDevice, nullptr), "upload");
  }
  ~Device() { cudaFreeAsync(at, nullptr); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  std::vector<T> host() const {
    std::vector<T> v(size_);
    dl::cuda::check(cudaMemcpyAsync(v.data(), at, size_ * sizeof(T), cudaMemcpyDeviceToHost, nullptr), "download");
    dl::cuda::check(cudaStreamSynchronize(nullptr), "download");
    return v;
  }
  T* at;

 private:
  std::size_t size_;
};

template <class T>
std::vector<T> numbers(std::size_t n, std::function<T(std::size_t)> f) {
  std::vector<T> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = f(i);
  return v;
}

/// The message of the DeviceError that f raises.
inline std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const dl::DeviceError& e) {
    return e.what();
  }
  return "no error";
}
inline bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace check
