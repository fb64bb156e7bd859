// Manifest rows and the choice among them. `<op>/kernels.cpp` is a constexpr table of Row<Args>, best first; its
// Manifest object registers it at load. `<op>.cpp` holds one Kernels<Args> for each op name and asks it to choose.
#pragma once
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "core/isa.h"
#include "core/profile.h"

namespace dl {

// A kernel works single-threaded on [begin, end) of the range its contract names.
template <class Args>
struct Row {
  const char* op;
  Device device;
  Isa isa;
  DType dtype;
  void (*fn)(const Args&, int64_t begin, int64_t end);
  const char* (*fits)(const Args&) = nullptr;  // null: fits; else the reason it declines
  const char* variant = "";                    // tells apart rows of one op, dtype and ISA
  const char* file = nullptr;                  // the kernel's, where it is not cpu.cpp or cuda.cu
};

// What one run of a row over [0, n) needs: beside the rows, so that a figure is stated once.
template <class Args>
using WorkOf = Work (*)(const Row<Args>& row, const Args& args, int64_t n);

struct KernelInfo {
  std::string name = {};  // relu_fwd.f32.avx512
  const char* op;
  Device device;
  Isa isa;
  DType dtype;
  const void* row;
  void (*work)();           // a WorkOf<Args>, or null: no figures
  std::string source = {};  // csrc/ops/activation/cpu.cpp
  uint32_t id = 0;          // place in kernels()
  uint64_t calls = 0;       // how often it was chosen, by any thread: the profiler's and the registry test's
};

// kernel: what the row says; name, source and id are filled in from its variant, its manifest's folder and its file.
DL_API void register_row(KernelInfo kernel, const char* variant, const char* folder, const char* file);
DL_API const std::vector<KernelInfo*>& kernels();
DL_API const KernelInfo& kernel_of(const void* row);
DL_API KernelInfo* last_kernel();  // of this thread
DL_API void set_last_kernel(KernelInfo* kernel);
DL_API uint32_t kernels_generation();  // moves when a backend registers rows or the ISA cap changes
DL_API void refresh_kernels();
DL_API const char* suffix(DType t);  // f32, …
DL_API bool verbose_dispatch();      // DLCORE_VERBOSE=dispatch
DL_API void say_declined(const KernelInfo& kernel, const char* why);
DL_API void say_chosen(const KernelInfo& kernel);
[[noreturn]] DL_API void raise_no_kernel(const char* op, Device device, DType dtype);

// The folder of the file that defines a manifest, from csrc/ on: the build's own path stays out of the library.
struct SourceFolder {
  char text[64] = {};
  consteval SourceFolder(const char* file = __builtin_FILE()) {
    size_t begin = 0, end = 0;
    for (size_t i = 0; file[i]; ++i) {
      if (file[i] == '/') end = i + 1;
      if (std::string_view(file + i).starts_with("csrc/")) begin = i;
    }
    for (size_t i = begin; i < end; ++i) text[i - begin] = file[i];
  }
};

template <class Args>
struct Manifest {
  template <size_t N>
  explicit Manifest(const Row<Args> (&rows)[N], WorkOf<Args> work = nullptr, SourceFolder folder = {}) {
    for (const Row<Args>& r : rows)
      register_row({.op = r.op,
                    .device = r.device,
                    .isa = r.isa,
                    .dtype = r.dtype,
                    .row = &r,
                    .work = reinterpret_cast<void (*)()>(work)},
                   r.variant, folder.text, r.file);
  }
};

template <class Args>
class Kernels {
 public:
  explicit constexpr Kernels(const char* op) : op_(op) {}

  // The first row, best first, that this machine, cap, device and dtype allow and whose `fits` accepts; or null.
  const Row<Args>* find(Device device, DType dtype, const Args& args) {
    if (generation_ != kernels_generation()) collect();
    for (KernelInfo* k : rows_[static_cast<int>(device)][static_cast<int>(dtype)]) {
      const auto& row = *static_cast<const Row<Args>*>(k->row);
      const char* why = row.fits ? row.fits(args) : nullptr;
      if (why) {
        if (verbose_dispatch() || profiling()) say_declined(*k, why);
        continue;
      }
      if (verbose_dispatch() || profiling()) say_chosen(*k);
      std::atomic_ref(k->calls).fetch_add(1, std::memory_order_relaxed);  // fallbacks choose inside parallel loops
      set_last_kernel(k);
      return &row;
    }
    return nullptr;
  }
  // As find; raises where there is none.
  const Row<Args>& choose(Device device, DType dtype, const Args& args) {
    const Row<Args>* row = find(device, dtype, args);
    if (!row) raise_no_kernel(op_, device, dtype);
    return *row;
  }

 private:
  void collect() {
    for (auto& per_device : rows_)
      for (auto& list : per_device) list.clear();
    for (KernelInfo* k : kernels())
      if (std::string_view(k->op) == op_ && (k->device != Device::cpu || k->isa <= isa_cap()))
        rows_[static_cast<int>(k->device)][static_cast<int>(k->dtype)].push_back(k);
    generation_ = kernels_generation();
  }

  const char* op_;
  uint32_t generation_ = 0;
  std::vector<KernelInfo*> rows_[kDevices][kDTypes];
};

}  // namespace dl

// One line of a manifest: the row of OP for DTYPE on every ISA with a cpu.cpp that was built, best first (DL_AMX_ROW:
// on AMX, where cpu_amx.cpp has one; DL_BF16_ROWS: on both ISAs that multiply bfloat16; _THAT_FIT: where FITS does not
// decline). FN is the kernel's name in each ISA's namespace. A row that was not built is not in the table. kernels.cpp
// is compiled a second time for the CUDA backend (DL_MANIFEST_CUDA), where only the DL_CUDA_ROW lines give rows.
#define DL_CPU_ROW_(OP, ISA, DTYPE, FN, FITS) \
  {.op = OP, .device = Device::cpu, .isa = Isa::ISA, .dtype = DType::DTYPE, .fn = ISA::FN, .fits = FITS},
#define DL_CPU_ROWS(OP, DTYPE, FN) DL_CPU_ROWS_THAT_FIT(OP, DTYPE, FN, nullptr)
#ifdef DL_MANIFEST_CUDA
#define DL_CPU_ROWS_THAT_FIT(OP, DTYPE, FN, FITS)
#define DL_AMX_ROW(OP, DTYPE, FN, FITS, VARIANT)
#define DL_BF16_ROWS(OP, FN)
#define DL_CUDA_ROW(OP, DTYPE, FN) \
  {.op = OP, .device = Device::cuda, .isa = Isa::base, .dtype = DType::DTYPE, .fn = cuda::FN},
#else
#define DL_CUDA_ROW(OP, DTYPE, FN)
#if defined(DL_HAVE_X86)
#define DL_AMX_ROW(OP, DTYPE, FN, FITS, VARIANT) \
  {.op = OP, \
   .device = Device::cpu, \
   .isa = Isa::amx, \
   .dtype = DType::DTYPE, \
   .fn = amx::FN, \
   .fits = FITS, \
   .variant = VARIANT, \
   .file = "cpu_amx.cpp"},
#define DL_BF16_ROW_(OP, ISA, FN) \
  {.op = OP, .device = Device::cpu, .isa = Isa::ISA, .dtype = DType::bf16, .fn = ISA::FN, .file = "cpu_" #ISA ".cpp"},
#define DL_BF16_ROWS(OP, FN) DL_BF16_ROW_(OP, amx, FN) DL_BF16_ROW_(OP, avx512bf16, FN)
#define DL_CPU_ROWS_THAT_FIT(OP, DTYPE, FN, FITS) \
  DL_CPU_ROW_(OP, avx512, DTYPE, FN, FITS) \
  DL_CPU_ROW_(OP, avx2, DTYPE, FN, FITS) \
  DL_CPU_ROW_(OP, base, DTYPE, FN, FITS)
#else
#define DL_AMX_ROW(OP, DTYPE, FN, FITS, VARIANT)
#define DL_BF16_ROWS(OP, FN)
#define DL_CPU_ROWS_THAT_FIT(OP, DTYPE, FN, FITS) DL_CPU_ROW_(OP, base, DTYPE, FN, FITS)
#endif
#endif

// Declares a kernel in each built namespace, for the manifest: DL_DECLARE(relu_fwd_f32, ActArgs)
#define DL_DECLARE_(ISA, FN, ARGS) \
  namespace ISA { \
  void FN(const ARGS&, int64_t begin, int64_t end); \
  }
#if defined(DL_HAVE_X86) && !defined(DL_MANIFEST_CUDA)
#define DL_DECLARE_AMX(FN, ARGS) DL_DECLARE_(amx, FN, ARGS)
#define DL_DECLARE_BF16(FN, ARGS) DL_DECLARE_(avx512bf16, FN, ARGS) DL_DECLARE_AMX(FN, ARGS)
#else
#define DL_DECLARE_AMX(FN, ARGS)
#define DL_DECLARE_BF16(FN, ARGS)
#endif
#if defined(DL_MANIFEST_CUDA)
#define DL_DECLARE(FN, ARGS) DL_DECLARE_(cuda, FN, ARGS)
#elif defined(DL_HAVE_X86)
#define DL_DECLARE(FN, ARGS) DL_DECLARE_(avx512, FN, ARGS) DL_DECLARE_(avx2, FN, ARGS) DL_DECLARE_(base, FN, ARGS)
#else
#define DL_DECLARE(FN, ARGS) DL_DECLARE_(base, FN, ARGS)
#endif
