#include "core/kernel_table.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/array.h"
#include "core/error.h"

namespace dl {
namespace {

std::vector<KernelInfo*>& table() {
  static auto* rows = new std::vector<KernelInfo*>;
  return *rows;
}

uint32_t generation = 1;
thread_local KernelInfo* last = nullptr;

}  // namespace

const char* suffix(DType t) {
  static constexpr const char* names[] = {"b8", "u8", "i32", "i64", "f16", "bf16", "f32", "f64"};
  return names[static_cast<int>(t)];
}

void register_row(const char* op, Device device, Isa isa, DType dtype, const char* variant, const void* row) {
  std::string full = join(op, '.', suffix(dtype), '.', device == Device::cuda ? "cuda" : name(isa));
  if (*variant) full += join('.', variant);
  table().push_back(
      new KernelInfo{.name = std::move(full), .op = op, .device = device, .isa = isa, .dtype = dtype, .row = row});
  ++generation;
}

const std::vector<KernelInfo*>& kernels() { return table(); }
KernelInfo* last_kernel() { return last; }
void set_last_kernel(KernelInfo* kernel) { last = kernel; }
uint32_t kernels_generation() { return generation; }
void refresh_kernels() { ++generation; }

bool verbose_dispatch() {
  static const bool on = [] {
    const char* env = std::getenv("DLCORE_VERBOSE");
    const std::string_view text(env ? env : "");
    DL_CHECK(text.empty() || text == "dispatch", ValueError, "DLCORE_VERBOSE=", text,
             " is not something to be verbose about; use dispatch");
    return text == "dispatch";
  }();
  return on;
}

void say_declined(const KernelInfo& kernel, const char* why) {
  std::fprintf(stderr, "dispatch: %s declined: %s\n", kernel.name.c_str(), why);
}

void say_chosen(const KernelInfo& kernel) { std::fprintf(stderr, "dispatch: %s\n", kernel.name.c_str()); }

void raise_no_kernel(const char* op, Device device, DType dtype) {
  std::string have;
  for (const KernelInfo* k : table())
    if (std::string_view(k->op) == op && k->device == device && have.find(name(k->dtype)) == std::string::npos)
      have += (have.empty() ? "" : ", ") + std::string(name(k->dtype));
  const std::string_view full(op), plain = full.substr(0, full.find("_fwd"));
  DL_CHECK(!is_half(dtype), DTypeError, plain, ": a ", name(dtype),
           " tensor is for storage; convert with .float() to compute");
  throw DTypeError(join(plain, ": no kernel for ", name(dtype), " on ", name(device),
                        have.empty() ? "; this build has none on that device" : "; it works with " + have));
}

}  // namespace dl
