#include "blocks/gemm/gemm.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "blocks/gemm/prepare.h"
#include "blocks/gemm/scratch.h"
#include "core/alloc.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr const char* kRepeated =
    "B is packed once for many products, and parts of it would be read from memory more slowly";
constexpr double kBatchFlops = 64e6;        // a product above it has tasks enough of its own
constexpr int64_t kPackedBytes = 64 << 20;  // B packed at once; a wider B is taken in slabs of columns
constexpr int64_t kSumGrain = 16 << 10;
constexpr int64_t kWidestPanel = 64;  // slabs begin on a panel whatever the ISA

// Memory for one call, returned at its end.
class Buffer {
 public:
  explicit Buffer(int64_t bytes) : bytes_(static_cast<size_t>(bytes)), data_(bytes ? cpu_alloc(bytes_) : nullptr) {}
  ~Buffer() {
    if (data_) cpu_free(data_, bytes_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void* data() const { return data_; }

 private:
  size_t bytes_;
  void* data_;
};

void multiply(const Prepared& x, GemmArgs& args) {
  const Buffer partials(x.partial_bytes);
  args.partials = partials.data();
  Scratch scratch(x.scratch_bytes);
  launch_chunks(*x.product, args, x.tasks, 1, [&](int64_t begin, int64_t end) {
    if (!x.scratch_bytes) return x.product->fn(args, begin, end);
    Scratch::Block& block = scratch.of_this_thread();
    GemmArgs mine = args;
    mine.scratch = block.data();
    mine.held = x.holds_b ? &block.held : nullptr;
    x.product->fn(mine, begin, end);
  });
  if (x.sum && !(args.unfit && *args.unfit))
    launch(*x.sum, args, args.g.m, std::max<int64_t>(kSumGrain / (args.g.n * args.parts), 1));
}

// False: the operands hold what this row cannot carry, and C is to be computed anew.
bool attempt(const Prepared& x, const void* a, const void* b, void* c) {
  GemmArgs args = x.args;
  int unfit = 0;
  args.unfit = &unfit;
  args.g.a.data = a;
  args.g.b.data = b;
  args.g.c = c;
  const Buffer packed(x.packed_bytes);
  args.packed = packed.data();
  if (x.pack) launch(*x.pack, args, x.packed_panels, x.pack_grain);
  multiply(x, args);
  return !unfit;
}

constexpr const char* kUnfit = "an operand holds values that parts of bfloat16 cannot carry";

void execute(const Prepared& x, const void* a, const void* b, void* c) {
  if (!attempt(x, a, b, c)) attempt(prepare(x.args.g, kUnfit), a, b, c);
}

// Cᵀ = Bᵀ·Aᵀ where C has but a few columns, or runs along them: registers of C lie along its rows.
bool worth_turning(const Gemm& g) {
  if (!plain(g.a) || !plain(g.b) || g.c_rows.p != 1 || g.c_rows.q != 1) return false;
  const bool thin = g.n <= kDotRows && g.n < g.m, column_major = g.c_stride != 1 && g.c_rows.stride_n == 1 && g.n > 1;
  return g.m > kDotRows && (thin || column_major);
}

Gemm turned(const Gemm& g) {
  Gemm t = g;
  t.m = g.n;
  t.n = g.m;
  t.a = g.b;
  t.b = g.a;
  t.c_rows.stride_n = g.c_stride;
  t.c_stride = g.c_rows.stride_n;
  t.bias_n = g.bias_m;
  t.bias_m = g.bias_n;
  return t;
}

template <class P>
P* advance(P* p, int64_t elements, const Gemm& g) {
  using Byte = std::conditional_t<std::is_const_v<P>, const char, char>;
  return static_cast<Byte*>(p) + elements * size_of(g);
}

// C in slabs of columns, so that no more of B than `width` columns is packed at once. False: as attempt, for all of C.
bool attempt_slabs(const Gemm& g, int64_t width, const char* no_tiles) {
  for (int64_t j = 0; j < g.n; j += width) {
    Gemm part = g;
    part.n = std::min(width, g.n - j);
    part.b.data = advance(g.b.data, j * g.b.stride, g);
    part.c = advance(g.c, j * g.c_stride, g);
    if (g.bias_n) part.bias_n = advance(g.bias_n, j, g);
    if (!attempt(prepare(part, no_tiles), part.a.data, part.b.data, part.c)) return false;
  }
  return true;
}

Kernels<GemmArgs> on_device("gemm");

// One launch, whatever the count: the kernel cuts its own tiles. C's columns are neighbours, as threads store them.
void launch_on_device(const Gemm& given, int64_t count, const int64_t* a, const int64_t* b, const int64_t* c) {
  const bool turn = given.c_stride != 1 && worth_turning(given);
  GemmArgs args{};
  args.g = turn ? turned(given) : given;
  args.float_parts = product_precision();
  args.count = count;
  args.a_at = turn ? b : a;
  args.b_at = turn ? a : b;
  args.c_at = c;
  launch(on_device.choose(given.device, given.dtype, args), args, 1, 1);
}

}  // namespace

void gemm(const Gemm& given) {
  if (given.m == 0 || given.n == 0) return;
  if (given.device != Device::cpu) return launch_on_device(given, 1, nullptr, nullptr, nullptr);
  const Gemm g = worth_turning(given) ? turned(given) : given;
  const int64_t slab =
      std::max(kPackedBytes / (std::max<int64_t>(g.k, 1) * size_of(g)) / kWidestPanel, int64_t{8}) * kWidestPanel;
  const int64_t width = g.b.patches ? g.n : slab;
  if (!attempt_slabs(g, width, nullptr)) attempt_slabs(g, width, kUnfit);
}

struct ShapedGemm::Plan {
  bool turn;
  Prepared x;
};

ShapedGemm::ShapedGemm(const Gemm& g) : plan_(nullptr) {
  if (g.m == 0 || g.n == 0) return;
  const bool turn = worth_turning(g);
  plan_ = new Plan{turn, prepare(turn ? turned(g) : g)};
}

ShapedGemm::ShapedGemm(ShapedGemm&& other) noexcept : plan_(std::exchange(other.plan_, nullptr)) {}

ShapedGemm::~ShapedGemm() { delete plan_; }

void ShapedGemm::operator()(const void* a, const void* b, void* c) const {
  if (plan_) execute(plan_->x, plan_->turn ? b : a, plan_->turn ? a : b, c);
}

RepeatedGemm::RepeatedGemm(const Gemm& g) : g_(g), packed_bytes_(0), packed_(nullptr), direct_panels_(0) {
  if (g.m == 0 || g.n == 0 || g.device != Device::cpu) return;
  const Prepared x = prepare(g, kRepeated, true);
  if (x.args.dot) return;
  direct_panels_ = x.args.direct_panels;
  if (!x.pack) return;
  packed_bytes_ = static_cast<size_t>(x.packed_bytes);
  packed_ = cpu_alloc(packed_bytes_);
  GemmArgs args = x.args;
  args.packed = packed_;
  try {
    launch(*x.pack, args, x.packed_panels, x.pack_grain);
  } catch (...) {  // Ctrl-C between two chunks: no destructor runs
    cpu_free(packed_, packed_bytes_);
    throw;
  }
}

RepeatedGemm::~RepeatedGemm() {
  if (packed_) cpu_free(packed_, packed_bytes_);
}

void RepeatedGemm::operator()(const void* a, void* c, int64_t m) const {
  if (m == 0 || g_.n == 0) return;
  Gemm g = g_;
  g.a.data = a;
  g.c = c;
  g.m = m;
  if (g.device != Device::cpu) return gemm(g);
  Prepared x = prepare(g, kRepeated, true);
  x.args.packed = packed_;
  if (!x.args.dot) x.args.direct_panels = direct_panels_;
  multiply(x, x.args);
}

Gemm gemm_of(const Array& a, const Array& b, const Array& c) {
  const GemmOperand left{.data = a.raw(),
                         .stride = a.stride(-2),
                         .k_stride = a.stride(-1),
                         .tap_offset = nullptr,
                         .tap_channels = 0,
                         .patches = nullptr};
  const GemmOperand right{.data = b.raw(),
                          .stride = b.stride(-1),
                          .k_stride = b.stride(-2),
                          .tap_offset = nullptr,
                          .tap_channels = 0,
                          .patches = nullptr};
  return {.dtype = c.dtype(),
          .m = c.shape(-2),
          .n = c.shape(-1),
          .k = a.shape(-1),
          .a = left,
          .b = right,
          .c = c.raw(),
          .c_rows = {.p = 1, .q = 1, .stride_n = c.stride(-2), .stride_p = 0, .stride_q = 0},
          .c_stride = c.stride(-1),
          .bias_n = nullptr,
          .bias_m = nullptr,
          .accumulate = false,
          .relu = false,
          .device = c.device()};
}

void gemm_batched(const Gemm& given, int64_t count, const int64_t* a, const int64_t* b, const int64_t* c) {
  if (given.m == 0 || given.n == 0 || count == 0) return;
  if (given.device != Device::cpu) return launch_on_device(given, count, a, b, c);
  const auto with_offsets = [&](int64_t i) {
    Gemm x = given;
    x.a.data = advance(x.a.data, a[i], given);
    x.b.data = advance(x.b.data, b[i], given);
    x.c = advance(x.c, c[i], given);
    return x;
  };
  if (flops(given) > kBatchFlops || count == 1) {  // each product has tasks enough
    for (int64_t i = 0; i < count; ++i) gemm(with_offsets(i));
    return;
  }
  const bool turn = worth_turning(given);
  const Prepared x = prepare(turn ? turned(given) : given);
  const int64_t grain = std::max<int64_t>(static_cast<int64_t>(kTaskFlops / (flops(given) + 1)), 1);
  parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Gemm one = turn ? turned(with_offsets(i)) : with_offsets(i);
      execute(x, one.a.data, one.b.data, one.c);
    }
  });
}

}  // namespace dl
