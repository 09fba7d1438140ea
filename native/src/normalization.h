// Kernels of normalization, and of scale and shift, which follow it.
#pragma once

#include "rows.h"

namespace chainrule {
inline namespace INSTRUCTIONS {

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

}  // namespace INSTRUCTIONS
}  // namespace chainrule
