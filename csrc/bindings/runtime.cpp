// Threads, ISA, kernels, memory, random state: what `dlcore info` prints and tests control.
#include <dlfcn.h>

#include "bindings/call.h"
#include "blocks/peak/peak.h"
#include "core/alloc.h"
#include "core/device.h"
#include "core/kernel_table.h"
#include "core/parallel.h"
#include "core/rng.h"

namespace {

py::dict describe(const dl::KernelInfo& k) {
  py::dict d;
  d["name"] = k.name;
  d["op"] = k.op;
  d["device"] = dl::name(k.device);
  d["isa"] = k.device == dl::Device::cpu ? dl::name(k.isa) : "cuda";
  d["dtype"] = k.dtype;
  d["source"] = k.source;
  d["calls"] = k.calls;
  return d;
}

const dl::DeviceApi& cuda() { return dl::device_api(dl::Device::cuda); }
const dl::StreamApi& streams() { return *cuda().streams; }
void* event_at(uint64_t address) { return reinterpret_cast<void*>(address); }  // an event, as Python keeps it

void bind_streams(py::module_& m) {
  def(m, "cuda_stream", [] { return streams().create(); });
  def(m, "cuda_current_stream", [] { return streams().current(); });
  def(m, "cuda_set_stream", [](int stream) { streams().set_current(stream); });
  def(m, "cuda_stream_done", [](int stream) { return streams().done(stream); });
  def(m, "cuda_stream_synchronize", [](int stream) {
    const py::gil_scoped_release release;
    streams().synchronize(stream);
  });
  def(m, "cuda_event", [](bool timed) { return reinterpret_cast<uint64_t>(streams().create_event(timed)); });
  def(m, "cuda_event_free", [](uint64_t e) { streams().free_event(event_at(e)); });
  def(m, "cuda_event_record", [](uint64_t e, int stream) { streams().record(event_at(e), stream); });
  def(m, "cuda_event_wait", [](uint64_t e, int stream) { streams().wait(stream, event_at(e)); });
  def(m, "cuda_event_reached", [](uint64_t e) { return streams().reached(event_at(e)); });
  def(m, "cuda_event_synchronize", [](uint64_t e) {
    const py::gil_scoped_release release;
    streams().synchronize_event(event_at(e));
  });
  def(m, "cuda_milliseconds",
      [](uint64_t begin, uint64_t end) { return streams().milliseconds(event_at(begin), event_at(end)); });
}

}  // namespace

void bind_runtime(py::module_& m) {
  def(m, "check_environment", [] {  // each is read where it is used, which raises ValueError for what it cannot be
    dl::num_threads();
    dl::isa_cap();
    dl::verbose_dispatch();
  });

  def(m, "num_threads", &dl::num_threads);
  def(m, "set_num_threads", &dl::set_num_threads);

  def(m, "isa", [] { return dl::name(dl::isa_cap()); });
  def(m, "machine_isa", [] { return dl::name(dl::machine_isa()); });
  def(m, "isas", [] {
    py::list out;
    for (int i = 0; i <= static_cast<int>(dl::machine_isa()); ++i) out.append(dl::name(static_cast<dl::Isa>(i)));
    return out;
  });
  def(m, "set_isa", [](const std::string& text) {
    dl::Isa isa;
    DL_CHECK(dl::parse_isa(text.c_str(), &isa), dl::ValueError, "isa: \"", text, "\" is not an instruction set; use ",
             dl::kIsaNames);
    dl::set_isa_cap(isa);
  });
  def(m, "kernels", [] {
    py::list out;
    for (const dl::KernelInfo* k : dl::kernels()) out.append(describe(*k));
    return out;
  });
  def(m, "last_kernel", [] { return dl::last_kernel() ? dl::last_kernel()->name : std::string(); });
  def(m, "load_backend", [](const std::string& path) {
    DL_CHECK(dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL), dl::DeviceError, "load_backend: ", dlerror());
  });
  def(m, "cuda_synchronize", [] {
    const py::gil_scoped_release release;
    cuda().synchronize();
  });
  bind_streams(m);
  def(m, "cuda_memory_stats", [] {
    const dl::DeviceMemory s = cuda().memory->stats();
    py::dict d;
    d["in_use"] = s.in_use;
    d["peak"] = s.peak;
    d["reserved"] = s.reserved;
    d["peak_reserved"] = s.peak_reserved;
    d["free"] = s.free;
    d["total"] = s.total;
    d["allocations"] = s.allocations;
    return d;
  });
  def(m, "cuda_reset_peaks", [] { cuda().memory->reset_peaks(); });
  def(m, "cuda_empty_cache", [] {
    const py::gil_scoped_release release;
    cuda().memory->empty_cache();
  });
  def(m, "cuda_used_by",
      [](const dl::Array& a, int stream) { dl::device_api(a.device()).memory->used_by(a.storage()->data, stream); });
  def(m, "cuda_check_sync", [](bool on) { cuda().check_at_once(on); });
  def(m, "has_cuda", [] { return dl::has_device(dl::Device::cuda); });

  def(m, "peak_flops", [](double seconds) {
    const py::gil_scoped_release release;
    return dl::peak_flops(seconds);
  });
  def(m, "peak_bf16_flops", [](double seconds) {
    const py::gil_scoped_release release;
    return dl::peak_bf16_flops(seconds);
  });

  def(m, "memory_stats", [] {
    const dl::MemoryStats s = dl::memory_stats();
    py::dict d;
    d["in_use"] = s.in_use;
    d["peak"] = s.peak;
    d["cached"] = s.cached;
    d["cache_limit"] = s.cache_limit;
    d["allocations"] = s.allocations;
    d["cache_hits"] = s.cache_hits;
    d["caching"] = s.caching;
    return d;
  });
  def(m, "empty_cache", &dl::empty_cache);
  def(m, "set_poison", &dl::set_poison);

  def(m, "manual_seed", &dl::manual_seed);
  def(m, "rng_state", [] {
    const dl::PhiloxState s = dl::rng_state();
    return py::make_tuple(s.seed, s.position);
  });
  def(m, "set_rng_state", [](uint64_t seed, uint64_t position) { dl::set_rng_state({seed, position}); });
}
