#include "ops/grid_sample/grid_sample.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "blocks/images/images.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 4096;  // points, and four per channel: some 20 µs

Kernels<GridSampleArgs> fwd("grid_sample_fwd"), bwd_x("grid_sample_bwd_x"), bwd_grid("grid_sample_bwd_grid");

constexpr Number kZero{Number::integer, 0, 0.0};

void check(const Dims& x, const Array& grid, DType dtype) {
  const char* op = "grid_sample";
  DL_CHECK(x.size() == 4 && grid.ndim() == 4, ShapeError, op, ": needs x (N, C, H, W) and grid (N, P, Q, 2); x=", x,
           " grid=", grid.shape());
  DL_CHECK(is_floating(dtype) && grid.dtype() == dtype, DTypeError, op,
           ": x and grid must both be float32 or both float64, got ", dtype, " and ", grid.dtype(),
           "; convert one with .to()");
  DL_CHECK(grid.shape(0) == x[0] && grid.shape(3) == 2, ShapeError, op,
           ": grid must be (N, P, Q, 2), (column, row) from -1 to 1 for each image of x; x=", x,
           " grid=", grid.shape());
  for (int d = 1; d <= 3; ++d) DL_CHECK(x[d] > 0, ShapeError, op, ": only the batch of x may be empty, got x=", x);
  DL_CHECK(x[2] <= INT32_MAX / x[3], ShapeError, op, ": images must have less than 2^31 pixels, got x=", x);
}

void check_device(const char* what, const Array& a, const Array& grid) {
  DL_CHECK(a.device() == grid.device(), DeviceError, "grid_sample: tensors must be on one device, got ", what, " on ",
           name(a.device()), " and grid on ", name(grid.device()));
}

void check_gradient(const Array& g, const Dims& x, const Array& grid) {
  DL_CHECK(g.shape() == (Dims{x[0], x[1], grid.shape(1), grid.shape(2)}) && g.dtype() == grid.dtype(), ShapeError,
           "grid_sample: the gradient must have the output's shape; g=", g.shape(), " ", g.dtype(), " x=", x,
           " grid=", grid.shape());
}

GridSampleArgs arguments(const Dims& x, const Array& grid, bool nearest, GridPadding padding, bool align, bool nhwc) {
  return {.x = nullptr,
          .grid = grid.raw(),
          .g = nullptr,
          .out = nullptr,
          .c = x[1],
          .h = x[2],
          .w = x[3],
          .p = grid.shape(1),
          .q = grid.shape(2),
          .padding = padding,
          .nearest = nearest,
          .align_corners = align,
          .channels_last = nhwc};
}

int64_t rows_grain(const GridSampleArgs& a) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, a.q * (1 + a.c / 4)));
}

}  // namespace

Array grid_sample_fwd(const Array& given, const Array& given_grid, bool nearest, GridPadding padding, bool align) {
  check(given.shape(), given_grid, given.dtype());
  check_device("x", given, given_grid);
  const bool nhwc = walks_channels_last(given);
  const Array x = in_image_layout(given, nhwc), grid = contiguous(given_grid);
  const Array y = empty_image({x.shape(0), x.shape(1), grid.shape(1), grid.shape(2)}, x.dtype(), x.device(), nhwc);
  GridSampleArgs a = arguments(x.shape(), grid, nearest, padding, align, nhwc);
  a.x = x.raw();
  a.out = y.raw();
  if (y.size()) launch(fwd.choose(x.device(), x.dtype(), a), a, x.shape(0) * a.p, rows_grain(a));
  return y;
}

Array grid_sample_bwd_x(const Array& given, const Array& given_grid, const Dims& x_shape, const Dims& x_strides,
                        bool nearest, GridPadding padding, bool align) {
  check(x_shape, given_grid, given.dtype());
  check_gradient(given, x_shape, given_grid);
  check_device("the gradient", given, given_grid);
  const bool nhwc = walks_channels_last(Array(nullptr, x_shape, x_strides, 0, given.dtype()));
  const Array g = in_image_layout(given, nhwc), grid = contiguous(given_grid);
  const Array dx = empty_image(x_shape, g.dtype(), g.device(), nhwc);
  fill(dx, kZero);
  GridSampleArgs a = arguments(x_shape, grid, nearest, padding, align, nhwc);
  a.g = g.raw();
  a.out = dx.raw();
  const int64_t units = x_shape[0] * ((a.c + kGridChannels - 1) / kGridChannels);
  if (g.size()) launch(bwd_x.choose(g.device(), g.dtype(), a), a, units, 1);
  return dx;
}

Array grid_sample_bwd_grid(const Array& given, const Array& given_x, const Array& given_grid, bool nearest,
                           GridPadding padding, bool align) {
  check(given_x.shape(), given_grid, given_x.dtype());
  check_gradient(given, given_x.shape(), given_grid);
  check_device("x", given_x, given_grid);
  check_device("the gradient", given, given_grid);
  if (nearest) return full(given_grid.shape(), kZero, given_grid.dtype(), given_grid.device());
  const bool nhwc = walks_channels_last(given_x);
  const Array x = in_image_layout(given_x, nhwc), g = in_image_layout(given, nhwc), grid = contiguous(given_grid);
  const Array dgrid = Array::empty(grid.shape(), grid.dtype(), grid.device());
  GridSampleArgs a = arguments(x.shape(), grid, nearest, padding, align, nhwc);
  a.x = x.raw();
  a.g = g.raw();
  a.out = dgrid.raw();
  if (dgrid.size()) launch(bwd_grid.choose(x.device(), x.dtype(), a), a, x.shape(0) * a.p, rows_grain(a));
  return dgrid;
}

}  // namespace dl
