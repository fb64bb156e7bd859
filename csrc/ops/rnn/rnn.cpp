#include "ops/rnn/rnn.h"

#include <algorithm>

#include "blocks/colsum/colsum.h"
#include "blocks/copy/copy.h"
#include "blocks/gemm/gemm.h"
#include "core/launch.h"
#include "ops/rnn/layer.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 4096;  // elements of the state: some 20 µs of sigmoids and tanhs

struct Cell {
  const char* name;
  int64_t gates, kept;  // of the products; of what the backward reads
  Kernels<RnnCellArgs> fwd, bwd;
};

Cell& cell_of(RnnMode mode) {
  static Cell cells[] = {
      {"rnn_tanh", 1, 1, Kernels<RnnCellArgs>("rnn_tanh_cell_fwd"), Kernels<RnnCellArgs>("rnn_tanh_cell_bwd")},
      {"rnn_relu", 1, 1, Kernels<RnnCellArgs>("rnn_relu_cell_fwd"), Kernels<RnnCellArgs>("rnn_relu_cell_bwd")},
      {"lstm", 4, 4, Kernels<RnnCellArgs>("lstm_cell_fwd"), Kernels<RnnCellArgs>("lstm_cell_bwd")},
      {"gru", 3, 4, Kernels<RnnCellArgs>("gru_cell_fwd"), Kernels<RnnCellArgs>("gru_cell_bwd")}};
  return cells[static_cast<int>(mode)];
}

// The steps in the order in which one direction takes them: their first rows and how many.
struct Steps {
  std::vector<int64_t> first, rows;
};

Steps steps_of(const std::vector<int64_t>& batch_sizes, bool reverse) {
  Steps s;
  int64_t at = 0;
  for (int64_t rows : batch_sizes) {
    s.first.push_back(at);
    s.rows.push_back(rows);
    at += rows;
  }
  if (reverse) {
    std::reverse(s.first.begin(), s.first.end());
    std::reverse(s.rows.begin(), s.rows.end());
  }
  return s;
}

struct Layer {
  Cell& cell;
  int64_t directions, rows, sequences, inputs, hidden;
  bool lstm, biased;
  Array x;
  std::vector<Array> weights;

  const Array& weight(int64_t direction, int which) const {
    return weights[static_cast<size_t>(direction * (biased ? 4 : 2) + which)];
  }
  int64_t states() const { return lstm ? 2 : 1; }
  // Columns of `direction` in rows [first, first + count) of out or of its gradient.
  Array part(const Array& out, int64_t direction, int64_t first, int64_t count) const {
    return out.slice(0, first, count, 1).slice(1, direction * hidden, hidden, 1);
  }
};

void check_same(const char* op, const char* what, const Array& a, const Array& x) {
  DL_CHECK(a.dtype() == x.dtype(), DTypeError, op, ": ", what, " is ", a.dtype(), " but x is ", x.dtype(), "; ", what,
           "=", a.shape(), " x=", x.shape());
  DL_CHECK(a.device() == x.device(), DeviceError, op, ": tensors must be on one device, and ", what, " is on ",
           name(a.device()), " but x on ", name(x.device()));
}

void check_weights(const Layer& l) {
  static const char* const names[] = {"w_ih", "w_hh", "b_ih", "b_hh"};
  const int64_t gates = l.cell.gates * l.hidden;
  const Dims shapes[] = {{gates, l.inputs}, {gates, l.hidden}, {gates}, {gates}};
  for (size_t i = 0; i < l.weights.size(); ++i) {
    const size_t which = i % (l.biased ? 4 : 2);
    const Array& w = l.weights[i];
    DL_CHECK(w.shape() == shapes[which], ShapeError, l.cell.name, ": ", names[which], " must be ", shapes[which],
             ", for ", l.inputs, " inputs and a state of ", l.hidden, ", got ", w.shape(), "; x=", l.x.shape());
    check_same(l.cell.name, names[which], w, l.x);
  }
}

void check_steps(const Layer& l, const std::vector<int64_t>& batch_sizes) {
  int64_t rows = 0, last = l.sequences;
  for (int64_t b : batch_sizes) {
    DL_CHECK(b >= 0 && b <= last, ValueError, l.cell.name, ": a step of ", b, " sequences follows one of ", last,
             "; sequences must be packed longest first");
    rows += last = b;
  }
  DL_CHECK(rows == l.rows, ShapeError, l.cell.name, ": the steps have ", rows, " rows together but x has ", l.rows,
           "; x=", l.x.shape());
}

Layer layer_of(RnnMode mode, const Array& x, const std::vector<int64_t>& batch_sizes, const Array& h0,
               const std::vector<Array>& weights) {
  Cell& cell = cell_of(mode);
  DL_CHECK(x.ndim() == 2 && is_floating(x.dtype()), ShapeError, cell.name,
           ": x must be (rows, inputs) of float32 or float64, got ", x.shape(), " ", x.dtype());
  DL_CHECK(h0.ndim() == 3 && (h0.shape(0) == 1 || h0.shape(0) == 2), ShapeError, cell.name,
           ": h0 must be (1 or 2 directions, sequences, hidden), got ", h0.shape(), "; x=", x.shape());
  check_same(cell.name, "h0", h0, x);
  const auto directions = static_cast<size_t>(h0.shape(0));
  DL_CHECK(weights.size() == 2 * directions || weights.size() == 4 * directions, ValueError, cell.name, ": ",
           directions, " directions need ", 2 * directions, " weights, or ", 4 * directions, " with biases, got ",
           weights.size());
  Layer l{cell,
          h0.shape(0),
          x.shape(0),
          h0.shape(1),
          x.shape(1),
          h0.shape(2),
          mode == RnnMode::lstm,
          weights.size() == 4 * directions,
          contiguous(x),
          {}};
  for (const Array& w : weights) l.weights.push_back(contiguous(w));
  check_weights(l);
  check_steps(l, batch_sizes);
  return l;
}

void* at(const Array& a, int64_t element) {
  return a.data<char>() + element * static_cast<int64_t>(itemsize(a.dtype()));
}

int64_t grain(const Layer& l) { return std::max<int64_t>(kGrain / std::max<int64_t>(l.hidden, 1), 1); }

void run_forward(const Layer& l, const Steps& steps, int64_t d, const Array& out, const Array& gates,
                 const Array* h_before, const Array* c_before) {
  const int64_t H = l.hidden, width = l.cell.gates * H;
  Gemm input = gemm_of(l.x, l.weight(d, 0).transpose(0, 1), gates.slice(1, 0, width, 1));
  if (l.biased) input.bias_n = l.weight(d, 2).raw();
  gemm(input);
  const Array h = l.part(out, d, l.rows, l.sequences), y = l.part(out, d, 0, l.rows);
  const Array c = l.lstm ? l.part(out, d, l.rows + l.sequences, l.sequences) : h;
  const Array product = Array::empty({l.sequences, width}, h.dtype(), h.device());
  Gemm hidden = gemm_of(h, l.weight(d, 1).transpose(0, 1), product);
  if (l.biased) hidden.bias_n = l.weight(d, 3).raw();
  const RepeatedGemm multiply(hidden);
  RnnCellArgs args{};
  args.hidden = H;
  args.gates_stride = gates.stride(0);
  args.product = product.raw();
  args.h = h.raw();
  args.c = c.raw();
  args.state_stride = out.stride(0);
  const Row<RnnCellArgs>& row = l.cell.fwd.choose(h.device(), h.dtype(), args);
  for (size_t t = 0; t < steps.rows.size(); ++t) {
    const int64_t first = steps.first[t];
    multiply(h.raw(), product.raw(), steps.rows[t]);
    args.gates = at(gates, first * args.gates_stride);
    args.y = at(y, first * args.state_stride);
    args.h_before = h_before ? at(*h_before, first * H) : nullptr;
    args.c_before = c_before ? at(*c_before, first * H) : nullptr;
    launch(row, args, steps.rows[t], grain(l));
  }
}

// Gradients of a_t and u_t for all steps; dh and dc: in the last state's, out the first's.
void run_backward(const Layer& l, const Steps& steps, int64_t d, const Array& g, const RnnSaved& saved, const Array& dh,
                  const Array& dc, const Array& da, const Array& du) {
  const int64_t H = l.hidden, width = l.cell.gates * H;
  const Array gates = saved.gates.select(0, d), h_before = saved.h_before.select(0, d);
  const Array c_before = l.lstm ? saved.c_before.select(0, d) : h_before, y = l.part(g, d, 0, l.rows);
  Gemm hidden = gemm_of(du.slice(0, 0, std::min(l.sequences, l.rows), 1), l.weight(d, 1), dh);
  hidden.accumulate = true;
  const RepeatedGemm multiply(hidden);
  RnnCellArgs args{};
  args.hidden = H;
  args.gates_stride = gates.stride(0);
  args.state_stride = g.stride(0);
  args.dh = dh.raw();
  args.dc = dc.raw();
  const Row<RnnCellArgs>& row = l.cell.bwd.choose(dh.device(), dh.dtype(), args);
  for (size_t t = steps.rows.size(); t-- > 0;) {
    const int64_t first = steps.first[t];
    args.gates = at(gates, first * args.gates_stride);
    args.h_before = at(h_before, first * H);
    args.c_before = at(c_before, first * H);
    args.g = at(y, first * args.state_stride);
    args.da = at(da, first * width);
    args.du = at(du, first * width);
    launch(row, args, steps.rows[t], grain(l));
    multiply(args.du, dh.raw(), steps.rows[t]);
  }
}

Array column_sums(const Array& x) {
  const Array sums = Array::empty({x.shape(1)}, x.dtype(), x.device());
  column_sums_into(x.raw(), x.shape(0), x.stride(0), sums);
  return sums;
}

}  // namespace

Array rnn_fwd(RnnMode mode, const Array& x, const std::vector<int64_t>& batch_sizes, const Array& h0, const Array* c0,
              const std::vector<Array>& weights, RnnSaved* saved) {
  const Layer l = layer_of(mode, x, batch_sizes, h0, weights);
  if (l.lstm) {
    DL_CHECK(c0 && c0->shape() == h0.shape(), ShapeError, "lstm: c0 must have h0's shape ", h0.shape(), ", got ",
             c0 ? c0->shape() : Dims());
    check_same("lstm", "c0", *c0, x);
  }
  const Dims states{l.directions, l.rows, l.hidden};
  const Array out = Array::empty({l.rows + l.states() * l.sequences, l.directions * l.hidden}, x.dtype(), x.device());
  const Array gates = Array::empty({l.directions, l.rows, l.cell.kept * l.hidden}, x.dtype(), x.device());
  if (saved) {
    saved->gates = gates;
    saved->h_before = Array::empty(states, x.dtype(), x.device());
    saved->c_before = l.lstm ? Array::empty(states, x.dtype(), x.device()) : saved->h_before;
  }
  for (int64_t d = 0; d < l.directions; ++d) {
    copy_into(l.part(out, d, l.rows, l.sequences), h0.select(0, d));
    if (l.lstm) copy_into(l.part(out, d, l.rows + l.sequences, l.sequences), c0->select(0, d));
    const Array h = saved ? saved->h_before.select(0, d) : Array(), c = saved ? saved->c_before.select(0, d) : Array();
    run_forward(l, steps_of(batch_sizes, d == 1), d, out, gates.select(0, d), saved ? &h : nullptr,
                saved && l.lstm ? &c : nullptr);
  }
  return out;
}

RnnGradients rnn_bwd(RnnMode mode, const Array& gradient, const Array& x, const std::vector<int64_t>& batch_sizes,
                     const std::vector<Array>& weights, const RnnSaved& saved, bool need_x) {
  const Dims s = saved.h_before.shape();  // (directions, rows, hidden)
  const int64_t sequences = (gradient.shape(0) - s[1]) / (mode == RnnMode::lstm ? 2 : 1);
  RnnGradients r;
  r.dh0 = Array::empty({s[0], sequences, s[2]}, x.dtype(), x.device());
  if (mode == RnnMode::lstm) r.dc0 = Array::empty(r.dh0.shape(), x.dtype(), x.device());
  const Layer l = layer_of(mode, x, batch_sizes, r.dh0, weights);
  const Array g = contiguous(gradient);
  if (need_x) r.dx = Array::empty(x.shape(), x.dtype(), x.device());
  const Dims shape{l.rows, l.cell.gates * l.hidden};
  for (int64_t d = 0; d < l.directions; ++d) {
    const Array dh = r.dh0.select(0, d), dc = l.lstm ? r.dc0.select(0, d) : dh;
    copy_into(dh, l.part(g, d, l.rows, l.sequences));
    if (l.lstm) copy_into(dc, l.part(g, d, l.rows + l.sequences, l.sequences));
    const Array da = Array::empty(shape, x.dtype(), x.device()),
                du = mode == RnnMode::gru ? Array::empty(shape, x.dtype(), x.device()) : da;
    run_backward(l, steps_of(batch_sizes, d == 1), d, g, saved, dh, dc, da, du);
    if (need_x) {
      Gemm input = gemm_of(da, l.weight(d, 0), r.dx);
      input.accumulate = d > 0;
      gemm(input);
    }
    const Array left = da.transpose(0, 1), h_before = saved.h_before.select(0, d);
    const Array dw_ih = Array::empty(l.weight(d, 0).shape(), x.dtype(), x.device());
    const Array dw_hh = Array::empty(l.weight(d, 1).shape(), x.dtype(), x.device());
    gemm(gemm_of(left, l.x, dw_ih));
    gemm(gemm_of(du.transpose(0, 1), h_before, dw_hh));
    r.weights.push_back(dw_ih);
    r.weights.push_back(dw_hh);
    if (!l.biased) continue;
    r.weights.push_back(column_sums(da));
    r.weights.push_back(mode == RnnMode::gru ? column_sums(du) : r.weights.back());
  }
  return r;
}

}  // namespace dl
