// The direct convolutions: of one channel a group (depthwise_sums.h), and of few input channels (first_layer_sums.h).
// Called by depthwise.cpp and first_layer.cpp.
#include "ops/conv2d/depthwise_sums.h"
#include "ops/conv2d/first_layer_sums.h"

namespace dl::DL_ISA_NS {

void depthwise_fwd_f32(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_fwd<float>(a, b, e); }
void depthwise_fwd_f64(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_fwd<double>(a, b, e); }
void depthwise_bwd_x_f32(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_x<float>(a, b, e); }
void depthwise_bwd_x_f64(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_x<double>(a, b, e); }
void depthwise_bwd_w_f32(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_w<float>(a, b, e); }
void depthwise_bwd_w_f64(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_w<double>(a, b, e); }

void first_layer_fwd_f32(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_fwd<float>(a, b, e); }
void first_layer_fwd_f64(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_fwd<double>(a, b, e); }
void first_layer_bwd_w_f32(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_bwd_w<float>(a, b, e); }
void first_layer_bwd_w_f64(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_bwd_w<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
