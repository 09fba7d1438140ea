// The kernels for one instruction set: this file is compiled once for each, with INSTRUCTIONS and
// VECTOR_BYTES set.
#include "dense.h"
#include "losses.h"
#include "narrow.h"
#include "normalization.h"

namespace chainrule {
inline namespace INSTRUCTIONS {
namespace {

#include "pointwise.h"

#define BOTH(kernel) kernel<float>, kernel<double>

constexpr Entry structured[] = {
    {"dense", "y", Sharing::product, "x kernel bias", "", BOTH(dense_forward)},
    {"dense", "x", Sharing::product, "kernel z_bar", "", BOTH(dense_wrt_x)},
    {"dense", "kernel", Sharing::rows, "x strips", "", BOTH(dense_wrt_kernel)},
    {"dense", "strips", Sharing::rows, "z_bar", "", BOTH(dense_pack)},
    {"dense", "blocks", Sharing::columns, "x kernel", "", BOTH(dense_blocks)},
    {"dense", "sum", Sharing::rows, "blocks bias", "", BOTH(dense_sum)},
    {"dense", "bias", Sharing::columns, "strips", "", BOTH(dense_wrt_bias)},
    {"dense", "kernel parts", Sharing::rows, "x strips", "", BOTH(dense_kernel_parts)},
    {"dense", "bias parts", Sharing::rows, "strips", "", BOTH(dense_bias_parts)},
    {"dense", "sum of parts", Sharing::elements, "parts", "", BOTH(add_parts)},
    {"dense", "narrow y", Sharing::alone, "x kernel bias", "", BOTH(narrow_dense)},
    {"dense", "narrow x", Sharing::alone, "kernel z_bar", "", BOTH(narrow_wrt_x)},
    {"dense", "narrow kernel", Sharing::alone, "x z_bar", "", BOTH(narrow_wrt_kernel)},
    {"dense", "narrow bias", Sharing::alone, "z_bar", "", BOTH(narrow_wrt_bias)},
    {"matmul", "y", Sharing::product, "x kernel", "", BOTH(matmul_forward)},
    {"matmul", "x", Sharing::product, "kernel z_bar", "", BOTH(dense_wrt_x)},
    {"matmul", "kernel", Sharing::rows, "x strips", "", BOTH(dense_wrt_kernel)},
    {"matmul", "strips", Sharing::rows, "z_bar", "", BOTH(dense_pack)},
    {"matmul", "kernel parts", Sharing::rows, "x strips", "", BOTH(dense_kernel_parts)},
    {"matmul", "sum of parts", Sharing::elements, "parts", "", BOTH(add_parts)},
    {"matmul", "narrow y", Sharing::alone, "x kernel", "", BOTH(narrow_matmul)},
    {"matmul", "narrow x", Sharing::alone, "kernel z_bar", "", BOTH(narrow_wrt_x)},
    {"matmul", "narrow kernel", Sharing::alone, "x z_bar", "", BOTH(narrow_wrt_kernel)},
    {"scale", "y", Sharing::rows, "x gamma", "", BOTH(scale_rows)},
    {"scale", "x", Sharing::rows, "y_bar gamma", "", BOTH(scale_rows)},
    {"scale", "gamma", Sharing::columns, "x y_bar", "", BOTH(scale_wrt_gamma)},
    {"shift", "y", Sharing::rows, "x beta", "", BOTH(shift_rows)},
    {"shift", "beta", Sharing::columns, "y_bar", "", BOTH(column_sums)},
    {"softmax", "y", Sharing::rows, "z", "axis", BOTH(softmax_forward)},
    {"softmax", "z", Sharing::rows, "y y_bar", "axis", BOTH(softmax_wrt_z)},
    {"softmax_sparse_crossentropy", "y", Sharing::rows, "z y_true", "",
     BOTH(softmax_sparse_forward)},
    {"softmax_sparse_crossentropy", "z", Sharing::rows, "y_true p losses_bar", "",
     BOTH(softmax_sparse_wrt_z)},
    {"softmax_crossentropy", "y", Sharing::rows, "z y_true", "", BOTH(softmax_crossentropy_forward)},
    {"softmax_crossentropy", "z", Sharing::rows, "y_true p losses_bar", "",
     BOTH(softmax_crossentropy_wrt_z)},
    {"sigmoid_binary_crossentropy", "y", Sharing::rows, "z y_true", "",
     BOTH(sigmoid_crossentropy_forward)},
    {"sigmoid_binary_crossentropy", "z", Sharing::rows, "y_true p losses_bar", "",
     BOTH(sigmoid_crossentropy_wrt_z)},
    {"mean_squared_error", "y", Sharing::rows, "y_true y_pred", "", BOTH(squared_error_forward)},
    {"mean_squared_error", "y_pred", Sharing::rows, "y_true y_pred losses_bar", "",
     BOTH(squared_error_wrt_p)},
    {"mean_absolute_error", "y", Sharing::rows, "y_true y_pred", "", BOTH(absolute_error_forward)},
    {"mean_absolute_error", "y_pred", Sharing::rows, "y_true y_pred losses_bar", "",
     BOTH(absolute_error_wrt_p)},
    {"weighted_mean", "y", Sharing::alone, "losses weight divisor", "", BOTH(weighted_mean_forward)},
    {"weighted_mean", "losses", Sharing::elements, "weight divisor y_bar", "",
     BOTH(weighted_mean_wrt_losses)},
    {"batch_standardize", "y", Sharing::columns, "x", "", BOTH(batch_standardize_forward)},
    {"batch_standardize", "x", Sharing::columns, "y variance y_bar", "",
     BOTH(batch_standardize_wrt_x)},
    {"standardize_by", "y", Sharing::rows, "x mean variance", "", BOTH(standardize_by_forward)},
    {"standardize_by", "x", Sharing::rows, "variance y_bar", "", BOTH(standardize_by_wrt_x)},
    {"layer_standardize", "y", Sharing::rows, "x", "", BOTH(layer_standardize_forward)},
    {"layer_standardize", "x", Sharing::rows, "x y y_bar", "", BOTH(layer_standardize_wrt_x)},
    {"embedding", "y", Sharing::rows, "x table", "", BOTH(embedding_forward)},
    {"embedding", "table", Sharing::columns, "x y_bar", "", BOTH(embedding_wrt_table)},
    {"l1_penalty", "y", Sharing::alone, "w", "", BOTH(l1_penalty_forward)},
    {"l1_penalty", "w", Sharing::elements, "w y_bar", "", BOTH(l1_penalty_wrt_w)},
    {"l1_l2_penalty", "y", Sharing::alone, "w", "", BOTH(l1_l2_penalty_forward)},
    {"l1_l2_penalty", "w", Sharing::elements, "w y_bar", "", BOTH(l1_l2_penalty_wrt_w)},
    {"l2_penalty", "y", Sharing::alone, "w", "", BOTH(l2_penalty_forward)},
    {"l2_penalty", "w", Sharing::elements, "w y_bar", "", BOTH(l2_penalty_wrt_w)},
    {"clip_norm", "y", Sharing::alone, "grad", "", BOTH(clip_norm)},
};

template <size_t N, size_t M>
struct Joined {
    Entry entries[N + M];
    constexpr Joined(const Entry (&a)[N], const Entry (&b)[M]) : entries{} {
        for (size_t i = 0; i < N; ++i) entries[i] = a[i];
        for (size_t i = 0; i < M; ++i) entries[N + i] = b[i];
    }
};

constexpr Joined all_kernels{structured, pointwise};

}  // namespace
}  // namespace INSTRUCTIONS

#define NAME_OF(instructions) kernels_##instructions
#define NAME(instructions) NAME_OF(instructions)
#define TEXT_OF(instructions) #instructions
#define TEXT(instructions) TEXT_OF(instructions)

Table NAME(INSTRUCTIONS)() {
    return {TEXT(INSTRUCTIONS), all_kernels.entries, std::size(all_kernels.entries),
            gather<float>,      gather<double>,      gather<int64_t>};
}

}  // namespace chainrule
