"""The hooks: called in Keras' order, with Keras' numbers."""

import pytest
from tests.parity.builders import LIBRARIES, PROBLEMS, lesson, yes_no
from tests.parity.tolerances import assert_agree

HOOKS = [
    *(f"on_{mode}_{end}" for mode in ("train", "test", "predict") for end in ("begin", "end")),
    *(f"on_{mode}_batch_{end}" for mode in ("train", "test") for end in ("begin", "end")),
    *(f"on_predict_batch_{end}" for end in ("begin", "end")),
    "on_epoch_begin",
    "on_epoch_end",
]


def recorder(library, calls):
    """A callback of a library that writes down every call: hook, place, logs."""

    def record(hook):
        def method(self, *arguments, logs=None):
            place = tuple(argument for argument in arguments if isinstance(argument, int))
            given = [argument for argument in arguments if isinstance(argument, dict)]
            calls.append((hook, place, dict(*given, **(logs or {}))))

        return method

    return type("Recorder", (library.callbacks.Callback,), {h: record(h) for h in HOOKS})()


def recorded(twins, method, *data, **arguments):
    """The calls in both libraries while a method runs."""
    found = []
    for library, model in zip(LIBRARIES, twins.both, strict=True):
        calls = []
        callbacks = [recorder(library, calls)]
        getattr(model, method)(*data, batch_size=16, verbose=0, callbacks=callbacks, **arguments)
        found.append(calls)
    return found


def assert_same_calls(ours, theirs):
    assert [call[:2] for call in ours] == [call[:2] for call in theirs]
    for (hook, place, mine), (_, _, other) in zip(ours, theirs, strict=True):
        if not hook.endswith("end"):
            continue
        assert list(mine) == list(other), hook
        for name in other:
            assert_agree(mine[name], other[name], "history", f"{hook}{place} {name}")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_fit_calls_as_that_of_keras(problem):
    problem = PROBLEMS[problem]()
    arguments = {"epochs": 2, "shuffle": False, "validation_split": 0.33}
    assert_same_calls(*recorded(problem.twins(), "fit", problem.x, problem.y, **arguments))


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_an_evaluation_and_a_prediction_call_as_those_of_keras(method):
    problem = lesson()
    data = (problem.x, problem.y) if method == "evaluate" else (problem.x,)
    assert_same_calls(*recorded(problem.twins(), method, *data))


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_begin", "on_epoch_end"])
def test_a_callback_stops_the_training_where_it_does_in_keras(hook):
    problem = yes_no()
    twins = problem.twins()

    def stopping(library):
        def stop(self, place, logs=None):
            self.model.stop_training = True

        return [type("Stopping", (library.callbacks.Callback,), {hook: stop})()]

    ours, theirs = twins.fit(problem.x, problem.y, epochs=3, callbacks=stopping)
    assert ours.epoch == theirs.epoch
    assert twins.ours.optimizer.iterations == int(twins.theirs.optimizer.iterations)
    twins.assert_same_weights()
