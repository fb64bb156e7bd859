#include "blocks/copy/across.h"

#include "blocks/copy/copy.h"
#include "core/device.h"

namespace dl {
namespace {

// Crossing devices moves whole dense blocks: both sides are made dense and alike first.
void copy_across(const Array& dst, const Array& src, bool later) {
  const Array s = convert(as_dense(src), dst.dtype());
  const bool to_host = dst.device() == Device::cpu;
  const DeviceApi& api = device_api(to_host ? src.device() : dst.device());
  const CopyKind kind = to_host ? CopyKind::device_to_host : CopyKind::host_to_device;
  const auto bytes = static_cast<size_t>(s.size()) * itemsize(s.dtype());
  if (dst.shape() == s.shape() && dst.strides() == s.strides()) return api.copy(dst.raw(), s.raw(), bytes, kind, later);
  const Array moved = Array::empty_strided(s.shape(), s.strides(), s.dtype(), dst.device());
  api.copy(moved.raw(), s.raw(), bytes, kind, false);
  copy_into(dst, moved);
}

Array empty_pinned(const Array& like) {
  const MemoryApi* memory = device_api(Device::cuda).memory;
  const auto bytes = static_cast<size_t>(like.size()) * itemsize(like.dtype());
  void* p = memory->alloc_pinned(bytes);
  const auto storage = std::make_shared<Storage>(p, bytes, memory->free_pinned, p);
  return Array(storage, like.shape(), dense_like(like.shape(), like.strides()), 0, like.dtype());
}

}  // namespace

void copy_across(const Array& dst, const Array& src) { copy_across(dst, src, false); }

Array to_device(const Array& x, Device device, bool later) {
  if (x.device() == device) return x;
  const Array s = as_dense(x);
  const Array out = later && device == Device::cpu ? empty_pinned(s)
                                                   : Array::empty_strided(s.shape(), s.strides(), s.dtype(), device);
  if (out.size()) copy_across(out, s, later);
  return out;
}

Array to_device(const Array& x, Device device) { return to_device(x, device, false); }

bool is_pinned(const Array& x) {
  return has_device(Device::cuda) && x.device() == Device::cpu &&
         x.storage()->release == device_api(Device::cuda).memory->free_pinned;
}

Array pin(const Array& x) {
  if (is_pinned(x)) return x;
  DL_CHECK(x.device() == Device::cpu, DeviceError, "pin_memory: is for tensors on the cpu, got one on ",
           name(x.device()), "; pin what is to be copied from or to the GPU");
  const Array out = empty_pinned(x);
  copy_into(out, x);
  return out;
}

}  // namespace dl
