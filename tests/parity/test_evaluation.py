"""``evaluate``, ``predict`` and the methods of one batch: the same numbers, in the same form."""

import numpy as np
import pytest
from tests.parity.builders import PROBLEMS, Twins, classes, dense_net, lesson, targets, weights
from tests.parity.tolerances import assert_agree

from chainrule.losses import LOSSES

every_problem = pytest.mark.parametrize("problem", PROBLEMS)


def assert_same_result(twins, method, *data, **arguments):
    """A number, a list or a dictionary, whichever Keras gives, in the same order."""
    ours, theirs = twins.each(lambda model: getattr(model, method)(*data, **arguments))
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    assert isinstance(ours, list) == isinstance(theirs, list)
    assert_agree(ours, theirs, "history", method)


def assert_same_evaluation(twins, x, y, **arguments):
    arguments = {"batch_size": 16, "verbose": 0, **arguments}
    assert_same_result(twins, "evaluate", x, y, **arguments)


@every_problem
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"return_dict": True},
        {"sample_weight": weights(48)},
        {"sample_weight": weights((48, 1))},
        {"steps": 2},
    ],
    ids=["", "dictionary", "weights", "weights in a column", "steps"],
)
def test_evaluate(problem, arguments):
    problem = PROBLEMS[problem]()
    assert_same_evaluation(problem.twins(), problem.x, problem.y, **arguments)


def test_the_last_batch_may_be_short():
    problem = lesson()
    twins = problem.twins()
    x, y = problem.x[:40], problem.y[:40]
    assert_same_evaluation(twins, x, y, sample_weight=weights(40))
    predictions = twins.each(lambda model: model.predict(x, batch_size=16, verbose=0))
    assert_agree(*predictions, "prediction")


def test_a_loss_alone_is_a_number():
    problem = classes()
    data = problem.x[:16], problem.y[:16]
    twins = problem.twins(metrics=None, weighted_metrics=None)
    assert_same_evaluation(twins, *data)
    assert_same_result(twins, "test_on_batch", *data)
    assert_same_result(twins, "train_on_batch", *data)


def test_metrics_are_in_the_order_of_compile():
    problem = lesson()
    twins = problem.twins(metrics=["mse", "mae"], weighted_metrics=["RootMeanSquaredError"])
    assert_same_evaluation(twins, problem.x, problem.y)


@every_problem
@pytest.mark.parametrize("steps", [None, 2])
def test_predict(problem, steps):
    problem = PROBLEMS[problem]()
    ours, theirs = problem.twins().each(
        lambda model: model.predict(problem.x, batch_size=16, steps=steps, verbose=0)
    )
    assert isinstance(ours, np.ndarray)
    assert ours.dtype == theirs.dtype
    assert_agree(ours, theirs, "prediction")


@every_problem
def test_predict_on_batch(problem):
    problem = PROBLEMS[problem]()
    ours, theirs = problem.twins().each(lambda m: m.predict_on_batch(problem.x[:16]))
    assert ours.dtype == theirs.dtype
    assert_agree(ours, theirs, "prediction")


@every_problem
@pytest.mark.parametrize("weight", [None, weights(16)], ids=["", "weights"])
def test_one_batch_at_a_time(problem, weight):
    problem = PROBLEMS[problem]()
    twins = problem.twins()
    for rows in (slice(0, 16), slice(16, 32)):
        batch = problem.x[rows], problem.y[rows], weight
        for return_dict in (False, True):
            for method in ("train_on_batch", "test_on_batch"):
                twins.theirs.reset_metrics()  # older Keras goes on from the call before
                assert_same_result(twins, method, *batch, return_dict=return_dict)
    twins.assert_same_weights()


def test_one_batch_with_weights_of_classes():
    problem = classes()
    twins = problem.twins()
    batch = problem.x[:16], problem.y[:16]
    assert_same_result(twins, "train_on_batch", *batch, class_weight={0: 2.0, 1: 0.5})
    twins.assert_same_weights()


OUTPUTS = {
    "binary_crossentropy": ("sigmoid", "yes/no"),
    "binary_focal_crossentropy": ("sigmoid", "yes/no"),
    "categorical_crossentropy": ("softmax", "one-hot"),
    "categorical_focal_crossentropy": ("softmax", "one-hot"),
    "categorical_generalized_cross_entropy": ("softmax", "class numbers"),
    "categorical_hinge": ("softmax", "one-hot"),
    "dice": ("sigmoid", "yes/no"),
    "hinge": ("tanh", "yes/no"),
    "kl_divergence": ("softmax", "one-hot"),
    "mean_squared_logarithmic_error": ("sigmoid", "yes/no"),
    "poisson": ("sigmoid", "yes/no"),
    "sparse_categorical_crossentropy": ("softmax", "class numbers"),
    "squared_hinge": ("tanh", "yes/no"),
    "tversky": ("sigmoid", "yes/no"),
}
"""Activation and kind of targets of each loss that is not for numbers of any size."""


@pytest.mark.parametrize("loss", LOSSES.names)
def test_every_loss_in_a_model(loss):
    activation, kind = OUTPUTS.get(loss, ("linear", "numbers"))
    kind_of_loss = LOSSES.find(loss).__name__
    twins = Twins(dense_net(2, (3, activation)), loss=lambda k: getattr(k.losses, kind_of_loss)())
    x = np.random.default_rng(0).normal(size=(16, 2))
    y, _ = targets(kind, 16, 3)
    assert_same_result(twins, "train_on_batch", x, y)
    assert_same_result(twins, "test_on_batch", x, y)
    twins.assert_same_weights()


@every_problem
@pytest.mark.parametrize("shape", [(48,), (48, 1)], ids=str)
def test_targets_of_one_output_may_be_a_row_or_a_column(problem, shape):
    problem = PROBLEMS[problem]()
    assert_same_evaluation(problem.twins(), problem.x, problem.y.reshape(shape))


@pytest.mark.parametrize(
    ("activation", "loss", "kind"),
    [
        ("softmax", "sparse_categorical_crossentropy", "class numbers"),
        ("sigmoid", "binary_crossentropy", "yes/no"),
    ],
)
def test_dense_layers_on_sequences(activation, loss, kind):
    def build(library):
        return library.Sequential([library.Input((5, 2)), library.layers.Dense(3, activation)])

    twins = Twins(build, loss=loss, metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(16, 5, 2))
    y, _ = targets(kind, (16, 5), 3)
    assert_same_result(twins, "train_on_batch", x, y)
    assert_same_result(twins, "test_on_batch", x, y)
    twins.assert_same_weights()
