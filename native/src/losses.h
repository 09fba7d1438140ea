// Kernels of softmax, of the losses and of their reduction, and of penalties.
#pragma once

#include "rows.h"

namespace chainrule {
inline namespace INSTRUCTIONS {

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

// ------------------------------------------------------------------ penalties and norms

// Σ term(w); argument w; sizes: its elements; alone.
template <class T, class Term> inline void penalty(const Arguments& a, Term term) {
    const T* w = in<T>(a, 0);
    out<T>(a, 1)[0] = row_sum<T>(a.sizes[0], [&](size_t i, auto get) { return term(get(w + i)); });
}

// y_bar · slope(w); arguments w, y_bar.
template <class T, class Slope> inline void penalty_wrt_w(const Arguments& a, Part part, Slope slope) {
    const T bar = in<T>(a, 1)[0];
    each<T>(part, [&](size_t i, auto get, auto put) {
        put(out<T>(a, 2) + i, bar * slope(get(in<T>(a, 0) + i)));
    });
}

template <class T> void l1_penalty_forward(const Arguments& a, Part) {
    const T l1 = T(a.options[0]);
    penalty<T>(a, [l1](Vec<T> w) { return l1 * absolute<T>(w); });
}

template <class T> void l1_penalty_wrt_w(const Arguments& a, Part part) {
    const T l1 = T(a.options[0]);
    penalty_wrt_w<T>(a, part, [l1](Vec<T> w) { return l1 * sign<T>(w); });
}

template <class T> void l2_penalty_forward(const Arguments& a, Part) {
    const T l2 = T(a.options[0]);
    penalty<T>(a, [l2](Vec<T> w) { return l2 * w * w; });
}

template <class T> void l2_penalty_wrt_w(const Arguments& a, Part part) {
    const T l2 = T(a.options[0]);
    penalty_wrt_w<T>(a, part, [l2](Vec<T> w) { return T(2) * l2 * w; });
}

template <class T> void l1_l2_penalty_forward(const Arguments& a, Part) {
    const T l1 = T(a.options[0]), l2 = T(a.options[1]);
    penalty<T>(a, [=](Vec<T> w) { return l1 * absolute<T>(w) + l2 * w * w; });
}

template <class T> void l1_l2_penalty_wrt_w(const Arguments& a, Part part) {
    const T l1 = T(a.options[0]), l2 = T(a.options[1]);
    penalty_wrt_w<T>(a, part, [=](Vec<T> w) { return l1 * sign<T>(w) + T(2) * l2 * w; });
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
