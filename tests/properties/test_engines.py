"""The native engine against the NumPy reference: generated models, data and optimizers."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from chainrule import layers, losses, optimizers
from chainrule.core import rng
from chainrule.core.names import reset_names
from chainrule.engines import native
from chainrule.engines.kernels import Kernels
from chainrule.engines.native import NativeEngine, NativeProgram
from chainrule.engines.numpy import NumpyEngine
from chainrule.models import Model
from chainrule.optimizers.schedules import ExponentialDecay
from chainrule.testing import assert_close

_native = pytest.importorskip("chainrule._native")

ELEMENTWISE = ["linear", "sigmoid", "tanh", "relu", "silu", "softplus", "leaky_relu"]
ACTIVATIONS = [*ELEMENTWISE, "softmax"]

OPTIMIZERS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "RMSprop": [{}, {"momentum": 0.5}, {"centered": True, "momentum": 0.5}],
    "Adam": [{}, {"amsgrad": True}],
    "AdamW": [{}],
    "Adagrad": [{}],
    "Nadam": [{}],
    "Adamax": [{}],
    "Adadelta": [{}],
}
"""Lion is left to its own test: where a gradient is 0 but for rounding, its sign is anything."""


PIPELINE = [
    {},
    {"clipnorm": 0.5},
    {"clipvalue": 0.01},
    {"global_clipnorm": 0.3},
    {"weight_decay": 0.02},
    {"use_ema": True, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 2},
]


PENALTIES = st.sampled_from([None, None, "l1", "l2", "l1_l2"])


@st.composite
def built(draw, dtype="float64", rows=(1, 40)):
    """A model of layers that the native engine runs, compiled, and data for it."""
    seed = draw(st.integers(0, 2**16))
    generator = np.random.default_rng(seed)
    samples, features = draw(st.integers(*rows)), draw(st.integers(1, 40))
    rng.set_seed(seed)
    reset_names()
    inputs = x = layers.Input((features,))
    labels = draw(st.booleans())
    if labels:
        x = layers.Flatten()(layers.Embedding(7, 3, dtype=dtype)(x))
        data = generator.integers(0, 7, (samples, features))
    else:
        data = draw(st.sampled_from([np.uint8, np.int16, np.float32, np.float64]))
        data = (generator.random((samples, features)) * 9).astype(data)
        x = layers.Rescaling(0.2, -0.7)(x)
    for _ in range(draw(st.integers(0, 3))):
        x = draw(st.sampled_from(LAYERS))(draw, x, dtype)
    return finish(draw, inputs, x, data, generator, dtype)


def dense(draw, x, dtype):
    activation = draw(st.sampled_from(ACTIVATIONS))
    least = 2 if activation == "softmax" else 1
    units = draw(st.integers(least, 40))
    options = {"use_bias": draw(st.booleans()), "kernel_regularizer": draw(PENALTIES)}
    return layers.Dense(units, activation, **options, dtype=dtype)(x)


def residual(draw, x, dtype):
    return x + layers.Dense(x.shape[-1], "tanh", dtype=dtype)(x)


def batch_normalization(draw, x, dtype):
    options = {name: draw(st.booleans()) for name in ("scale", "center")}
    return layers.BatchNormalization(**options, momentum=0.7, dtype=dtype)(x)


def layer_normalization(draw, x, dtype):
    return layers.LayerNormalization(scale=draw(st.booleans()), dtype=dtype)(x)


def dropout(draw, x, dtype):
    seed = draw(st.none() | st.integers(0, 9))
    return layers.Dropout(draw(st.sampled_from([0.0, 0.3, 0.8])), seed=seed)(x)


LAYERS = [dense, dense, residual, batch_normalization, layer_normalization, dropout]


def finish(draw, inputs, x, data, generator, dtype):
    """A head, a loss with targets, an optimizer."""
    samples = len(data)
    kind = draw(st.sampled_from(["mse", "mae", "binary", "categorical", "sparse"]))
    units = draw(st.integers(1 if kind in ("mse", "mae", "binary") else 2, 12))
    end = {"binary": "sigmoid", "categorical": "softmax", "sparse": "softmax"}.get(kind)
    x = layers.Dense(units, end, dtype=dtype)(x)
    reduction = draw(st.sampled_from(["sum_over_batch_size", "sum", "mean_with_sample_weight"]))
    classes = generator.integers(0, units, samples)
    loss, y = {
        "mse": (losses.MeanSquaredError, generator.normal(size=(samples, units))),
        "mae": (losses.MeanAbsoluteError, generator.normal(size=(samples, units))),
        "binary": (losses.BinaryCrossentropy, generator.integers(0, 2, (samples, units))),
        "categorical": (losses.CategoricalCrossentropy, np.eye(units)[classes]),
        "sparse": (losses.SparseCategoricalCrossentropy, classes),
    }[kind]
    name = draw(st.sampled_from(sorted(OPTIMIZERS)))
    options = draw(st.sampled_from(OPTIMIZERS[name])) | draw(st.sampled_from(PIPELINE))
    rate = draw(st.sampled_from([0.01, ExponentialDecay(0.02, 3, 0.7)]))
    model = Model(inputs, x)
    optimizer = getattr(optimizers, name)(rate, **options)
    metrics = ["accuracy", "mse"] if kind != "sparse" else ["accuracy"]
    model.compile(optimizer, loss(reduction=reduction), metrics=metrics, weighted_metrics=["acc"])
    arrays = {"x": data, "y_true": y}
    if draw(st.booleans()):
        arrays["sample_weight"] = generator.uniform(0, 2, samples)
    note(f"{[layer.get_config() for layer in model.layers]}, {optimizer}, {loss}, {reduction}")
    return model, arrays


def trained(program, model, arrays, batch, epochs=3, seed=3):
    """A run of a few epochs in drawn orders, and its sums."""
    optimizer = model.optimizer
    optimizer.state, optimizer.steps = {}, 0
    run = model._run()
    run.theta, run.states = run.theta.copy(), {n: s.copy() for n, s in run.states.items()}
    generator, sums = np.random.default_rng(seed), []
    for _ in range(epochs):
        order = generator.permutation(len(arrays["x"]))
        steps = -(-len(order) // batch)
        scalars = optimizer.scalars(run.step + 1, steps)
        sums.append(program.train(run, arrays, order, batch, scalars))
    return run, sums


def assert_same_sums(ours, theirs, tolerance):
    assert ours.samples == theirs.samples
    assert_close(ours.losses, theirs.losses, tolerance, "loss")
    assert ours.measures.keys() == theirs.measures.keys()
    for name, sums in theirs.measures.items():
        assert_close(ours.measures[name], sums, tolerance, name)


LARGE = 65, 300
"""Rows of which gradients are computed for parts of a batch and added up."""

few = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@given(made=built(), batch=st.integers(1, 17), threads_=st.integers(1, 3))
@many
def test_training_is_that_of_the_reference(made, batch, threads_):
    model, arrays = made
    reference, theirs = trained(NumpyEngine().build(model.plan), model, arrays, batch)
    program = NativeEngine().build(model.plan)
    with at_most(threads_):
        run, ours = trained(program, model, arrays, batch)
    assume_sane(reference, model, arrays, batch)
    assert run.step == reference.step
    for name, state in reference.states.items():
        assert_close(run.states[name], state, "engines", name)
    assert_close(run.theta, reference.theta, "engines", "theta")
    for one, other in zip(ours, theirs, strict=True):
        assert_same_sums(one, other, "engines")


@given(units=st.integers(1, 9), places=st.integers(1, 4), batch=st.integers(65, 140))
@few
def test_sequences_and_shared_layers_are_trained_as_by_the_reference(units, places, batch):
    rng.set_seed(units)
    x = layers.Input((places, 5))
    shared = layers.Dense(units, "tanh", dtype="float64")
    both = layers.Flatten()(shared(x) + shared(layers.Rescaling(0.5)(x)))
    model = Model(x, layers.Dense(2, dtype="float64")(both))
    model.compile("adam", "mse", engine="native")
    generator = np.random.default_rng(units)
    arrays = {"x": generator.normal(size=(300, places, 5)), "y_true": generator.random((300, 2))}
    reference, _ = trained(NumpyEngine().build(model.plan), model, arrays, batch)
    found = []
    for count in (1, 3, 9):
        program = NativeEngine().build(model.plan)
        trained(program, model, arrays, 65)  # whatever was trained before
        with at_most(count):
            run, _ = trained(program, model, arrays, batch)
        found.append(run.theta.tobytes())
    assert found[0] == found[1] == found[2]
    assert_close(run.theta, reference.theta, "engines", "theta")


@given(made=built(rows=LARGE), batch=st.integers(*LARGE), threads_=st.integers(1, 3))
@few
def test_gradients_that_are_added_up_from_parts_are_those_of_the_reference(made, batch, threads_):
    model, arrays = made
    reference, _ = trained(NumpyEngine().build(model.plan), model, arrays, batch)
    with at_most(threads_):
        run, _ = trained(NativeEngine().build(model.plan), model, arrays, batch)
    assume_sane(reference, model, arrays, batch)
    assert_close(run.theta, reference.theta, "engines", "theta")


@given(
    made=built("float32") | built("float32", rows=LARGE),
    batch=st.integers(1, 17) | st.integers(*LARGE),
)
@many
def test_threads_and_the_size_of_a_call_change_no_bit(made, batch):
    model, arrays = made
    found = []
    for count in (1, 2, 3):
        with at_most(count):
            run, sums = trained(NativeEngine().build(model.plan), model, arrays, batch)
        found.append((run.theta.tobytes(), *(s.losses.tobytes() for s in sums)))
    assert found[0] == found[1] == found[2]


@st.composite
def narrow(draw):
    """A model of few units in every layer, and data for it."""
    seed = draw(st.integers(0, 2**16))
    generator = np.random.default_rng(seed)
    rng.set_seed(seed)
    samples, features = draw(st.integers(1, 70)), draw(st.integers(1, 12))
    x = inputs = layers.Input((features,))
    for _ in range(draw(st.integers(0, 2))):
        units = draw(st.integers(1, 12))
        activation, use_bias = draw(st.sampled_from(ELEMENTWISE)), draw(st.booleans())
        options = {"use_bias": use_bias, "kernel_regularizer": draw(PENALTIES)}
        x = layers.Dense(units, activation, **options, dtype="float64")(x)
    loss, end = draw(st.sampled_from([("mse", None), ("mae", "tanh"), ("bce", "sigmoid")]))
    model = Model(inputs, layers.Dense(1, end, dtype="float64")(x))
    name = draw(st.sampled_from(sorted(OPTIMIZERS)))
    options = draw(st.sampled_from(OPTIMIZERS[name])) | draw(st.sampled_from(PIPELINE))
    model.compile(getattr(optimizers, name)(**options), loss, metrics=["mse"])
    y = generator.integers(0, 2, (samples, 1)).astype(float)
    arrays = {"x": generator.normal(size=(samples, features)), "y_true": y}
    if draw(st.booleans()):
        arrays["sample_weight"] = generator.uniform(0, 2, samples)
    return model, arrays


@given(made=narrow(), batch=st.integers(1, 70))
@many
def test_samples_that_lie_side_by_side_are_trained_as_by_the_reference(made, batch):
    model, arrays = made
    program = NativeEngine().build(model.plan)
    run, ours = trained(program, model, arrays, batch)
    assert program._lower("train", arrays, batch)[0].narrow
    reference, theirs = trained(NumpyEngine().build(model.plan), model, arrays, batch)
    assume_sane(reference, model, arrays, batch)
    assert_close(run.theta, reference.theta, "engines", "theta")
    for one, other in zip(ours, theirs, strict=True):
        assert_same_sums(one, other, "engines")


@given(
    inputs=st.integers(500, 1200),
    units=st.integers(1, 40),
    samples=st.integers(1, 9),
    before=st.integers(1, 9),
)
@many
def test_a_kernel_cut_in_blocks_is_the_same_for_any_threads_and_whatever_was_trained_before(
    inputs, units, samples, before
):
    rng.set_seed(inputs)
    model = Model(x := layers.Input((inputs,)), layers.Dense(units)(x))
    model.compile("adam", "mse")
    generator = np.random.default_rng(inputs)
    arrays = {"x": generator.random((9, inputs)), "y_true": generator.random((9, units))}
    found = []
    for count in (1, 2, 3):
        program = NativeEngine().build(model.plan)
        with at_most(count):
            if count != 1:
                trained(program, model, arrays, before)
            run, (sums, *_) = trained(program, model, arrays, samples)
        found.append((run.theta.tobytes(), sums.losses.tobytes()))
    assert found[0] == found[1] == found[2]
    reference, _ = trained(NumpyEngine().build(model.plan), model, arrays, samples)
    assert_close(run.theta, reference.theta, "float32", "theta")


@given(made=built("float32"), cut=st.integers(1, 39))
@many
def test_a_part_of_the_samples_is_predicted_as_the_whole_is(made, cut):
    model, arrays = made
    program, x = NativeEngine().build(model.plan), arrays["x"]
    (whole,) = program.predict(model._run(), {"x": x}, len(x))
    (parts,) = program.predict(model._run(), {"x": x}, cut)
    assert np.array_equal(whole, parts, equal_nan=True)
    (reference,) = NumpyEngine().build(model.plan).predict(model._run(), {"x": x}, len(x))
    assert_close(whole, reference, "float32", "prediction")


@given(made=built(), batch=st.integers(1, 17))
@many
def test_evaluation_is_that_of_the_reference(made, batch):
    model, arrays = made
    ours = NativeEngine().build(model.plan).evaluate(model._run(), arrays, batch)
    theirs = NumpyEngine().build(model.plan).evaluate(model._run(), arrays, batch)
    assert_same_sums(ours, theirs, "float64")


@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
@given(made=built(), batch=st.integers(1, 17))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_instruction_set_computes_the_same(instructions, made, batch):
    table = Kernels(_native, instructions)
    if table.instructions != instructions:
        pytest.skip(f"this machine has no {instructions}")
    model, arrays = made
    reference, _ = trained(NumpyEngine().build(model.plan), model, arrays, batch)
    assume_sane(reference, model, arrays, batch)
    run, _ = trained(NativeProgram(model.plan, table), model, arrays, batch)
    assert_close(run.theta, reference.theta, "engines", "theta")


def assume_sane(reference, model, arrays, batch):
    """Leave out training that makes of a change in the last bit more than may be seen at its end.

    Such as Adam's, where a gradient is 0 but for rounding: it steps by its sign.
    """
    theta = model.theta.copy()
    try:
        model.theta[...] = theta * (1 + 2 * np.finfo(np.float64).eps)
        other, _ = trained(NumpyEngine().build(model.plan), model, arrays, batch)
    finally:
        model.theta[...] = theta
    assume(np.abs(other.theta - reference.theta).max() < 1e-11)


@contextlib.contextmanager
def at_most(count):
    """So many threads, however small the model."""
    useful = native.useful_threads
    native.useful_threads = lambda work: count
    try:
        yield
    finally:
        native.useful_threads = useful


def test_lion_steps_by_signs_as_the_reference_does():
    rng.set_seed(3)
    x = layers.Input((5,))
    model = Model(x, layers.Dense(3, "softmax", dtype="float64")(layers.Dense(8, "tanh")(x)))
    model.compile(optimizers.Lion(0.01, weight_decay=0.01), "categorical_crossentropy")
    generator = np.random.default_rng(1)
    arrays = {"x": generator.normal(size=(50, 5)), "y_true": np.eye(3)[np.arange(50) % 3]}
    reference, _ = trained(NumpyEngine().build(model.plan), model, arrays, 7, epochs=20)
    run, _ = trained(NativeEngine().build(model.plan), model, arrays, 7, epochs=20)
    assert_close(run.theta, reference.theta, "engines", "theta")
