// Which blocks a convolution is cut into, and whether it pays, for winograd.cpp.
#pragma once
#include "blocks/gemm/tiles.h"
#include "blocks/winograd/winograd.h"

namespace dl {

// Set tiles_h … parts and seconds of args for args.g on `isa`. Return the elements of a task's scratch.
int64_t plan(WinogradArgs& args, Isa isa);
int64_t plan_weights(WinogradArgs& args, Isa isa);
// Why it is not the way to compute args.g; null: it is.
const char* winograd_declines(const WinogradArgs& args);

}  // namespace dl
