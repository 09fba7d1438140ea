"""Callbacks in a run: those that stop it, call functions, keep its record, show it."""

import re
import sys

import numpy as np
import pytest
from tests.parity.builders import LIBRARIES, Twins, assert_same_history, dense_net, lesson, yes_no
from tests.parity.test_callbacks import HOOKS, assert_same_calls
from tests.unit.core.streams import Stream

import chainrule
from chainrule.core import console
from chainrule.errors import ArgumentError, DivergedError

keras = LIBRARIES[1]
COLOUR = re.compile("\x1b\\[\\d*m")
TIMES = re.compile(r"[\d:]+s?( -)? \d+(us|ms|s)/step")

# ---------------------------------------------------------------- LambdaCallback


@pytest.mark.parametrize("hooks", [HOOKS, HOOKS[:2], ["on_train_batch_end"]], ids=len)
def test_functions_are_called_as_by_keras(hooks, float64):
    """Logs of batches by keyword, those of the rest by place, as Keras documents it."""
    problem, found = yes_no(), []

    def noting(calls, hook):
        if "batch" in hook:
            return lambda batch, *, logs: calls.append((hook, (batch,), logs))
        if "epoch" in hook:
            return lambda epoch, logs, /: calls.append((hook, (epoch,), dict(logs)))
        return lambda logs, /: calls.append((hook, (), dict(logs)))

    for library, model in zip(LIBRARIES, problem.twins().both, strict=True):
        calls = []
        callback = library.callbacks.LambdaCallback(**{h: noting(calls, h) for h in hooks})
        options = {"batch_size": 16, "verbose": 0, "callbacks": [callback]}
        split = {"validation_split": 1 / 3, "shuffle": False}
        model.fit(problem.x, problem.y, epochs=2, **split, **options)
        model.evaluate(problem.x, problem.y, **options)
        model.predict(problem.x, **options)
        found.append(calls)
    assert_same_calls(*found)
    assert {call[0] for call in found[0]} == set(hooks)


def test_a_hook_that_does_not_exist_is_refused_where_keras_never_calls_it():
    keras.callbacks.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(ArgumentError, match="on_epoch_end"):
        chainrule.callbacks.LambdaCallback(on_epoch_ends=print)


# ---------------------------------------------------------------- TerminateOnNaN


def diverging():
    """Twins of which the loss overflows in the course of the first epochs, and data."""
    twins = Twins(
        dense_net(2, (1, "linear")), optimizer=lambda k: k.optimizers.SGD(1e30), loss="mse"
    )
    problem = lesson()
    return twins, (problem.x, problem.y)


@pytest.mark.filterwarnings("ignore:The loss became:RuntimeWarning", "ignore:.*:RuntimeWarning")
def test_training_ends_at_the_batch_at_which_keras_ends_it(float64, capsys):
    twins, data = diverging()
    ours, theirs = twins.fit(
        *data, batch_size=16, epochs=5, callbacks=lambda k: [k.callbacks.TerminateOnNaN()]
    )
    assert ours.epoch == theirs.epoch
    assert twins.ours.optimizer.iterations == int(twins.theirs.optimizer.iterations) > 1
    mine, other = capsys.readouterr().out.splitlines()
    assert mine == other
    assert mine.endswith("Invalid loss, terminating training")


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_or_with_an_error_before_the_end_of_training_is_told(float64):
    twins, data = diverging()
    ended = []
    for library, model in zip(LIBRARIES, twins.both, strict=True):
        callbacks = [
            library.callbacks.TerminateOnNaN(raise_error=True),
            library.callbacks.LambdaCallback(on_train_end=ended.append),
        ]
        error = DivergedError if library is chainrule else RuntimeError
        with pytest.raises(error, match="NaN or Inf loss encountered at batch"):
            model.fit(*data, batch_size=16, epochs=5, verbose=0, callbacks=callbacks)
    assert ended == []
    assert twins.ours.optimizer.iterations == int(twins.theirs.optimizer.iterations)


# ---------------------------------------------------------------- History


def test_a_history_of_ones_own_records_what_that_of_keras_does(float64):
    problem = lesson()
    own = [library.callbacks.History() for library in LIBRARIES]
    results = problem.twins().fit(
        problem.x,
        problem.y,
        epochs=2,
        callbacks=lambda k: [own[LIBRARIES.index(k)]],
    )
    assert_same_history(*own)
    assert_same_history(own[0], results[1])
    assert_same_history(*results)


# ---------------------------------------------------------------- CallbackList


def loop(library, callbacks, **options):
    """A training loop written by hand, as Keras' documentation shows it."""
    hooks = library.callbacks.CallbackList(callbacks, **options)
    hooks.on_train_begin()
    for epoch in range(2):
        hooks.on_epoch_begin(epoch)
        for batch in range(3):
            hooks.on_train_batch_begin(batch)
            hooks.on_train_batch_end(batch, {"loss": 1.0, "acc": np.float64(batch)})
        logs = {"loss": 0.5, "acc": 1.0}
        hooks.on_epoch_end(epoch, logs)
        assert logs == {"loss": 0.5, "acc": 1.0}
    hooks.on_train_end({"loss": 0.5})
    return hooks


def test_a_loop_of_ones_own_calls_as_with_keras():
    found = []
    for library in LIBRARIES:
        calls = []

        def adding(epoch, logs):
            logs["rate"] = epoch

        first = library.callbacks.LambdaCallback(on_epoch_end=adding)
        second = library.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, c=calls: c.append(("on_epoch_end", (epoch,), logs)),
            on_train_batch_end=lambda batch, logs, c=calls: c.append(
                ("on_train_batch_end", (batch,), logs)
            ),
        )
        model = library.Sequential()
        hooks = loop(
            library, [first, second], add_history=True, model=model, verbose=0, epochs=2, steps=3
        )
        assert hooks.model is model
        assert hooks.params == second.params == {"verbose": 0, "epochs": 2, "steps": 3}
        assert [type(c).__name__ for c in hooks.callbacks][2:] == ["History"]
        assert model.history is hooks.callbacks[-1]
        found.append((calls, model.history.history, list(model.history.history)))
    (ours, *mine), (theirs, *other) = found
    assert_same_calls(ours, theirs)
    assert mine == other


def test_what_is_given_is_not_added_again():
    for library in LIBRARIES:
        given = [library.callbacks.History(), library.callbacks.ProgbarLogger()]
        hooks = library.callbacks.CallbackList(given, True, True)
        assert hooks.callbacks == given
        hooks = library.callbacks.CallbackList(add_history=True, add_progbar=True)
        assert [type(c).__name__ for c in hooks.callbacks] == ["History", "ProgbarLogger"]


# ---------------------------------------------------------------- what a run shows


def shown(library, use, monkeypatch):
    """The lines that a terminal shows when all is done, without times."""
    stream = Stream()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        use(library)
    text = COLOUR.sub("", stream.getvalue()).replace("\b", "")
    lines = [line.split("\r")[-1].rstrip() for line in text.split("\n")]
    return [TIMES.sub("TIME", line) for line in lines]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(console, "columns", lambda: 200)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("bar", [False, True], ids=["", "a bar is given"])
def test_a_run_is_shown_as_by_keras(bar, epochs, verbose, float64, terminal, monkeypatch):
    problem = yes_no()
    twins = problem.twins()

    def use(library):
        twins.both[LIBRARIES.index(library)].fit(
            problem.x,
            problem.y,
            batch_size=16,
            epochs=epochs,
            verbose=verbose,
            shuffle=False,
            validation_split=1 / 3,
            callbacks=[
                library.callbacks.LearningRateScheduler(lambda epoch: 0.01 / 2**epoch, verbose=1),
                *([library.callbacks.ProgbarLogger()] if bar else []),
            ],
        )

    ours, theirs = (shown(library, use, monkeypatch) for library in LIBRARIES)
    assert ours == theirs


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("bar", [False, True], ids=["", "a bar is given"])
def test_an_evaluation_and_a_prediction_are_shown_as_by_keras(
    bar, verbose, float64, terminal, monkeypatch
):
    problem = yes_no()
    twins = problem.twins()

    def use(library):
        model = twins.both[LIBRARIES.index(library)]
        callbacks = [library.callbacks.ProgbarLogger()] if bar else []
        arguments = {"batch_size": 16, "verbose": verbose, "callbacks": callbacks}
        model.evaluate(problem.x, problem.y, **arguments)
        model.predict(problem.x, **arguments)

    ours, theirs = (shown(library, use, monkeypatch) for library in LIBRARIES)
    assert ours == theirs
