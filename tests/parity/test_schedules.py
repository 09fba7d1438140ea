"""Learning-rate schedules: the same rates at every step, and the same steps of an optimizer."""

import jax
import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.paths import assert_same_path
from tests.parity.tolerances import assert_agree

from chainrule.errors import ArgumentError
from chainrule.optimizers import SGD, schedules

VARIANTS = [
    ("ExponentialDecay", (0.1, 20, 0.5), {}),
    ("ExponentialDecay", (0.1, 7, 0.9), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 20, 0.5), {}),
    ("InverseTimeDecay", (0.1, 7, 2.0), {"staircase": True}),
    ("PolynomialDecay", (0.1, 30), {}),
    ("PolynomialDecay", (0.1, 30), {"end_learning_rate": 0.02, "power": 2.5}),
    ("PolynomialDecay", (0.1, 9), {"power": 0.5, "cycle": True}),
    ("PiecewiseConstantDecay", ([10, 20], [0.1, 0.05, 0.02]), {}),
    ("PiecewiseConstantDecay", ([0], [0.1, 0.05]), {}),
    ("CosineDecay", (0.1, 30), {}),
    ("CosineDecay", (0.1, 30), {"alpha": 0.2}),
    ("CosineDecay", (0.01, 30), {"warmup_target": 0.1, "warmup_steps": 8, "alpha": 0.1}),
    ("CosineDecay", (0.1, 30), {"warmup_target": 0.2, "warmup_steps": 0}),
    ("CosineDecayRestarts", (0.1, 20), {}),
    ("CosineDecayRestarts", (0.1, 8), {"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 8), {"t_mul": 1.5, "m_mul": 0.5}),
    ("CosineDecayRestarts", (0.1, 8), {"t_mul": 3.0, "m_mul": 1.2, "alpha": 0.3}),
]

every_variant = pytest.mark.parametrize(
    ("name", "arguments", "options"),
    VARIANTS,
    ids=[f"{name} {arguments} {options or ''}".strip() for name, arguments, options in VARIANTS],
)

STEPS = np.arange(110)
"""Before step 140, where rounding (of the logarithm of 8) makes a restart of Keras' late."""


def both(name, arguments, options):
    kinds = [getattr(library.optimizers.schedules, name) for library in LIBRARIES]
    return [kind(*arguments, **options) for kind in kinds]


def test_no_schedule_is_left_out():
    assert {name for name, *_ in VARIANTS} == set(schedules.SCHEDULES.names)
    theirs = {name for name in dir(keras.optimizers.schedules) if name[0].isupper()}
    assert {*schedules.SCHEDULES.names, "LearningRateSchedule"} == theirs


@every_variant
def test_rates_are_those_of_keras(name, arguments, options, float64):
    ours, theirs = both(name, arguments, options)
    expected = np.asarray(jax.jit(jax.vmap(theirs))(STEPS))
    assert len(set(expected)) > 1
    assert_agree(ours(STEPS), expected, "trajectory", name)
    assert_agree(ours.over(STEPS), expected, "trajectory", name)
    assert_agree([ours(int(step)) for step in STEPS], expected, "trajectory", name)


@every_variant
def test_an_optimizer_with_a_schedule_is_that_of_keras(name, arguments, options, float64):
    def schedule(library):
        return getattr(library.optimizers.schedules, name)(*arguments, **options)

    assert_same_path("SGD", {"learning_rate": schedule, "momentum": 0.5, "weight_decay": 0.1})


@pytest.mark.parametrize("name", ["Adam", "Adafactor", "Muon", "Ftrl"])
@pytest.mark.parametrize("steps", [None, 3], ids=["", "accumulated"])
def test_schedules_count_batches_and_corrections_count_updates(name, steps, float64):
    def schedule(library):
        return library.optimizers.schedules.InverseTimeDecay(0.1, 10, 0.5)

    options = {"learning_rate": schedule, "weight_decay": 0.1, "gradient_accumulation_steps": steps}
    assert_same_path(name, options)


@every_variant
def test_configurations_are_those_of_keras(name, arguments, options):
    ours, theirs = both(name, arguments, options)
    config = theirs.get_config()
    assert list(ours.get_config().items()) == list(config.items())
    assert type(ours).from_config(config) == ours
    for saved in (keras.optimizers.schedules.serialize(theirs), schedules.serialize(ours)):
        assert schedules.deserialize(saved) == schedules.get(saved) == ours
    saved = schedules.serialize(ours)
    assert keras.optimizers.schedules.deserialize(saved).get_config() == config


@every_variant
def test_an_optimizer_is_saved_with_its_schedule(name, arguments, options):
    ours, theirs = both(name, arguments, options)
    saved = keras.optimizers.SGD(theirs).get_config()
    assert SGD.from_config(saved).get_config() == SGD(ours).get_config()
    assert (
        SGD.from_config(SGD(ours).get_config()).get_config()["learning_rate"]["config"]
        == (saved["learning_rate"]["config"])
    )


BAD = [
    ("ExponentialDecay", (0.1, 0, 0.5)),
    ("InverseTimeDecay", (0.1, -1, 0.5)),
    ("PolynomialDecay", (0.1, 0)),
    ("CosineDecay", (0.1, 0)),
    ("CosineDecayRestarts", (0.1, 0)),
    ("PiecewiseConstantDecay", ([1, 2], [0.1, 0.2])),
]


@pytest.mark.parametrize(("name", "arguments"), BAD, ids=str)
def test_what_keras_refuses_is_refused(name, arguments):
    with pytest.raises(ValueError):  # noqa: PT011  (its messages are Keras' own)
        getattr(keras.optimizers.schedules, name)(*arguments)
    with pytest.raises(ArgumentError, match=r"Received: \w+="):
        getattr(schedules, name)(*arguments)


def test_a_schedule_gives_way_to_a_schedule_only():
    for library in LIBRARIES:
        kind = library.optimizers.schedules.ExponentialDecay
        optimizer = library.optimizers.SGD(kind(0.5, 10, 0.5))
        assert float(optimizer.learning_rate) == 0.5
        with pytest.raises(TypeError, match=r"[sS]chedule"):
            optimizer.learning_rate = 0.1
        optimizer.learning_rate = kind(0.25, 10, 0.5)
        assert float(optimizer.learning_rate) == 0.25


def test_a_number_gives_way_to_a_schedule():
    for library in LIBRARIES:
        optimizer = library.optimizers.SGD(0.5)
        optimizer.learning_rate = library.optimizers.schedules.ExponentialDecay(0.25, 10, 0.5)
        assert float(optimizer.learning_rate) == 0.25


def test_a_schedule_of_ones_own_and_a_function_are_asked_at_every_step(float64):
    def falling(library):
        class Falling(library.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                return 0.1 / (step + 1)

        return Falling()

    assert_same_path("Adam", {"learning_rate": falling})

    def function(library):
        calls = iter(range(10**6))
        return lambda: 0.1 / (next(calls) // 2 + 1)

    for library in LIBRARIES:
        assert float(library.optimizers.SGD(function(library)).learning_rate) == 0.1
