// Matrix products, as numpy.matmul and torch.nn.functional.linear. float32, float64 or bfloat16, one dtype for all
// operands; of bfloat16 sums are float32 and results rounded once. linear's bias may be float32 beside bfloat16, and so
// may the weight that bwd_w is given, a master: dw then is float32, as is db with `wide`.
//   matmul(a, b): a (…, m, k) or (k,), b (…, k, n) or (k,); batch dimensions broadcast -> (…, m, n). A 1-d operand's
//                 missing dimension is missing in the result; two of them give a scalar.
//                 da = g bᵀ, db = aᵀ g, summed over the batch dimensions along which the operand was broadcast
//   linear(x, w, b): y = x wᵀ + b; x (…, in), w (out, in), b (out,) or none -> (…, out)
//                 with `relu` max(y, 0), NaN kept, in the same pass
//                 dx = g w, dw = gᵀ x in w's layout, db = the column sums of g
// Operands are read in place through any strides; results are row-major, gradients dense in their operand's layout.
// NaN and infinities propagate. The error of a product is stated in blocks/gemm/gemm.h, of a sum in blocks/colsum.
#pragma once
#include "core/dtype.h"

namespace dl {

DL_API Array matmul_fwd(const Array& a, const Array& b);
DL_API Array matmul_bwd_a(const Array& g, const Array& a, const Array& b);
DL_API Array matmul_bwd_b(const Array& g, const Array& a, const Array& b);

DL_API Array linear_fwd(const Array& x, const Array& w, const Array* bias, bool relu);
DL_API Array linear_bwd_x(const Array& g, const Array& w);
DL_API Array linear_bwd_w(const Array& g, const Array& x, const Array& w);
DL_API Array linear_bwd_b(const Array& g, bool wide);

}  // namespace dl
