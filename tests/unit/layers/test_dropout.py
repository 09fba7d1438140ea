import numpy as np
import pytest

from chainrule.engines.noise import draw
from chainrule.errors import ShapeError
from chainrule.layers import Dense, Dropout, Input
from chainrule.models import Sequential

X = np.ones((50, 8), "float32")


def masks(model, steps=1):
    """What is drawn for the model's dropout at each of its first steps."""
    model.compile("sgd", "mse")
    (noise,) = model.plan.train.noises
    return [draw(noise, model.seed, step, len(X), "float32") for step in range(steps)]


def network(dropout):
    return Sequential([Input((8,)), dropout, Dense(1)])


def test_a_prediction_drops_nothing():
    model = network(Dropout(0.5))
    bare = Sequential([Input((8,)), Dense(1)])
    bare.set_weights(model.get_weights())
    assert np.array_equal(model.predict(X, verbose=0), bare.predict(X, verbose=0))


def test_the_given_fraction_is_dropped_anew_at_every_step():
    first, second = masks(network(Dropout(0.25, name="drop")), 2)
    assert set(np.unique(first)) == {0, 1}
    assert first.mean() == pytest.approx(0.75, abs=0.08)  # 400 draws: four standard errors
    assert not np.array_equal(first, second)


def test_what_is_kept_is_scaled_so_that_the_mean_stays():
    from chainrule.layers.dropout import dropout

    keep = np.array([1.0, 0.0, 1.0, 1.0])
    assert dropout.forward(np.ones(4), keep, rate=0.25).tolist() == [4 / 3, 0, 4 / 3, 4 / 3]


def test_a_noise_shape_shares_the_mask_along_an_axis():
    (shared,) = masks(network(Dropout(0.5, noise_shape=(None, 1), name="drop")))
    assert shared.shape == (50, 1)
    with pytest.raises(ShapeError, match="noise_shape"):
        network(Dropout(0.5, noise_shape=(1,))).compile("sgd", "mse")


def test_a_seed_of_its_own_frees_it_from_the_models():
    seeded = [masks(network(Dropout(0.5, seed=7, name="drop")))[0] for _ in range(2)]
    free = [masks(network(Dropout(0.5, name="drop")))[0] for _ in range(2)]
    assert np.array_equal(*seeded)
    assert not np.array_equal(*free)
