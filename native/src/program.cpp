#include "program.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "philox.h"

#ifndef _WIN32
#include <unistd.h>
#endif

namespace chainrule {

static long process() {
#ifdef _WIN32
    return 0;  // no forks there
#else
    return getpid();
#endif
}

struct Shared {
    std::atomic<int64_t> wrong_row{-1};  // a class number that is out of range
    std::atomic<size_t> wrong_source{0};
};

Program::Program(size_t item, size_t arena, size_t scratch, size_t parameters,
                 std::vector<size_t> states, std::vector<Array> arrays,
                 std::vector<Operation> operations, const std::vector<size_t>& ones,
                 std::vector<size_t> rows, size_t records, size_t totals, size_t batch, size_t scalars)
    : item_(item), parameters_(parameters), records_(records), totals_(totals), batch_(batch),
      scalars_(scalars), states_(std::move(states)), rows_(std::move(rows)), arrays_(std::move(arrays)), operations_(std::move(operations)),
      arena_(arena + 128), scratch_(scratch) {
    check();
    for (size_t index : ones) {
        if (index >= arrays_.size() || arrays_[index].where != Where::arena)
            throw std::invalid_argument("no such array in the arena");
        const double one = 1;
        const float small_one = 1;
        std::memcpy(address(index, {}), item_ == 4 ? (const void*)&small_one : &one, item_);
    }
}

// Every region lies within its memory, whatever the batch, so that the loop need not look.
void Program::check() const {
    auto refuse = [](const std::string& what) { throw std::invalid_argument(what); };
    if (item_ != 4 && item_ != 8) refuse("elements must be of 4 or 8 bytes");
    if (batch_ > size_t(1) << 32) refuse("the batch is too large");
    constexpr size_t limit = size_t(1) << 44;  // so that no sum below can overflow
    for (const Array& array : arrays_) {
        if (array.offset > limit || array.fixed > limit || array.per_sample > limit / (batch_ + 1))
            refuse("an array is too large");
        const size_t size = array.per_sample * batch_ + array.fixed;
        size_t end = array.offset + size, room = 0;
        switch (array.where) {
            case Where::arena:
                end = array.offset + size * array.item;
                room = arena_.size() - 64;
                if (array.offset % array.item) refuse("an array is not aligned");
                break;
            case Where::parameters: room = parameters_; break;
            case Where::state:
                if (array.state >= states_.size()) refuse("no such state");
                room = states_[array.state];
                break;
        }
        if (end > room || end < array.offset) refuse("an array lies outside its memory");
    }
    for (const Operation& operation : operations_) check(operation);
}

void Program::check(const Operation& operation) const {
    auto refuse = [&](const char* what) { throw std::invalid_argument(operation.name + what); };
    if (operation.arrays.size() > std::size(Arguments{}.arrays)) refuse(" has too many arrays");
    for (size_t array : operation.arrays)
        if (array >= arrays_.size()) refuse(" names no array");
    for (auto [option, row] : operation.scalars)
        if (option >= operation.options.size() || row >= scalars_) refuse(" names no scalar");
    if (operation.when >= 0 && size_t(operation.when) >= scalars_) refuse(" has no switch");
    if (operation.kind == Kind::gather && operation.source >= rows_.size()) refuse(" names no source");
    if (operation.kind == Kind::record && operation.place >= records_) refuse(" names no record");
    if (operation.kind == Kind::total && operation.place >= totals_) refuse(" names no total");
    if (operation.kind == Kind::kernel && !operation.kernel) refuse(" has no kernel");
    if (operation.options.size() > std::size(Ready{}.options)) refuse(" has too many options");
    if (operation.parts.size() > most_parts) refuse(" has too many parts");
    if (operation.kind == Kind::fused) {
        constexpr size_t limit = size_t(1) << 20;
        const size_t row = operation.row, rows = operation.at_once, count = operation.local.size();
        if (!rows || rows > limit || row > limit || count > limit) refuse(" has no rows or too many");
        if (rows * row * item_ * count > scratch_) refuse(" has too little room");
        if (operation.parts.empty()) refuse(" has no parts");
    }
    for (const Operation& part : operation.parts) {
        if (part.kind != Kind::kernel) refuse(" has a part that is no kernel");
        check(part);
    }
    if (operation.kind != Kind::kernel && operation.kind != Kind::fused) check_outside(operation);
}

// Of operations that are no kernels the sizes of arrays too: a kernel's are the lowering's to know.
void Program::check_outside(const Operation& operation) const {
    auto refuse = [&](const char* what) { throw std::invalid_argument(operation.name + what); };
    const std::vector<size_t>& arrays = operation.arrays;
    const bool given = operation.kind == Kind::weigh && operation.weighted;
    if (arrays.size() != (operation.kind == Kind::weigh ? 2u + given : 1u)) refuse(" has other arrays");
    const Array& first = arrays_[arrays[0]];
    const bool all = operation.columns || operation.alone;
    const bool by_sample = operation.extent_per_sample == 1 && !operation.extent_fixed;
    if (first.item != (operation.limit ? 8 : item_)) refuse(" has an array of another type");
    switch (operation.kind) {
        case Kind::gather:
            if (rows_[operation.source] != first.per_sample) refuse(" has rows of another length");
            if (operation.side_by_side && !operation.alone) refuse(" must be done by one thread");
            if (operation.columns && (operation.limit || operation.side_by_side ||
                                      operation.extent_per_sample || operation.rows_per_sample != 1 ||
                                      operation.extent_fixed > first.per_sample))
                refuse(" has other columns");
            if (!operation.columns && (!by_sample || operation.stretch != 1)) refuse(" is not by rows");
            break;
        case Kind::record:
            if (!by_sample || operation.stretch != 1) refuse(" is not by rows");
            break;
        case Kind::mask:
            if (!by_sample || operation.stretch > first.per_sample) refuse(" is larger than its array");
            break;
        case Kind::weigh: {
            const Array &weight = arrays_[arrays[given]], &divisor = arrays_[arrays[given + 1]];
            if (!all || operation.reduction < 0 || operation.reduction > 2) refuse(" has no reduction");
            if (weight.item != item_ || divisor.item != item_ || !divisor.fixed)
                refuse(" has other arrays");
            if (given && first.per_sample != 1 && first.per_sample != weight.per_sample)
                refuse(" has weights of another size");
            break;
        }
        default:
            if (!operation.alone || first.per_sample * batch_ + first.fixed == 0) refuse(" has no number");
    }
}

void* Program::address(size_t index, const Run& run) const {
    const Array& array = arrays_[index];
    auto in = [&](void* base) { return static_cast<char*>(base) + array.offset * item_; };
    switch (array.where) {
        case Where::parameters: return in(run.parameters);
        case Where::state: return in(run.states[array.state]);
        default: break;
    }
    auto base = reinterpret_cast<uintptr_t>(arena_.data());
    base = (base + 63) / 64 * 64;
    return reinterpret_cast<char*>(base) + array.offset;
}

void Program::run(const Run& run, int threads) {
    if (run.sources.size() != rows_.size() || run.states.size() != states_.size() ||
        run.records.size() != records_)
        throw std::invalid_argument("the data do not fit the program");
    if (!run.batch || run.batch > batch_) throw std::invalid_argument("the batch is too large");
    for (const Source& source : run.sources)
        if (!run.order && (source.rows < run.samples || run.passes != 1))
            throw std::invalid_argument("there are too few rows");
    if (run.order)
        for (size_t i = 0; i < run.samples * run.passes; ++i)
            for (const Source& source : run.sources)
                if (run.order[i] < 0 || size_t(run.order[i]) >= source.rows)
                    throw std::out_of_range("there is no such row");
    std::lock_guard lock(busy_);
    if (team_ && process_ != process()) team_.release();  // a fork has none of the threads
    process_ = process();
    if (!team_ || team_->count() != threads) {
        team_ = std::make_unique<Team>(threads);
        scratches_.assign(threads, std::vector<char>(scratch_ + 64));
        ready_.assign(threads, std::vector<Ready>(operations_.size()));
    }
    addresses_.resize(arrays_.size());
    for (size_t i = 0; i < arrays_.size(); ++i) addresses_[i] = address(i, run);
    Shared shared;
    team_->run([&](int index) { work(run, *team_, index, ready_[index], shared); });
    if (shared.wrong_row >= 0)
        throw std::out_of_range("a class number is out of range in row " +
                                std::to_string(shared.wrong_row));
}

void Program::work(const Run& run, Team& team, int index, std::vector<Ready>& ready, Shared& shared) {
    Step step{};
    for (; step.pass < run.passes; ++step.pass)
        for (size_t within = 0; within < run.samples; within += run.batch, ++step.number) {
            const size_t samples = std::min(run.batch, run.samples - within);
            step.anew = samples != step.samples;
            step.samples = samples;
            step.first = step.pass * run.samples + within;
            if (step.anew)
                for (size_t i = 0; i < ready.size(); ++i)
                    prepare(operations_[i], samples, index, team.count(), ready[i]);
            for (size_t i = 0; i < ready.size(); ++i) {
                const Operation& operation = operations_[i];
                if (team.count() > 1 && operation.meets) team.barrier.wait();
                if (operation.when >= 0 && !run.scalar(operation.when, step.number)) continue;
                if (ready[i].idle || (operation.same && !step.anew)) continue;
                apply(operation, run, step, index, ready[i], shared);
            }
        }
}

void Program::call(const Operation& operation, const Run& run, const Step& step, Ready& ready) const {
    for (auto [option, row] : operation.scalars) ready.options[option] = run.scalar(row, step.number);
    operation.kernel(ready.arguments, ready.part);
}

// What stays the same from step to step: looked up once, since that costs as much as small work.
void Program::prepare(const Operation& operation, size_t samples, int index, int count,
                      Ready& ready) const {
    ready.part = share(operation, samples, index, operation.alone ? 1 : count);
    ready.idle = (operation.alone && index) || ready.part.first >= ready.part.last ||
                 ready.part.left >= ready.part.right;
    if (operation.kind == Kind::kernel) fill(operation, samples, index, ready);
}

// What one of `count` threads does of `extent`, in whole grains.
static std::pair<size_t, size_t> share_of(size_t extent, size_t grain, size_t index, size_t count) {
    const size_t grains = (extent + grain - 1) / grain;
    return {std::min(extent, grains * index / count * grain),
            std::min(extent, grains * (index + 1) / count * grain)};
}

Part Program::share(const Operation& operation, size_t samples, int index, int count) const {
    const size_t extent = operation.extent_per_sample * samples + operation.extent_fixed;
    auto [first, last] = share_of(extent, operation.grain, index, count);
    if (const size_t blocks = operation.blocks) {
        const auto [begin, end] = share_of(blocks, 1, index, count);
        first = share_of(extent, operation.grain, begin, blocks).first;
        last = end == begin ? first : share_of(extent, operation.grain, end - 1, blocks).second;
    }
    if (operation.columns)
        return {0, operation.rows_per_sample * samples + operation.rows_fixed, first, last};
    return {first * operation.stretch, last * operation.stretch};
}

void Program::apply(const Operation& operation, const Run& run, const Step& step, int index,
                    Ready& ready, Shared& shared) {
    const Part part = ready.part;
    switch (operation.kind) {
        case Kind::kernel: return call(operation, run, step, ready);
        case Kind::gather: return gather(operation, run, step.first, part, shared);
        case Kind::weigh:
            return item_ == 4 ? weigh<float>(operation, step.samples)
                              : weigh<double>(operation, step.samples);
        case Kind::mask:
            return item_ == 4 ? mask<float>(operation, run, step.number, part)
                              : mask<double>(operation, run, step.number, part);
        case Kind::record: {
            const Array& array = arrays_[operation.arrays[0]];
            const size_t row = array.per_sample * array.item;
            const char* from = static_cast<const char*>(at(operation.arrays[0]));
            char* to = static_cast<char*>(run.records[operation.place]) + step.first * row;
            std::memcpy(to + part.first * row, from + part.first * row, (part.last - part.first) * row);
            return;
        }
        case Kind::total: {
            const void* value = at(operation.arrays[0]);
            const double number = item_ == 4 ? *static_cast<const float*>(value)
                                             : *static_cast<const double*>(value);
            run.sums[step.pass * totals_ + operation.place] += double(step.samples) * number;
            return;
        }
        case Kind::fused: return fuse(operation, run, step, index, part);
    }
}

static char* aligned(const std::vector<char>& memory) {
    return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
}

void Program::fill(const Operation& operation, size_t samples, int index, Ready& ready) const {
    for (size_t i = 0; i < operation.arrays.size(); ++i)
        ready.arguments.arrays[i] = at(operation.arrays[i]);
    ready.arguments.rows = operation.rows_per_sample * samples + operation.rows_fixed;
    std::copy(std::begin(operation.sizes), std::end(operation.sizes), ready.arguments.sizes);
    std::copy(operation.options.begin(), operation.options.end(), ready.options);
    ready.arguments.options = ready.options;
    ready.arguments.scratch = aligned(scratches_[index]);
}

void Program::fuse(const Operation& operation, const Run& run, const Step& step, int index,
                   Part part) const {
    char* const own = aligned(scratches_[index]);
    const size_t room = operation.at_once * operation.row * item_;  // of an array of a few rows
    Ready ready[most_parts];
    for (size_t i = 0; i < operation.parts.size(); ++i) {
        fill(operation.parts[i], step.samples, index, ready[i]);
        ready[i].arguments.scratch = own + (operation.local.size() * room + 63) / 64 * 64;
    }
    for (size_t row = part.first; row < part.last; row += operation.at_once) {
        const size_t end = std::min(part.last, row + operation.at_once);
        const Part elements{row * operation.row, end * operation.row};
        for (size_t i = 0; i < operation.parts.size(); ++i) {
            const std::vector<size_t>& arrays = operation.parts[i].arrays;
            for (size_t place = 0; place < arrays.size(); ++place)
                for (size_t j = 0; j < operation.local.size(); ++j)
                    if (operation.local[j] == arrays[place])  // these rows as if it were all of it
                        ready[i].arguments.arrays[place] = own + j * room - elements.first * item_;
            ready[i].part = i ? elements : Part{row, end};
            call(operation.parts[i], run, step, ready[i]);
        }
    }
}

void Program::gather(const Operation& operation, const Run& run, size_t first, Part part,
                     Shared& shared) {
    const Source& source = run.sources[operation.source];
    void* to = at(operation.arrays[0]);
    operation.gather(source, run.order, run.samples * run.passes, run.batch, first, part, to,
                     operation.factor, operation.offset, operation.side_by_side);
    if (!operation.limit) return;
    int64_t* labels = static_cast<int64_t*>(to);
    for (size_t i = part.first * source.row; i < part.last * source.row; ++i)
        if (labels[i] < 0 || labels[i] >= operation.limit) {
            const size_t row = i / source.row;
            shared.wrong_row = run.order ? run.order[first + row] : int64_t(first + row);
            labels[i] = 0;
        }
}

// Arrays: the gathered weights of samples if there are any; weight and divisor.
template <class T> void Program::weigh(const Operation& operation, size_t samples) {
    const size_t made = operation.weighted ? 1 : 0, each = arrays_[operation.arrays[made]].per_sample;
    const size_t own = arrays_[operation.arrays[0]].per_sample;
    const T* given = made ? static_cast<T*>(at(operation.arrays[0])) : nullptr;
    T* weight = static_cast<T*>(at(operation.arrays[made]));
    T* divisor = static_cast<T*>(at(operation.arrays[made + 1]));
    double total = 0;
    if (!given) {
        std::fill_n(weight, samples * each, T(1));
        total = double(samples * each);
    } else
        for (size_t n = 0; n < samples; ++n)
            for (size_t j = 0; j < each; ++j)
                total += weight[n * each + j] = given[own == 1 ? n : n * each + j];
    const double counts[] = {double(std::max<size_t>(samples * each, 1)), 1.0, total ? total : 1.0};
    *divisor = T(counts[operation.reduction]);
}

// Array: zeros and ones; the numbers are those of NumPy's generator for this stream and step.
template <class T>
void Program::mask(const Operation& operation, const Run& run, size_t step, Part part) {
    T* to = static_cast<T*>(at(operation.arrays[0]));
    const uint64_t seed = operation.own_seed ? operation.seed : run.seed;
    float eight[8];
    for (size_t i = part.first; i < part.last;) {
        uniform_eight(seed, operation.code, run.step + step, i / 8, eight);
        for (size_t j = i % 8; j < 8 && i < part.last; ++j, ++i)
            to[i] = eight[j] < static_cast<float>(operation.keep) ? T(1) : T(0);
    }
}

}  // namespace chainrule
