from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.callbacks import CallbackList, SwapEMAWeights
from chainrule.errors import ArgumentError

WEIGHTS, AVERAGES, FIXED = [1.0, 2.0], [3.0, 4.0], 5.0


def averaged(steps=7, use_ema=True):
    """A stand-in: two weights that are averaged, and one that is not trained."""
    return SimpleNamespace(
        theta=np.array([*WEIGHTS, FIXED]),
        layout=SimpleNamespace(trainable_size=2),
        optimizer=SimpleNamespace(
            use_ema=use_ema, steps=steps, state={"average": np.array(AVERAGES)}
        ),
    )


def hooks(model, **options):
    return CallbackList([SwapEMAWeights(**options)], model=model, epochs=2)


@pytest.mark.parametrize("mode", ["test", "predict"])
def test_averages_are_in_place_while_a_model_is_evaluated(mode):
    model = averaged()
    callbacks = hooks(model)
    getattr(callbacks, f"on_{mode}_begin")()
    assert model.theta.tolist() == [*AVERAGES, FIXED]
    getattr(callbacks, f"on_{mode}_end")()
    assert model.theta.tolist() == [*WEIGHTS, FIXED]
    assert model.optimizer.state["average"].tolist() == AVERAGES


def test_or_from_the_end_of_an_epoch_to_the_next():
    model = averaged()
    callbacks = hooks(model, swap_on_epoch=True)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_test_begin()
    callbacks.on_test_end()
    assert model.theta.tolist() == [*WEIGHTS, FIXED]
    callbacks.on_epoch_end(0)
    assert model.theta.tolist() == [*AVERAGES, FIXED]
    callbacks.on_epoch_begin(1)
    assert model.theta.tolist() == [*WEIGHTS, FIXED]


def test_a_training_that_ended_early_ends_with_the_averages_and_can_go_on():
    model = averaged()
    callbacks = hooks(model, swap_on_epoch=True)
    for _ in range(2):
        callbacks.on_train_begin()
        callbacks.on_epoch_begin(0)
        callbacks.on_epoch_end(0)
        callbacks.on_train_end()
        assert model.theta.tolist() == [*AVERAGES, FIXED]


def test_before_the_first_step_there_is_nothing_to_swap():
    model = averaged(steps=0)
    callbacks = hooks(model)
    callbacks.on_test_begin()
    assert model.theta.tolist() == [*WEIGHTS, FIXED]
    callbacks.on_test_end()
    assert model.theta.tolist() == [*WEIGHTS, FIXED]


def test_an_optimizer_without_averages_is_refused():
    with pytest.raises(ArgumentError, match="`use_ema=True`"):
        hooks(averaged(use_ema=False)).on_test_begin()
