from functools import cache

import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import NEAR_THE_END, SMIRNOV, STANDARD_ERRORS

from chainrule import initializers
from chainrule.initializers import INITIALIZERS

SCALED = [
    "GlorotUniform",
    "GlorotNormal",
    "HeUniform",
    "HeNormal",
    "LecunUniform",
    "LecunNormal",
]
"""Initializers that look at the shape."""

RANDOM = [
    *((name, {}) for name in [*SCALED, "RandomUniform", "RandomNormal"]),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}),
    ("RandomNormal", {"mean": 2.0, "stddev": 0.5}),
]
every_random = pytest.mark.parametrize(
    ("name", "options"),
    RANDOM,
    ids=[" ".join([name, *(f"{k}={v}" for k, v in o.items())]) for name, o in RANDOM],
)

SHAPES = [(300, 100), (100, 300), (3, 5, 40, 50), (30_000,)]
"""Kernels of 30000 numbers and different fans: dense both ways, a convolution, a bias."""

DRAWN = [
    *((name, {}, shape) for name in SCALED for shape in SHAPES),
    *((name, options, SHAPES[0]) for name, options in RANDOM if name not in SCALED),
]


@cache
def _drawn(name, shape, seed, options):
    return tuple(
        np.asarray(getattr(library.initializers, name)(seed=seed, **dict(options))(shape))
        for library in LIBRARIES
    )


def both(name, shape, seed=5, **options):
    """Numbers drawn by both libraries."""
    return _drawn(name, shape, seed, tuple(options.items()))


@pytest.mark.parametrize(("name", "options", "shape"), DRAWN)
def test_numbers_are_distributed_as_those_of_keras(name, options, shape):
    ours, theirs = both(name, shape, **options)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype == "float32"
    count, spread = ours.size, theirs.std()
    error = STANDARD_ERRORS * np.sqrt(2 / count)  # of a difference of two estimates
    assert abs(ours.mean() - theirs.mean()) < error * spread
    assert abs(ours.std() - spread) < error * spread
    points = np.sort(np.concatenate([ours.ravel(), theirs.ravel()]))
    shares = [np.searchsorted(np.sort(a.ravel()), points, "right") / count for a in (ours, theirs)]
    assert np.abs(shares[0] - shares[1]).max() < SMIRNOV * np.sqrt(2 / count)


@pytest.mark.parametrize(
    ("name", "options", "shape"), [case for case in DRAWN if case[0] != "RandomNormal"]
)
def test_numbers_end_where_those_of_keras_end(name, options, shape):
    ours, theirs = both(name, shape, **options)
    for end in (np.max, np.min):
        assert abs(end(ours) / end(theirs) - 1) < NEAR_THE_END["Uniform" in name]


@pytest.mark.parametrize("name", ["Zeros", "Ones"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 4)], ids=str)
def test_constants_are_those_of_keras(name, shape):
    ours, theirs = (getattr(library.initializers, name)()(shape) for library in LIBRARIES)
    assert np.array_equal(ours, np.asarray(theirs))
    assert ours.dtype == theirs.dtype


@every_random
def test_a_seed_gives_the_same_numbers_at_every_call(name, options):
    for library in LIBRARIES:
        make = getattr(library.initializers, name)
        initializer = make(seed=3, **options)
        first, second = (np.asarray(initializer((4, 5))) for _ in range(2))
        again, other = (np.asarray(make(seed=s, **options)((4, 5))) for s in (3, 4))
        assert np.array_equal(first, second)
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


@every_random
def test_layers_draw_with_their_own_seed_as_in_keras(name, options):
    for library in LIBRARIES:
        initializer = getattr(library.initializers, name)(seed=3, **options)
        dense = library.layers.Dense(5, kernel_initializer=initializer)
        library.Sequential([library.Input((4,)), dense])
        assert np.array_equal(dense.get_weights()[0], np.asarray(initializer((4, 5))))


@every_random
def test_a_configuration_makes_the_same_initializer_in_keras(name, options):
    config = getattr(initializers, name)(seed=3, **options).get_config()
    assert config.items() <= getattr(keras.initializers, name)(**config).get_config().items()
    assert getattr(initializers, name)().get_config()["seed"] is None


@pytest.mark.parametrize("name", INITIALIZERS.names)
def test_names_mean_the_same_initializer(name):
    ours = initializers.get(name)
    for spelling in (name, type(ours).__name__):
        theirs = keras.initializers.get(spelling)
        assert type(initializers.get(spelling)).__name__ == type(theirs).__name__


@pytest.mark.parametrize("short", ["zero", "one", "normal", "uniform"])
def test_short_names_mean_the_same_initializer(short):
    ours, theirs = (library.initializers.get(short) for library in LIBRARIES)
    assert type(ours).__name__ == type(theirs).__name__
