#include "blocks/labels/labels.h"

#include <atomic>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/device.h"
#include "core/parallel.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 65536;  // some 30 µs of comparisons

bool same_layout(const Array& x, const Dims& strides) {
  for (int i = 0; i < x.ndim(); ++i)
    if (x.shape(i) != 1 && x.stride(i) != strides[i]) return false;
  return true;
}

// `at` counts in row-major order. The message's subscript: target[3], or target[0,2,1] for several dimensions.
[[noreturn]] void raise_at(const char* op, const char* what, const Dims& shape, int64_t at, int64_t value,
                           int64_t least, int64_t limit, const char* of) {
  std::ostringstream where;
  Dims index = shape;
  int64_t rest = at;
  for (int i = shape.size() - 1; i >= 0; --i) {
    index[i] = rest % shape[i];
    rest /= shape[i];
  }
  for (int i = 0; i < index.size(); ++i) where << (i ? "," : "[") << index[i];
  if (index.size()) where << ']';
  throw IndexError(join(op, ": ", what, where.str(), " is ", value, " but there are ", limit, ' ', of, " (", least,
                        " to ", limit - 1, "); ", what, '=', shape));
}

[[noreturn]] void raise_bad_label(const char* op, const char* what, const Array& labels, int64_t least, int64_t limit,
                                  const char* of, const int64_t* ignored) {
  const Array rows = contiguous(labels);
  const int64_t* p = rows.data<int64_t>();
  int64_t at = 0;
  while ((ignored && p[at] == *ignored) || (p[at] >= least && p[at] < limit)) ++at;
  raise_at(op, what, labels.shape(), at, p[at], least, limit, of);
}

}  // namespace

Array as_labels(const char* op, const char* what, const Array& labels, const Dims& strides, const char* hint) {
  const DType t = labels.dtype();
  DL_CHECK(t == DType::i64 || t == DType::i32 || t == DType::u8, DTypeError, op, ": ", what,
           " must hold integers (int64, int32 or uint8), got ", t, " of shape ", labels.shape(), "; ", hint);
  if (t == DType::i64 && same_layout(labels, strides)) return labels;
  const Array out = Array::empty_strided(labels.shape(), strides, DType::i64, labels.device());
  copy_into(out, labels);
  return out;
}

bool labels_within(const int64_t* labels, int64_t n, int64_t least, int64_t limit) {
  const auto low = static_cast<uint64_t>(least), high = static_cast<uint64_t>(limit - 1);
  uint64_t outside = 0;  // the sign of p - least or of last - p: additions, which every ISA has for 64 bits
  if (least == 0)
    for (int64_t i = 0; i < n; ++i)
      outside |= static_cast<uint64_t>(labels[i]) | (high - static_cast<uint64_t>(labels[i]));
  else
    for (int64_t i = 0; i < n; ++i)
      outside |= (static_cast<uint64_t>(labels[i]) - low) | (high - static_cast<uint64_t>(labels[i]));
  return n == 0 || outside >> 63 == 0;
}

void check_labels(const char* op, const char* what, const Array& labels, int64_t limit, const char* of, bool from_end,
                  const int64_t* ignored) {
  const int64_t least = from_end ? -limit : 0;
  if (const auto check = device_api(labels.device()).check_range) {
    const Array rows = contiguous(labels);
    const auto raise = [shape = labels.shape(), op = std::string(op), what = std::string(what), of = std::string(of),
                        least, limit](int64_t at, int64_t value) {
      raise_at(op.c_str(), what.c_str(), shape, at, value, least, limit, of.c_str());
    };
    return check({rows.data<int64_t>(), rows.size(), least, limit, ignored, raise});
  }
  const int64_t* p = labels.data<int64_t>();
  std::atomic<bool> bad{false};
  parallel_for(labels.size(), kGrain, [&](int64_t begin, int64_t end) {
    bool fine = labels_within(p + begin, end - begin, least, limit);
    if (!fine && ignored) {
      fine = true;
      for (int64_t i = begin; i < end; ++i) fine &= p[i] == *ignored || (p[i] >= least && p[i] < limit);
    }
    if (!fine) bad = true;
  });
  if (bad) raise_bad_label(op, what, labels, least, limit, of, ignored);
}

}  // namespace dl
