"""What a trace is made of: its entries in order, their names, symbols and words, and chains."""

import numpy as np
import pytest
from tests.builders import classifier, regressor

from chainrule import config, layers
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.glass.trace.record import STAGES
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential

X = np.array([[1.0, 1.0], [0.25, 0.625], [0.875, 0.75]])
Y = np.array([[1.0], [0.35714286], [0.83928571]])


@pytest.fixture(autouse=True)
def float64(fresh_settings):
    config.set_floatx("float64")


@pytest.fixture
def trace():
    return regressor("adam").trace(X, Y)


# ---------------------------------------------------------------- entries


def test_entries_are_in_the_order_of_the_computation(trace):
    stages = [entry.stage for entry in trace.steps[0]]
    assert stages == sorted(stages, key=STAGES.index)
    forward = [e.symbol for e in trace.steps[0] if e.stage in ("forward", "loss")]
    assert forward == ["z₁", "a₁", "z₂", "a₂", "ℓ", "L"]
    backward = [e.symbol for e in trace.steps[0].of_stage("backward")]
    assert backward == [
        *("∂L/∂L", "∂L/∂ℓ", "∂L/∂a₂", "δ₂", "∂L/∂W₂", "∂L/∂b₂"),
        *("∂L/∂a₁", "δ₁", "∂L/∂W₁", "∂L/∂b₁", "∂L/∂x"),
    ]
    update = [e.name for e in trace.steps[0].of_stage("update") if e.made_by]
    assert update[:4] == ["step_size", "dense/kernel: m", "dense/kernel: v", "dense/kernel: theta"]


def test_names_are_unique(trace):
    names = [entry.name for entry in trace.steps[0]]
    assert len(set(names)) == len(names)


def test_what_an_entry_says(trace):
    entry = trace["∂L/∂dense/kernel"]
    assert (entry.symbol, entry.stage, entry.role) == ("∂L/∂W₁", "backward", "gradient")
    assert (entry.layer, entry.of, entry.axes) == ("dense", "dense/kernel", ("I", "O"))
    assert (entry.shape, entry.rule) == ((2, 3), "dense")
    assert entry.equation == "∂L/∂W = xᵀ z̄"
    assert entry.symbolic == "∂L/∂W₁ = xᵀ δ₁"
    assert entry.latex == r"\frac{\partial L}{\partial W} = x^{T} \bar{z}"
    assert entry.title == "Gradient with respect to weights of layer dense"
    assert repr(entry) == "<∂L/∂W₁ ∂L/∂dense/kernel (2, 3): ∂L/∂W = xᵀ z̄>"
    assert "∂L/∂W = xᵀ z̄" in str(entry)


def test_lines_are_the_rules_own_with_what_they_computed(trace):
    lines = trace["dense/a"].lines
    assert [reading.line.code for reading in lines] == [
        "np.exp(-np.abs(z))",
        "np.where(z >= 0, 1, e) / (1 + e)",
    ]
    assert np.array_equal(lines[0].value, np.exp(-np.abs(trace["dense/z"].value)))
    assert lines[-1].value is trace["dense/a"].value


def test_lines_of_a_flat_vector_have_the_parameters_shape(trace):
    (line,) = trace["dense_1/kernel: m"].lines
    assert np.array_equal(line.value, trace["dense_1/kernel: m"].value)
    assert line.value.shape == (3, 1)


def test_an_entry_is_found_by_name_or_symbol(trace):
    assert trace["z₁"] is trace["dense/z"] is trace.steps[0]["dense/z"]
    assert "δ₁" in trace
    assert "nope" not in trace


def test_a_name_that_is_not_there_gets_the_nearest(trace):
    with pytest.raises(UnknownNameError, match=r"'dense_1/kernel'.*name='dense_1/kernle'"):
        trace["dense_1/kernle"]


def test_axes_of_samples_and_of_what_the_rules_say(trace):
    axes = {entry.name: entry.axes for entry in trace.steps[0]}
    assert axes["x"] == axes["∂L/∂x"] == ("N", "I")
    assert axes["dense/z"] == axes["dense/a"] == axes["∂L/∂dense/a"] == ("N", "O")
    assert axes["loss/values"] == ("N",)
    assert axes["loss"] == ()


def test_another_step_begins_where_the_first_ended(trace):
    second = trace.step()
    first = trace.steps[0]
    assert (first.number, second.number, len(trace)) == (1, 2, 2)
    for name in ("dense/kernel", "dense_1/bias"):
        assert np.array_equal(second[name].value, first[f"{name}: theta"].value)
    state = second["dense/kernel: m (before)"].value
    assert np.array_equal(state, first["dense/kernel: m"].value)
    assert second.loss < first.loss
    assert trace["z₁"] is second["z₁"]


def test_entries_are_not_changed_by_later_steps(trace):
    before = {entry.name: np.array(entry.value) for entry in trace.steps[0]}
    trace.step()
    for entry in trace.steps[0]:
        assert np.array_equal(entry.value, before[entry.name]), entry.name


def test_a_cell_of_a_place_that_is_not_there(trace):
    with pytest.raises(ArgumentError, match=r"shape \(3, 3\).*index=\(3, 0\)"):
        trace["z₁"].cell((3, 0))
    with pytest.raises(ArgumentError, match="one number for each axis"):
        trace["z₁"].cell(0)


def test_negative_places_count_from_the_end(trace):
    assert trace["z₁"].cell((-1, -3)).index == (2, 0)


def test_what_came_from_outside_is_just_its_number(trace):
    assert trace["x"].cell((1, 0)).text == "x[1,0] = 0.25"
    assert trace["x"].cell((1, 0)).reads == ()


def test_a_fused_loss_shows_the_activation_before_the_loss():
    model = classifier()
    trace = model.trace(np.ones((2, 4)), [0, 2])
    names = [e.name for e in trace.steps[0] if e.stage in ("forward", "loss")]
    assert names[-3:] == ["dense_1/a", "loss/values", "loss"]
    entry = trace["dense_1/a"]
    assert (entry.stage, entry.role, entry.layer) == ("forward", "activation", "dense_1")
    assert entry.rule == "softmax_sparse_crossentropy"
    assert entry.equation == "pₖ = eₖ / Σⱼ eⱼ"


def test_labels_can_be_anything_that_fit_takes():
    model = classifier()
    model.compile("sgd", "crossentropy")
    assert model.trace(np.ones((2, 4)), [0, 2])["y_true"].value.tolist() == [0, 2]


# ---------------------------------------------------------------- chains


def test_a_chain_goes_from_one_to_the_weight(trace):
    chain = trace.chain("dense/kernel", (1, 2))
    assert chain[0].text == "∂L/∂L = 1"
    assert chain[-1].symbol == "∂L/∂W₁[1,2]"
    assert chain[-1].value == trace["∂L/∂dense/kernel"].value[1, 2]
    assert len(chain[-1].terms) == len(X)  # the sum over the batch
    assert [cell.symbol for cell in chain if cell.name == "∂L/∂dense/z"] == [
        "δ₁[0,2]",
        "δ₁[1,2]",
        "δ₁[2,2]",
    ]


def test_each_cell_of_a_chain_follows_those_that_it_needs(trace):
    seen = set()
    for cell in trace.chain("dense/kernel", (0, 0)):
        needed = {(r.name, r.index) for r in cell.reads if r.name.startswith("∂L/∂")}
        assert needed <= seen
        seen.add((cell.name, cell.index))


def test_the_end_of_a_chain_is_the_slope_of_the_loss():
    model = regressor("sgd")
    trace, step = model.trace(X, Y), 1e-6
    losses = []
    for sign in (1, -1):
        weights = model.get_weights()
        weights[0][0, 1] += sign * step
        moved = regressor("sgd")
        moved.set_weights(weights)
        losses.append(moved.trace(X, Y).steps[0].loss)
    slope = (losses[0] - losses[1]) / (2 * step)
    assert trace.chain("dense/kernel", (0, 1))[-1].value == pytest.approx(slope, rel=1e-7)


def test_a_chain_of_several_paths_goes_along_each():
    x = Input((2,))
    h = Dense(2, "tanh", name="h")(x)
    model = Model(x, Dense(1, name="out")(layers.Add(name="sum")([h, Dense(2, name="far")(h)])))
    model.compile("sgd", "mse")
    chain = model.trace(X, Y).chain("h/kernel", (0, 0))
    names = {cell.name for cell in chain}
    assert "∂L/∂h/a via far/z" in names
    assert any(name.startswith("∂L/∂h/a via sum/") for name in names)


def test_a_chain_of_what_has_no_gradient(trace):
    with pytest.raises(UnknownNameError, match="Did you mean 'dense/kernel'"):
        trace.chain("dense/kernal", (0, 0))
    with pytest.raises(UnknownNameError, match="no gradient"):
        trace.chain("y_true", (0, 0))


# ---------------------------------------------------------------- notation and words


def test_the_lessons_symbols():
    trace = regressor("sgd").trace(X, Y, notation="lesson")
    symbols = [e.symbol for e in trace.steps[0] if e.stage in ("forward", "loss")]
    assert symbols == ["S_H", "A_H", "S_O", "A_O", "e", "E"]
    assert trace["S_O"].symbolic == "S_O = A_H w₂ + b₂"
    assert trace["∂E/∂S_H"].symbolic == "∂E/∂S_H = ∂E/∂A_H · A_H · (1 − A_H)"
    assert trace["∂E/∂w₁"].symbolic == "∂E/∂w₁ = Xᵀ ∂E/∂S_H"


def test_the_lessons_symbols_of_a_deeper_network():
    model = Sequential([Input((2,)), Dense(3, "tanh"), Dense(2, "tanh"), Dense(1, "sigmoid")])
    model.compile("sgd", "mse")
    trace = model.trace(X, Y, notation="lesson")
    symbols = [entry.symbol for entry in trace.steps[0].of_stage("forward")]
    assert symbols == ["S_H1", "A_H1", "S_H2", "A_H2", "S_O", "A_O"]


@pytest.mark.parametrize("notation", ["textbook", "lesson"])
def test_no_two_arrays_of_a_pass_have_one_symbol(notation):
    model = Sequential(
        [Input((3, 2)), layers.Rescaling(0.5), layers.Flatten(), Dense(4, "relu"),
         layers.Dropout(0.5), layers.BatchNormalization(), layers.Dropout(0.5), Dense(1)]
    )  # fmt: skip
    model.compile("sgd", "mse")
    trace = model.trace(np.ones((2, 3, 2)), [1.0, 2.0], notation=notation)
    shown = [e.symbol for e in trace.steps[0] if e.stage in ("input", "forward", "loss")]
    assert len(set(shown)) == len(shown)


def test_a_layer_that_is_used_again_is_marked():
    x = Input((2,))
    shared = Dense(2, "tanh", name="shared")
    model = Model(x, Dense(1)(shared(shared(x))))
    model.compile("sgd", "mse")
    trace = model.trace(X, Y)
    assert trace["shared@1/z"].symbol == "z₁⁽²⁾"
    assert trace["shared@1/z"].symbolic == "z₁⁽²⁾ = a₁ W₁ + b₁"


def test_korean_words():
    trace = regressor("sgd").trace(X, Y, lang="ko")
    assert trace["z₁"].title == "층 dense의 가중합"
    assert trace["a₁"].title == "층 dense의 활성값"
    assert trace["W₁"].title == "층 dense의 가중치"
    assert trace["b₁"].title == "층 dense의 편향"
    assert trace["δ₁"].title == "층 dense의 가중합에 대한 손실의 기울기"
    assert trace["L"].title == "배치 전체의 손실"
    assert trace["η"].title == "이 단계의 학습률"


def test_both_languages_have_all_words():
    from chainrule.glass.trace.words import TITLES, WORDS

    for words in (WORDS, TITLES):
        assert set(words["en"]) == set(words["ko"])


@pytest.mark.parametrize(("argument", "value"), [("notation", "greek"), ("lang", "fr")])
def test_an_unknown_notation_or_language(argument, value):
    with pytest.raises(ArgumentError, match=f"`{argument}` must be one of .*{argument}='{value}'"):
        regressor("sgd").trace(X, Y, **{argument: value})


def test_a_model_that_is_not_compiled():
    with pytest.raises(StateError, match="compile"):
        Sequential([Input((2,)), Dense(1)]).trace(X, Y)


def test_reprs(trace):
    assert repr(trace.steps[0]).startswith("<step 1: loss 0.")
    assert "1 step(s)" in repr(trace)
    assert str(trace["z₁"].cell((0, 0))) == trace["z₁"].cell((0, 0)).text


def test_a_rule_whose_source_nobody_kept():
    """A rule typed into a console: it runs, and the trace says what it read."""
    from chainrule.core.rule import Rule

    space = {}
    exec(
        "def doubled(z):\n    return 2 * z\ndef doubled_wrt_z(y_bar):\n    return 2 * y_bar", space
    )
    doubled = Rule("doubled_in_a_console", "z[*S] -> y[*S]", space["doubled"], elementwise=True)
    doubled.wrt("z")(space["doubled_wrt_z"])
    model = Sequential([Input((2,)), Dense(2, doubled), Dense(1)])
    model.compile("sgd", "mse")
    trace = model.trace(X, Y)
    entry = trace["dense/a"]
    assert np.array_equal(entry.value, 2 * trace["dense/z"].value)
    assert (entry.lines, entry.equation) == ((), "")
    assert entry.cell((0, 0)).text.endswith(", from dense/z")
