// Kernels of the rules that are more than element by element, one for each function of a rule.
//
// Sums over samples run from the first to the last, sums over a row in the order of its lanes: the
// same for any number of threads.
#pragma once

#include "gemm.h"
#include "kernels.h"

namespace chainrule {
inline namespace INSTRUCTIONS {

template <class T> inline const T* in(const Arguments& a, int place) {
    return static_cast<const T*>(a.arrays[place]);
}

template <class T> inline T* out(const Arguments& a, int place) {
    return static_cast<T*>(a.arrays[place]);
}

// ------------------------------------------------------------------ element by element

template <class T, class Step> inline void each(Part part, Step step) {
    constexpr size_t wide = width<T>;
    size_t i = part.first;
    for (; i + wide <= part.last; i += wide)
        step(i, [](const T* from) { return load(from); }, [](T* to, Vec<T> v) { store(to, v); });
    if (const size_t rest = part.last - i)
        step(
            i, [rest](const T* from) { return load_part(from, rest); },
            [rest](T* to, Vec<T> v) { store_part(to, v, rest); });
}

// ------------------------------------------------------------------ sums over a row

template <class T, class Term> inline T row_sum(size_t count, Term term) {
    constexpr size_t wide = width<T>;
    Vec<T> sum = {};
    size_t i = 0;
    for (; i + wide <= count; i += wide)
        sum += term(i, [](const T* from) { return load(from); });
    if (const size_t rest = count - i)
        sum += first_lanes<T>(
            term(i, [rest](const T* from) { return load_part(from, rest); }), rest);
    return sum_of_lanes<T>(sum);
}

template <class T> inline T row_maximum(const T* x, size_t count) {
    T largest = x[0];
    for (size_t i = 1; i < count; ++i) largest = x[i] > largest || x[i] != x[i] ? x[i] : largest;
    return largest;
}

// ------------------------------------------------------------------ rows from outside

template <class T, class S>
inline void convert(const S* from, T* to, size_t count, T factor, T offset) {
    for (size_t i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]) * factor + offset;
}

template <class T, class S>
void gather_from(const Source& source, const int64_t* order, size_t count, size_t ahead, size_t first,
                 Part part, T* to, T factor, T offset) {
    const S* data = static_cast<const S*>(source.data);
    const size_t size = source.row;
    for (size_t i = part.first; i < part.last; ++i) {
        const size_t row = order ? size_t(order[first + i]) : first + i;
        if (order && first + i + ahead < count)
            for (size_t at = 0; at < size * sizeof(S); at += 64)
                __builtin_prefetch(
                    reinterpret_cast<const char*>(data + order[first + i + ahead] * size) + at);
        convert(data + row * size, to + i * size, size, factor, offset);
    }
}

template <class T>
void gather(const Source& source, const int64_t* order, size_t count, size_t ahead, size_t first,
            Part part, void* to, double factor, double offset) {
    auto from = [&]<class S>(S) {
        gather_from<T, S>(source, order, count, ahead, first, part, static_cast<T*>(to), T(factor),
                          T(offset));
    };
    switch (source.type) {
        case 'B': return from(uint8_t{});
        case 'b': return from(int8_t{});
        case 'H': return from(uint16_t{});
        case 'h': return from(int16_t{});
        case 'I': return from(uint32_t{});
        case 'i': return from(int32_t{});
        case 'Q': return from(uint64_t{});
        case 'q': return from(int64_t{});
        case 'f': return from(float{});
        default: return from(double{});
    }
}

// ------------------------------------------------------------------ dense: sizes I, O

template <class T> void dense(const Arguments& a, Part part, const T* bias, T* z) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], right = smaller(part.right, outer);
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

// x W as a sum over blocks of inputs, a product for each: sizes I, O, block; shared by blocks. So the
// thread that updates some rows of the kernel is the only one that reads them.
template <class T> void dense_blocks(const Arguments& a, Part part) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], block = a.sizes[2];
    for (size_t b = part.first; b < part.last; ++b) {
        const size_t first = b * block, count = smaller(block, inner - first);
        const Rows<T> rows{in<T>(a, 1) + first * outer, outer, count, (inner - first) * outer};
        product<T>({in<T>(a, 0) + first, inner, 1}, rows, nullptr, out<T>(a, 2) + b * a.rows * outer,
                   outer, a.rows, outer, static_cast<T*>(a.scratch));
    }
}

// z = b + Σ blocks, from the first to the last; sizes I, O, block.
template <class T> void dense_sum(const Arguments& a, Part part) {
    const size_t outer = a.sizes[1], count = (a.sizes[0] + a.sizes[2] - 1) / a.sizes[2];
    for (size_t n = part.first; n < part.last; ++n)
        each<T>({0, outer}, [&](size_t o, auto get, auto put) {
            Vec<T> sum = get(in<T>(a, 1) + o);
            for (size_t b = 0; b < count; ++b)
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
template <class T> inline constexpr size_t narrow = smaller<size_t>(4, width<T>);

// The kernel's cotangent where it is narrow: inputs side by side in a vector instead of outputs.
template <class T> void narrow_wrt_kernel(const Arguments& a, Part part, size_t wide) {
    const size_t inner = a.sizes[0], outer = a.sizes[1];
    const T *x = in<T>(a, 0), *strip = in<T>(a, 1);
    T* kernel_bar = out<T>(a, 2);
    each<T>(part, [&](size_t i, auto get, auto) {
        Vec<T> sum[narrow<T>] = {};
        for (size_t n = 0; n < a.rows; ++n) {
            const Vec<T> row = get(x + n * inner + i);
            for (size_t o = 0; o < narrow<T>; ++o) sum[o] += row * strip[n * wide + o];
        }
        for (size_t o = 0; o < outer; ++o)
            for (size_t j = 0; j < smaller<size_t>(width<T>, part.last - i); ++j)
                kernel_bar[(i + j) * outer + o] = sum[o][j];
    });
}

// kernel_bar = xᵀ z_bar, arguments x and the strips of z_bar; shared by rows of the kernel.
template <class T> void dense_wrt_kernel(const Arguments& a, Part part) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], wide = strip_width<T>(outer);
    if (outer <= narrow<T>) return narrow_wrt_kernel<T>(a, part, wide);
    const T *x = in<T>(a, 0), *strips = in<T>(a, 1);
    T *kernel_bar = out<T>(a, 2), *tile = static_cast<T*>(a.scratch);
    constexpr size_t tall = tile_rows;
    for (size_t i = part.first; i < part.last; i += tall) {
        const size_t rows = smaller(tall, part.last - i);
        for (size_t k = 0; k < a.rows; ++k)
            for (size_t j = 0; j < tall; ++j) tile[k * tall + j] = j < rows ? x[k * inner + i + j] : T(0);
        for (size_t n = 0; n * wide < outer; ++n) {
            const T* strip = strips + n * a.rows * wide;
            T* to = kernel_bar + i * outer + n * wide;
            const size_t columns = outer - n * wide;
            if (wide == width<T>)
                packed_tile<T, tall, 1>(tile, strip, a.rows, to, outer, rows, columns);
            else
                packed_tile<T, tall, tile_vectors>(tile, strip, a.rows, to, outer, rows, columns);
        }
    }
}

// bias_bar = Σₙ z_bar, from its strips: sizes O; shared by columns.
template <class T> void dense_wrt_bias(const Arguments& a, Part part) {
    const size_t wide = strip_width<T>(a.sizes[0]);
    each<T>(part, [&](size_t o, auto, auto put) {
        const T* strip = in<T>(a, 0) + o / wide * a.rows * wide + o % wide;
        Vec<T> sum = {};
        for (size_t n = 0; n < a.rows; ++n) sum += load(strip + n * wide);
        put(out<T>(a, 1) + o, sum);
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

// ------------------------------------------------------------------ scale and shift: sizes C

template <class T> void scale_rows(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    for (size_t n = part.first; n < part.last; ++n)
        each<T>({0, size}, [&](size_t c, auto get, auto put) {
            put(out<T>(a, 2) + n * size + c,
                get(in<T>(a, 0) + n * size + c) * get(in<T>(a, 1) + c));
        });
}

template <class T> void shift_rows(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    for (size_t n = part.first; n < part.last; ++n)
        each<T>({0, size}, [&](size_t c, auto get, auto put) {
            put(out<T>(a, 2) + n * size + c,
                get(in<T>(a, 0) + n * size + c) + get(in<T>(a, 1) + c));
        });
}

// γ_bar = Σₙ y_bar x; arguments x, y_bar.
template <class T> void scale_wrt_gamma(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    each<T>(part, [&](size_t c, auto get, auto put) {
        Vec<T> sum = {};
        for (size_t n = 0; n < a.rows; ++n)
            sum += get(in<T>(a, 1) + n * size + c) * get(in<T>(a, 0) + n * size + c);
        put(out<T>(a, 2) + c, sum);
    });
}

// ------------------------------------------------------------------ softmax: sizes K

template <class T> inline void softmax_row(const T* z, T* p, size_t size, T top, T& total) {
    total = row_sum<T>(size, [&](size_t k, auto get) {
        const Vec<T> e = exponential<T>(get(z + k) - top);
        const size_t left = size - k;
        if (left >= width<T>)
            store(p + k, e);
        else
            store_part(p + k, e, left);
        return e;
    });
    each<T>({0, size}, [&](size_t k, auto get, auto put) { put(p + k, get(p + k) / total); });
}

template <class T> void softmax_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    for (size_t n = part.first; n < part.last; ++n) {
        const T* z = in<T>(a, 0) + n * size;
        T total;
        softmax_row(z, out<T>(a, 1) + n * size, size, row_maximum(z, size), total);
    }
}

// Arguments y, y_bar.
template <class T> void softmax_wrt_z(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    for (size_t n = part.first; n < part.last; ++n) {
        const T *y = in<T>(a, 0) + n * size, *y_bar = in<T>(a, 1) + n * size;
        const T inner = row_sum<T>(
            size, [&](size_t k, auto get) { return get(y_bar + k) * get(y + k); });
        each<T>({0, size}, [&](size_t k, auto get, auto put) {
            put(out<T>(a, 2) + n * size + k, get(y + k) * (get(y_bar + k) - inner));
        });
    }
}

// ------------------------------------------------------------------ losses of logits: sizes K

// Arguments z, labels; results losses, p.
template <class T> void softmax_sparse_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    for (size_t n = part.first; n < part.last; ++n) {
        const T* z = in<T>(a, 0) + n * size;
        const T top = row_maximum(z, size);
        T total;
        softmax_row(z, out<T>(a, 3) + n * size, size, top, total);
        const int64_t label = in<int64_t>(a, 1)[n];
        out<T>(a, 2)[n] = std::log(total) - (z[label] - top);
    }
}

// Arguments labels, p, losses_bar.
template <class T> void softmax_sparse_wrt_z(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    for (size_t n = part.first; n < part.last; ++n) {
        const T* p = in<T>(a, 1) + n * size;
        const T bar = in<T>(a, 2)[n];
        T* z_bar = out<T>(a, 3) + n * size;
        each<T>({0, size}, [&](size_t k, auto get, auto put) { put(z_bar + k, get(p + k) * bar); });
        const int64_t label = in<int64_t>(a, 0)[n];
        z_bar[label] = bar * (p[label] - T(1));
    }
}

// Arguments z, targets; results losses, p. Option: label smoothing s.
template <class T> void softmax_crossentropy_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T keep = T(1 - a.options[0]), share = T(a.options[0] / double(size));
    for (size_t n = part.first; n < part.last; ++n) {
        const T *z = in<T>(a, 0) + n * size, *t = in<T>(a, 1) + n * size;
        const T top = row_maximum(z, size);
        T total;
        softmax_row(z, out<T>(a, 3) + n * size, size, top, total);
        const T log_total = std::log(total);
        out<T>(a, 2)[n] = row_sum<T>(size, [&](size_t k, auto get) {
            return (get(t + k) * keep + share) * (log_total - (get(z + k) - top));
        });
    }
}

// Arguments targets, p, losses_bar.
template <class T> void softmax_crossentropy_wrt_z(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T keep = T(1 - a.options[0]), share = T(a.options[0] / double(size));
    for (size_t n = part.first; n < part.last; ++n) {
        const T *t = in<T>(a, 0) + n * size, *p = in<T>(a, 1) + n * size;
        const T bar = in<T>(a, 2)[n];
        const T mass =
            row_sum<T>(size, [&](size_t k, auto get) { return get(t + k) * keep + share; });
        each<T>({0, size}, [&](size_t k, auto get, auto put) {
            put(out<T>(a, 3) + n * size + k, bar * (get(p + k) * mass - (get(t + k) * keep + share)));
        });
    }
}

template <class T> inline Vec<T> logistic(Vec<T> z) {
    const Vec<T> e = exponential<T>(-absolute<T>(z));
    return select<T>(z >= 0, all<T>(1), e) / (T(1) + e);
}

// Arguments z, targets; results losses, p.
template <class T> void sigmoid_crossentropy_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T keep = T(1 - a.options[0]), half = T(0.5 * a.options[0]);
    for (size_t n = part.first; n < part.last; ++n) {
        const T *z = in<T>(a, 0) + n * size, *t = in<T>(a, 1) + n * size;
        T* p = out<T>(a, 3) + n * size;
        each<T>({0, size}, [&](size_t k, auto get, auto put) { put(p + k, logistic<T>(get(z + k))); });
        out<T>(a, 2)[n] = row_sum<T>(size, [&](size_t k, auto get) {
            const Vec<T> u = get(z + k), target = get(t + k) * keep + half;
            const Vec<T> h = maximum<T>(u, all<T>(0)) - u * target +
                             logarithm_plus_one<T>(exponential<T>(-absolute<T>(u)));
            return h / T(size);
        });
    }
}

// Arguments targets, p, losses_bar.
template <class T> void sigmoid_crossentropy_wrt_z(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T keep = T(1 - a.options[0]), half = T(0.5 * a.options[0]);
    for (size_t n = part.first; n < part.last; ++n) {
        const T *t = in<T>(a, 0) + n * size, *p = in<T>(a, 1) + n * size;
        const T bar = in<T>(a, 2)[n] / T(size);
        each<T>({0, size}, [&](size_t k, auto get, auto put) {
            put(out<T>(a, 3) + n * size + k, bar * (get(p + k) - (get(t + k) * keep + half)));
        });
    }
}

// ------------------------------------------------------------------ regression: sizes K

// losses = the mean over k of term(p − t); arguments targets, predictions. Rows of one element lie
// side by side like one row.
template <class T, class Term> inline void row_means(const Arguments& a, Part part, Term term) {
    const size_t size = a.sizes[0];
    const T *t = in<T>(a, 0), *p = in<T>(a, 1);
    T* losses = out<T>(a, 2);
    if (size == 1)
        return each<T>(part, [&](size_t n, auto get, auto put) {
            put(losses + n, term(get(p + n) - get(t + n)));
        });
    for (size_t n = part.first; n < part.last; ++n)
        losses[n] = row_sum<T>(size, [&](size_t k, auto get) {
            return term(get(p + n * size + k) - get(t + n * size + k));
        }) / T(size);
}

// p_bar = losses_bar / K · factor · slope(p − t); arguments targets, predictions, losses_bar.
template <class T, class Slope>
inline void row_means_wrt_p(const Arguments& a, Part part, T factor, Slope slope) {
    const size_t size = a.sizes[0];
    const T *t = in<T>(a, 0), *p = in<T>(a, 1), *bar = in<T>(a, 2);
    T* p_bar = out<T>(a, 3);
    if (size == 1)
        return each<T>(part, [&](size_t n, auto get, auto put) {
            put(p_bar + n, get(bar + n) * factor * slope(get(p + n) - get(t + n)));
        });
    for (size_t n = part.first; n < part.last; ++n) {
        const T share = bar[n] / T(size) * factor;
        each<T>({n * size, (n + 1) * size}, [&](size_t i, auto get, auto put) {
            put(p_bar + i, share * slope(get(p + i) - get(t + i)));
        });
    }
}

template <class T> void squared_error_forward(const Arguments& a, Part part) {
    row_means<T>(a, part, [](Vec<T> gap) { return gap * gap; });
}

template <class T> void squared_error_wrt_p(const Arguments& a, Part part) {
    row_means_wrt_p<T>(a, part, T(2), [](Vec<T> gap) { return gap; });
}

template <class T> void absolute_error_forward(const Arguments& a, Part part) {
    row_means<T>(a, part, [](Vec<T> gap) { return absolute<T>(gap); });
}

template <class T> void absolute_error_wrt_p(const Arguments& a, Part part) {
    row_means_wrt_p<T>(a, part, T(1), [](Vec<T> gap) { return sign<T>(gap); });
}

// ------------------------------------------------------------------ the reduction

// Arguments losses, weight, divisor; alone.
template <class T> void weighted_mean_forward(const Arguments& a, Part) {
    const T *losses = in<T>(a, 0), *weight = in<T>(a, 1);
    const T sum = row_sum<T>(
        a.rows, [&](size_t n, auto get) { return get(losses + n) * get(weight + n); });
    out<T>(a, 3)[0] = sum / in<T>(a, 2)[0];
}

// Arguments weight, divisor, y_bar; shared by elements.
template <class T> void weighted_mean_wrt_losses(const Arguments& a, Part part) {
    const T divisor = in<T>(a, 1)[0], bar = in<T>(a, 2)[0];
    each<T>(part, [&](size_t n, auto get, auto put) {
        put(out<T>(a, 3) + n, bar * get(in<T>(a, 0) + n) / divisor);
    });
}

// ------------------------------------------------------------------ normalization: sizes C

// Argument x; results y, mean, variance; shared by columns.
template <class T> void batch_standardize_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T count = T(larger<size_t>(a.rows, 1)), epsilon = T(a.options[0]);
    each<T>(part, [&](size_t c, auto get, auto put) {
        const T* x = in<T>(a, 0) + c;
        Vec<T> mean = {}, variance = {};
        for (size_t n = 0; n < a.rows; ++n) mean += get(x + n * size);
        mean = mean / count;
        for (size_t n = 0; n < a.rows; ++n) {
            const Vec<T> gap = get(x + n * size) - mean;
            variance += gap * gap;
        }
        variance = variance / count;
        const Vec<T> root = square_root<T>(variance + epsilon);
        for (size_t n = 0; n < a.rows; ++n)
            put(out<T>(a, 1) + n * size + c, (get(x + n * size) - mean) / root);
        put(out<T>(a, 2) + c, mean);
        put(out<T>(a, 3) + c, variance);
    });
}

// Arguments y, variance, y_bar; shared by columns.
template <class T> void batch_standardize_wrt_x(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T count = T(larger<size_t>(a.rows, 1)), epsilon = T(a.options[0]);
    each<T>(part, [&](size_t c, auto get, auto put) {
        const T *y = in<T>(a, 0) + c, *y_bar = in<T>(a, 2) + c;
        Vec<T> level = {}, slope = {};
        for (size_t n = 0; n < a.rows; ++n) {
            level += get(y_bar + n * size);
            slope += get(y_bar + n * size) * get(y + n * size);
        }
        level = level / count, slope = slope / count;
        const Vec<T> root = square_root<T>(get(in<T>(a, 1) + c) + epsilon);
        for (size_t n = 0; n < a.rows; ++n)
            put(out<T>(a, 3) + n * size + c,
                (get(y_bar + n * size) - level - get(y + n * size) * slope) / root);
    });
}

// Arguments x, mean, variance; shared by rows.
template <class T> void standardize_by_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T epsilon = T(a.options[0]);
    for (size_t n = part.first; n < part.last; ++n)
        each<T>({0, size}, [&](size_t c, auto get, auto put) {
            const Vec<T> root = square_root<T>(get(in<T>(a, 2) + c) + epsilon);
            put(out<T>(a, 3) + n * size + c,
                (get(in<T>(a, 0) + n * size + c) - get(in<T>(a, 1) + c)) / root);
        });
}

// Arguments variance, y_bar; shared by rows.
template <class T> void standardize_by_wrt_x(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T epsilon = T(a.options[0]);
    for (size_t n = part.first; n < part.last; ++n)
        each<T>({0, size}, [&](size_t c, auto get, auto put) {
            const Vec<T> root = square_root<T>(get(in<T>(a, 0) + c) + epsilon);
            put(out<T>(a, 2) + n * size + c, get(in<T>(a, 1) + n * size + c) / root);
        });
}

template <class T> void layer_standardize_forward(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T epsilon = T(a.options[0]);
    for (size_t n = part.first; n < part.last; ++n) {
        const T* x = in<T>(a, 0) + n * size;
        const T mean = row_sum<T>(size, [&](size_t c, auto get) { return get(x + c); }) / T(size);
        const T variance = row_sum<T>(size, [&](size_t c, auto get) {
                               const Vec<T> gap = get(x + c) - mean;
                               return gap * gap;
                           }) / T(size);
        const T root = std::sqrt(variance + epsilon);
        each<T>({0, size}, [&](size_t c, auto get, auto put) {
            put(out<T>(a, 1) + n * size + c, (get(x + c) - mean) / root);
        });
    }
}

// Arguments x, y, y_bar.
template <class T> void layer_standardize_wrt_x(const Arguments& a, Part part) {
    const size_t size = a.sizes[0];
    const T epsilon = T(a.options[0]);
    for (size_t n = part.first; n < part.last; ++n) {
        const T *x = in<T>(a, 0) + n * size, *y = in<T>(a, 1) + n * size;
        const T* y_bar = in<T>(a, 2) + n * size;
        const T mean = row_sum<T>(size, [&](size_t c, auto get) { return get(x + c); }) / T(size);
        const T variance = row_sum<T>(size, [&](size_t c, auto get) {
                               const Vec<T> gap = get(x + c) - mean;
                               return gap * gap;
                           }) / T(size);
        const T level =
            row_sum<T>(size, [&](size_t c, auto get) { return get(y_bar + c); }) / T(size);
        const T slope = row_sum<T>(size, [&](size_t c, auto get) {
                            return get(y_bar + c) * get(y + c);
                        }) / T(size);
        const T root = std::sqrt(variance + epsilon);
        each<T>({0, size}, [&](size_t c, auto get, auto put) {
            put(out<T>(a, 3) + n * size + c,
                (get(y_bar + c) - level - get(y + c) * slope) / root);
        });
    }
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

// ------------------------------------------------------------------ penalties and norms

// Argument w; sizes: its elements; alone.
template <class T> void l2_penalty_forward(const Arguments& a, Part) {
    const T* w = in<T>(a, 0);
    out<T>(a, 1)[0] = T(a.options[0]) * row_sum<T>(a.sizes[0], [&](size_t i, auto get) {
                          return get(w + i) * get(w + i);
                      });
}

// Arguments w, y_bar.
template <class T> void l2_penalty_wrt_w(const Arguments& a, Part part) {
    const T factor = in<T>(a, 1)[0] * T(2 * a.options[0]);
    each<T>(part, [&](size_t i, auto get, auto put) {
        put(out<T>(a, 2) + i, factor * get(in<T>(a, 0) + i));
    });
}

// grad; sizes: its elements; option: the largest norm; alone.
template <class T> void clip_norm(const Arguments& a, Part) {
    const T* grad = in<T>(a, 0);
    const T largest = T(a.options[0]);
    const T norm = std::sqrt(row_sum<T>(
        a.sizes[0], [&](size_t i, auto get) { return get(grad + i) * get(grad + i); }));
    const T below = larger(norm, largest);
    each<T>({0, a.sizes[0]}, [&](size_t i, auto get, auto put) {
        put(out<T>(a, 1) + i, get(grad + i) * largest / below);
    });
}

}  // namespace INSTRUCTIONS
}  // namespace chainrule
