"""Metrics of all kinds in compile(), fit() and evaluate(), those of one's own included."""

import keras
import numpy as np
import pytest
from tests.parity.builders import PROBLEMS, Twins, dense_net
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule.errors import ArgumentError, ShapeError


def all_right(library):
    """A metric in Keras' style: variables, update_state and result."""
    ops = np if library is chainrule else keras.ops

    class AllRight(library.metrics.Metric):
        def __init__(self, name="all_right", dtype=None):
            super().__init__(name=name, dtype=dtype)
            self.right = self.add_variable(shape=(), initializer="zeros", name="right")
            self.count = self.add_variable(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true, y_pred, sample_weight=None):
            yes = y_pred > 0.5
            right = ops.where(ops.all(yes == (y_true == 1), axis=-1), 1.0, 0.0)
            weight = ops.ones_like(right) if sample_weight is None else sample_weight
            self.right.assign(self.right + ops.sum(right * weight))
            self.count.assign_add(ops.sum(weight))

        def result(self):
            return self.right / self.count

    return AllRight()


def bias(library):
    """A function."""
    ops = np if library is chainrule else keras.ops

    def bias(y_true, y_pred):
        return ops.mean(y_pred - y_true, axis=-1)

    return bias


@pytest.fixture(autouse=True)
def in_float64(float64):
    """So that nothing but the metrics can differ."""


METRICS = {
    "yes or no": [
        "precision",
        "TruePositives",
        "bce",
        lambda k: k.metrics.Recall(thresholds=[0.3, 0.6], name="recalls"),
        lambda k: k.metrics.AUC(name="area"),
        lambda k: k.metrics.SensitivityAtSpecificity(0.5, name="sensitivity"),
        bias,
        all_right,
    ],
    "classes": [
        "sparse_categorical_crossentropy",
        lambda k: k.metrics.SparseTopKCategoricalAccuracy(2),
        lambda k: k.losses.sparse_categorical_crossentropy,
    ],
    "lesson": [
        "r2_score",
        "cosine_similarity",
        "mape",
        lambda k: k.metrics.LogCoshError(),
    ],
}
DUPLICATES = "classes"  # the loss function has the name of the metric before it


@pytest.mark.parametrize("problem", METRICS)
@pytest.mark.parametrize("argument", ["metrics", "weighted_metrics"])
def test_metrics_are_measured_as_in_keras(problem, argument):
    made = PROBLEMS[problem]()
    y = made.y if problem == "classes" else made.y.reshape(-1, 1)  # "bce" of Keras needs columns
    chosen = METRICS[problem][: 2 if problem == DUPLICATES else None]
    twins = made.twins(**{"metrics": None, "weighted_metrics": None, argument: chosen})
    weight = np.random.default_rng(3).uniform(0.5, 2, len(made.x))
    found = twins.fit(made.x, y, epochs=2, sample_weight=weight)
    assert list(found[0].history) == list(found[1].history)
    for name, theirs in found[1].history.items():
        assert_agree(found[0].history[name], theirs, "history, float64", name)
    found = twins.each(
        lambda m: m.evaluate(
            made.x, y, batch_size=16, sample_weight=weight, verbose=0, return_dict=True
        )
    )
    for name, theirs in found[1].items():
        assert_agree(found[0][name], theirs, "history, float64", name)


def test_a_loss_function_of_class_numbers_is_a_metric():
    made = PROBLEMS["classes"]()
    twins = made.twins(metrics=METRICS["classes"][2:], weighted_metrics=None)
    found = twins.each(lambda m: m.evaluate(made.x, made.y, verbose=0, batch_size=16))
    assert_agree(*found, "history, float64")


def test_scores_of_every_class_are_an_array():
    made = PROBLEMS["classes"]()
    y = np.eye(4)[made.y]
    twins = Twins(
        dense_net(8, (4, "softmax")),
        loss="categorical_crossentropy",
        metrics=[lambda k: k.metrics.F1Score(), lambda k: k.metrics.F1Score("micro", name="one")],
    )
    found = twins.each(lambda m: m.evaluate(made.x, y, verbose=0, batch_size=16, return_dict=True))
    for name in ("loss", "f1_score", "one"):
        assert_agree(found[0][name], found[1][name], "history, float64", name)
    assert found[0]["f1_score"].shape == (4,)


def test_what_cannot_be_measured_is_said():
    made = PROBLEMS["classes"]()
    twins = made.twins(metrics=["precision"], weighted_metrics=None)
    with pytest.raises(ShapeError, match=r"one shape.*y_true=\(16,\), y_pred=\(16, 4\)"):
        twins.ours.evaluate(made.x, made.y, verbose=0, batch_size=16)
    twins = made.twins(metrics=["mean"], weighted_metrics=None)
    with pytest.raises(ArgumentError, match="Mean is of values"):
        twins.ours.evaluate(made.x, made.y, verbose=0, batch_size=16)
