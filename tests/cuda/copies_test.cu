// Copies and fills over a Nest, of packs and of elements: what lies in the nest is written, by convert_one's bits, and
// nothing beside it, whichever side is not aligned.
#include <cstring>

#include "blocks/copy/copy.h"
#include "blocks/copy/formula.h"
#include "check.h"
#include "cuda/nest.cuh"

namespace dl::cuda {
void copy_b8(const CopyArgs&, int64_t begin, int64_t end);
void copy_u8(const CopyArgs&, int64_t begin, int64_t end);
void copy_i64(const CopyArgs&, int64_t begin, int64_t end);
void copy_bf16(const CopyArgs&, int64_t begin, int64_t end);
void copy_f32(const CopyArgs&, int64_t begin, int64_t end);
void copy_f64(const CopyArgs&, int64_t begin, int64_t end);
}  // namespace dl::cuda

using namespace check;
using dl::DType;
using dl::Nest;
using dl::cuda::BFloat16;

namespace {

Nest nest_of(const std::vector<int64_t>& size, const std::vector<int64_t>& dst, const std::vector<int64_t>& src) {
  Nest nest{};
  nest.ndim = static_cast<int>(size.size());
  for (std::size_t d = 0; d < size.size(); ++d) {
    nest.size[d] = size[d];
    nest.stride[0][d] = dst[d];
    nest.stride[1][d] = src[d];
  }
  return nest;
}

struct Shape {
  Nest nest;
  int packs;  // the largest of the packs that it is made of
};
const Shape kShapes[] = {
    {nest_of({1}, {1}, {1}), 16},                                        // less than a pack
    {nest_of({48}, {1}, {1}), 16},                                       //
    {nest_of({1003}, {1}, {1}), 16},                                     // ends within a pack
    {nest_of({48, 5}, {1, 48}, {1, 64}), 16},                            // rows with a gap
    {nest_of({48, 5}, {1, 48}, {1, 50}), 2},                             // with one that is no multiple of more
    {nest_of({48, 5}, {1, 49}, {1, 48}), 1},                             //
    {nest_of({50, 5}, {1, 64}, {1, 64}), 2},                             // nor the rows
    {nest_of({48, 5}, {1, 48}, {1, 0}), 16},                             // one row for all
    {nest_of({48, 5}, {1, 48}, {0, 1}), 1},                              // one element for a row
    {nest_of({48, 32}, {1, 48}, {32, 1}), 1},                            // a transpose
    {nest_of({48, 16}, {2, 96}, {1, 48}), 1},                            // every other element
    {nest_of({16, 3, 4}, {1, 16, 48}, {1, 64, 16}), 16},                 //
    {nest_of({16, 3, 20, 2}, {1, 16, 48, 960}, {1, 320, 16, 960}), 16},  // of several blocks
};
constexpr int kLength = 2048, kOffset = 16;

template <int N>
void check_packs(const Shape& shape) {
  Nest nest = shape.nest;
  EXPECT(dl::cuda::to_packs<N, 2>(nest) == (N <= shape.packs));
  EXPECT(nest.size[0] == (N <= shape.packs ? (shape.nest.size[0] + N - 1) / N : shape.nest.size[0]));
}
TEST(what_is_walked_by_packs) {
  for (const Shape& shape : kShapes) {
    check_packs<2>(shape);
    check_packs<4>(shape);
    check_packs<8>(shape);
    check_packs<16>(shape);
  }
}

// f(offset in dst, in src) for each element.
template <class F>
void walk(const Nest& nest, const F& f) {
  int64_t n = 1;
  for (int d = 0; d < nest.ndim; ++d) n *= nest.size[d];
  for (int64_t i = 0; i < n; ++i) {
    int64_t item = i, dst = 0, src = 0;
    for (int d = 0; d < nest.ndim; item /= nest.size[d++]) {
      dst += item % nest.size[d] * nest.stride[0][d];
      src += item % nest.size[d] * nest.stride[1][d];
    }
    f(dst, src);
  }
}

template <class D, class S>
void check_copy(void (*launcher)(const dl::CopyArgs&, int64_t, int64_t), DType d, DType s) {
  using dl::cuda::convert_one;
  const auto from =
      numbers<S>(kLength, [](std::size_t i) { return convert_one<S>(static_cast<int32_t>(i * 37 % 101)); });
  const std::vector<D> before(kLength, convert_one<D>(int32_t{102}));
  const Device<S> src(from);
  for (const Shape& shape : kShapes)
    for (const int moved : {0, 1, 2, 3})
      for (const bool fills : {false, true}) {
        const int dst_moved = kOffset + moved % 2, src_moved = kOffset + moved / 2;
        const Device<D> dst(before);
        std::vector<D> expected = before;
        int64_t n = 0;
        walk(shape.nest, [&](int64_t at, int64_t of) {
          expected[dst_moved + at] = convert_one<D>(fills ? from[7] : from[src_moved + of]);
          ++n;
        });
        dl::CopyArgs args{.src = fills ? nullptr : src.at + src_moved,
                          .dst = dst.at + dst_moved,
                          .scalar = {},
                          .src_dtype = s,
                          .dst_dtype = d,
                          .nest = shape.nest};
        std::memcpy(args.scalar, &from[7], sizeof(S));
        launcher(args, 0, n);
        EXPECT(std::memcmp(dst.host().data(), expected.data(), kLength * sizeof(D)) == 0);
      }
}
TEST(copies_of_views) {
  check_copy<uint8_t, uint8_t>(dl::cuda::copy_u8, DType::u8, DType::u8);
  check_copy<BFloat16, BFloat16>(dl::cuda::copy_bf16, DType::bf16, DType::bf16);
  check_copy<float, float>(dl::cuda::copy_f32, DType::f32, DType::f32);
  check_copy<double, double>(dl::cuda::copy_f64, DType::f64, DType::f64);
}
TEST(conversions_of_views) {
  check_copy<BFloat16, float>(dl::cuda::copy_bf16, DType::bf16, DType::f32);
  check_copy<float, BFloat16>(dl::cuda::copy_f32, DType::f32, DType::bf16);
  check_copy<dl::cuda::Bool, float>(dl::cuda::copy_b8, DType::b8, DType::f32);
  check_copy<float, uint8_t>(dl::cuda::copy_f32, DType::f32, DType::u8);
  check_copy<int64_t, float>(dl::cuda::copy_i64, DType::i64, DType::f32);
}

}  // namespace
