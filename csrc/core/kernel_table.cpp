#include "core/kernel_table.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <unordered_map>

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

void register_row(KernelInfo kernel, const char* variant, const char* folder, const char* file) {
  const bool cuda = kernel.device == Device::cuda;
  kernel.name = join(kernel.op, '.', suffix(kernel.dtype), '.', cuda ? "cuda" : name(kernel.isa));
  if (*variant) kernel.name += join('.', variant);
  kernel.source = join(folder, file ? file : cuda ? "cuda.cu" : "cpu.cpp");
  kernel.id = static_cast<uint32_t>(table().size());
  table().push_back(new KernelInfo(std::move(kernel)));
  ++generation;
}

const KernelInfo& kernel_of(const void* row) {
  static std::mutex mutex;
  static auto* found = new std::unordered_map<const void*, const KernelInfo*>;
  const std::lock_guard lock(mutex);
  if (found->size() != table().size())  // a backend registered rows
    for (const KernelInfo* k : table()) found->emplace(k->row, k);
  return *found->at(row);
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
  if (verbose_dispatch()) std::fprintf(stderr, "dispatch: %s declined: %s\n", kernel.name.c_str(), why);
  if (profiling()) profile_declined(kernel, why);
}

void say_chosen(const KernelInfo& kernel) {
  if (verbose_dispatch()) std::fprintf(stderr, "dispatch: %s\n", kernel.name.c_str());
  if (profiling()) profile_chosen(&kernel);
}

void raise_no_kernel(const char* op, Device device, DType dtype) {
  profile_chosen(nullptr);
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
