#include "bindings/call.h"
#include "ops/grid_sample/grid_sample.h"
#include "ops/resample/resample.h"

using dl::Array;
using dl::Dims;
using dl::GridPadding;
using dl::Resample;

// The enums travel as their numbers.
void bind_resample(py::module_& m) {
  def(m, "resample_fwd", [](const Array& x, int how, const Dims& size, double scale_h, double scale_w, bool align) {
    return dl::resample_fwd(x, static_cast<Resample>(how), size, scale_h, scale_w, align);
  });
  def(m, "resample_bwd",
      [](const Array& g, int how, const Dims& x_shape, const Dims& x_strides, double scale_h, double scale_w,
         bool align) {
        return dl::resample_bwd(g, static_cast<Resample>(how), x_shape, x_strides, scale_h, scale_w, align);
      });
  def(m, "grid_sample_fwd", [](const Array& x, const Array& grid, bool nearest, int padding, bool align) {
    return dl::grid_sample_fwd(x, grid, nearest, static_cast<GridPadding>(padding), align);
  });
  def(m, "grid_sample_bwd_x",
      [](const Array& g, const Array& grid, const Dims& x_shape, const Dims& x_strides, bool nearest, int padding,
         bool align) {
        return dl::grid_sample_bwd_x(g, grid, x_shape, x_strides, nearest, static_cast<GridPadding>(padding), align);
      });
  def(m, "grid_sample_bwd_grid",
      [](const Array& g, const Array& x, const Array& grid, bool nearest, int padding, bool align) {
        return dl::grid_sample_bwd_grid(g, x, grid, nearest, static_cast<GridPadding>(padding), align);
      });
}
