// What a kernel is: one rule's function, over pointers and sizes that the plan has checked.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chainrule {

// Arguments of one operation on one batch.
struct Arguments {
    void* arrays[12];       // what the rule's function takes, then what it makes
    size_t rows;            // samples times places: the axes *N
    size_t sizes[3];        // further axes, by the kernel's own account
    const double* options;  // scalars, in the order of the rule's options
    void* scratch;          // a thread's own memory
};

// The part of an operation that one thread does: rows, columns or elements [first, last); of a
// matrix product, rows [first, last) of the result and of these the columns [left, right).
struct Part {
    size_t first, last;
    size_t left = 0, right = size_t(-1);
};

using Kernel = void (*)(const Arguments&, Part);

// How an operation can be shared among threads without changing a bit of the result; a product by
// rows or by columns.
enum class Sharing { elements, rows, columns, product, alone };

struct Entry {
    const char* rule;
    const char* result;     // "y" for the forward pass, the input whose cotangent it gives, or a part
    Sharing sharing;
    const char* arguments;  // names of the arrays it takes, in order
    const char* fixed;      // options that must have their defaults
    Kernel single, twice;   // for float and for double
};

// Rows that come from outside.
struct Source {
    const void* data;
    size_t row;  // elements
    char type;   // as Python's struct writes it: 'B' for bytes … 'd' for doubles
    size_t rows;
};

// Copies rows, converted, times a factor and plus an offset. `order`, of `count` rows, may be null:
// from `first` on. The rows `ahead` of these, which the next step needs, are fetched meanwhile.
// They come to lie one after the other, or side by side: element (n, c) at c * rows + n.
using Gather = void (*)(const Source&, const int64_t* order, size_t count, size_t ahead, size_t first,
                        Part, void* to, double factor, double offset, bool side_by_side);

struct Table {
    const char* instructions;
    const Entry* entries;
    size_t count;
    Gather single, twice, labels;
};

}  // namespace chainrule
