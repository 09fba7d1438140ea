// Matrix products, tile by tile, every element summed in the order of the inner axis.
//
// So an element's bits do not depend on the tile it falls into, on how rows or columns are shared
// among threads, or on how many rows are computed at once.
#pragma once

#include "vector.h"

namespace chainrule {
inline namespace INSTRUCTIONS {

inline constexpr int tile_rows = VECTOR_BYTES == 64 ? 8 : VECTOR_BYTES == 32 ? 6 : 4;
inline constexpr int tile_vectors = 2;
template <class T> inline constexpr size_t tile_columns = tile_vectors * width<T>;

// A factor in memory: element (i, k) is at data[i * row + k * step].
template <class T> struct View {
    const T* data;
    size_t row, step;
    View below(size_t rows) const { return {data + rows * row, row, step}; }
};

// Rows of the other factor: row k is at data + k * stride. Whole vectors are read, so the last
// rows, after which memory may end, are read element by element.
template <class T> struct Rows {
    const T* data;
    size_t stride, count, end;  // `end`: elements from `data` to where memory ends
};

template <class T, int R, int V>
inline void add_row(View<T> a, size_t k, const Vec<T> (&row)[V], Vec<T> (&sum)[R][V]) {
    for (int i = 0; i < R; ++i) {
        const T factor = a.data[i * a.row + k * a.step];
        for (int v = 0; v < V; ++v) sum[i][v] += factor * row[v];
    }
}

// Vector v of a row of which `columns` may be read.
template <class T> inline Vec<T> load_at_most(const T* row, int v, size_t columns) {
    const size_t first = v * width<T>, left = columns > first ? columns - first : 0;
    return left >= width<T> ? load(row + first) : load_part(row + first, left);
}

// One tile of c = start + a b, of which `columns` are written. `start` is a row for all rows of the
// tile (a bias), or the tile itself as it is so far, or nothing.
enum class Start { zero, row, tile };

template <class T, int R, int V>
inline void tile(View<T> a, Rows<T> b, Start start, const T* row, T* c, size_t c_row,
                 size_t columns) {
    constexpr size_t wide = V * width<T>;
    Vec<T> sum[R][V] = {};
    if (start != Start::zero)
        for (int i = 0; i < R; ++i)
            for (int v = 0; v < V; ++v)
                sum[i][v] = load_at_most(start == Start::row ? row : c + i * c_row, v, columns);
    size_t safe = b.count;
    while (safe && (safe - 1) * b.stride + wide > b.end) --safe;
    Vec<T> factors[V];
    for (size_t k = 0; k < safe; ++k) {
        for (int v = 0; v < V; ++v) factors[v] = load(b.data + k * b.stride + v * width<T>);
        add_row<T, R, V>(a, k, factors, sum);
    }
    for (size_t k = safe; k < b.count; ++k) {
        for (int v = 0; v < V; ++v) factors[v] = load_at_most(b.data + k * b.stride, v, columns);
        add_row<T, R, V>(a, k, factors, sum);
    }
    for (int i = 0; i < R; ++i)
        for (int v = 0; v < V; ++v) {
            const size_t first = v * width<T>;
            if (first + width<T> <= columns)
                store(c + i * c_row + first, sum[i][v]);
            else if (first < columns)
                store_part(c + i * c_row + first, sum[i][v], columns - first);
        }
}

template <class T, int V>
inline void strip(View<T> a, Rows<T> b, Start start, const T* row, T* c, size_t c_row, size_t rows,
                  size_t columns) {
    size_t i = 0;
    for (; i + tile_rows <= rows; i += tile_rows)
        tile<T, tile_rows, V>(a.below(i), b, start, row, c + i * c_row, c_row, columns);
    for (; i + 4 <= rows; i += 4)
        tile<T, 4, V>(a.below(i), b, start, row, c + i * c_row, c_row, columns);
    for (; i < rows; ++i) tile<T, 1, V>(a.below(i), b, start, row, c + i * c_row, c_row, columns);
}

// Rows of b that are copied side by side, so that a strip finds them in the first-level cache.
template <class T> inline constexpr size_t packed_rows = 24576 / (tile_columns<T> * sizeof(T));
inline constexpr size_t worth_packing = 3 * tile_rows;  // rows of a; fewer do not pay the copy

// c = bias + a b for `rows` rows of a and `columns` columns of b. `scratch` has room for
// packed_rows rows of a strip.
template <class T>
inline void product(View<T> a, Rows<T> b, const T* bias, T* c, size_t c_row, size_t rows,
                    size_t columns, T* scratch) {
    constexpr size_t wide = tile_columns<T>;
    for (size_t n = 0; n < columns; n += wide) {
        const size_t left = smaller(wide, columns - n);
        const T* row = bias ? bias + n : nullptr;
        Start start = bias ? Start::row : Start::zero;
        const Rows<T> panel{b.data + n, b.stride, b.count, b.end - n};
        if (left <= width<T>) {
            strip<T, 1>(a, panel, start, row, c + n, c_row, rows, left);
            continue;
        }
        if (rows < worth_packing || b.stride <= wide) {
            strip<T, 2>(a, panel, start, row, c + n, c_row, rows, left);
            continue;
        }
        for (size_t k = 0; k < b.count; k += packed_rows<T>) {
            const size_t count = smaller(packed_rows<T>, b.count - k);
            for (size_t j = 0; j < count; ++j) {
                const T* from = b.data + (k + j) * b.stride + n;
                T* to = scratch + j * wide;
                if (left == wide)
                    for (int v = 0; v < tile_vectors; ++v)
                        store(to + v * width<T>, load(from + v * width<T>));
                else
                    for (size_t i = 0; i < left; ++i) to[i] = from[i];
            }
            const View<T> part{a.data + k * a.step, a.row, a.step};
            strip<T, 2>(part, {scratch, wide, count, count * wide}, start, row, c + n, c_row, rows,
                        left);
            start = Start::tile;
        }
    }
}

// A factor whose tiles of R rows lie side by side: element (i, k) of a tile is at data[k * R + i].
template <class T, int R, int V>
inline void packed_tile(const T* a, const T* b, size_t depth, T* c, size_t c_row, size_t rows,
                        size_t columns) {
    Vec<T> sum[R][V] = {};
    for (size_t k = 0; k < depth; ++k) {
        Vec<T> row[V];
        for (int v = 0; v < V; ++v) row[v] = load(b + (k * V + v) * width<T>);
        for (int i = 0; i < R; ++i)
            for (int v = 0; v < V; ++v) sum[i][v] += a[k * R + i] * row[v];
    }
    for (size_t i = 0; i < rows; ++i)
        for (int v = 0; v < V; ++v) {
            const size_t first = v * width<T>;
            if (first + width<T> <= columns)
                store(c + i * c_row + first, sum[i][v]);
            else if (first < columns)
                store_part(c + i * c_row + first, sum[i][v], columns - first);
        }
}

// Columns of a matrix as strips, each as wide as a tile (or as one vector, if that is enough), with
// zeros where there are none: strip n, row k is at to + (n * rows + k) * strip width.
template <class T> inline constexpr size_t strip_width(size_t columns) {
    return columns <= width<T> ? width<T> : tile_columns<T>;
}

template <class T>
inline void pack_strip(const T* from, size_t stride, size_t rows, size_t columns, size_t wide, T* to) {
    for (size_t k = 0; k < rows; ++k)
        for (size_t i = 0; i < wide; i += width<T>)
            store(to + k * wide + i, load_at_most(from + k * stride, int(i / width<T>), columns));
}

// Four rows of four as four columns.
template <class T> inline void transpose_four(const T* from, size_t stride, T* to, size_t wide) {
    typedef T Four __attribute__((vector_size(4 * sizeof(T))));
    Four row[4], pair[4];
    for (int i = 0; i < 4; ++i) std::memcpy(&row[i], from + i * stride, sizeof(Four));
    for (int i = 0; i < 2; ++i) {
        pair[i] = __builtin_shufflevector(row[i], row[i + 2], 0, 4, 1, 5);
        pair[i + 2] = __builtin_shufflevector(row[i], row[i + 2], 2, 6, 3, 7);
    }
    for (int i = 0; i < 2; ++i) {
        row[2 * i] = __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 0, 4, 1, 5);
        row[2 * i + 1] = __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 2, 6, 3, 7);
    }
    for (int i = 0; i < 4; ++i) std::memcpy(to + i * wide, &row[i], sizeof(Four));
}

// to[n * wide + k] = from[k * stride + n]: rows of `from` as columns, zeros where there are none.
template <class T>
inline void transposed(const T* from, size_t stride, size_t rows, size_t columns, T* to,
                       size_t wide) {
    const size_t by_four = columns / 4 * 4;
    for (size_t k = 0; k < wide; k += 4) {
        size_t n = 0;
        if (k + 4 <= rows)
            for (; n < by_four; n += 4)
                transpose_four(from + k * stride + n, stride, to + n * wide + k, wide);
        for (; n < columns; ++n)
            for (size_t i = k; i < k + 4; ++i)
                to[n * wide + i] = i < rows ? from[i * stride + n] : T(0);
    }
}

}  // namespace INSTRUCTIONS
}  // namespace chainrule
