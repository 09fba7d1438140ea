"""EarlyStopping: the same epoch, the same best, the same weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parity.builders import LIBRARIES, assert_same_history, lesson, yes_no
from tests.parity.tolerances import assert_agree


class Scripted:
    """A model whose weights are the number of the epoch and whose losses are written beforehand."""

    metrics = ()
    stop_training = False
    weights = None

    def get_weights(self):
        return [self.weights]

    def set_weights(self, weights):
        (self.weights,) = weights

    def train(self, callback, monitor, losses):
        """What a run comes to: epochs, weights at the end, and what the callback remembers."""
        callback.set_model(self)
        callback.on_train_begin()
        for epoch, loss in enumerate(losses):
            self.weights = epoch
            callback.on_epoch_end(epoch, {monitor: loss})
            if self.stop_training:
                break
        callback.on_train_end()
        return epoch, self.weights, callback.stopped_epoch, callback.best_epoch, callback.best


eighths = st.integers(0, 8).map(lambda n: n / 8)  # exact in float32, in which Keras compares
losses = st.lists(eighths, min_size=1)
options = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max"]),
        "patience": st.integers(0, 4),
        "min_delta": st.sampled_from([0, 0.125, 0.25, -0.25]),
        "baseline": st.none() | eighths,
        "restore_best_weights": st.booleans(),
        "start_from_epoch": st.integers(0, 3),
    }
)


@given(losses=losses, options=options)
@settings(max_examples=200, deadline=None)
def test_any_run_ends_as_in_keras(losses, options):
    ours, theirs = (
        Scripted().train(library.callbacks.EarlyStopping("loss", **options), "loss", losses)
        for library in LIBRARIES
    )
    if options["start_from_epoch"] >= len(losses):
        ours, theirs = ours[:-1], theirs[:-1]  # no best yet: nan for ours, None for Keras
    assert ours == theirs


@pytest.mark.parametrize("monitor", ["loss", "val_loss"])
def test_a_loss_should_fall(monitor):
    for library in LIBRARIES:
        callback = library.callbacks.EarlyStopping(monitor, patience=2)
        assert Scripted().train(callback, monitor, [3, 2, 1, 2, 3, 4])[0] == 4


RUNS = {
    "at once": {"patience": 0},
    "after a while": {"patience": 3},
    "back to the best": {"patience": 3, "restore_best_weights": True},
    "never, but back to the best": {"patience": 50, "restore_best_weights": True},
    "small steps are none": {"patience": 2, "min_delta": 0.005},
    "a baseline out of reach": {"patience": 2, "baseline": 1e-6},
    "a baseline in reach": {"patience": 2, "baseline": 0.05, "restore_best_weights": True},
    "a late start": {"patience": 1, "start_from_epoch": 6, "restore_best_weights": True},
    "by an error": {"monitor": "val_mae", "patience": 2},
    "by what should not rise": {"monitor": "val_mse", "mode": "max", "patience": 2},
    "by the training": {"monitor": "loss", "min_delta": 0.002, "patience": 1},
}


@pytest.mark.parametrize("run", RUNS)
def test_training_stops_as_in_keras(run):
    """Training pulls outputs up to 0.9; validation wants 0.7 on average, passed on the way."""
    problem = lesson()
    x, y, validation = problem.x[:16], np.full(16, 0.9), 0.6 + 0.2 * (np.arange(16) % 2)
    twins = problem.twins(seed=3)
    stops = {library: library.callbacks.EarlyStopping(**RUNS[run]) for library in LIBRARIES}
    arguments = {"epochs": 25, "validation_data": (x, validation)}
    histories = twins.fit(x, y, callbacks=lambda library: [stops[library]], **arguments)
    assert_same_history(*histories)
    twins.assert_same_weights()
    ours, theirs = stops.values()
    assert (ours.stopped_epoch, ours.best_epoch) == (theirs.stopped_epoch, theirs.best_epoch)
    assert_agree(ours.best, theirs.best, "history")


@pytest.mark.parametrize(
    "metric",
    ["accuracy", "mae", lambda k: k.metrics.BinaryAccuracy("mine")],
    ids=["accuracy", "mae", "an object of another name"],
)
def test_training_that_only_improves_is_not_stopped(metric):
    """Accuracy rises and the error falls: which of the two is better is told by the metric."""
    problem = yes_no()
    twins = problem.twins(metrics=[metric], weighted_metrics=None)
    monitor = metric if isinstance(metric, str) else "mine"
    histories = twins.fit(
        problem.x,
        problem.y,
        epochs=5,
        callbacks=lambda k: [k.callbacks.EarlyStopping(monitor, patience=2)],
    )
    assert [history.epoch for history in histories] == [list(range(5))] * 2


@pytest.mark.parametrize("options", [{}, {"restore_best_weights": True}], ids=str)
@pytest.mark.parametrize("losses", [[3, 1, 2, 2], [3, 2, 1, 2]], ids=["stopped", "not stopped"])
def test_what_is_said_is_what_keras_says(losses, options, capsys):
    said = []
    for library in LIBRARIES:
        callback = library.callbacks.EarlyStopping("loss", patience=2, verbose=1, **options)
        Scripted().train(callback, "loss", losses)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == (losses[1] == 1) + len(options)


def test_what_is_not_in_the_logs_is_warned_of_in_the_same_words():
    said = []
    for library in LIBRARIES:
        callback = library.callbacks.EarlyStopping("val_loss", mode="min")
        with pytest.warns(UserWarning, match="Early stopping conditioned") as caught:
            Scripted().train(callback, "loss", [1, 2])
        said.append([str(warning.message) for warning in caught])
    assert said[0] == said[1]
