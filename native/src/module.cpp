// What Python sees: the table of kernels, and programs made of them.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "program.h"

namespace nb = nanobind;

namespace chainrule {

Table kernels_baseline();
#if defined(CHAINRULE_X86)
Table kernels_avx2();
Table kernels_avx512();
#endif

static Table best(const std::string& wanted) {
#if defined(CHAINRULE_X86)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl");
    if (avx512 && (wanted.empty() || wanted == "avx512")) return kernels_avx512();
    if (avx2 && (wanted.empty() || wanted == "avx512" || wanted == "avx2")) return kernels_avx2();
#endif
    (void)wanted;
    return kernels_baseline();
}

using Buffer = nb::ndarray<nb::c_contig, nb::device::cpu>;
using Given = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;  // of the user, to be read only

static char code_of(nb::dlpack::dtype type) {
    const bool whole = type.code == uint8_t(nb::dlpack::dtype_code::Int);
    const bool natural = type.code == uint8_t(nb::dlpack::dtype_code::UInt);
    if (!whole && !natural && type.code != uint8_t(nb::dlpack::dtype_code::Float)) return '?';
    switch (type.bits) {
        case 8: return natural ? 'B' : 'b';
        case 16: return natural ? 'H' : whole ? 'h' : '?';
        case 32: return natural ? 'I' : whole ? 'i' : 'f';
        case 64: return natural ? 'Q' : whole ? 'q' : 'd';
        default: return '?';
    }
}

struct Kernels {
    Table table;
    explicit Kernels(const std::string& wanted) : table(best(wanted)) {}
    nb::list entries() const {
        static const char* names[] = {"elements", "rows", "columns", "product", "alone"};
        nb::list found;
        for (size_t i = 0; i < table.count; ++i) {
            const Entry& e = table.entries[i];
            found.append(nb::make_tuple(e.rule, e.result, names[int(e.sharing)], e.arguments, e.fixed));
        }
        return found;
    }
};

static Operation operation_of(const nb::dict& spec, const Table& table, bool single) {
    Operation o;
    auto number = [&](const char* key) { return nb::cast<size_t>(spec[key]); };
    const auto kind = nb::cast<std::string>(spec["kind"]);
    o.name = nb::cast<std::string>(spec["name"]);
    o.arrays = nb::cast<std::vector<size_t>>(spec["arrays"]);
    const auto extent = nb::cast<std::pair<size_t, size_t>>(spec["extent"]);
    o.extent_per_sample = extent.first, o.extent_fixed = extent.second;
    o.alone = nb::cast<bool>(spec["alone"]);
    o.grain = number("grain"), o.stretch = number("stretch"), o.blocks = number("blocks");
    o.meets = nb::cast<bool>(spec["meets"]);
    o.when = nb::cast<int>(spec["when"]);
    if (!o.grain) throw std::invalid_argument("a grain must be positive");
    if (kind == "kernel") {
        const size_t entry = number("entry");
        if (entry >= table.count) throw std::invalid_argument("there is no such kernel");
        o.kernel = single ? table.entries[entry].single : table.entries[entry].twice;
        const auto rows = nb::cast<std::pair<size_t, size_t>>(spec["rows"]);
        o.rows_per_sample = rows.first, o.rows_fixed = rows.second;
        const auto sizes = nb::cast<std::vector<size_t>>(spec["sizes"]);
        for (size_t i = 0; i < sizes.size() && i < 3; ++i) o.sizes[i] = sizes[i];
        o.options = nb::cast<std::vector<double>>(spec["options"]);
        o.columns = nb::cast<bool>(spec["columns"]);
        o.scalars = nb::cast<std::vector<std::pair<size_t, size_t>>>(spec["scalars"]);
    } else if (kind == "gather") {
        o.kind = Kind::gather;
        o.source = number("source"), o.limit = int64_t(number("limit"));
        o.gather = o.limit ? table.labels : single ? table.single : table.twice;
        o.factor = nb::cast<double>(spec["factor"]), o.offset = nb::cast<double>(spec["offset"]);
        o.columns = nb::cast<bool>(spec["columns"]), o.rows_per_sample = 1;
        o.side_by_side = nb::cast<bool>(spec["side_by_side"]);
    } else if (kind == "weigh") {
        o.kind = Kind::weigh;
        o.reduction = int(number("reduction")), o.weighted = nb::cast<bool>(spec["weighted"]);
        o.same = !o.weighted;
    } else if (kind == "record" || kind == "total") {
        o.kind = kind == "record" ? Kind::record : Kind::total;
        o.place = number("place");
    } else if (kind == "fused") {
        o.kind = Kind::fused;
        o.row = number("row"), o.at_once = number("at_once");
        o.local = nb::cast<std::vector<size_t>>(spec["local"]);
        for (nb::handle part : nb::cast<nb::list>(spec["parts"]))
            o.parts.push_back(operation_of(nb::cast<nb::dict>(part), table, single));
        if (o.parts.empty()) throw std::invalid_argument("there is nothing to fuse");
    } else {
        o.kind = Kind::mask;
        o.own_seed = nb::cast<bool>(spec["own_seed"]);
        o.seed = nb::cast<uint64_t>(spec["seed"]), o.code = nb::cast<uint64_t>(spec["code"]);
        o.keep = nb::cast<double>(spec["keep"]);
    }
    return o;
}

struct Compiled {
    bool single;
    size_t parameters, totals;
    std::vector<size_t> states, rows, recorded;
    std::vector<Array> arrays;
    Program program;

    static std::vector<Array> arrays_of(const nb::list& specs) {
        std::vector<Array> arrays;
        for (nb::handle one : specs) {
            auto [where, state, offset, each, fixed, item] =
                nb::cast<std::tuple<std::string, size_t, size_t, size_t, size_t, size_t>>(one);
            const Where place = where == "arena"        ? Where::arena
                                : where == "parameters" ? Where::parameters
                                                        : Where::state;
            arrays.push_back({place, state, offset, each, fixed, item});
        }
        return arrays;
    }

    static std::vector<Operation> operations_of(const nb::list& specs, const Table& t, bool single) {
        std::vector<Operation> operations;
        for (nb::handle one : specs)
            operations.push_back(operation_of(nb::cast<nb::dict>(one), t, single));
        return operations;
    }

    Compiled(const Kernels& kernels, bool single, size_t arena, size_t scratch, size_t parameters,
             std::vector<size_t> states, std::vector<size_t> rows, const nb::list& arrays,
             const nb::list& operations, const std::vector<size_t>& ones, std::vector<size_t> recorded,
             size_t totals, size_t batch, size_t scalars)
        : single(single), parameters(parameters), totals(totals), states(states), rows(rows),
          recorded(recorded), arrays(arrays_of(arrays)),
          program(single ? 4 : 8, arena, scratch, parameters, states, this->arrays,
                  operations_of(operations, kernels.table, single), ones, rows,
                  recorded.size(), totals, batch, scalars) {}

    void* checked(const Buffer& buffer, size_t size) const {
        if (code_of(buffer.dtype()) != (single ? 'f' : 'd') || buffer.size() != size)
            throw std::invalid_argument("a vector has another size or type than the program's");
        return buffer.data();
    }

    void run(Buffer theta, const std::vector<Buffer>& state, const std::vector<Given>& sources,
                 nb::object order, size_t samples, size_t batch, size_t passes, nb::object table, uint64_t seed,
                 uint64_t step, const std::vector<Buffer>& records, Buffer sums, int threads) {
        constexpr size_t limit = size_t(1) << 31;
        Run r{};
        r.parameters = checked(theta, parameters);
        if (state.size() != states.size() || sources.size() != rows.size())
            throw std::invalid_argument("there are too few vectors");
        for (size_t i = 0; i < state.size(); ++i) r.states.push_back(checked(state[i], states[i]));
        for (size_t i = 0; i < sources.size(); ++i) {
            const size_t count = sources[i].ndim() ? sources[i].shape(0) : 0;
            if (count * rows[i] != sources[i].size() || code_of(sources[i].dtype()) == '?')
                throw std::invalid_argument("a source has another shape than the program's");
            r.sources.push_back({sources[i].data(), rows[i], code_of(sources[i].dtype()), count});
        }
        nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> rows_in_order;
        if (!order.is_none()) {
            rows_in_order = nb::cast<decltype(rows_in_order)>(order);
            r.order = rows_in_order.data();
            if (rows_in_order.size() < samples * passes) throw std::invalid_argument("the order is too short");
        }
        if (samples > limit || passes > limit) throw std::invalid_argument("there are too many");
        r.samples = samples, r.batch = batch, r.passes = passes, r.seed = seed, r.step = step;
        nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu> scalars;
        if (table.is_none() && program.scalars()) throw std::invalid_argument("there are no scalars");
        if (!table.is_none()) {
            scalars = nb::cast<decltype(scalars)>(table);
            r.table = scalars.data(), r.steps = scalars.shape(1);
            const size_t steps = batch ? (samples + batch - 1) / batch * passes : 0;
            if (scalars.shape(0) != program.scalars() || r.steps < steps)
                throw std::invalid_argument("there are too few scalars");
        }
        if (recorded.size() != records.size()) throw std::invalid_argument("records do not fit");
        for (size_t i = 0; i < recorded.size(); ++i) {
            if (recorded[i] >= arrays.size()) throw std::invalid_argument("no such array");
            const Array& a = arrays[recorded[i]];
            if (records[i].nbytes() < samples * passes * a.per_sample * a.item)
                throw std::invalid_argument("a record is too small");
            r.records.push_back(records[i].data());
        }
        if (code_of(sums.dtype()) != 'd' || sums.size() != totals * passes)
            throw std::invalid_argument("totals do not fit");
        r.sums = static_cast<double*>(sums.data());
        nb::gil_scoped_release released;
        program.run(r, std::max(1, threads));
    }
};

// One array in, one array out, for few rows: without a look at anything that cannot have changed.
// None where the array is not exactly what the program takes; the caller then looks closer.
struct Quick {
    Compiled& compiled;
    Buffer theta;
    std::vector<size_t> sample, made;  // shapes of a sample and of a prediction

    Quick(Compiled& compiled, Buffer theta, std::vector<size_t> sample, std::vector<size_t> made)
        : compiled(compiled), theta(theta), sample(sample), made(made) {
        compiled.checked(theta, compiled.parameters);
        size_t size = 1, out = 1;
        for (size_t axis : sample) size *= axis;
        for (size_t axis : made) out *= axis;
        if (compiled.rows.size() != 1 || compiled.recorded.size() != 1 || !compiled.states.empty() ||
            compiled.rows[0] != size || compiled.totals || compiled.program.scalars() || compiled.arrays[compiled.recorded[0]].per_sample != out)
            throw std::invalid_argument("the program is not one of one array");
    }

    template <class S> static bool finite(const Given& x) {
        const S* values = static_cast<const S*>(x.data());
        for (size_t i = 0; i < x.size(); ++i)
            if (!std::isfinite(values[i])) return false;
        return true;
    }

    template <class T> nb::object predict(const Given& x, char type) {
        const size_t samples = x.shape(0), size = compiled.rows[0];
        size_t out = samples;
        std::vector<size_t> shape{samples};
        for (size_t axis : made) out *= axis, shape.push_back(axis);
        T* result = new T[out];
        nb::capsule owner(result, [](void* p) noexcept { delete[] static_cast<T*>(p); });
        Run r{};
        r.parameters = theta.data();
        r.sources.push_back({x.data(), size, type, samples});
        r.samples = samples, r.batch = samples;
        r.records.push_back(result);
        compiled.program.run(r, 1);
        return nb::cast(nb::ndarray<nb::numpy, T>(result, shape.size(), shape.data(), owner));
    }

    nb::object operator()(nb::handle given) {
        Given x;
        if (!nb::try_cast(given, x) || x.ndim() != sample.size() + 1 || !x.shape(0) ||
            x.shape(0) > compiled.program.batch())
            return nb::none();
        const char type = code_of(x.dtype());
        if (type == '?' || (type == 'f' && !finite<float>(x)) || (type == 'd' && !finite<double>(x)))
            return nb::none();
        for (size_t i = 0; i < sample.size(); ++i)
            if (x.shape(i + 1) != sample[i]) return nb::none();
        return compiled.single ? predict<float>(x, type) : predict<double>(x, type);
    }
};

}  // namespace chainrule

NB_MODULE(_native, m) {
    using namespace chainrule;
    nb::class_<Kernels>(m, "Kernels")
        .def(nb::init<const std::string&>(), nb::arg("instructions") = "")
        .def_prop_ro("instructions", [](const Kernels& k) { return k.table.instructions; })
        .def("entries", &Kernels::entries);
    nb::class_<Quick>(m, "Quick")
        .def(nb::init<Compiled&, Buffer, std::vector<size_t>, std::vector<size_t>>(),
             nb::keep_alive<1, 2>())
        .def("__call__", &Quick::operator());
    nb::class_<Compiled>(m, "Program")
        .def(nb::init<const Kernels&, bool, size_t, size_t, size_t, std::vector<size_t>,
                      std::vector<size_t>, const nb::list&, const nb::list&,
                      const std::vector<size_t>&, std::vector<size_t>, size_t, size_t, size_t>())
        .def("run", &Compiled::run, nb::arg("theta"), nb::arg("states"), nb::arg("sources"),
             nb::arg("order").none(), nb::arg("samples"), nb::arg("batch"), nb::arg("passes"), nb::arg("table").none(),
             nb::arg("seed"), nb::arg("step"), nb::arg("records"), nb::arg("totals"),
             nb::arg("threads"));
}
