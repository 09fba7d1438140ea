"""The numbers in a rule's line: for every rule, what is written comes to what was computed."""

import ast
import re

import numpy as np
import pytest
from tests.arithmetic import evaluate

import chainrule.layers
import chainrule.losses
import chainrule.optimizers  # noqa: F401  (registers its rules)
from chainrule.core.rule import RULES, UPDATES, Rule, elementwise, parameters, rule
from chainrule.glass.trace.application import Application, Whole
from chainrule.glass.trace.cells import cell_of
from chainrule.glass.trace.record import Entry
from chainrule.glass.trace.sheet import Sheet
from chainrule.testing import sample_inputs
from chainrule.testing.conformance import default_axes

NOT_FOLLOWED = {
    ("discretize", "y"),  # searchsorted: a count of boundaries
    ("embedding", "∂L/∂table"),  # rows are sorted, then summed by reduceat
}
"""All functions of rules of which a part stands as its number, naming the arrays that it read."""

CELLS = 30


def entries(function, result, arguments, arrays):
    """An entry for each result of a function."""
    made = function(**arguments)
    made = made if isinstance(made, tuple) else (made,)
    sources = {name: Whole(name) for name in arrays}
    applied = Application(function, result, arguments, sources, (), made)
    return [
        Entry("y", "y", "", "forward", "intermediate", np.asarray(value), made_by=applied, output=k)
        for k, value in enumerate(made)
    ]


def functions(found, seed=3):
    """What each function of a rule computes, with the entries that it makes of random numbers."""
    arrays, options = sample_inputs(found, default_axes(found), seed)
    yield found.outputs[0], entries(found.forward, found.outputs[0], arrays | options, arrays)
    if not isinstance(found, Rule):
        return
    made = found.forward(**arrays, **options)
    outputs = dict(zip(found.outputs, made if isinstance(made, tuple) else (made,), strict=True))
    y_bar = np.random.default_rng(seed).uniform(0.5, 1.5, np.shape(outputs[found.outputs[0]]))
    arrays |= outputs | {found.cotangent_name: y_bar}
    known = found.options | options | arrays
    for name, function in found.cotangents.items():
        needed = {n: known[n] for n in parameters(function) if n in known}
        given = [n for n in needed if n in arrays]
        yield f"∂L/∂{name}", entries(function, f"∂L/∂{name}", needed, given)


def cells(entry, digits=17, most=10**9):
    for index in list(np.ndindex(entry.shape))[:CELLS]:
        yield cell_of(entry, index, digits, most)


def right_side(cell):
    last = cell.text.rpartition("\n")[2].removeprefix(cell.symbol)
    assert last[:3] in (" = ", " ← ")
    return last[3:].rpartition(" = ")[0] or last[3:]


every = pytest.mark.parametrize(
    "found", [*RULES.values(), *UPDATES.values()], ids=[*RULES.names, *UPDATES.names]
)


@every
def test_what_is_written_comes_to_what_was_computed(found):
    for _, made in functions(found):
        for entry in made:
            for cell in cells(entry):
                value = float(entry.value[cell.index])
                assert evaluate(right_side(cell)) == pytest.approx(value, rel=1e-9, abs=1e-12)


@every
def test_notes_are_true_as_well(found):
    for _, made in functions(found):
        for cell in (cell for entry in made for cell in cells(entry)):
            for note in cell.text.split("\n")[:-1]:
                _, _, text = re.split("( = | ← )", note, maxsplit=1)
                written, _, number = text.rpartition(" = ")
                if written and ", from " not in note:
                    value = evaluate(number)
                    assert evaluate(written) == pytest.approx(value, rel=1e-9, abs=1e-12)


@every
def test_every_number_is_that_of_the_array_it_was_read_from(found):
    for _, made in functions(found):
        for entry in made:
            for cell in cells(entry):
                for read in cell.reads:
                    array = np.asarray(entry.made_by.arguments[read.name])
                    assert read.index is None or array[read.index] == read.value


@every
def test_only_these_are_not_followed_to_single_numbers(found):
    for what, made in functions(found):
        followed = all(cell.followed for entry in made for cell in cells(entry))
        assert followed == ((found.name, what) not in NOT_FOLLOWED), what


@every
def test_a_cell_depends_on_what_it_read_and_on_nothing_else(found):
    """Where every other number is changed, the cell stays."""
    generator = np.random.default_rng(0)
    for what, made in functions(found):
        for entry in made[:1]:
            function, arguments = entry.made_by.function, entry.made_by.arguments
            for cell in list(cells(entry))[:3]:
                if not cell.followed:
                    continue
                changed = dict(arguments)
                for name in entry.made_by.sources:
                    array = np.array(arguments[name])
                    if array.dtype.kind != "f":
                        continue
                    kept = np.zeros(array.shape, bool)
                    for read in cell.reads:
                        if read.name == name:
                            kept[read.index] = True
                    noise = generator.uniform(0.9, 1.1, array.shape)
                    changed[name] = np.where(kept, array, array * noise)
                again = function(**changed)
                again = again[0] if isinstance(again, tuple) else again
                value = np.asarray(again)[cell.index]
                assert value == pytest.approx(float(cell.value), rel=1e-12, abs=1e-14), what


# ---------------------------------------------------------------- how it is written


def only(function, **arrays):
    (entry,) = entries(function, "y", arrays, arrays)
    return entry


def text(function, index=(), digits=4, most=8, **arrays):
    return cell_of(only(function, **arrays), index, digits, most).text


def product(x, kernel):
    return x @ kernel  # z = x W


def shares(x):
    e = np.exp(x)  # eₖ = exp xₖ
    return e / np.sum(e, axis=-1, keepdims=True)  # yₖ = eₖ / Σⱼ eⱼ


def ramp(x):
    return np.where(x > 0, x, 0) - 2 * (x - 1)  # y = max(x, 0) − 2 (x − 1)


def centred(x):
    return x - np.mean(x, axis=0)  # y = x − mean x


def strange(x):
    return 2 * np.interp(x, [0.0, 1.0], [0.0, 10.0])  # y = 2 f(x)


def beyond(x):
    return sum(2 * v for v in x)  # y = Σ 2x


def test_a_sum_of_products():
    x, kernel = np.array([[1.0, -2.0]]), np.array([[0.5], [0.25]])
    assert text(product, (0, 0), x=x, kernel=kernel) == "y[0,0] = 1 · 0.5 + (−2 · 0.25) = 0"


def test_its_terms_are_the_factors_and_where_they_were_read():
    x, kernel = np.array([[1.0, -2.0]]), np.array([[0.5], [0.25]])
    cell = cell_of(only(product, x=x, kernel=kernel), (0, 0), 4, 8)
    assert [term.value for term in cell.terms] == [0.5, -0.5]
    assert [[(r.name, r.index, r.value) for r in term.factors] for term in cell.terms] == [
        [("x", (0, 0), 1.0), ("kernel", (0, 0), 0.5)],
        [("x", (0, 1), -2.0), ("kernel", (1, 0), 0.25)],
    ]


def test_of_a_long_sum_the_first_and_last_terms_are_written_and_all_are_listed():
    x, kernel = np.arange(20.0)[None], np.ones((20, 1))
    cell = cell_of(only(product, x=x, kernel=kernel), (0, 0), 4, 4)
    assert cell.text == "y[0,0] = 0 · 1 + 1 · 1 + … + 19 · 1 = 190"
    assert len(cell.terms) == 20
    assert len(cell.reads) == 40


def test_lines_that_are_needed_come_first_and_once():
    assert text(shares, (0,), x=np.array([0.0, 1.0])).split("\n") == [
        "eₖ[0] = exp(0) = 1",
        "eₖ[1] = exp(1) = 2.718",
        "y[0] = 1 / (1 + 2.718) = 0.2689",
    ]


def test_where_says_what_was_taken_and_why():
    x = np.array([0.5, -0.5])
    assert text(ramp, (0,), x=x) == "y[0] = (0.5 where 0.5 > 0) − 2 · (0.5 − 1) = 1.5"
    assert text(ramp, (1,), x=x) == "y[1] = (0 where −0.5 ≤ 0) − 2 · (−0.5 − 1) = 3"


def test_a_mean_is_a_sum_by_a_count():
    x = np.array([1.0, 2.0, 6.0])
    assert text(centred, (0,), x=x) == "y[0] = 1 − (1 + 2 + 6) / 3 = −2"


def test_a_function_that_nobody_knows_stands_as_its_number_and_says_what_it_read():
    cell = cell_of(only(strange, x=np.array([0.5, 0.1])), (1,), 4, 8)
    assert cell.text.split("\n") == [
        "np.interp(x, [0.0, 1.0], [0.0, 10.0])[1] = 1, from x",
        "y[1] = 2 · 1 = 2",
    ]
    assert not cell.followed
    assert [(r.name, r.index) for r in cell.reads] == [("x", None)]


def test_a_line_that_cannot_be_read_at_all_names_its_arrays():
    cell = cell_of(only(beyond, x=np.array([3.0])), (), 4, 8)
    assert cell.text == "y = 6, from x"
    assert not cell.followed


def test_a_text_that_would_be_wrong_is_not_written():
    entry = only(product, x=np.ones((1, 2)), kernel=np.ones((2, 1)))
    object.__setattr__(entry, "value", np.array([[7.0]]))  # as if the rule had computed this
    assert cell_of(entry, (0, 0), 4, 8).text == "y[0,0] = 7, from x, kernel"


def test_what_is_not_finite():
    x = np.array([np.inf, 1.0])
    with np.errstate(all="ignore"):
        entry = only(centred, x=x)
    assert cell_of(entry, (0,), 4, 8).text == "y[0] = ∞ − (∞ + 1) / 2 = NaN"


def test_a_users_rule_without_equations():
    @rule("tripled_for_substitution", "x[*N,I] -> y[*N]")
    def tripled(x, *, scale=3.0):
        total = np.sum(x, axis=-1)
        return scale * total

    entry = entries(tripled.forward, "y", {"x": np.array([[1.0, 2.0]])}, ["x"])[0]
    assert cell_of(entry, (0,), 4, 8).text == "total[0] = 1 + 2 = 3\ny[0] = 3 · 3 = 9"


def test_ufuncs_that_no_rule_of_the_library_uses():
    @elementwise("wave_for_substitution")
    def wave(z):
        return np.sin(z) * np.arctan2(z, 2.0)  # y = sin z · atan(z / 2)

    entry = entries(wave.forward, "y", {"z": np.array([1.0])}, ["z"])[0]
    cell = cell_of(entry, (0,), 4, 8)
    assert cell.text == "y[0] = sin(1) · arctan2(1, 2) = 0.3901"
    assert cell.followed


@every
def test_a_sheet_computes_what_the_function_computes(found):
    for _, made in functions(found):
        applied = made[0].made_by
        sheet = Sheet(applied.function, applied.arguments)
        for output, value in enumerate(applied.made):
            place, tree = sheet.result(output)
            assert isinstance(tree, ast.expr)
            assert np.array_equal(sheet.value(place, tree), value, equal_nan=True)
