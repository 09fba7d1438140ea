// What the kernels are made of: arguments, elements one by one, sums over a row, rows from outside.
//
// Sums over a row run in the order of its lanes: the same for any number of threads.
#pragma once

#include "kernels.h"
#include "vector.h"

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
                 Part part, T* to, T factor, T offset, bool side_by_side) {
    const S* data = static_cast<const S*>(source.data);
    const size_t size = source.row;
    if (side_by_side) {  // few short rows, all of them
        for (size_t c = 0; c < size; ++c, to += part.last)
            for (size_t i = 0; i < part.last; ++i) {
                const size_t row = order ? size_t(order[first + i]) : first + i;
                to[i] = static_cast<T>(data[row * size + c]) * factor + offset;
            }
        return;
    }
    const size_t left = smaller(part.left, size), right = smaller(part.right, size);
    for (size_t i = part.first; i < part.last; ++i) {
        const size_t row = order ? size_t(order[first + i]) : first + i;
        if (order && first + i + ahead < count)
            for (size_t at = left * sizeof(S); at < right * sizeof(S); at += 64)
                __builtin_prefetch(
                    reinterpret_cast<const char*>(data + order[first + i + ahead] * size) + at);
        convert(data + row * size + left, to + i * size + left, right - left, factor, offset);
    }
}

template <class T>
void gather(const Source& source, const int64_t* order, size_t count, size_t ahead, size_t first,
            Part part, void* to, double factor, double offset, bool side_by_side) {
    auto from = [&]<class S>(S) {
        gather_from<T, S>(source, order, count, ahead, first, part, static_cast<T*>(to), T(factor),
                          T(offset), side_by_side);
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

}  // namespace INSTRUCTIONS
}  // namespace chainrule
