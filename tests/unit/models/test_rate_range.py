"""find_learning_rate(): the range test, on copies."""

import matplotlib

matplotlib.use("agg")

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule import find_learning_rate
from chainrule.errors import ArgumentError, StateError
from chainrule.layers import BatchNormalization, Dense, Dropout, Input
from chainrule.models import Sequential
from chainrule.models.rate_range import Smoothed
from chainrule.optimizers import SGD, Adam
from chainrule.optimizers.schedules import CosineDecay
from chainrule.utils import set_random_seed


def test_rates_grow_by_the_same_factor_from_the_smallest_to_the_largest():
    found = find_learning_rate(
        regressor(), *line(), smallest=1e-4, largest=1e-2, batches=5, batch_size=10
    )
    np.testing.assert_allclose(found.rates, np.geomspace(1e-4, 1e-2, 5), rtol=1e-9)
    assert len(found.losses) == len(found.smoothed) == 5
    assert not found.exploded


def test_the_losses_are_those_of_sgd_at_these_rates():
    model, (x, y) = regressor(), line()
    found = find_learning_rate(model, x, y, smallest=0.1, largest=10, batches=4, batch_size=50)
    twin = regressor()
    losses = []
    for rate in np.geomspace(0.1, 10, 4):
        twin.optimizer.learning_rate = rate
        losses.append(twin.train_on_batch(x, y))
    np.testing.assert_allclose(found.losses, losses, rtol=1e-5)


def test_the_suggestion_trains_and_the_largest_rate_does_not():
    model, (x, y) = classifier(optimizer="sgd"), blobs(600)
    found = find_learning_rate(model, x, y, largest=100)
    assert found.exploded
    assert found.rates[0] < found.suggestion < found.rates[-1]
    lowest = found.rates[np.nanargmin(found.smoothed)]
    assert found.suggestion < lowest
    model.optimizer.learning_rate = found.suggestion
    before = model.evaluate(x, y, verbose=0)[0]
    history = model.fit(x, y, epochs=3, verbose=0)
    assert history.history["loss"][-1] < 0.2 * before


@pytest.mark.parametrize("seed", range(8))
def test_batches_that_differ_do_not_suggest_a_rate(seed):
    # For (w x − 3 x)² the best rate is 1 / (2 mean(x²)) = 1.5; all from about 0.03 train.
    set_random_seed(seed)
    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    x = np.linspace(-1, 1, 200)[:, None]
    assert 0.03 < find_learning_rate(model, x, 3 * x).suggestion < 1.5


def test_there_is_no_suggestion_where_the_loss_never_falls():
    found = find_learning_rate(
        classifier(optimizer="sgd"), *blobs(), smallest=1e4, largest=1e9, batches=30
    )
    assert found.suggestion is None


@pytest.mark.parametrize(
    "optimizer", [SGD(0.1, momentum=0.9), Adam(CosineDecay(0.1, 10))], ids=repr
)
def test_the_model_and_its_optimizer_stay_as_they_were(optimizer):
    model = Sequential(
        [Input((4,)), Dense(5), BatchNormalization(), Dropout(0.5), Dense(3, "softmax")]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    x, y = blobs()
    model.fit(x, y, verbose=0)
    theta, steps = model.theta.copy(), optimizer.steps
    states = {name: state.copy() for name, state in optimizer.state.items()}
    rate = optimizer.learning_rate
    first = find_learning_rate(model, x, y, batches=20)
    np.testing.assert_array_equal(model.theta, theta)
    assert (optimizer.steps, optimizer.learning_rate) == (steps, rate)
    for name, state in states.items():
        np.testing.assert_array_equal(optimizer.state[name], state)
    again = find_learning_rate(model, x, y, batches=20)
    np.testing.assert_array_equal(first.losses, again.losses)


def test_what_cannot_be_tested_is_refused():
    x, y = line()
    with pytest.raises(ArgumentError, match="BFGS looks at all samples"):
        find_learning_rate(regressor("bfgs"), x, y)
    with pytest.raises(ArgumentError, match="`smallest`"):
        find_learning_rate(regressor(), x, y, smallest=1, largest=0.1)
    with pytest.raises(ArgumentError, match="`batches` must be at least 2"):
        find_learning_rate(regressor(), x, y, batches=1)
    model = Sequential([Input((2,)), Dense(1)])
    with pytest.raises(StateError, match="compile"):
        find_learning_rate(model, x, y)


def test_smoothing_begins_without_bias():
    smoothed = Smoothed()
    for value in (2.0, 2.0, 2.0):
        smoothed.add(value)
    assert smoothed.values == pytest.approx([2.0, 2.0, 2.0])
    smoothed.add(float("nan"))
    assert smoothed.exploded


def test_the_picture_marks_the_suggestion():
    found = find_learning_rate(classifier(), *blobs(), batches=60)
    ax = found.plot()
    assert ax.get_xscale() == "log"
    (text,) = ax.texts
    assert text.get_text() == f"steepest fall: {found.suggestion:.2g}"
    same = matplotlib.figure.Figure().add_subplot()
    assert found.plot(same) is same
