"""The two programs of the lesson that chainrule began with, written as for Keras."""

import numpy as np
import pytest

from chainrule.datasets import fashion_mnist
from chainrule.layers import Dense, Flatten
from chainrule.models import Sequential
from chainrule.utils import set_random_seed


def exam_scores(samples=1000):
    """Hours of study and sleep, each divided by its largest; scores out of 100."""
    hours = np.random.uniform(1, 8, (samples, 2))
    scores = hours @ [[5], [2]] + 40
    return hours / hours.max(axis=0), scores / 100


@pytest.mark.parametrize("seed", range(5))
def test_exam_scores(seed):
    set_random_seed(seed)
    x, y = exam_scores()
    model = Sequential()
    model.add(Dense(3, input_dim=2, activation="sigmoid"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(optimizer="sgd", loss="mse", metrics=["mae", "mse"])
    results = model.fit(x, y, epochs=50, verbose=0)
    assert list(results.history) == ["loss", "mae", "mse"]
    assert results.history["loss"] == pytest.approx(results.history["mse"])
    # The published run ends at 0.0099. Where 50 epochs end depends on the first weights; that
    # they end where Keras' do is for the parity tests.
    assert 0.008 < results.history["loss"][-1] < 0.018
    assert results.history["loss"][-1] < 0.75 * results.history["loss"][0]


full_set = pytest.mark.skipif(
    fashion_mnist.find() is None,
    reason="needs the full Fashion-MNIST: apt install dataset-fashion-mnist",
)


ACCURACY, SPREAD = 0.84, 0.0055
"""What the lesson reaches, and the standard deviation over the first weights and the orders: of 16
seeds, 0.824 to 0.849 with a mean of 0.843. The last of 18,750 updates are still noisy."""


@full_set
def test_fashion_mnist(capsys):
    found = []
    for seed in range(5):
        set_random_seed(seed)
        (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
        x_train, x_test = x_train / 255.0, x_test / 255.0
        model = Sequential()
        model.add(Flatten(input_shape=(28, 28)))
        model.add(Dense(10, activation="softmax"))
        model.compile(
            optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        assert model.count_params() == 7850
        model.fit(x_train, y_train, epochs=10, validation_data=(x_test, y_test))
        first = model.predict(x_test[0:1], verbose=0)
        assert first.shape == (1, 10)
        assert first.sum() == pytest.approx(1, abs=1e-6)
        capsys.readouterr()
        test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=2)
        assert capsys.readouterr().out.startswith("313/313 - ")
        assert test_loss == model.history.history["val_loss"][-1]
        found.append(test_accuracy)
    assert found == pytest.approx([ACCURACY] * 5, abs=4 * SPREAD)
    assert sum(found) / 5 == pytest.approx(ACCURACY, abs=0.01)
