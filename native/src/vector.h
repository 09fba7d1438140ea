// Vectors of floats or doubles, as wide as the file is compiled for, and their mathematics.
//
// Every kernel is written once over these types and compiled once per instruction set; the
// compiler's vector extensions make the instructions.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

#ifndef VECTOR_BYTES
#define VECTOR_BYTES 16
#endif
#ifndef INSTRUCTIONS
#define INSTRUCTIONS baseline
#endif
#if VECTOR_BYTES == 64
#include <immintrin.h>
#endif

namespace chainrule {
inline namespace INSTRUCTIONS {

// Everything here is compiled once per instruction set, and must not be taken for another's: hence
// the namespace of its own, and no templates of the standard library that a linker could share.
template <class T> inline constexpr T smaller(T a, T b) { return b < a ? b : a; }
template <class T> inline constexpr T larger(T a, T b) { return a < b ? b : a; }

template <class T> struct Lanes;

template <> struct Lanes<float> {
    using Integer = int32_t;
    typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));
    typedef int32_t Mask __attribute__((vector_size(VECTOR_BYTES)));
};

template <> struct Lanes<double> {
    using Integer = int64_t;
    typedef double Vector __attribute__((vector_size(VECTOR_BYTES)));
    typedef int64_t Mask __attribute__((vector_size(VECTOR_BYTES)));
};

template <class T> using Vec = typename Lanes<T>::Vector;
template <class T> using Mask = typename Lanes<T>::Mask;
template <class T> inline constexpr int width = VECTOR_BYTES / sizeof(T);

template <class T> inline Vec<T> load(const T* from) {
    Vec<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

template <class T> inline void store(T* to, Vec<T> v) { std::memcpy(to, &v, sizeof v); }

// The first `count` elements; the others are 0.
template <class T> inline Vec<T> load_part(const T* from, size_t count) {
#if VECTOR_BYTES == 64
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), from);
    else
        return (Vec<T>)_mm512_maskz_loadu_pd(__mmask8((1u << count) - 1), from);
#else
    T lanes[width<T>] = {};
    for (size_t i = 0; i < count; ++i) lanes[i] = from[i];
    return load(lanes);
#endif
}

template <class T> inline void store_part(T* to, Vec<T> v, size_t count) {
#if VECTOR_BYTES == 64
    if constexpr (sizeof(T) == 4)
        _mm512_mask_storeu_ps(to, __mmask16((1u << count) - 1), (__m512)v);
    else
        _mm512_mask_storeu_pd(to, __mmask8((1u << count) - 1), (__m512d)v);
#else
    for (size_t i = 0; i < count; ++i) to[i] = v[i];
#endif
}

// The first `count` lanes; the others are 0.
template <class T> inline Vec<T> first_lanes(Vec<T> v, size_t count) {
#if VECTOR_BYTES == 64
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_maskz_mov_ps(__mmask16((1u << count) - 1), (__m512)v);
    else
        return (Vec<T>)_mm512_maskz_mov_pd(__mmask8((1u << count) - 1), (__m512d)v);
#else
    T lanes[width<T>];
    store(lanes, v);
    return load_part(lanes, count);
#endif
}

template <class T> inline Vec<T> all(T value) { return Vec<T>{} + value; }

template <class T> inline Vec<T> select(Mask<T> where, Vec<T> yes, Vec<T> no) {
    return where ? yes : no;
}

template <class T> inline Vec<T> as_number(Mask<T> where) {
    return select<T>(where, all<T>(1), all<T>(0));
}

template <class T> inline Vec<T> maximum(Vec<T> a, Vec<T> b) {  // NaN if either is
    return select<T>((a > b) | (a != a), a, b);
}

template <class T> inline Vec<T> minimum(Vec<T> a, Vec<T> b) {
    return select<T>((a < b) | (a != a), a, b);
}

template <class T> inline Vec<T> absolute(Vec<T> a) {
    constexpr auto top = typename Lanes<T>::Integer(1) << (8 * sizeof(T) - 1);
    return (Vec<T>)((Mask<T>)a & ~(Mask<T>{} + top));
}

template <class T> inline Vec<T> with_sign_of(Vec<T> size, Vec<T> sign) {
    constexpr auto top = typename Lanes<T>::Integer(1) << (8 * sizeof(T) - 1);
    return (Vec<T>)(((Mask<T>)size & ~(Mask<T>{} + top)) | ((Mask<T>)sign & (Mask<T>{} + top)));
}

template <class T> inline Vec<T> sign(Vec<T> a) {
    return select<T>(a > 0, all<T>(1), select<T>(a < 0, all<T>(-1), a));
}

template <class T> inline Vec<T> square_root(Vec<T> a) {
    Vec<T> y;
    for (int i = 0; i < width<T>; ++i) y[i] = std::sqrt(a[i]);  // one instruction for all lanes
    return y;
}

// a / b and √a within 2 units in the last place (3 where |b| > 2^126): for update rules, of whose time
// exact ones take half.
// From an estimate of 14 bits by one step of Newton's method, where a lane is an ordinary number.
#if VECTOR_BYTES == 64
inline constexpr int unusual = 0xbf;  // of _mm512_fpclass_ps_mask: 0, less than normal, infinite, NaN

inline Vec<float> quotient_of_floats(Vec<float> a, Vec<float> b) {
    const Vec<float> r = (Vec<float>)_mm512_maskz_rcp14_ps(0xffff, (__m512)b), y = a * (r + r * (1 - b * r));
    const __mmask16 others = _mm512_fpclass_ps_mask((__m512)b, unusual);
    if (!others) [[likely]] return y;
    return (Vec<float>)_mm512_mask_div_ps((__m512)y, others, (__m512)a, (__m512)b);
}

inline Vec<float> root_of_floats(Vec<float> a) {
    const Vec<float> r = (Vec<float>)_mm512_maskz_rsqrt14_ps(0xffff, (__m512)a);
    const Vec<float> estimate = a * r, y = estimate + estimate * (0.5f - 0.5f * r * estimate);
    const __mmask16 others = _mm512_fpclass_ps_mask((__m512)a, unusual);
    if (!others) [[likely]] return y;
    return (Vec<float>)_mm512_mask_sqrt_ps((__m512)y, others, (__m512)a);
}
#endif

template <class T> inline Vec<T> quotient(Vec<T> a, Vec<T> b) {
#if VECTOR_BYTES == 64
    if constexpr (sizeof(T) == 4) return quotient_of_floats(a, b);
#endif
    return a / b;
}

template <class T> inline Vec<T> root(Vec<T> a) {
#if VECTOR_BYTES == 64
    if constexpr (sizeof(T) == 4) return root_of_floats(a);
#endif
    return square_root<T>(a);
}

// The nearest integer, for |a| < 2^22 (floats) or 2^51 (doubles).
template <class T> inline Vec<T> nearest(Vec<T> a) {
    constexpr T magic = sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0);  // 1.5 * 2^23, 2^52
    return (a + magic) - magic;
}

// 2^n for integers n in the range of normal exponents.
template <class T> inline Vec<T> power_of_two(Vec<T> n) {
    constexpr int bias = sizeof(T) == 4 ? 127 : 1023, bits = sizeof(T) == 4 ? 23 : 52;
    constexpr T magic = sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0);
    Mask<T> whole = (Mask<T>)(n + magic) - (Mask<T>)all<T>(magic);
    return (Vec<T>)((whole + bias) << bits);
}

template <class T, size_t N> inline Vec<T> polynomial(Vec<T> x, const T (&coefficients)[N]) {
    Vec<T> y = all<T>(coefficients[0]);
    for (size_t i = 1; i < N; ++i) y = y * x + coefficients[i];
    return y;
}

// e^x within 2 units in the last place; 0 below and infinity above what T can hold.
// x = n ln 2 + r with |r| <= ln 2 / 2, e^r by its series, which is long enough for T.
template <class T> inline Vec<T> exponential(Vec<T> x) {
    constexpr bool small = sizeof(T) == 4;
    constexpr T low = small ? T(-104) : T(-746), high = small ? T(89) : T(710);
    Vec<T> bounded = select<T>(x < low, all<T>(low), select<T>(x > high, all<T>(high), x));
    Vec<T> n = nearest<T>(bounded * T(1.4426950408889634074));
    constexpr T ln2_high = small ? T(0.693359375) : T(6.93147180369123816490e-01);
    constexpr T ln2_low = small ? T(-2.12194440e-4) : T(1.90821492927058770002e-10);
    Vec<T> r = (bounded - n * ln2_high) - n * ln2_low;
    Vec<T> y;
    if constexpr (small) {
        constexpr T c[] = {1.f / 5040, 1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, 0.5f};
        y = polynomial<T>(r, c) * r * r + r + T(1);
    } else {
        constexpr T c[] = {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0,
                           1.0 / 3628800.0,    1.0 / 362880.0,    1.0 / 40320.0,
                           1.0 / 5040.0,       1.0 / 720.0,       1.0 / 120.0,
                           1.0 / 24.0,         1.0 / 6.0,         0.5};
        y = polynomial<T>(r, c) * r * r + r + T(1);
    }
    Vec<T> half = nearest<T>(n * T(0.5));  // in two factors, so that no exponent overflows
    y = y * power_of_two<T>(half) * power_of_two<T>(n - half);
    return select<T>(x != x, x, y);
}

// e^x - 1 without the rounding of e^x near 0: there by its series.
template <class T> inline Vec<T> exponential_minus_one(Vec<T> x) {
    constexpr T c[] = {T(1.0 / 39916800), T(1.0 / 3628800), T(1.0 / 362880), T(1.0 / 40320),
                       T(1.0 / 5040),     T(1.0 / 720),     T(1.0 / 120),    T(1.0 / 24),
                       T(1.0 / 6),        T(0.5)};
    Vec<T> near = x + x * x * polynomial<T>(x, c);
    return select<T>(absolute<T>(x) < T(0.2), near, exponential<T>(x) - T(1));
}

// ln x within 2 units in the last place, for x > 0; -infinity at 0, NaN below.
// x = 2^e m with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m - 1) / (m + 1)) by its series.
template <class T> inline Vec<T> logarithm(Vec<T> x) {
    constexpr bool small = sizeof(T) == 4;
    constexpr int bits = small ? 23 : 52, bias = small ? 127 : 1023;
    constexpr T least = std::numeric_limits<T>::min();
    constexpr T lift = small ? T(8388608) : T(4503599627370496.0);  // 2^23, 2^52
    Mask<T> tiny = x < least;
    Vec<T> normal = select<T>(tiny, x * lift, x);
    Mask<T> pattern = (Mask<T>)normal;
    Mask<T> exponent = (pattern >> bits) - bias;
    constexpr auto fraction = (typename Lanes<T>::Integer(1) << bits) - 1;
    Vec<T> m = (Vec<T>)((pattern & fraction) | (Mask<T>)all<T>(1));
    Mask<T> above = m > T(1.41421356237309504880);
    m = select<T>(above, m * T(0.5), m);
    exponent = exponent - above;  // a true mask is -1
    Vec<T> e = __builtin_convertvector(exponent, Vec<T>);
    e = e - select<T>(tiny, all<T>(T(bits)), all<T>(0));
    Vec<T> f = m - T(1), s = f / (m + T(1)), z = s * s;
    Vec<T> series;
    if constexpr (small) {
        constexpr T c[] = {2.f / 9, 2.f / 7, 2.f / 5, 2.f / 3};
        series = polynomial<T>(z, c) * z;
    } else {
        constexpr T c[] = {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                           2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};
        series = polynomial<T>(z, c) * z;
    }
    // ln m = f - f^2/2 + s (f^2/2 + series): the first terms carry the accuracy.
    Vec<T> square = T(0.5) * f * f;
    constexpr T ln2_high = small ? T(0.693359375) : T(6.93147180369123816490e-01);
    constexpr T ln2_low = small ? T(-2.12194440e-4) : T(1.90821492927058770002e-10);
    Vec<T> y = e * ln2_high - ((square - (s * (square + series) + e * ln2_low)) - f);
    y = select<T>(x == std::numeric_limits<T>::infinity(), x, y);
    y = select<T>(x == 0, all<T>(-std::numeric_limits<T>::infinity()), y);
    return select<T>(!(x >= 0), all<T>(std::numeric_limits<T>::quiet_NaN()), y);
}

// ln(1 + x) without the rounding of 1 + x (Kahan's correction).
template <class T> inline Vec<T> logarithm_plus_one(Vec<T> x) {
    Vec<T> u = x + T(1);
    Vec<T> y = logarithm<T>(u) - ((u - T(1)) - x) / u;
    return select<T>((u == std::numeric_limits<T>::infinity()) | (x == 0), x, y);
}

// tanh x within 4 units in the last place: its series near 0, else 1 - 2 / (e^2x + 1).
template <class T> inline Vec<T> hyperbolic_tangent(Vec<T> x) {
    Vec<T> size = absolute<T>(x), z = x * x;
    Vec<T> far = T(1) - T(2) / (exponential<T>(T(2) * size) + T(1));
    Vec<T> near;
    if constexpr (sizeof(T) == 4) {
        constexpr T c[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                           1.33314422036e-1f, -3.33332819422e-1f};
        near = polynomial<T>(z, c) * z * x + x;
    } else {  // a rational function (Cody & Waite, 1980)
        constexpr T p[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1,
                           -1.61468768441708447952e3};
        constexpr T q[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3,
                           4.84406305325125486048e3};
        near = x + x * z * polynomial<T>(z, p) / polynomial<T>(z, q);
    }
    return select<T>(size < T(0.625), near, with_sign_of<T>(far, x));
}

// Lane i of the result is lane i + Step.
template <class T, size_t Step, size_t... Lane>
inline Vec<T> rotated(Vec<T> v, std::index_sequence<Lane...>) {
    return __builtin_shufflevector(v, v, int((Lane + Step) % width<T>)...);
}

template <class T, size_t Step = width<T> / 2> inline T sum_of_lanes(Vec<T> v) {  // halves, again and again
    if constexpr (Step)
        return sum_of_lanes<T, Step / 2>(v + rotated<T, Step>(v, std::make_index_sequence<width<T>>{}));
    else
        return v[0];
}

}  // namespace INSTRUCTIONS
}  // namespace chainrule
