"""The first number that is lost is found: layer, tensor, epoch, batch, sample, cause and remedy."""

import re
import warnings

import numpy as np
import pytest
from tests.builders import line, regressor

from chainrule import optimizers
from chainrule.callbacks import LambdaCallback
from chainrule.core.rule import Rule
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.optimizers import SGD, Adam
from chainrule.optimizers.schedules import LearningRateSchedule
from chainrule.utils import set_random_seed

ENGINES = ["numpy", "native"]


def network(activations, seed, optimizer, engine="auto"):
    """Dense layers named ``layer_0``, …, and a last one of one unit."""
    set_random_seed(seed)
    hidden = [Dense(5, name, name=f"layer_{n}") for n, name in enumerate(activations)]
    model = Sequential([Input((3,)), *hidden, Dense(1, name=f"layer_{len(hidden)}")])
    model.compile(optimizer, "mse", engine=engine)
    return model


def data(seed, samples=40):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(samples, 3)).astype("f4"), generator.normal(size=(samples, 1))


def broken(model, x, y, **fit):
    """The breakdown of a training that must lose a number, and the warning's text."""
    with pytest.warns(RuntimeWarning, match="diverged") as said:
        model.fit(x, y, verbose=0, shuffle=False, **fit)
    (warning,) = [w for w in said if "diverged" in str(w.message)]
    assert warning.filename == __file__
    assert model.breakdown is not None
    assert str(model.breakdown) in str(warning.message)
    return model.breakdown


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(50))
def test_a_weight_that_was_not_finite_before_is_named(engine, seed):
    generator = np.random.default_rng(seed)
    depth, value = int(generator.integers(1, 5)), generator.choice([np.nan, np.inf, -np.inf])
    model = network(["tanh"] * depth, seed, "adam", engine)
    layer = model.layers[generator.integers(depth + 1)]
    kernel, bias = layer.get_weights()
    place = tuple(int(generator.integers(n)) for n in kernel.shape)
    kernel[place] = value
    layer.set_weights([kernel, bias])
    found = broken(model, *data(seed), batch_size=8)
    assert (found.tensor, found.found.index) == (f"{layer.name}/kernel", place)
    assert (found.layer, found.found.stage) == (layer.name, "parameter")
    assert (found.epoch, found.batch) == (1, 1)
    assert "before the step" in found.cause


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(50))
def test_an_exponential_that_overflows_is_named_with_its_sample(engine, seed):
    generator = np.random.default_rng(seed)
    depth = int(generator.integers(1, 4))
    x, y = data(seed)
    row, batch_size = int(generator.integers(len(x))), int(generator.integers(3, 20))
    at = int(generator.integers(depth))
    activations = ["relu"] * depth
    activations[at] = "exponential"
    model = network(activations, seed, SGD(1e-12), engine)
    for layer in model.layers:  # weighted means, so that the large row is as large in every layer
        kernel, bias = layer.get_weights()
        layer.set_weights([np.abs(kernel) / np.abs(kernel).sum(0), bias])
    x = np.abs(x)
    x[row] = 1000.0
    found = broken(model, x, y, batch_size=batch_size)
    assert (found.tensor, found.sample) == (f"layer_{at}/a", row)
    assert (found.epoch, found.batch) == (1, row // batch_size + 1)
    assert found.found.line.code == "np.exp(z)"
    assert "e^x overflows above x = 88.7" in found.cause


class Bump(LearningRateSchedule):
    """A learning rate that is out of bounds at one step."""

    def __init__(self, step, rate=1e30):
        self.step, self.rate = step, rate

    def __call__(self, step):
        return np.where(np.asarray(step) == self.step, self.rate, 1e-3)

    def get_config(self):
        return {"step": self.step, "rate": self.rate}


def overflowing(model, x):
    """The first array of a forward pass that is not finite, computed apart from the library."""
    a = x.astype("f4")
    with np.errstate(all="ignore"):
        for layer in model.layers:
            kernel, bias = layer.get_weights()
            z = a @ kernel + bias
            if not np.isfinite(z).all():
                return f"{layer.name}/z"
            a = np.maximum(z, 0) if layer is not model.layers[-1] else z
    return "loss/values"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(50))
def test_a_step_too_large_is_found_where_it_first_shows(engine, seed):
    generator = np.random.default_rng(seed)
    depth, step = int(generator.integers(1, 5)), int(generator.integers(1, 14))
    x, y = data(seed)
    make = lambda engine: network(["relu"] * depth, seed, Adam(Bump(step)), engine)  # noqa: E731
    judge = make("numpy")
    batches = [slice(at, at + 8) for at in range(0, 40, 8)]
    for done in range(step + 1):  # 5 batches an epoch
        batch = batches[done % 5]
        judge.train_on_batch(x[batch], y[batch])
    tensor = overflowing(judge, x[batches[(step + 1) % 5]])
    found = broken(make(engine), x, y, batch_size=8, epochs=4)
    assert ((found.epoch - 1) * 5 + found.batch - 1, found.tensor) == (step + 1, tensor)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_remedy_was_tried(engine):
    x, y = data(1)
    found = broken(network(["relu"], 1, SGD(50.0), engine), x, y, batch_size=8, epochs=5)
    rate, batches = map(
        float, re.search("with (.*) instead of 50 .* (\\d+) batches", found.remedy).groups()
    )
    again = network(["relu"], 1, SGD(rate), engine)
    again.fit(x[: int(batches) * 8], y[: int(batches) * 8], batch_size=8, shuffle=False, verbose=0)
    assert again.breakdown is None


def test_the_step_can_be_traced_from_the_weights_before_it():
    x, y = line()
    model = Sequential([Input((2,)), Dense(4), Dense(1)])
    model.compile(SGD(1e3), "mse")
    found = broken(model, x, y, epochs=20)
    assert np.isfinite(found.theta).all()
    trace = found.trace()
    assert not np.isfinite(trace[found.tensor].value).all()
    before = [e for e in trace.steps[0] if e.name == found.tensor or e.stage == "input"]
    assert np.array_equal(before[0].value, found.arrays[before[0].name].astype("f4"))


def test_the_weights_left_by_the_very_last_step_are_looked_at():
    x, y = line()
    model = regressor(SGD(Bump(0, np.inf)))
    found = broken(model, x, y, batch_size=50)
    assert found.found.stage == "update"
    assert (found.epoch, found.batch) == (1, 1)


@pytest.mark.parametrize("watched", [False, True])
def test_counting_goes_on_over_epochs_and_callbacks(watched):
    x, y = line(40)
    model = Sequential([Input((2,)), Dense(4, "relu"), Dense(1)])
    model.compile(Adam(Bump(13)), "mse")
    callbacks = [LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if watched else None
    found = broken(model, x, y, batch_size=8, epochs=5, callbacks=callbacks)
    assert (found.epoch, found.batch) == (3, 5)


def test_generators_are_watched_too():
    x, y = line(40)

    def batches():
        for start in range(0, 40, 8):
            yield x[start : start + 8], y[start : start + 8]

    model = Sequential([Input((2,)), Dense(4, "relu"), Dense(1)])
    model.compile(Adam(Bump(2)), "mse")
    with pytest.warns(RuntimeWarning, match="diverged"):
        model.fit(batches(), verbose=0)
    assert (model.breakdown.epoch, model.breakdown.batch) == (1, 4)


def test_inputs_that_are_far_too_large_are_named():
    x, y = line()
    model = Sequential([Input((2,)), Dense(4, "exponential"), Dense(1)])
    model.compile(SGD(1e-3), "mse")
    found = broken(model, x * 1e5, y)
    assert "scale them to about 1" in found.remedy


def test_a_training_that_goes_well_has_no_breakdown():
    x, y = line()
    model = regressor()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, epochs=3, verbose=0)
    assert model.breakdown is None


@pytest.mark.parametrize("name", ["Ftrl", "Muon", "Lion"])
def test_every_optimizer_can_be_tried_with_a_smaller_rate(name):
    x, y = data(2)
    optimizer = getattr(optimizers, name)(1e30)
    found = broken(network(["tanh"], 1, optimizer), x, y, batch_size=8, epochs=5)
    assert found.remedy


def test_a_rule_whose_source_nobody_kept_is_named_without_its_line():
    space = {}
    exec("def f(z):\n    return z / 0\ndef g(y_bar):\n    return y_bar", {}, space)
    rule = Rule("divided_by_nothing", "z[*S] -> y[*S]", space["f"], elementwise=True)
    rule.wrt("z")(space["g"])
    set_random_seed(1)
    model = Sequential([Input((3,)), Dense(2, rule, name="bad"), Dense(1)])
    model.compile("sgd", "mse")
    found = broken(model, *data(1))
    assert (found.tensor, found.found.line) == ("bad/a", None)
