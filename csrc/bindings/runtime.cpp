// Threads, ISA, kernels, memory, random state: what `dlcore info` prints and tests control.
#include <dlfcn.h>

#include "bindings/convert.h"
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

}  // namespace

void bind_runtime(py::module_& m) {
  m.def("check_environment", [] {  // each is read where it is used, which raises ValueError for what it cannot be
    dl::num_threads();
    dl::isa_cap();
    dl::verbose_dispatch();
  });

  m.def("num_threads", &dl::num_threads);
  m.def("set_num_threads", &dl::set_num_threads);

  m.def("isa", [] { return dl::name(dl::isa_cap()); });
  m.def("machine_isa", [] { return dl::name(dl::machine_isa()); });
  m.def("isas", [] {
    py::list out;
    for (int i = 0; i <= static_cast<int>(dl::machine_isa()); ++i) out.append(dl::name(static_cast<dl::Isa>(i)));
    return out;
  });
  m.def("set_isa", [](const std::string& text) {
    dl::Isa isa;
    DL_CHECK(dl::parse_isa(text.c_str(), &isa), dl::ValueError, "isa: \"", text, "\" is not an instruction set; use ",
             dl::kIsaNames);
    dl::set_isa_cap(isa);
  });
  m.def("kernels", [] {
    py::list out;
    for (const dl::KernelInfo* k : dl::kernels()) out.append(describe(*k));
    return out;
  });
  m.def("last_kernel", [] { return dl::last_kernel() ? dl::last_kernel()->name : std::string(); });
  m.def("load_backend", [](const std::string& path) {
    DL_CHECK(dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL), dl::DeviceError, "load_backend: ", dlerror());
  });
  m.def(
      "cuda_synchronize", [] { dl::device_api(dl::Device::cuda).synchronize(); },
      py::call_guard<py::gil_scoped_release>());
  m.def("has_cuda", [] { return dl::has_device(dl::Device::cuda); });

  m.def("peak_flops", &dl::peak_flops, py::call_guard<py::gil_scoped_release>());

  m.def("memory_stats", [] {
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
  m.def("empty_cache", &dl::empty_cache);
  m.def("set_poison", &dl::set_poison);

  m.def("manual_seed", &dl::manual_seed);
  m.def("rng_state", [] {
    const dl::PhiloxState s = dl::rng_state();
    return py::make_tuple(s.seed, s.position);
  });
  m.def("set_rng_state", [](uint64_t seed, uint64_t position) { dl::set_rng_state({seed, position}); });
}
