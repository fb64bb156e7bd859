#include "core/isa.h"

#include <cstdlib>
#include <cstring>

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/error.h"
#include "core/kernel_table.h"

namespace dl {
namespace {

constexpr const char* names[kIsas] = {"base", "avx2", "avx512", "avx512bf16", "amx"};

#if defined(__linux__) && defined(__x86_64__)
// The kernel gives a process the 8 KB of tile registers only when asked; its threads and children inherit them.
bool tiles_allowed() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}
#endif

Isa probe() {
#if defined(__x86_64__)
  __builtin_cpu_init();  // reads cpuid and, for the wide registers, xgetbv: the OS must save them
#if defined(DLCORE_TILES_ON_HOST)
  if (__builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16")) return Isa::amx;
#elif defined(__linux__)
  if (__builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16") &&
      __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && tiles_allowed())
    return Isa::amx;
#endif
  if (__builtin_cpu_supports("x86-64-v4")) return __builtin_cpu_supports("avx512bf16") ? Isa::avx512bf16 : Isa::avx512;
  if (__builtin_cpu_supports("x86-64-v3")) return Isa::avx2;
#endif
  return Isa::base;
}

Isa initial_cap() {
  const char* env = std::getenv("DLCORE_ISA");
  if (!env || !*env) return machine_isa();
  Isa wanted;
  DL_CHECK(parse_isa(env, &wanted), ValueError, "DLCORE_ISA=", env, " is not an instruction set; use ", kIsaNames);
  DL_CHECK(wanted <= machine_isa(), ValueError, "DLCORE_ISA=", env, ": this machine runs at most ",
           name(machine_isa()));
  return wanted;
}

Isa& cap() {
  static Isa isa = initial_cap();
  return isa;
}

}  // namespace

const char* const kIsaNames = "base, avx2, avx512, avx512bf16 or amx";

const char* name(Isa isa) { return names[static_cast<int>(isa)]; }

bool parse_isa(const char* text, Isa* out) {
  for (int i = 0; i < kIsas; ++i)
    if (!std::strcmp(text, names[i])) {
      *out = static_cast<Isa>(i);
      return true;
    }
  return false;
}

Isa machine_isa() {
  static const Isa isa = probe();
  return isa;
}

Isa isa_cap() { return cap(); }

void set_isa_cap(Isa isa) {
  DL_CHECK(isa <= machine_isa(), ValueError, "isa: ", name(isa), " does not run here; this machine runs at most ",
           name(machine_isa()));
  cap() = isa;
  refresh_kernels();
}

}  // namespace dl
