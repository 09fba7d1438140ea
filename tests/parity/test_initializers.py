import json
from functools import cache

import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import NEAR_THE_END, SMIRNOV, STANDARD_ERRORS

from chainrule import initializers
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
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

SCALINGS = [
    {},
    {"scale": 3.0, "mode": "fan_out", "distribution": "untruncated_normal"},
    {"scale": 0.5, "mode": "fan_avg", "distribution": "uniform"},
    {"mode": "fan_avg", "distribution": "Normal"},
    {"input_axes": (1,), "output_axes": (0, 1), "mode": "fan_avg"},
]
"""Options of VarianceScaling."""

RANDOM = [
    *((name, {}) for name in [*SCALED, "RandomUniform", "RandomNormal", "TruncatedNormal"]),
    *(("VarianceScaling", options) for options in SCALINGS),
    ("HeNormal", {"input_axes": (0,), "output_axes": (-1,)}),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}),
    ("RandomNormal", {"mean": 2.0, "stddev": 0.5}),
    ("TruncatedNormal", {"mean": 2.0, "stddev": 0.5}),
    ("Orthogonal", {}),
    ("Orthogonal", {"gain": 2.0}),
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
    *((name, options, SHAPES[0]) for name, options in RANDOM if options or name not in SCALED),
]

BOUNDED = [
    (name, options, shape)
    for name, options, shape in DRAWN
    if name not in ("RandomNormal", "Orthogonal")
    and options.get("distribution") != "untruncated_normal"
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


@pytest.mark.parametrize(("name", "options", "shape"), BOUNDED)
def test_numbers_end_where_those_of_keras_end(name, options, shape):
    ours, theirs = both(name, shape, **options)
    uniform = "Uniform" in name or options.get("distribution") == "uniform"
    for end in (np.max, np.min):
        assert abs(end(ours) / end(theirs) - 1) < NEAR_THE_END[uniform]


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 4), (1, 2, 7), (4, 1)], ids=str)
@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_orthogonal_vectors_lie_as_those_of_keras(shape, gain):
    for numbers in both("Orthogonal", shape, gain=gain):
        matrix = numbers.astype(np.float64).reshape(-1, shape[-1])
        matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
        products = matrix.T @ matrix / gain**2
        np.testing.assert_allclose(products, np.eye(len(products)), atol=1e-6)


def test_every_orientation_is_equally_likely():
    """Without the signs of R's diagonal the first number would always be negative."""
    for library in LIBRARIES:
        first = [
            np.asarray(library.initializers.Orthogonal(seed=seed)((2, 2)))[0, 0]
            for seed in range(40)
        ]
        assert 8 <= np.sum(np.array(first) > 0) <= 32


@pytest.mark.parametrize(
    ("name", "options", "shapes"),
    [
        ("Zeros", {}, [(), (3,), (2, 4)]),
        ("Ones", {}, [(), (3,), (2, 4)]),
        ("Constant", {}, [(), (2, 4)]),
        ("Constant", {"value": -1.5}, [(), (2, 4)]),
        ("Identity", {}, [(3, 3), (2, 4), (4, 2)]),
        ("Identity", {"gain": 0.25}, [(3, 3), (2, 4)]),
    ],
)
def test_constants_are_those_of_keras(name, options, shapes):
    made = [getattr(library.initializers, name)(**options) for library in LIBRARIES]
    for shape in shapes:
        ours, theirs = (initializer(shape) for initializer in made)
        assert np.array_equal(ours, np.asarray(theirs))
        assert ours.dtype == theirs.dtype == "float32"
    assert made[0].get_config().items() >= made[1].get_config().items()
    for config in (made[0].get_config(), made[1].get_config() | options):
        assert type(made[0]).from_config(config).get_config() == made[0].get_config()


def test_what_keras_forgets():
    """The gain of an identity, and that a constant has a default."""
    assert initializers.Identity(2.0).get_config() == {"gain": 2}
    assert keras.initializers.Identity(2.0).get_config() == {}
    assert initializers.get("constant")((1,)) == 0
    with pytest.raises(KeyError, match="value"):
        keras.initializers.get("constant")


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


@every_random
def test_serialised_initializers_are_understood_by_both(name, options):
    ours, theirs = (getattr(library.initializers, name)(seed=3, **options) for library in LIBRARIES)
    for serialised in (
        initializers.serialize(ours),
        json.loads(json.dumps(initializers.serialize(ours))),
        keras.initializers.serialize(theirs),
    ):
        for again in (initializers.get(serialised), initializers.deserialize(serialised)):
            assert type(again) is type(ours)
            assert np.array_equal(again((4, 5)), ours((4, 5)))
    again = keras.initializers.deserialize(initializers.serialize(ours))
    assert np.array_equal(again((4, 5)), theirs((4, 5)))


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if name.lower() != "constant"])
def test_names_and_aliases_mean_the_same_initializer(name):
    ours, theirs = (library.initializers.get(name) for library in LIBRARIES)
    assert type(ours).__name__ == type(theirs).__name__
    if hasattr(keras.initializers, name):
        assert getattr(initializers, name) is type(ours)
        assert type(initializers.get(type(ours))) is type(ours)


def test_every_initializer_of_keras_is_there():
    theirs = {name for name in dir(keras.initializers) if not name.startswith("_")}
    assert theirs - set(dir(initializers)) == {"STFT", "STFTInitializer", "stft"}


def test_a_function_may_give_the_numbers():
    def steps(shape, dtype=None):
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape)

    for library in LIBRARIES:
        dense = library.layers.Dense(3, kernel_initializer=steps)
        library.Sequential([library.Input((2,)), dense])
        assert np.array_equal(dense.get_weights()[0], [[0, 1, 2], [3, 4, 5]])
    ours = initializers.get(steps)
    assert ours((2, 2)).dtype == "float32"
    assert initializers.get(ours) is ours
    serialised = json.loads(json.dumps(initializers.serialize(ours)))
    assert serialised["config"] == keras.initializers.serialize(steps)["config"] == "steps"
    assert initializers.deserialize(serialised, {"steps": steps}).function is steps
    with pytest.raises(UnknownNameError, match="steps"):
        initializers.get(serialised)
    with pytest.raises(ShapeError, match=r"shape \(2, 3\)\. Received: shape=\(1,\)"):
        initializers.get(lambda shape, dtype: np.ones(1))((2, 3))


def test_an_initializer_of_ones_own():
    class Ramp(initializers.Initializer):
        def __init__(self, step=1.0):
            super().__init__()
            self.step = step

        def draw(self, shape, generator):
            return self.step * np.arange(np.prod(shape)).reshape(shape)

        def get_config(self):
            return {"step": self.step}

    assert initializers.get(Ramp)((2,)).tolist() == [0, 1]
    serialised = initializers.serialize(Ramp(2.0))
    assert initializers.deserialize(serialised, {"Ramp": Ramp})((2,)).tolist() == [0, 2]
    with pytest.raises(UnknownNameError, match="Ramp"):
        initializers.deserialize(serialised)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("VarianceScaling", {"scale": 0.0}),
        ("VarianceScaling", {"mode": "fan"}),
        ("VarianceScaling", {"distribution": "cauchy"}),
        ("GlorotUniform", {"seed": "a"}),
    ],
)
def test_options_that_keras_refuses(name, options):
    (argument,) = options
    for library in LIBRARIES:
        with pytest.raises(ValueError, match=argument):
            getattr(library.initializers, name)(**options)


@pytest.mark.parametrize(
    ("name", "shape"), [("Orthogonal", (3,)), ("Identity", (3,)), ("Identity", (3, 3, 3))]
)
def test_shapes_that_keras_refuses(name, shape):
    for library in LIBRARIES:
        with pytest.raises(ValueError, match=r"Received: shape=\(3"):
            getattr(library.initializers, name)()(shape)


def test_other_errors():
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="gloriot"):
            library.initializers.get("gloriot_uniform")
    with pytest.raises(UnknownNameError, match="Did you mean 'glorot_uniform'"):
        initializers.get("gloriot_uniform")
    with pytest.raises(ArgumentError, match="must be given"):
        initializers.get(None)
    with pytest.raises(ArgumentError, match="Received: seed=-1"):
        initializers.HeNormal(-1)
    with pytest.raises(ArgumentError, match="Received: value='a'"):
        initializers.Constant("a")
    with pytest.raises(ArgumentError, match="or neither"):
        initializers.HeNormal(input_axes=[0])
    with pytest.raises(ShapeError, match="must be axes of the weight"):
        initializers.HeNormal(input_axes=[0], output_axes=[2])((3, 4))
