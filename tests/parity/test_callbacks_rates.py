"""Callbacks that change the learning rate: when, to what, and what they say."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parity.builders import LIBRARIES, assert_same_history, lesson

import chainrule

eighths = st.integers(0, 8).map(lambda n: n / 8)  # exact in float32, in which Keras compares


def plateaus(library, losses, options):
    """The state after every epoch of a run whose losses are written beforehand."""
    callback = library.callbacks.ReduceLROnPlateau("loss", **options)
    optimizer = SimpleNamespace(learning_rate=1.0)
    callback.set_model(SimpleNamespace(optimizer=optimizer, metrics=()))
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        logs = {"loss": loss}
        callback.on_epoch_end(epoch, logs)
        yield (
            list(logs.items()),
            optimizer.learning_rate,
            callback.wait,
            callback.cooldown_counter,
            callback.in_cooldown(),
            callback.best,
        )


@given(
    losses=st.lists(eighths, min_size=1, max_size=20),
    options=st.fixed_dictionaries(
        {
            "factor": st.sampled_from([0.0, 0.25, 0.5]),
            "patience": st.integers(0, 3),
            "mode": st.sampled_from(["min", "max"]),
            "min_delta": st.sampled_from([0, 0.125, -0.25]),
            "cooldown": st.integers(0, 3),
            "min_lr": st.sampled_from([0.0, 0.125, 2.0]),
        }
    ),
)
@settings(max_examples=200, deadline=None)
def test_any_run_is_slowed_down_as_by_keras(losses, options):
    ours, theirs = (list(plateaus(library, losses, options)) for library in LIBRARIES)
    assert ours == theirs


def told(twins, capsys, make, **arguments):
    """Both histories of a fit with a callback, and what the two printed."""
    problem, found = lesson(), []
    for library, model in zip(LIBRARIES, twins.both, strict=True):
        history = model.fit(
            problem.x,
            problem.y,
            batch_size=16,
            shuffle=False,
            callbacks=[make(library)],
            **{"verbose": 0, **arguments},
        )
        found.append((history, capsys.readouterr().out))
    (ours, mine), (theirs, others) = found
    assert_same_history(ours, theirs, "history, float64")
    assert mine == others
    twins.assert_same_weights("weights, float64")
    return ours.history, mine


PLATEAUS = {
    "never": {"monitor": "loss"},
    "at every second epoch": {"monitor": "loss", "min_delta": 9, "patience": 2, "factor": 0.3},
    "with a rest": {"monitor": "loss", "min_delta": 9, "patience": 1, "cooldown": 2},
    "to a floor": {"monitor": "loss", "min_delta": 9, "patience": 1, "min_lr": 0.02},
    "by a metric": {"monitor": "val_mse", "min_delta": 9, "patience": 1, "factor": 0.5},
}


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("options", PLATEAUS.values(), ids=PLATEAUS)
def test_a_plateau_slows_training_down(options, verbose, float64, capsys):
    history, said = told(
        lesson().twins(),
        capsys,
        lambda k: k.callbacks.ReduceLROnPlateau(**options, verbose=verbose),
        epochs=6,
        validation_split=1 / 3,
    )
    assert list(history)[-1] == "learning_rate"
    reductions = len(set(history["learning_rate"])) - 1
    assert verbose * reductions <= said.count("reducing") <= verbose * (reductions + 1)
    assert (reductions == 0) == (options == {"monitor": "loss"})


SCHEDULES = {
    "of epoch and rate": lambda epoch, rate: rate * 0.9 if epoch > 1 else rate,
    "of the epoch": lambda epoch: 0.5 / (1 + epoch),
    "of NumPy": lambda epoch, rate: np.float64(0.3) / (epoch + 1),
    "with a default": lambda epoch, rate, factor=0.5: rate * factor,
}


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule_is_followed(schedule, verbose, float64, capsys):
    history, said = told(
        lesson().twins(),
        capsys,
        lambda k: k.callbacks.LearningRateScheduler(schedule, verbose),
        epochs=4,
    )
    assert list(history)[-1] == "learning_rate"
    assert said.count("\nEpoch ") == 4 * verbose
    assert len(set(history["learning_rate"])) > 1


def test_a_schedule_begins_where_the_optimizer_is(float64, capsys):
    history, _ = told(
        lesson().twins(),
        capsys,
        lambda k: k.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        epochs=4,
        initial_epoch=2,
    )
    assert history["learning_rate"] == [0.25, 0.125]


@pytest.mark.parametrize("rate", [1, None, "0.1", [0.1]])
def test_a_schedule_that_gives_no_float_is_refused(rate, float64):
    problem = lesson()
    for library, model in zip(LIBRARIES, problem.twins().both, strict=True):
        scheduler = library.callbacks.LearningRateScheduler(lambda epoch, old: rate)
        with pytest.raises(ValueError, match="output of the `schedule` function should be a float"):
            model.fit(problem.x, problem.y, batch_size=16, verbose=0, callbacks=[scheduler])


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        lambda k: k.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=9),
    ],
)
def test_a_rate_that_is_a_schedule_cannot_be_set(make, float64):
    problem = lesson()
    twins = problem.twins(
        optimizer=lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.5, 10, 0.5))
    )
    for library, model in zip(LIBRARIES, twins.both, strict=True):
        with pytest.raises(TypeError, match=r"(?i)schedule"):
            model.fit(problem.x, problem.y, 16, 2, verbose=0, callbacks=[make(library)])


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_factor_that_reduces_nothing_is_refused(factor):
    for library in LIBRARIES:
        with pytest.raises(ValueError, match=r"ReduceLROnPlateau.*factor"):
            library.callbacks.ReduceLROnPlateau(factor=factor)


def test_what_is_not_in_the_logs_is_warned_of_in_the_same_words(float64):
    problem, said = lesson(), []
    for library, model in zip(LIBRARIES, problem.twins().both, strict=True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(
                problem.x,
                problem.y,
                batch_size=16,
                verbose=0,
                callbacks=[library.callbacks.ReduceLROnPlateau(mode="min")],
            )
        said.append([str(w.message) for w in caught if "reduction" in str(w.message)])
    assert said[0] == said[1]
    assert len(said[0]) == 1


def test_an_error_inside_a_schedule_is_not_hidden_as_it_is_by_keras(float64):
    def broken(epoch, rate):
        return rate + "a"

    problem = lesson()
    twins = problem.twins()
    for library, model, match in zip(
        LIBRARIES, twins.both, ("unsupported operand", "missing 1 required"), strict=True
    ):
        scheduler = library.callbacks.LearningRateScheduler(broken)
        with pytest.raises(TypeError, match=match):
            model.fit(problem.x, problem.y, batch_size=16, verbose=0, callbacks=[scheduler])


def test_an_argument_of_another_name_is_refused_where_keras_takes_any():
    keras = LIBRARIES[1]
    keras.callbacks.ReduceLROnPlateau(epsilon=0.1)
    with pytest.raises(TypeError, match="epsilon"):
        chainrule.callbacks.ReduceLROnPlateau(epsilon=0.1)
