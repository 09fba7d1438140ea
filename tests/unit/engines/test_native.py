"""The native engine: its mathematics to the last bits, and that nothing gets past its checks."""

import contextlib
import math
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import layers, losses
from chainrule.core import rng
from chainrule.engines.lowering import Lowering
from chainrule.engines.native import NativeEngine, kernels
from chainrule.engines.operations import Size
from chainrule.engines.updating import lower_update
from chainrule.errors import NoKernelError
from chainrule.models import Model, Sequential

pytest.importorskip("chainrule._native")

ULPS = 4
"""Units in the last place by which a function of a vector may be off."""


def computed(activation, z):
    """What the native engine makes of numbers."""
    model = Sequential([layers.Input((len(z),), dtype=z.dtype), layers.Activation(activation)])
    model._dtype = str(z.dtype)
    model.build()
    (made,) = NativeEngine().build(model.prediction_plan).predict(model._run(), {"x": z[None]}, 1)
    return made[0]


def ulps(made, exact, dtype):
    """How far apart, in units in the last place of the exact value rounded to ``dtype``."""
    rounded = np.array([float(value) for value in exact], dtype)
    unit = np.spacing(np.abs(rounded)).astype(np.float64)
    gap = np.array([abs(float(m) - e) for m, e in zip(made, exact, strict=True)], np.float64)
    return float(np.max(gap / unit))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "function", "low", "high"),
    [
        ("exponential", math.exp, -87, 88),
        ("tanh", math.tanh, -20, 20),
        ("sigmoid", lambda z: 1 / (1 + math.exp(-z)), -80, 80),
        ("softplus", lambda z: math.log1p(math.exp(-abs(z))) + max(z, 0), -80, 80),
        ("elu", lambda z: z if z > 0 else math.expm1(z), -20, 20),
    ],
)
def test_functions_are_right_to_a_few_units_in_the_last_place(dtype, name, function, low, high):
    generator = np.random.default_rng(0)
    near = generator.normal(size=3000) * 10.0 ** generator.uniform(-6, 0, 3000)
    z = np.concatenate([generator.uniform(low, high, 20_000), near]).astype(dtype)
    exact = [function(float(value)) for value in z]
    # libm's own double results are good to one unit; of float64 that unit is the measure
    assert ulps(computed(name, z), exact, dtype) <= ULPS + (dtype is np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_at_the_ends_of_the_range(dtype):
    largest, tiny = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    z = np.array([largest, -largest, tiny, -tiny, 0.0, -0.0], dtype)
    assert computed("sigmoid", z).tolist() == [1, 0, 0.5, 0.5, 0.5, 0.5]
    assert computed("tanh", z).tolist() == [1, -1, tiny, -tiny, 0, 0]
    assert computed("exponential", z).tolist() == [np.inf, 0, 1, 1, 1, 1]


def classifier():
    rng.set_seed(1)
    model = Sequential([layers.Input((6,)), layers.Dense(5, "tanh"), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    generator = np.random.default_rng(0)
    return model, generator.normal(size=(20, 6)), generator.integers(0, 3, 20)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"order": np.array([0, 20])}, IndexError),
        ({"order": np.array([0, -1])}, IndexError),
        ({"order": np.array([0])}, ValueError),
        ({"theta": np.zeros(3, np.float32)}, ValueError),
        ({"theta": np.zeros(53)}, ValueError),
        ({"states": []}, ValueError),
        ({"sources": []}, ValueError),
        ({"table": np.zeros((9, 0))}, ValueError),
        ({"table": np.zeros((0, 9))}, ValueError),
        ({"table": None}, ValueError),
        ({"totals": np.zeros((1, 0))}, ValueError),
        ({"totals": np.zeros((1, 1), np.float32)}, ValueError),
        ({"batch": 33}, ValueError),
        ({"batch": 0}, ValueError),
        ({"passes": 2}, ValueError),
        ({"samples": 2**62}, ValueError),
    ],
)
def test_a_program_refuses_data_that_are_not_its_own(change, error):
    model, x, y = classifier()
    program = NativeEngine().build(model.plan)
    lowering, made = program._lower("train", {"x": x, "y_true": y}, 2)
    run = model._run()
    arguments = {
        "theta": run.theta.copy(),
        "states": [run.states[name] for name in lowering.states],
        "sources": [x.astype(np.float32), y],
        "order": np.array([0, 1]),
        "samples": 2,
        "batch": 2,
        "passes": 1,
        "table": np.full((len(lowering.scalars), 1), 0.01),
        "seed": 0,
        "step": 0,
        "records": [],
        "totals": np.zeros((1, 1)),
        "threads": 1,
    }
    made.run(**arguments)
    with pytest.raises(error):
        made.run(**arguments | change)


def test_a_class_number_out_of_range_is_an_error_not_a_crash():
    model, x, y = classifier()
    y[7] = 3
    program = NativeEngine().build(model.plan)
    scalars = model.optimizer.scalars(1, 2)
    with pytest.raises(IndexError, match="row 7"):
        program.train(model._run(), {"x": x, "y_true": y}, np.arange(20), 10, scalars)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_broken_list_of_operations_is_refused_or_harmless(data):
    """Numbers of a program are changed: places, sizes and indices that lie outside are found."""
    model, _, _ = classifier()
    lowering = Lowering(model.plan, model.plan.train, kernels(), 4)
    lowering.read(["x", "y_true"], {})
    lowering.weigh({})
    lowering.forward()
    lowering.backward()
    lowering.results([], ["loss"])
    lower_update(lowering)
    place = data.draw(st.integers(0, len(lowering.memory.places) - 1))
    field = data.draw(st.sampled_from(["state", "offset", "per_sample", "fixed"]))
    value = data.draw(st.sampled_from([0, 1, 7, 10**6, 2**40, 2**63 - 1]))
    lowering.memory.places[place] = lowering.memory.places[place]._replace(**{field: value})
    with contextlib.suppress(ValueError, MemoryError):
        lowering.program()


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_program_of_broken_operations_is_refused_or_runs_in_its_own_memory(data):
    """Numbers of operations that move data are changed, and what is not refused is run."""
    model, x, y = classifier()
    lowering = Lowering(model.plan, model.plan.train, kernels(), 4)
    lowering.read([], {"sample_weight": 1})
    lowering.weigh({"sample_weight": 1})
    lowering.read(["x", "y_true"], {})
    moving = data.draw(st.sampled_from(lowering.operations))
    value = data.draw(st.sampled_from([0, 1, 2, 7, 10**9]))
    change = data.draw(st.sampled_from(["extent", "stretch", "takes", "makes", "shared", "more"]))
    if change == "extent":
        moving.extent = data.draw(st.sampled_from([Size(value, 0), Size(0, value), Size(1, value)]))
    elif change == "stretch":
        moving.stretch = value
    elif change in ("takes", "makes"):
        places = st.integers(0, len(lowering.memory.places) - 1)
        setattr(moving, change, data.draw(st.lists(places, max_size=2)))
    elif change == "shared":
        moving.shared = data.draw(st.sampled_from(["samples", "alone", "own"]))
    else:
        name = data.draw(st.sampled_from(sorted(moving.more)))
        moving.more = {**moving.more, name: value if name not in FLAGS else bool(value % 2)}
    lowering.forward()
    lowering.backward()
    lowering.results([], ["loss"])
    lower_update(lowering)
    arrays = {"x": x.astype(np.float32), "y_true": y, "sample_weight": np.ones((20, 1), np.float32)}
    run = model._run()
    with contextlib.suppress(ValueError, IndexError, MemoryError):
        lowering.program().run(
            theta=run.theta.copy(),
            states=[run.states[name].copy() for name in lowering.states],
            sources=[arrays[name] for name in lowering.sources],
            order=np.arange(20),
            samples=20,
            batch=4,
            passes=1,
            table=np.full((len(lowering.scalars), 5), 0.01),
            seed=0,
            step=0,
            records=[],
            totals=np.zeros((1, 1)),
            threads=2,
        )


FLAGS = ("columns", "side_by_side", "weighted")


@pytest.mark.parametrize("between", [layers.Flatten(), layers.Reshape((6,))])
def test_what_only_reshapes_does_not_keep_a_small_network_from_the_native_engine(between):
    model = Sequential([layers.Input((6,)), between, layers.Dense(1)])
    model.compile("adam", "mse", engine="native")
    assert model.engine == "native"


def test_more_samples_in_a_batch_than_there_are_take_no_room():
    model = Sequential([layers.Input((6,)), layers.Dense(300), layers.Dense(1)])
    model.compile("sgd", "mse", engine="native")
    model.fit(np.zeros((9, 6)), np.zeros(9), batch_size=10**10, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda x: layers.Dense(4, "glu")(x), "glu"),
        (lambda x: layers.GaussianNoise(0.1)(x), "random numbers"),
        (lambda x: layers.UnitNormalization()(x), "unit_normalize"),
    ],
)
def test_what_has_no_kernel_is_named(build, reason):
    x = layers.Input((6,))
    model = Model(x, layers.Dense(1)(build(x)))
    model.compile("sgd", "mse", engine="numpy")
    with pytest.raises(NoKernelError, match=reason):
        NativeEngine().build(model.plan)
    model.compile("sgd", "mse")
    assert model.engine.startswith("numpy (")
    assert reason in model.engine
    with pytest.raises(NoKernelError, match=reason):
        model.compile("sgd", "mse", engine="native")


@pytest.mark.parametrize(
    "loss", [losses.Dice(), losses.SparseCategoricalCrossentropy(ignore_class=1)]
)
def test_losses_without_a_kernel_run_on_the_reference(loss):
    model = Sequential([layers.Input((6,)), layers.Dense(3, "softmax")])
    model.compile("sgd", loss)
    assert model.engine.startswith("numpy")


def test_the_engine_can_be_chosen():
    model = Sequential([layers.Input((6,)), layers.Dense(1)])
    assert model.engine == "native"
    model.compile("sgd", "mse", engine="numpy")
    assert model.engine == "numpy"
    with pytest.raises(ValueError, match="engine"):
        model.compile("sgd", "mse", engine="cuda")


def test_one_row_is_predicted_at_once_and_looked_at_closer_where_it_must_be():
    model, x, _ = classifier()
    row = x[:1].astype(np.float32)
    slow = model.predict(row, verbose=0)
    assert np.array_equal(model(row), slow)
    assert np.array_equal(model(row), slow)  # now by the quick way
    assert np.array_equal(model(x[:1]), slow)  # of another type
    assert np.array_equal(model(x.astype(np.float32)), model.predict(x, verbose=0))
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    assert np.allclose(model(row), 1 / 3)
    with pytest.raises(ValueError, match="finite"):
        model(np.full((1, 6), np.nan, np.float32))
    with pytest.raises(ValueError, match=r"\(N, 6\)"):
        model(np.zeros((1, 5), np.float32))


def test_a_program_can_be_called_from_many_threads_at_once():
    model, _, _ = classifier()
    rows = np.random.default_rng(1).normal(size=(64, 50, 6)).astype(np.float32)
    wanted = [model.predict(part, verbose=0) for part in rows]
    model(rows[0])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(model, rows))
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr("chainrule.engines.native.useful_threads", lambda work: 2)
    model, x, y = classifier()
    model.fit(x, y, verbose=0)
    child = os.fork()
    if not child:
        model.fit(x, y, verbose=0)
        os._exit(0)
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
    assert done
    assert status == 0
