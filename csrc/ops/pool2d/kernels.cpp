#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/pool2d/pool2d.h"

namespace dl {

DL_DECLARE(max_pool2d_fwd_f32, PoolArgs)
DL_DECLARE(max_pool2d_fwd_f64, PoolArgs)
DL_DECLARE(max_pool2d_bwd_f32, PoolArgs)
DL_DECLARE(max_pool2d_bwd_f64, PoolArgs)
DL_DECLARE(avg_pool2d_fwd_f32, PoolArgs)
DL_DECLARE(avg_pool2d_fwd_f64, PoolArgs)
DL_DECLARE(avg_pool2d_bwd_f32, PoolArgs)
DL_DECLARE(avg_pool2d_bwd_f64, PoolArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<PoolArgs> rows[] = {
    BOTH("max_pool2d_fwd", f32, max_pool2d_fwd_f32)
    BOTH("max_pool2d_fwd", f64, max_pool2d_fwd_f64)
    BOTH("max_pool2d_bwd", f32, max_pool2d_bwd_f32)
    BOTH("max_pool2d_bwd", f64, max_pool2d_bwd_f64)
    BOTH("avg_pool2d_fwd", f32, avg_pool2d_fwd_f32)
    BOTH("avg_pool2d_fwd", f64, avg_pool2d_fwd_f64)
    BOTH("avg_pool2d_bwd", f32, avg_pool2d_bwd_f32)
    BOTH("avg_pool2d_bwd", f64, avg_pool2d_bwd_f64)
};
// clang-format on

namespace {

Work work(const Row<PoolArgs>& row, const PoolArgs& a, int64_t n) {
  const int64_t along = is_backward(row.op) ? a.h.in : a.h.out;
  const auto planes = static_cast<double>(a.channels_last ? n / along * a.channels : n);
  const double in = planes * static_cast<double>(a.h.in * a.w.in),
               out = planes * static_cast<double>(a.h.out * a.w.out);
  return moves(in + out, row.dtype) + (a.taps ? moves(out, a.wide ? DType::i32 : DType::u8) : Work{});
}

}  // namespace

static const Manifest<PoolArgs> manifest(rows, work);

}  // namespace dl
