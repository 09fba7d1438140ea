"""Layers that draw: nothing when they predict; in training, numbers of Keras' distributions.

Two libraries draw different numbers, so moments are compared, each within its standard error.
"""

import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.layer_cases import NOISES
from tests.parity.tolerances import STANDARD_ERRORS

import chainrule
from chainrule.utils import set_random_seed

every_noise = pytest.mark.parametrize("case", NOISES, ids=str)

DRAWS = (20000, 3, 4)


def moments(sample):
    """Mean and variance, each with its standard error."""
    rows = sample.reshape(len(sample), -1).mean(axis=1)  # those of one sample may share a mask
    squares = np.square(sample - sample.mean()).reshape(len(sample), -1).mean(axis=1)
    return [(part.mean(), part.std() / np.sqrt(len(part))) for part in (rows, squares)]


def assert_same_moments(ours, theirs, scale=1.0):
    for (mine, own_error), (other, error) in zip(moments(ours), moments(theirs), strict=True):
        allowed = STANDARD_ERRORS * np.hypot(own_error, error) + 1e-6 * scale
        assert abs(mine - other) <= allowed, (mine, other, allowed)


@every_noise
def test_nothing_happens_in_prediction(case, float64):
    x = case.arrays()[0]
    assert np.array_equal(case.of(chainrule)(x), x)


@every_noise
@pytest.mark.parametrize("value", [1.0, -2.0])
def test_draws_in_training_have_the_moments_of_keras(case, value):
    x = np.full(DRAWS, value, np.float32)
    ours, theirs = (np.asarray(case.of(k)(x, training=True)) for k in LIBRARIES)
    assert_same_moments(ours, theirs)
    for shared in range(1, 3):  # a mask that is shared along an axis is so in both
        assert np.ptp(ours, axis=shared).any() == np.ptp(theirs, axis=shared).any()
    if case.name in ("Dropout", "AlphaDropout"):
        assert np.allclose(np.unique(ours), np.unique(theirs), rtol=1e-6)


def test_alpha_dropout_keeps_mean_and_variance_of_selu_units():
    normal = np.random.default_rng(0).normal(size=DRAWS)
    units = np.asarray(chainrule.activations.selu(normal.astype(np.float32)))
    for rate in (0.1, 0.5):
        dropped = chainrule.layers.AlphaDropout(rate)(units, training=True)
        assert_same_moments(dropped, units)
        theirs = np.asarray(keras.layers.AlphaDropout(rate)(units, training=True))
        assert_same_moments(dropped, theirs)


@every_noise
def test_a_seed_fixes_the_draws_and_steps_differ(case):
    """In Keras a layer's draws go on from call to call; here they do from step to step of fit."""
    x = np.ones((8, *case.shapes[0]), np.float32)
    drawn = []
    for _ in range(2):
        set_random_seed(5)
        layer = case.of(chainrule)
        drawn.append([layer(x, training=True), layer(x, training=True)])
    assert np.array_equal(*(first for first, _ in drawn))
    assert np.array_equal(drawn[0][0], drawn[0][1]) == (layer.seed is not None)


@every_noise
def test_training_goes_on_with_other_draws_at_every_step(case, float64):
    """With a rate of 0 for the optimizer, losses differ by the draws alone."""
    losses = []
    for seed in (1, 1, 2):
        set_random_seed(seed)
        layers = [case.of(chainrule), chainrule.layers.Flatten()]
        model = chainrule.Sequential([chainrule.Input(case.shapes[0]), *layers])
        model.compile(chainrule.optimizers.SGD(1e-12), "mse")
        x = np.ones((8, *case.shapes[0]))
        y = np.arange(96.0).reshape(8, 12)
        losses.append([model.train_on_batch(x, y) for _ in range(3)])
        assert model.evaluate(x, y, verbose=0) == pytest.approx(np.mean((y - 1) ** 2))
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 3
    own_seed = case.options.get("seed") is not None
    assert (losses[0] == losses[2]) == own_seed
