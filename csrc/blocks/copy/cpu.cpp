// dst[i] = src[i] with conversion, over a Nest. Called by copy.cpp on a range of elements, transpose on one of tiles.
// Limit: memory bandwidth. transpose moves blocks of one register squared, so that both sides use whole cache lines.
#include "blocks/copy/copy.h"
#include "blocks/copy/formula.h"
#include "simd/stream.h"
#include "simd/transpose.h"
#include "simd/walk.h"

namespace dl::DL_ISA_NS {

// Rows of an image or of a window are too short for a call of memcpy. The last register may overlap the one before it.
static DL_INLINE void copy_run(void* dst, const void* src, int64_t bytes) {
  using V = Vec<uint8_t>;
  constexpr int64_t most = 512;  // 8 registers of 64 bytes, some 10 ns: as much as a call
  if (bytes < V::size || bytes > most) {
    __builtin_memcpy(dst, src, static_cast<size_t>(bytes));
    return;
  }
  auto* d = static_cast<uint8_t*>(dst);
  const auto* s = static_cast<const uint8_t*>(src);
  for (int64_t i = 0; i + V::size < bytes; i += V::size) V::load(s + i).store(d + i);
  V::load(s + bytes - V::size).store(d + bytes - V::size);
}

// n times one value, past the caches but for the lines it shares with its neighbours.
template <class D>
static DL_INLINE void stream_value(D* d, D value, int64_t n) {
  using V = Vec<uint8_t>;
  constexpr int64_t step = V::size / static_cast<int64_t>(sizeof(D));
  D line[step];
  for (D& x : line) x = value;
  const V all = V::load(reinterpret_cast<const uint8_t*>(line));
  int64_t i = 0;
  for (; i < n && reinterpret_cast<uintptr_t>(d + i) % 64; ++i) d[i] = value;
  for (; i + step <= n; i += step) stream(reinterpret_cast<uint8_t*>(d + i), all);
  for (; i < n; ++i) d[i] = value;
}

// core/past_caches.h's rule, of the whole result, for runs of which half the lines at least are whole.
template <class D>
static DL_INLINE bool streams(const Nest& nest) {
  int64_t bytes = sizeof(D);
  for (int d = 0; d < nest.ndim; ++d) bytes *= nest.size[d];
  return bytes >= 8 << 20 && nest.ndim > 0 && nest.size[0] * static_cast<int64_t>(sizeof(D)) >= 256;
}

template <class D, class S>
static void copy(const CopyArgs& a, int64_t begin, int64_t end) {
  D* dst = static_cast<D*>(a.dst);
  const S* src = static_cast<const S*>(a.src ? a.src : a.scalar);
  const int64_t ds = a.nest.stride[0][0], ss = a.nest.stride[1][0];
  const bool past_caches = ds == 1 && ss == 0 && streams<D>(a.nest);
  walk<2>(a.nest, begin, end, [&](const int64_t* at, int64_t n) {
    D* d = dst + at[0];
    const S* s = src + at[1];
    if (ds == 1 && ss == 1) {
      if constexpr (__is_same(D, S))
        copy_run(d, s, n * static_cast<int64_t>(sizeof(D)));
      else
        for (int64_t i = 0; i < n; ++i) d[i] = convert_one<D>(s[i]);
    } else if (ds == 1 && ss == 0) {
      const D value = convert_one<D>(*s);
      if (past_caches) return stream_value(d, value, n);
      for (int64_t i = 0; i < n; ++i) d[i] = value;
    } else {
      for (int64_t i = 0; i < n; ++i) d[i * ds] = convert_one<D>(s[i * ss]);
    }
  });
  if (past_caches) stream_end();
}

template <class D>
static void copy_to(const CopyArgs& a, int64_t begin, int64_t end) {
  with_type(a.src_dtype, [&](auto s) { copy<D, decltype(s)>(a, begin, end); });
}

template <class T>
static void transpose_block(const T* src, int64_t src_step, T* dst, int64_t dst_step) {
  using V = Vec<T>;
  V r[V::size];
  for (int i = 0; i < V::size; ++i) r[i] = V::load(src + i * src_step);
  transpose(r);
  for (int i = 0; i < V::size; ++i) r[i].store(dst + i * dst_step);
}

// dst[j * dst_step + i] = src[i * src_step + j] for i < m, j < n.
template <class T>
static void transpose_tile(const T* src, int64_t src_step, T* dst, int64_t dst_step, int m, int n) {
  int whole_m = 0, whole_n = 0;  // in blocks of one register squared; smaller types go one by one
  if constexpr (sizeof(T) >= 4) {
    constexpr int size = Vec<T>::size;
    whole_m = m / size * size, whole_n = n / size * size;
    for (int j = 0; j < whole_n; j += size)
      for (int i = 0; i < whole_m; i += size)
        transpose_block(src + i * src_step + j, src_step, dst + j * dst_step + i, dst_step);
  }
  for (int j = 0; j < n; ++j)
    for (int i = j < whole_n ? whole_m : 0; i < m; ++i) dst[j * dst_step + i] = src[i * src_step + j];
}

template <class T>
static void transpose_tiles(const CopyArgs& a, int64_t begin, int64_t end) {
  const Nest& nest = a.nest;
  const int64_t across = (nest.size[0] + kCopyTile - 1) / kCopyTile, down = (nest.size[1] + kCopyTile - 1) / kCopyTile;
  for (int64_t t = begin; t < end; ++t) {
    const int64_t i = t % across * kCopyTile, j = t / across % down * kCopyTile;
    int64_t rest = t / across / down, to = i + j * nest.stride[0][1], from = i * nest.stride[1][0] + j;
    for (int d = 2; d < nest.ndim; ++d) {
      to += rest % nest.size[d] * nest.stride[0][d];
      from += rest % nest.size[d] * nest.stride[1][d];
      rest /= nest.size[d];
    }
    const int64_t m = nest.size[0] - i, n = nest.size[1] - j;
    transpose_tile(static_cast<const T*>(a.src) + from, nest.stride[1][0], static_cast<T*>(a.dst) + to,
                   nest.stride[0][1], static_cast<int>(m < kCopyTile ? m : kCopyTile),
                   static_cast<int>(n < kCopyTile ? n : kCopyTile));
  }
}

void transpose_8(const CopyArgs& a, int64_t b, int64_t e) { transpose_tiles<uint8_t>(a, b, e); }
void transpose_16(const CopyArgs& a, int64_t b, int64_t e) { transpose_tiles<uint16_t>(a, b, e); }
void transpose_32(const CopyArgs& a, int64_t b, int64_t e) { transpose_tiles<int32_t>(a, b, e); }
void transpose_64(const CopyArgs& a, int64_t b, int64_t e) { transpose_tiles<int64_t>(a, b, e); }

void copy_b8(const CopyArgs& a, int64_t b, int64_t e) { copy_to<Bool>(a, b, e); }
void copy_u8(const CopyArgs& a, int64_t b, int64_t e) { copy_to<uint8_t>(a, b, e); }
void copy_i32(const CopyArgs& a, int64_t b, int64_t e) { copy_to<int32_t>(a, b, e); }
void copy_i64(const CopyArgs& a, int64_t b, int64_t e) { copy_to<int64_t>(a, b, e); }
void copy_f16(const CopyArgs& a, int64_t b, int64_t e) { copy_to<Half>(a, b, e); }
void copy_bf16(const CopyArgs& a, int64_t b, int64_t e) { copy_to<BFloat16>(a, b, e); }
void copy_f32(const CopyArgs& a, int64_t b, int64_t e) { copy_to<float>(a, b, e); }
void copy_f64(const CopyArgs& a, int64_t b, int64_t e) { copy_to<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
