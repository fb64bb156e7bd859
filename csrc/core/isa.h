// The one list of instruction sets, best last, and what this machine offers.
#pragma once
#include <cstdint>

#include "core/dtype.h"

namespace dl {

// For products alone: avx512bf16, AVX-512 with sums of two products of bfloat16 (Zen 4, Cooper Lake and later); amx,
// that and tiles (Sapphire Rapids and later).
enum class Isa : uint8_t { base, avx2, avx512, avx512bf16, amx };
constexpr int kIsas = 5;

DL_API const char* name(Isa isa);
DL_API bool parse_isa(const char* text, Isa* out);
DL_API extern const char* const kIsaNames;  // "base, avx2, avx512, avx512bf16 or amx"
DL_API Isa machine_isa();                   // the best this CPU and operating system run
DL_API Isa isa_cap();                       // rows above it are refused; DLCORE_ISA caps it at start
DL_API void set_isa_cap(Isa isa);           // raises ValueError above machine_isa()

}  // namespace dl
