// Dense layers of few units in a network of nothing wider: samples lie side by side in a vector, unit
// after unit, since units would leave most of its lanes idle. Element (n, c) is at c * rows + n.
#pragma once

#include "rows.h"

namespace chainrule {
inline namespace INSTRUCTIONS {

// ------------------------------------------------------------------ dense: sizes I, O

// z = x W + b, summed from the first input to the last.
template <class T> void narrow(const Arguments& a, const T* bias, T* z) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], rows = a.rows;
    const T *x = in<T>(a, 0), *kernel = in<T>(a, 1);
    each<T>({0, rows}, [&](size_t n, auto get, auto put) {
        for (size_t o = 0; o < outer; ++o) {
            Vec<T> sum = all<T>(bias ? bias[o] : T(0));
            for (size_t i = 0; i < inner; ++i) sum += get(x + i * rows + n) * kernel[i * outer + o];
            put(z + o * rows + n, sum);
        }
    });
}

template <class T> void narrow_dense(const Arguments& a, Part) {
    narrow<T>(a, in<T>(a, 2), out<T>(a, 3));
}

template <class T> void narrow_matmul(const Arguments& a, Part) {
    narrow<T>(a, nullptr, out<T>(a, 2));
}

// x_bar = z_bar Wᵀ.
template <class T> void narrow_wrt_x(const Arguments& a, Part) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], rows = a.rows;
    const T *kernel = in<T>(a, 0), *z_bar = in<T>(a, 1);
    each<T>({0, rows}, [&](size_t n, auto get, auto put) {
        for (size_t i = 0; i < inner; ++i) {
            Vec<T> sum = {};
            for (size_t o = 0; o < outer; ++o) sum += get(z_bar + o * rows + n) * kernel[i * outer + o];
            put(out<T>(a, 2) + i * rows + n, sum);
        }
    });
}

// kernel_bar = xᵀ z_bar.
template <class T> void narrow_wrt_kernel(const Arguments& a, Part) {
    const size_t inner = a.sizes[0], outer = a.sizes[1], rows = a.rows;
    const T *x = in<T>(a, 0), *z_bar = in<T>(a, 1);
    for (size_t i = 0; i < inner; ++i)
        for (size_t o = 0; o < outer; ++o)
            out<T>(a, 2)[i * outer + o] = row_sum<T>(rows, [&](size_t n, auto get) {
                return get(x + i * rows + n) * get(z_bar + o * rows + n);
            });
}

// bias_bar = Σₙ z_bar: sizes O.
template <class T> void narrow_wrt_bias(const Arguments& a, Part) {
    const size_t outer = a.sizes[0], rows = a.rows;
    const T* z_bar = in<T>(a, 0);
    for (size_t o = 0; o < outer; ++o)
        out<T>(a, 1)[o] = row_sum<T>(rows, [&](size_t n, auto get) { return get(z_bar + o * rows + n); });
}

}  // namespace INSTRUCTIONS
}  // namespace chainrule
