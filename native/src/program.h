// A plan as a list of operations on regions of memory, run for many batches in one call.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernels.h"
#include "threads.h"

namespace chainrule {

// Whose memory an array lies in.
enum class Where { arena, parameters, state };

struct Array {
    Where where;
    size_t state;       // which state vector
    size_t offset;      // in bytes for the arena, else in elements
    size_t per_sample;  // elements for each sample, 0 if it does not grow with the batch
    size_t fixed;       // elements otherwise
    size_t item;        // bytes of an element
};

// kernel: a rule's function. gather: rows from outside. weigh: weights of losses. mask: random zeros
// and ones. record: rows to outside. total: a number that is added up. fused: a kernel's cotangent, a
// few rows at a time, and at once the update of these rows.
enum class Kind { kernel, gather, weigh, mask, record, total, fused };

struct Operation {
    Kind kind = Kind::kernel;
    std::string name;  // for messages
    Kernel kernel = nullptr;
    std::vector<size_t> arrays;
    size_t rows_per_sample = 0, rows_fixed = 0;
    size_t sizes[3] = {0, 0, 0};
    bool alone = false;  // whether one thread does it all
    bool same = false;   // whether its result is the same for every batch of as many samples
    size_t extent_per_sample = 0, extent_fixed = 0;  // what is shared
    size_t grain = 1;                                // the least part
    size_t blocks = 0;  // if not 0: threads share the extent by so many equal parts of whole grains
    size_t stretch = 1;                              // elements in one of what is shared
    bool columns = false;  // whether these are columns, of whose rows all are done
    std::vector<double> options;
    std::vector<std::pair<size_t, size_t>> scalars;  // option, and row of the table
    int when = -1;                                   // row of the table that switches it
    bool meets = true;                               // whether threads meet before it
    // gather: the source of rows; class numbers must be below `limit`
    Gather gather = nullptr;
    size_t source = 0;
    int64_t limit = 0;
    double factor = 1, offset = 0;
    bool side_by_side = false;
    // mask: the random stream
    uint64_t seed = 0, code = 0;
    bool own_seed = false;
    double keep = 1;
    // weigh: how losses become one number
    int reduction = 0;
    bool weighted = false;
    // record, total: the place in the run's lists
    size_t place = 0;
    // fused: the cotangent's kernel, then update rules; arrays of `local` are of these rows only
    std::vector<Operation> parts;
    std::vector<size_t> local;
    size_t row = 0;      // elements in a row
    size_t at_once = 0;  // rows that are computed before they are used
};

struct Run {
    void* parameters;
    std::vector<void*> states;
    std::vector<Source> sources;
    const int64_t* order;  // nullptr: the rows as they are
    size_t samples, batch;  // samples of one pass over the data
    size_t passes = 1;
    const double* table;  // scalars: one row for each, one column for each step
    size_t steps;
    uint64_t seed, step;
    std::vector<void*> records;  // one row per sample, batch after batch
    double* sums;                // for each pass numbers of batches, times their samples
    double scalar(size_t row, size_t step) const { return table[row * steps + step]; }
};

// Where a run is.
struct Step {
    size_t number, pass;
    size_t first, samples;  // of this batch
    bool anew;              // whether the batch before had another number of samples
};

// What a thread does of an operation, ready but for what comes anew at every step.
struct Ready {
    Arguments arguments;  // of a kernel
    Part part;
    bool idle;  // whether the thread has no part in it
    double options[16];
};

inline constexpr size_t most_parts = 16;  // of a fused operation

class Program {
public:
    Program(size_t item, size_t arena, size_t scratch, size_t parameters, std::vector<size_t> states,
            std::vector<Array> arrays, std::vector<Operation> operations,
            const std::vector<size_t>& ones, std::vector<size_t> rows, size_t records, size_t totals,
            size_t batch, size_t scalars);
    void run(const Run& run, int threads);
    size_t batch() const { return batch_; }
    size_t scalars() const { return scalars_; }

private:
    void check() const;
    void check(const Operation&) const;
    void check_outside(const Operation&) const;
    void work(const Run& run, Team& team, int index, std::vector<Ready>&, struct Shared& shared);
    void apply(const Operation&, const Run&, const Step&, int index, Ready&, struct Shared&);
    void call(const Operation&, const Run&, const Step&, Ready&) const;
    void* address(size_t array, const Run& run) const;
    void* at(size_t array) const { return addresses_[array]; }
    void prepare(const Operation&, size_t samples, int index, int count, Ready&) const;
    void fill(const Operation&, size_t samples, int index, Ready&) const;
    void fuse(const Operation&, const Run&, const Step&, int index, Part) const;
    Part share(const Operation&, size_t samples, int index, int count) const;
    void gather(const Operation&, const Run&, size_t first, Part part, struct Shared&);
    template <class T> void weigh(const Operation&, size_t samples);
    template <class T> void mask(const Operation&, const Run&, size_t step, Part);
    const size_t item_, parameters_, records_, totals_, batch_, scalars_;
    const std::vector<size_t> states_, rows_;  // elements of a state, of a source's row
    const std::vector<Array> arrays_;
    const std::vector<Operation> operations_;
    std::vector<char> arena_;
    size_t scratch_;
    std::vector<void*> addresses_;  // of all arrays, in the run that is going on
    std::vector<std::vector<char>> scratches_;
    std::vector<std::vector<Ready>> ready_;  // for each thread, of each operation
    std::unique_ptr<Team> team_;
    std::mutex busy_;  // one call at a time: they share the arena
    long process_ = 0;
};

}  // namespace chainrule
