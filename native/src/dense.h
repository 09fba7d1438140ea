// Kernels of dense layers, and of embedding. Sums over samples, and over those of a part, run from the
// first to the last.
#pragma once

#include "gemm.h"
#include "rows.h"

namespace chainrule {
inline namespace INSTRUCTIONS {

// ------------------------------------------------------------------ dense: sizes I, O

// One unit: inputs side by side in a vector, since units would leave most of its lanes idle.
template <class T> void unit(const Arguments& a, Part part, const T* bias, T* z) {
    const size_t inner = a.sizes[0];
    const T *x = in<T>(a, 0), *kernel = in<T>(a, 1);
    for (size_t n = part.first; n < part.last; ++n)
        z[n] = row_sum<T>(inner, [&](size_t i, auto get) {
            return get(x + n * inner + i) * get(kernel + i);
        }) + (bias ? *bias : T(0));
}

template <class T> void dense(const Arguments& a, Part part, const T* bias, T* z) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], right = smaller(part.right, outer);
    if (outer == 1 && inner > width<T>) return unit<T>(a, part, bias, z);
    const T *x = in<T>(a, 0) + part.first * inner, *kernel = in<T>(a, 1);
    const Rows<T> rows{kernel + part.left, outer, inner, inner * outer - part.left};
    product<T>({x, inner, 1}, rows, bias ? bias + part.left : nullptr,
               z + part.first * outer + part.left, outer, part.last - part.first,
               right - part.left, static_cast<T*>(a.scratch));
}

template <class T> void dense_forward(const Arguments& a, Part part) {
    dense<T>(a, part, in<T>(a, 2), out<T>(a, 3));
}

template <class T> void matmul_forward(const Arguments& a, Part part) {
    dense<T>(a, part, nullptr, out<T>(a, 2));
}

// Where block `b` of a kernel's rows begins, of equal blocks of whole tiles: as threads share them.
inline size_t block_start(size_t inner, size_t b, size_t blocks) {
    constexpr size_t grain = 8;  // TILE_ROWS in sharing.py
    return smaller(inner, (inner + grain - 1) / grain * b / blocks * grain);
}

// x W as a sum over blocks of inputs, a product for each: sizes I, O, blocks; shared by inputs. So the
// thread that updates some rows of the kernel is the only one that reads them.
template <class T> void dense_blocks(const Arguments& a, Part part) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], blocks = a.sizes[2];
    for (size_t b = 0; b < blocks; ++b) {
        const size_t first = block_start(inner, b, blocks);
        if (first < part.first || first >= part.last) continue;
        const size_t count = block_start(inner, b + 1, blocks) - first;
        const Rows<T> rows{in<T>(a, 1) + first * outer, outer, count, (inner - first) * outer};
        product<T>({in<T>(a, 0) + first, inner, 1}, rows, nullptr, out<T>(a, 2) + b * a.rows * outer,
                   outer, a.rows, outer, static_cast<T*>(a.scratch));
    }
}

// z = b + Σ blocks, from the first to the last; sizes I, O, blocks.
template <class T> void dense_sum(const Arguments& a, Part part) {
    const size_t outer = a.sizes[1], blocks = a.sizes[2];
    for (size_t n = part.first; n < part.last; ++n)
        each<T>({0, outer}, [&](size_t o, auto get, auto put) {
            Vec<T> sum = get(in<T>(a, 1) + o);
            for (size_t b = 0; b < blocks; ++b)
                sum += get(in<T>(a, 0) + (b * a.rows + n) * outer + o);
            put(out<T>(a, 2) + n * outer + o, sum);
        });
}

// x_bar = z_bar Wᵀ, a panel of inputs at a time.
template <class T> void dense_wrt_x(const Arguments& a, Part part) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], right = smaller(part.right, inner);
    const T *kernel = in<T>(a, 0), *z_bar = in<T>(a, 1) + part.first * outer;
    T *x_bar = out<T>(a, 2) + part.first * inner, *panel = static_cast<T*>(a.scratch);
    constexpr size_t wide = tile_columns<T>;
    for (size_t k = part.left; k < right; k += wide) {
        const size_t count = smaller(wide, right - k);
        transposed(kernel + k * outer, outer, count, outer, panel, wide);
        product<T>({z_bar, outer, 1}, {panel, wide, outer, outer * wide}, nullptr, x_bar + k, inner,
                   part.last - part.first, count, nullptr);
    }
}

// z_bar in strips, for the kernel's cotangent; sizes O; shared by rows.
template <class T> void dense_pack(const Arguments& a, Part part) {
    const size_t outer = a.sizes[0], wide = strip_width<T>(outer);
    for (size_t n = 0; n * wide < outer; ++n)
        pack_strip(in<T>(a, 0) + part.first * outer + n * wide, outer, part.last - part.first,
                   outer - n * wide, wide, out<T>(a, 1) + (n * a.rows + part.first) * wide);
}

// Columns of a kernel: so few leave most lanes of its rows idle.
template <class T> inline constexpr size_t few = smaller<size_t>(4, width<T>);

// The kernel's cotangent where it is narrow: inputs side by side in a vector instead of outputs.
template <class T>
void few_wrt_kernel(const Arguments& a, Part samples, Part part, size_t wide, T* kernel_bar) {
    const size_t inner = a.sizes[0], outer = a.sizes[1];
    const T *x = in<T>(a, 0), *strip = in<T>(a, 1);
    each<T>(part, [&](size_t i, auto get, auto) {
        Vec<T> sum[few<T>] = {};
        for (size_t n = samples.first; n < samples.last; ++n) {
            const Vec<T> row = get(x + n * inner + i);
            for (size_t o = 0; o < few<T>; ++o) sum[o] += row * strip[n * wide + o];
        }
        for (size_t o = 0; o < outer; ++o)
            for (size_t j = 0; j < smaller<size_t>(width<T>, part.last - i); ++j)
                kernel_bar[(i + j) * outer + o] = sum[o][j];
    });
}

// Rows `part` of xᵀ z_bar, over some of the samples; arguments x and the strips of z_bar.
template <class T>
void rows_wrt_kernel(const Arguments& a, Part samples, Part part, T* kernel_bar) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], wide = strip_width<T>(outer);
    if (outer <= few<T>) return few_wrt_kernel<T>(a, samples, part, wide, kernel_bar);
    const size_t depth = samples.last - samples.first;
    const T *x = in<T>(a, 0) + samples.first * inner, *strips = in<T>(a, 1) + samples.first * wide;
    T* tile = static_cast<T*>(a.scratch);
    constexpr size_t tall = tile_rows;
    for (size_t i = part.first; i < part.last; i += tall) {
        const size_t rows = smaller(tall, part.last - i);
        for (size_t k = 0; k < depth; ++k)
            if (rows == tall)  // a few instructions, for a length that is known
                std::memcpy(tile + k * tall, x + k * inner + i, tall * sizeof(T));
            else
                for (size_t j = 0; j < tall; ++j) tile[k * tall + j] = j < rows ? x[k * inner + i + j] : T(0);
        for (size_t n = 0; n * wide < outer; ++n) {
            const T* strip = strips + n * a.rows * wide;
            T* to = kernel_bar + i * outer + n * wide;
            const size_t columns = outer - n * wide;
            if (wide == width<T>)
                packed_tile<T, tall, 1>(tile, strip, depth, to, outer, rows, columns);
            else
                packed_tile<T, tall, tile_vectors>(tile, strip, depth, to, outer, rows, columns);
        }
    }
}

// kernel_bar = xᵀ z_bar: sizes I, O; shared by rows of the kernel.
template <class T> void dense_wrt_kernel(const Arguments& a, Part part) {
    rows_wrt_kernel<T>(a, {0, a.rows}, part, out<T>(a, 2));
}

// The same for each few samples: sizes I, O, samples at once; shared by samples. So who computed
// activations is the only one that reads them.
template <class T> void dense_kernel_parts(const Arguments& a, Part part) {
    const size_t inner = a.sizes[0], size = inner * a.sizes[1], some = a.sizes[2];
    for (size_t n = part.first; n < part.last; n += some)
        rows_wrt_kernel<T>(a, {n, smaller(n + some, part.last)}, {0, inner},
                           out<T>(a, 2) + n / some * size);
}

// Σₙ z_bar over some of the samples, from its strips.
template <class T> void columns_wrt_bias(const Arguments& a, Part samples, Part part, T* bias_bar) {
    const size_t wide = strip_width<T>(a.sizes[0]);
    each<T>(part, [&](size_t o, auto, auto put) {
        const T* strip = in<T>(a, 0) + o / wide * a.rows * wide + o % wide;
        Vec<T> sum = {};
        for (size_t n = samples.first; n < samples.last; ++n) sum += load(strip + n * wide);
        put(bias_bar + o, sum);
    });
}

// bias_bar = Σₙ z_bar: sizes O; shared by columns.
template <class T> void dense_wrt_bias(const Arguments& a, Part part) {
    columns_wrt_bias<T>(a, {0, a.rows}, part, out<T>(a, 1));
}

// The same for each few samples: sizes O, samples at once; shared by samples.
template <class T> void dense_bias_parts(const Arguments& a, Part part) {
    const size_t outer = a.sizes[0], some = a.sizes[1];
    for (size_t n = part.first; n < part.last; n += some)
        columns_wrt_bias<T>(a, {n, smaller(n + some, part.last)}, {0, outer},
                            out<T>(a, 1) + n / some * outer);
}

// What few samples gave, added up from the first to the last: sizes P, samples at once.
template <class T> void add_parts(const Arguments& a, Part part) {
    const size_t size = a.sizes[0], count = (a.rows + a.sizes[1] - 1) / a.sizes[1];
    each<T>(part, [&](size_t i, auto get, auto put) {
        Vec<T> sum = get(in<T>(a, 0) + i);
        for (size_t b = 1; b < count; ++b) sum += get(in<T>(a, 0) + b * size + i);
        put(out<T>(a, 1) + i, sum);
    });
}

// β_bar = Σₙ y_bar: sizes C; shared by columns.
template <class T> void column_sums(const Arguments& a, Part part) {
    const size_t outer = a.sizes[0];
    const T* z_bar = in<T>(a, 0);
    T* bias_bar = out<T>(a, 1);
    each<T>(part, [&](size_t o, auto get, auto put) {
        Vec<T> sum = {};
        for (size_t n = 0; n < a.rows; ++n) sum += get(z_bar + n * outer + o);
        put(bias_bar + o, sum);
    });
}

// ------------------------------------------------------------------ embedding: sizes V, O

// Arguments labels, table; shared by rows.
template <class T> void embedding_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[1];
    for (size_t n = part.first; n < part.last; ++n)
        std::memcpy(out<T>(a, 2) + n * size, in<T>(a, 1) + in<int64_t>(a, 0)[n] * size,
                    size * sizeof(T));
}

// Arguments labels, y_bar; shared by columns of the table.
template <class T> void embedding_wrt_table(const Arguments& a, Part part) {
    const size_t numbers = a.sizes[0], size = a.sizes[1], columns = part.last - part.first;
    T* table_bar = out<T>(a, 2) + part.first;
    for (size_t v = 0; v < numbers; ++v)
        for (size_t c = 0; c < columns; ++c) table_bar[v * size + c] = 0;
    for (size_t n = 0; n < a.rows; ++n) {
        const T* y_bar = in<T>(a, 1) + n * size + part.first;
        T* row = table_bar + in<int64_t>(a, 0)[n] * size;
        for (size_t c = 0; c < columns; ++c) row[c] += y_bar[c];
    }
}

}  // namespace INSTRUCTIONS
}  // namespace chainrule
