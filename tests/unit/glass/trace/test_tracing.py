"""A trace is the training step: the same bits, for every part of the library and a user's own."""

import numpy as np
import pytest
from tests.arithmetic import evaluate

from chainrule import activations, config, layers, losses, optimizers, regularizers
from chainrule.core.graph import LOSS
from chainrule.core.rule import elementwise
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from chainrule.utils import set_random_seed

SAMPLES = 4
CELLS = 5
"""Elements of an array whose equations are checked: the first, the last, and some between."""


@pytest.fixture(autouse=True)
def float64(fresh_settings):
    """Only then can 17 digits be calculated with, and compared."""
    config.set_floatx("float64")


@elementwise("mexican_hat")
def mexican_hat(z):
    square = z * z  # s = z²
    return (1 - square) * np.exp(-square / 2)  # y = (1 − s) e^(−s/2)


@mexican_hat.wrt("z")
def mexican_hat_wrt_z(z, y_bar):
    return y_bar * (z * z * z - 3 * z) * np.exp(-z * z / 2)  # ∂L/∂z = ȳ (z³ − 3z) e^(−z²/2)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1.2, shape)


def line(*between, shape=(3,), units=2, **compile_args):
    """A line of layers that ends with a Dense layer, for the NumPy engine in float64."""
    set_random_seed(5)
    made = [Input(shape), *between]
    made += [layers.Flatten(name="flat")] if len(shape) > 1 else []
    model = Sequential([*made, Dense(units, name="last")])
    model.compile(**{"optimizer": "sgd", "loss": "mse", "engine": "numpy", **compile_args})
    return model


def by_interpreter(model, x, y, sample_weight=None):
    """All values, gradients, and what the optimizer made, of the step that comes next."""
    data, plan, optimizer = model._data(x, y, sample_weight), model.plan, model.optimizer
    run = model._run()
    copies = Run(run.theta.copy(), {n: s.copy() for n, s in run.states.items()}, run.step, run.seed)
    batch = NumpyProgram(plan).batch(copies, data.arrays, data.rows)
    scalars = {n: v.tolist()[0] for n, v in optimizer.scalars(run.step + 1, 1).items()}
    values, moved = interpret.step(plan, copies.theta, copies.states, batch, scalars)
    scale = plan.update.loss_scale
    bars = interpret.backward(plan.train, plan.differentiated, values, scale=scale)
    return values, bars, moved


def assert_same_bits(found, wanted, name):
    assert np.array_equal(found, wanted, equal_nan=True), name
    assert np.asarray(found).dtype == np.asarray(wanted).dtype or np.ndim(wanted) == 0, name


def assert_traced(model, x, y, sample_weight=None, steps=3):
    """Every number of the trace is that of training, which then does the same steps."""
    trace = model.trace(x, y, sample_weight)
    while len(trace) < steps:
        trace.step()
    for step in trace:
        values, bars, moved = by_interpreter(model, x, y, sample_weight)
        assert step.loss == values[LOSS]
        for entry in step:
            if entry.name in values:
                assert_same_bits(entry.value, values[entry.name], entry.name)
            elif entry.name.removeprefix("∂L/∂") in bars:
                assert_same_bits(entry.value, bars[entry.of], entry.name)
        for name, state in model.plan.update.states.items():
            for slot, part in state.layout.views(moved[name]).items():
                if f"{slot}: {name}" in step:
                    assert_same_bits(step[f"{slot}: {name}"].value, part, slot)
        model.train_on_batch(x, y, sample_weight)
        for slot, weights in model.layout.views(model.theta).items():
            new = f"{slot}: theta" if f"{slot}: theta" in step else slot
            assert_same_bits(step[new].value, weights, new)
    return trace


def places(shape):
    every = list(np.ndindex(shape))
    return every if len(every) <= CELLS else every[:: len(every) // (CELLS - 1)] + every[-1:]


def assert_substituted(trace):
    """Each cell's numbers are those of the entries that it read, and give the cell's value."""
    step = trace.steps[-1]
    for entry in step:
        for index in places(entry.shape):
            cell = entry.cell(index, digits=17, most=10**6)
            assert_same_bits(cell.value, np.asarray(entry.value)[index], entry.name)
            for read in cell.reads:
                source = step[read.name]
                if read.index is not None:
                    assert_same_bits(read.value, np.asarray(source.value)[read.index], read.name)
            if entry.made_by is None and not entry.adds:
                continue
            assert ", from " not in cell.text.rpartition("\n")[2], entry.name
            assert evaluated(cell) == pytest.approx(float(cell.value), rel=1e-9, abs=1e-12), (
                cell.text
            )


def evaluated(cell):
    """What the last line's right-hand side comes to."""
    last = cell.text.rpartition("\n")[2].removeprefix(cell.symbol)
    return float(evaluate(last[3:].rpartition(" = ")[0] or last[3:]))


# ---------------------------------------------------------------- layers

ROW, TABLE = (6,), (3, 4)

LINES = {
    "Activation": (lambda: layers.Activation("tanh"), ROW),
    "ActivityRegularization": (lambda: layers.ActivityRegularization(0.1, 0.2), ROW),
    "AlphaDropout": (lambda: layers.AlphaDropout(0.4), ROW),
    "BatchNormalization": (lambda: layers.BatchNormalization(momentum=0.7), ROW),
    "CategoryEncoding": (lambda: layers.CategoryEncoding(6), ROW),
    "Dense": (lambda: Dense(3, "relu", use_bias=False), TABLE),
    "Discretization": (lambda: layers.Discretization([-1.0, 0.5]), ROW),
    "Dropout": (lambda: layers.Dropout(0.4), ROW),
    "ELU": (layers.ELU, ROW),
    "Embedding": (lambda: layers.Embedding(6, 2), TABLE),
    "Flatten": (layers.Flatten, TABLE),
    "GaussianDropout": (lambda: layers.GaussianDropout(0.4), ROW),
    "GaussianNoise": (lambda: layers.GaussianNoise(0.4), ROW),
    "GroupNormalization": (lambda: layers.GroupNormalization(3), (3, 6)),
    "Identity": (layers.Identity, ROW),
    "LayerNormalization": (layers.LayerNormalization, TABLE),
    "LeakyReLU": (layers.LeakyReLU, ROW),
    "Normalization": (lambda: layers.Normalization(mean=0.5, variance=2.0), ROW),
    "PReLU": (lambda: layers.PReLU("ones"), TABLE),
    "Permute": (lambda: layers.Permute((2, 1)), TABLE),
    "RMSNormalization": (layers.RMSNormalization, TABLE),
    "ReLU": (lambda: layers.ReLU(1.0, 0.1, 0.3), ROW),
    "RepeatVector": (lambda: layers.RepeatVector(2), ROW),
    "Rescaling": (lambda: layers.Rescaling(0.5, offset=-1), TABLE),
    "Reshape": (lambda: layers.Reshape((2, 6)), TABLE),
    "Softmax": (layers.Softmax, TABLE),
    "UnitNormalization": (layers.UnitNormalization, TABLE),
}

MERGES = {
    "Add": layers.Add,
    "Average": layers.Average,
    "Concatenate": layers.Concatenate,
    "Dot": lambda: layers.Dot(1, normalize=True),
    "Maximum": layers.Maximum,
    "Minimum": layers.Minimum,
    "Multiply": layers.Multiply,
    "Subtract": layers.Subtract,
}

CLASSES = {"CategoryEncoding", "Embedding"}
"""Layers whose inputs are class numbers."""


def test_every_layer_is_here():
    assert {*LINES, *MERGES, "InputLayer"} == set(layers.LAYERS.names)


@pytest.mark.parametrize("name", LINES)
def test_every_layer(name):
    make, shape = LINES[name]
    x = numbers(SAMPLES, *shape)
    x = np.abs(x * 2).astype(int) % 6 if name in CLASSES else x
    tail = [layers.Flatten()] if len(shape) > 1 or name == "RepeatVector" else []
    set_random_seed(5)
    first = [] if name in (*CLASSES, "Discretization") else [Dense(shape[-1], "tanh")]
    model = Sequential([Input(shape), *first, make(), *tail, Dense(2)])
    model.compile("adam", "mse", engine="numpy")
    assert_substituted(assert_traced(model, x, numbers(SAMPLES, 2, seed=1)))


@pytest.mark.parametrize("name", MERGES)
def test_every_merging_layer(name):
    set_random_seed(5)
    left, right = Input((3,), name="left"), Input((3,), name="right")
    merged = MERGES[name]()([Dense(4, "tanh")(left), Dense(4, "sigmoid")(right)])
    model = Model([left, right], Dense(2)(merged))
    model.compile("sgd", "mse", engine="numpy")
    x = {"left": numbers(SAMPLES, 3), "right": numbers(SAMPLES, 3, seed=2)}
    assert_substituted(assert_traced(model, x, numbers(SAMPLES, 2, seed=1)))


# ---------------------------------------------------------------- activations, losses, optimizers


@pytest.mark.parametrize("name", sorted({*activations.ACTIVATIONS.names} - {"threshold"}))
def test_every_activation(name):  # no layer gives threshold's options; see test_substitution
    model = line(Dense(4), layers.Activation(name))
    assert_substituted(assert_traced(model, numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1)))


def for_loss(name):
    """A last activation and targets that a loss takes."""
    generator = np.random.default_rng(3)
    if name in ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"):
        return "softmax", generator.integers(0, 3, SAMPLES)
    if name.startswith("categorical"):
        return "softmax", np.eye(3)[generator.integers(0, 3, SAMPLES)]
    if name.startswith("binary"):
        return "sigmoid", generator.integers(0, 2, (SAMPLES, 3)).astype(float)
    return "sigmoid", generator.uniform(0.1, 0.9, (SAMPLES, 3))


@pytest.mark.parametrize("name", losses.LOSSES.names)
def test_every_loss(name):
    activation, y = for_loss(name)
    set_random_seed(5)
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(3, activation)])
    model.compile("sgd", name, engine="numpy")
    assert_substituted(assert_traced(model, numbers(SAMPLES, 3), y))


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names)
def test_every_optimizer(name):
    model = line(Dense(4, "tanh"), optimizer=name)
    assert_substituted(assert_traced(model, numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1)))


SURROUNDINGS = {
    "clipnorm": {"clipnorm": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.05},
    "weight_decay": {"weight_decay": 0.01},
    "average": {"use_ema": True, "ema_overwrite_frequency": 2},
    "accumulation": {"gradient_accumulation_steps": 2},
    "loss scale": {"loss_scale_factor": 64.0},
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_all_that_surrounds_an_update(name):
    model = line(Dense(4, "tanh"), optimizer=optimizers.Adam(0.1, **SURROUNDINGS[name]))
    trace = assert_traced(model, numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1), steps=4)
    assert_substituted(trace)


@pytest.mark.parametrize("name", regularizers.REGULARIZERS.names)
def test_every_regularizer(name):
    dense = Dense(4, "tanh", kernel_regularizer=name, activity_regularizer="l2")
    trace = assert_traced(line(dense), numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1))
    assert_substituted(trace)


def test_constraints():
    dense = Dense(4, "tanh", kernel_constraint="unit_norm", bias_constraint="non_neg")
    assert_substituted(assert_traced(line(dense), numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1)))


# ---------------------------------------------------------------- models


def test_shared_layers_several_outputs_and_their_weights():
    set_random_seed(5)
    left, right = Input((3,), name="left"), Input((3,), name="right")
    shared = Dense(4, "tanh", name="shared")
    a, b = shared(left), shared(right)
    outputs = {"near": Dense(2, name="near")(a), "far": Dense(1, name="far")(layers.Add()([a, b]))}
    model = Model([left, right], outputs)
    model.compile("adam", {"near": "mse", "far": "mae"}, loss_weights={"near": 2.0, "far": 0.5},
                  engine="numpy")  # fmt: skip
    x = [numbers(SAMPLES, 3), numbers(SAMPLES, 3, seed=2)]
    y = {"near": numbers(SAMPLES, 2, seed=3), "far": numbers(SAMPLES, 1, seed=4)}
    trace = assert_traced(
        model, x, y, {"near": np.array([1.0, 0, 2, 0.5]), "far": np.ones(SAMPLES)}
    )
    assert_substituted(trace)
    total = trace["∂L/∂shared/kernel"]
    parts = [trace[name].value for name in total.adds]
    assert len(parts) == 2
    assert np.array_equal(parts[0] + parts[1], total.value)


def test_sample_weights_and_classes_that_do_not_count():
    model = line(Dense(4, "tanh"), units=3, loss=losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=1))  # fmt: skip
    x, y = numbers(SAMPLES, 3), np.array([0, 1, 2, 2])
    assert_substituted(assert_traced(model, x, y, np.array([1.0, 2.0, 0.0, 0.5])))


def test_a_rule_of_a_users_own():
    model = line(Dense(4, mexican_hat))
    trace = assert_traced(model, numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1))
    assert_substituted(trace)
    assert [r.line.equation for r in trace["dense/a"].lines] == ["s = z²", "y = (1 − s) e^(−s/2)"]


def test_frozen_layers_have_no_gradient_and_do_not_move():
    model = line(Dense(4, "tanh", name="frozen", trainable=False))
    trace = assert_traced(model, numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1))
    assert "frozen/kernel: theta" not in trace
    assert "∂L/∂frozen/kernel" not in trace


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fit_on_one_batch_does_the_same(dtype):
    config.set_floatx(dtype)
    set_random_seed(1)
    model = Sequential([Input((3,)), Dense(4, "sigmoid"), layers.Dropout(0.3), Dense(2)])
    model.compile("adam", "mse", engine="numpy")
    x, y = numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1)
    before = model.theta.copy()
    trace = model.trace(x, y)
    trace.step()
    assert np.array_equal(model.theta, before)
    assert model.optimizer.steps == 0
    assert model.optimizer.state == {}
    history = model.fit(x, y, batch_size=SAMPLES, epochs=2, verbose=0)
    assert history.history["loss"] == [step.loss for step in trace]
    for slot, weights in model.layout.views(model.theta).items():
        assert_same_bits(trace[f"{slot}: theta"].value, weights, slot)


def test_a_trace_goes_on_from_where_training_stopped():
    model = line(Dense(4, "tanh"), optimizer="adam")
    x, y = numbers(SAMPLES, 3), numbers(SAMPLES, 2, seed=1)
    model.fit(x, y, epochs=3, verbose=0)
    assert_traced(model, x, y)
