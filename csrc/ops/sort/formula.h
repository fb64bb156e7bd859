// From an element to an unsigned key of the same order, and to an entry that also holds its index.
#pragma once
#include "core/dtype.h"

namespace dl::DL_ISA_NS {

template <class U>
struct Unsigned {
  using Bits = U;
  static constexpr U nan = 0;
  static constexpr bool has_nan = false;
  static DL_HD inline U key(U bits) { return bits; }
};

template <class U>
struct Signed : Unsigned<U> {
  static DL_HD inline U key(U bits) { return bits ^ (U(1) << (8 * sizeof(U) - 1)); }
};

// IEEE floats: all bits of a negative number are turned over, of others the sign alone. NaN is the largest key.
template <class U, U infinity>
struct Float {
  using Bits = U;
  static constexpr U sign = U(1) << (8 * sizeof(U) - 1), nan = static_cast<U>(~U(0));
  static constexpr bool has_nan = true;
  static DL_HD inline U key(U bits) {
    const U size = bits & static_cast<U>(~sign);
    const U turned = bits & sign ? static_cast<U>(~bits) : static_cast<U>(bits | sign);
    return size > infinity ? nan : size == 0 ? sign : turned;
  }
};

using KeyU8 = Unsigned<uint8_t>;
using KeyI32 = Signed<uint32_t>;
using KeyI64 = Signed<uint64_t>;
using KeyF16 = Float<uint16_t, 0x7c00>;
using KeyBF16 = Float<uint16_t, 0x7f80>;
using KeyF32 = Float<uint32_t, 0x7f800000>;
using KeyF64 = Float<uint64_t, 0x7ff0000000000000>;

// key << 32 | index in 64 bits, or key << 64 | index in 128: entries compare as their keys do and, between equals, as
// their indices.
template <class Key>
struct EntryOf {
  using Type = uint64_t;
  static constexpr int shift = 32;
};
template <>
struct EntryOf<uint64_t> {
  using Type = unsigned __int128;
  static constexpr int shift = 64;
};

template <class K, bool descending>
struct Coded {
  using Key = typename K::Bits;
  using Entry = typename EntryOf<Key>::Type;
  static constexpr int shift = EntryOf<Key>::shift, digits = sizeof(Key);
  static DL_HD inline Key key(Key bits) { return descending ? static_cast<Key>(~K::key(bits)) : K::key(bits); }
  static DL_HD inline Entry entry(Key bits, int64_t index) {
    return static_cast<Entry>(key(bits)) << shift | static_cast<Entry>(index);
  }
  // The element of a key: of integers alone, whose keys are made by turning bits over, which undoes itself.
  static DL_HD inline Key element(Key key) { return K::key(descending ? static_cast<Key>(~key) : key); }
  static DL_HD inline Key key_of(Entry e) { return static_cast<Key>(e >> shift); }
  static DL_HD inline int64_t index_of(Entry e) {
    return shift == 32 ? static_cast<int64_t>(static_cast<uint32_t>(e)) : static_cast<int64_t>(e);
  }
  // Digit d of the key, 0 the lowest.
  static DL_HD inline unsigned digit(Entry e, int d) { return static_cast<unsigned>(e >> (shift + 8 * d)) & 255; }
};

}  // namespace dl::DL_ISA_NS
