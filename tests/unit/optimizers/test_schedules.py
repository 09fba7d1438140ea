"""Schedules as objects; their rates are compared with Keras' in tests/parity."""

import numpy as np
import pytest

from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.optimizers import schedules


@pytest.mark.parametrize("t_mul", [1.0, 1.1, 1.5, 2.0, 3.0, 10.0])
def test_restarts_are_on_time(t_mul):
    rates = schedules.CosineDecayRestarts(1.0, 10, t_mul=t_mul)(np.arange(20000))
    restarts = np.flatnonzero(np.diff(rates) > 0) + 1
    ends = np.cumsum(10 * t_mul ** np.arange(len(restarts)))
    assert len(restarts) > 3
    assert restarts.tolist() == np.ceil(ends - 1e-6).astype(int).tolist()


def test_a_rate_at_a_single_step_is_a_number():
    for step in (3, np.int64(3), 3.0):
        assert isinstance(schedules.CosineDecay(0.1, 10, warmup_target=1.0)(step), float)
        assert isinstance(schedules.PiecewiseConstantDecay([2], [1, 2])(step), float)


def test_integers_are_rates_too():
    assert schedules.ExponentialDecay(1, 10, 2)(5) == 2**0.5
    assert schedules.PiecewiseConstantDecay([], [3])(7) == 3.0


def test_what_cannot_be_is_refused():
    with pytest.raises(ArgumentError, match=r"`boundaries` must rise. Received: boundaries"):
        schedules.PiecewiseConstantDecay([5, 5], [1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match=r"`t_mul` must be at least 1. Received: t_mul=0.5"):
        schedules.CosineDecayRestarts(0.1, 10, t_mul=0.5)
    with pytest.raises(UnknownNameError, match="learning rate schedule"):
        schedules.get({"class_name": "ExponentialDekay", "config": {}})


def test_a_schedule_of_ones_own_is_asked_step_by_step():
    class Early(schedules.LearningRateSchedule):
        def __init__(self, steps=2):
            self.steps = steps

        def __call__(self, step):
            return 1.0 if step < self.steps else 0.0

        def get_config(self):
            return {"steps": self.steps}

    assert Early().over(np.arange(4)).tolist() == [1, 1, 0, 0]
    saved = schedules.serialize(Early(3))
    assert schedules.deserialize(saved, {"Early": Early}).steps == 3
    with pytest.raises(UnknownNameError):
        schedules.deserialize(saved)


def test_the_base_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="__call__"):
        schedules.LearningRateSchedule()(1)
    with pytest.raises(NotImplementedError, match="get_config"):
        schedules.LearningRateSchedule().get_config()
