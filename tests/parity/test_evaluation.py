"""``evaluate``, ``predict`` and the methods of one batch: the same numbers, in the same form."""

import numpy as np
import pytest
from tests.parity.builders import PROBLEMS, Twins, classes, dense_net, targets, weights
from tests.parity.tolerances import assert_agree

from chainrule.losses import LOSSES

every_problem = pytest.mark.parametrize("problem", PROBLEMS)
forms = pytest.mark.parametrize("return_dict", [False, True], ids=["list", "dictionary"])


def assert_same_result(ours, theirs):
    """A number, a list or a dictionary, whichever Keras gives, with the same order."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    assert isinstance(ours, list) == isinstance(theirs, list)
    assert_agree(ours, theirs, "history")


@every_problem
@forms
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"sample_weight": weights(40)},
        {"sample_weight": weights((40, 1))},
        {"steps": 2},
    ],
    ids=["", "weights", "weights in a column", "steps"],
)
def test_evaluate(problem, return_dict, arguments):
    problem = PROBLEMS[problem]()
    assert_same_result(
        *problem.twins().each(
            lambda model: model.evaluate(
                problem.x,
                problem.y,
                **{"batch_size": 16, "verbose": 0, "return_dict": return_dict, **arguments},
            )
        )
    )


def evaluate(twins, x, y):
    return twins.each(lambda model: model.evaluate(x, y, batch_size=16, verbose=0))


def test_a_loss_alone_is_a_number():
    problem = classes()
    x, y = problem.x[:16], problem.y[:16]
    twins = problem.twins(metrics=None, weighted_metrics=None)
    assert_same_result(*evaluate(twins, x, y))
    assert_same_result(*twins.each(lambda model: model.test_on_batch(x, y)))
    assert_same_result(*twins.each(lambda model: model.train_on_batch(x, y)))


def test_metrics_are_in_the_order_of_compile():
    problem = PROBLEMS["lesson"]()
    twins = problem.twins(metrics=["mse", "mae"], weighted_metrics=["RootMeanSquaredError"])
    assert_same_result(*evaluate(twins, problem.x, problem.y))


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
@forms
@pytest.mark.parametrize("weight", [None, weights(40)], ids=["", "weights"])
def test_one_batch_at_a_time(problem, return_dict, weight):
    problem = PROBLEMS[problem]()
    twins = problem.twins()
    for start in (0, 16):
        rows = slice(start, start + 16)
        batch = problem.x[rows], problem.y[rows], None if weight is None else weight[rows]
        for method in ("train_on_batch", "test_on_batch"):
            twins.theirs.reset_metrics()  # before 3.15 Keras goes on from the call before
            assert_same_result(
                *twins.each(
                    lambda m, method=method, batch=batch: getattr(m, method)(
                        *batch, return_dict=return_dict
                    )
                )
            )
    twins.assert_same_weights()


def test_one_batch_with_weights_of_classes():
    problem = classes()
    twins = problem.twins()
    assert_same_result(
        *twins.each(
            lambda model: model.train_on_batch(
                problem.x[:16], problem.y[:16], class_weight={0: 2.0, 1: 0.5}
            )
        )
    )
    twins.assert_same_weights()


OUTPUTS = {
    "mean_squared_error": (3, "linear", "numbers"),
    "mean_absolute_error": (3, "linear", "numbers"),
    "binary_crossentropy": (3, "sigmoid", "yes/no"),
    "categorical_crossentropy": (3, "softmax", "one-hot"),
    "sparse_categorical_crossentropy": (3, "softmax", "class numbers"),
}


@pytest.mark.parametrize("loss", LOSSES.names)
def test_every_loss_in_a_model(loss):
    units, activation, kind = OUTPUTS[loss]
    twins = Twins(dense_net(2, (units, activation)), loss=loss)
    x = np.random.default_rng(0).normal(size=(16, 2))
    y, _ = targets(kind, 16, units)
    assert_same_result(*twins.each(lambda m: m.train_on_batch(x, y)))
    assert_same_result(*twins.each(lambda m: m.test_on_batch(x, y)))
    twins.assert_same_weights()


@pytest.mark.parametrize("y_shape", [(40,), (40, 1)], ids=str)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_targets_of_one_output_may_be_a_row_or_a_column(problem, y_shape):
    problem = PROBLEMS[problem]()
    assert_same_result(*evaluate(problem.twins(), problem.x, problem.y.reshape(y_shape)))


@pytest.mark.parametrize("kind", ["class numbers", "numbers"])
def test_dense_layers_on_sequences(kind):
    loss, activation = {
        "class numbers": ("sparse_categorical_crossentropy", "softmax"),
        "numbers": ("mse", None),
    }[kind]

    def build(library):
        return library.Sequential([library.Input((5, 2)), library.layers.Dense(3, activation)])

    twins = Twins(build, loss=loss, metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(16, 5, 2))
    y, _ = targets(kind, (16, 5), 3)
    assert_same_result(*twins.each(lambda m: m.train_on_batch(x, y)))
    assert_same_result(*evaluate(twins, x, y))
    twins.assert_same_weights()
