import math
from decimal import Decimal, localcontext
from functools import partial

import jax
import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras.src.saving.serialization_lib import serialize_keras_object
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import assert_agree

from chainrule import activations
from chainrule.activations import ACTIVATIONS
from chainrule.core.rule import elementwise
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.testing.conformance import cotangents

NEEDED = {"threshold": {"threshold": 0.3, "default_value": -2.0}}
"""Options without a default."""

EVERY = [
    *((name, NEEDED.get(name, {})) for name in ACTIVATIONS.names if name != "sparsemax"),
    ("relu", {"negative_slope": 0.3}),
    ("relu", {"max_value": 6}),
    ("relu", {"max_value": 2.71, "negative_slope": 0.3, "threshold": 1.19}),
    ("relu", {"threshold": -1.19}),
    ("leaky_relu", {"negative_slope": 1.7}),
    ("elu", {"alpha": 0.3}),
    ("celu", {"alpha": 0.3}),
    ("squareplus", {"b": 0.7}),
    ("soft_shrink", {"threshold": 1.3}),
    ("hard_shrink", {"threshold": 1.3}),
]

CANCELLING = {"squareplus", "tanh_shrink", "gelu_tanh", "log_softmax"}
"""Where Keras' formula, or both, takes a difference of numbers that are nearly equal."""

RANGES = {"exponential": (-np.inf, 87), "squareplus": (-10, np.inf), "glu": (-20, 20)}
"""Where Keras' formula does not overflow, and has the accuracy of the tolerances."""

KINKS = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 6.0]
EXTREMES = [1e-30, -1e-30, 1e-8, -1e-8, 20.0, -20.0, 87.0, -87.0, 1e4, -1e4]
numbers = st.floats(-60, 60, width=32, allow_subnormal=False) | st.sampled_from(KINKS + EXTREMES)


def keras_function(name, options):
    if name == "gelu_tanh":
        return partial(keras.activations.gelu, approximate=True)
    return partial(getattr(keras.activations, name), **options)


def assert_same(name, options, z, dtype):
    """Values and derivatives of both libraries."""
    rule = ACTIVATIONS[name]
    theirs, pull = jax.vjp(keras_function(name, options), jax.numpy.asarray(z))
    ours = rule(z, **options)
    assert ours.dtype == theirs.dtype == dtype
    absolute = name in CANCELLING or (name == "gelu" and dtype == "float32")
    kind = "activation by a difference" if absolute else "activation"
    assert_agree(ours, theirs, f"{kind}, {dtype}", f"{name} of {z}")
    y_bar = np.random.default_rng(0).uniform(0.5, 1.5, ours.shape).astype(dtype)
    ours = cotangents(rule, {"z": z}, options, y_bar)["z"]
    if name in CANCELLING:  # in float32 Keras' gelu has no slope left at -5
        exact = jax.numpy.asarray(z, "float64")
        _, pull = jax.vjp(keras_function(name, options), exact)
        y_bar = y_bar.astype("float64")
    (theirs,) = pull(jax.numpy.asarray(y_bar))
    assert ours.dtype == dtype
    assert_agree(ours, theirs, f"activation gradient, {dtype}", f"the derivative of {name} at {z}")


@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(z=arrays(np.float64, (3, 4), elements=numbers))
@example(z=np.full((3, 4), -5.0))
@settings(max_examples=15, deadline=None)
def test_values_and_derivatives_are_those_of_keras(name, options, dtype, z):
    z = np.clip(z, *RANGES.get(name, (-np.inf, np.inf)))
    assert_same(name, options, z.astype(dtype), dtype)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "glu"])
@pytest.mark.parametrize("shape", [(4,), (2, 1, 6)], ids=str)
def test_an_array_of_any_rank_is_taken_along_its_last_axis(name, shape):
    assert_same(name, {}, np.random.default_rng(0).normal(0, 3, shape), "float64")


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, -2, 2, (0, 2)], ids=str)
def test_an_axis_or_several_may_be_chosen(name, axis):
    z = np.random.default_rng(0).normal(0, 2, (3, 4, 2))
    assert_same(name, {"axis": axis}, z, "float64")


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sparsemax_is_the_nearest_distribution(axis):
    """By bisection: Keras' own sums to 1 only where one number is kept, or several are equal."""
    z = np.random.default_rng(0).normal(0, 1, (5, 4, 6))
    low, high = z.min(axis, keepdims=True) - 1, z.max(axis, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        above = np.sum(np.maximum(z - middle, 0), axis, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    ours = activations.sparsemax(z, axis=axis)
    np.testing.assert_allclose(ours, np.maximum(z - low, 0), atol=1e-14)
    theirs = np.asarray(keras.activations.sparsemax(z, axis=axis))
    kept = np.broadcast_to(np.sum(ours > 0, axis, keepdims=True), z.shape)
    assert_agree(ours[kept == 1], theirs[kept == 1], "activation, float64")
    assert not np.allclose(ours[kept > 1], theirs[kept > 1])


def test_gelu_takes_the_approximation_as_an_argument():
    z = np.linspace(-5, 5, 11)
    for approximate in (True, False):
        ours, theirs = (
            library.activations.gelu(z, approximate=approximate) for library in LIBRARIES
        )
        assert_agree(ours, theirs, "activation by a difference, float64")
    assert np.abs(activations.gelu(z) - activations.gelu(z, approximate=True)).max() > 1e-5


@pytest.mark.parametrize(("end", "bound"), [(5, 4e-15), (37, 1e-13)])
def test_gelu_is_exact(end, bound):
    """To the bounds of its docstring, by the error function of the C library."""
    z = np.linspace(-end, end, 40_001)
    exact = np.array([0.5 * x * math.erfc(-x * math.sqrt(0.5)) for x in z])
    assert np.all(np.abs(activations.gelu(z) - exact) <= bound * np.abs(exact))


@pytest.mark.parametrize(
    ("z", "options", "of_jax"),
    [
        (6.0, {"max_value": 6}, 0),
        (5.0, {"max_value": 5}, 0.5),
        (0.0, {"max_value": 5, "threshold": -1}, 0.5),
    ],
)
def test_where_a_rectifier_is_clipped_its_derivative_is_0(z, options, of_jax):
    """As Keras' own for the cap 6; JAX halves the derivative at others."""
    slope = cotangents(activations.relu, {"z": np.array(z)}, options, np.array(1.0))["z"]
    assert slope == 0
    assert jax.grad(lambda z: keras.activations.relu(z, **options))(z) == of_jax


@pytest.mark.parametrize("z", [-1e300, -1e9, -50.0, -1e-300, 0.0, 1e-9, 50.0, 1e300])
def test_squareplus_is_exact(z):
    with localcontext(prec=1300):
        root = (Decimal(z) ** 2 + 4).sqrt()
        value, slope = float((Decimal(z) + root) / 2), float((1 + Decimal(z) / root) / 2)
    y = activations.squareplus(np.array(z))
    assert y == pytest.approx(value, rel=1e-15, abs=0)
    ours = cotangents(activations.squareplus, {"z": np.array(z)}, {}, np.array(1.0))["z"]
    assert ours == pytest.approx(slope, rel=1e-15, abs=1e-320)


def test_glu_halves_the_last_axis_only():
    for axis in (-1, 1):
        z = np.random.default_rng(0).normal(size=(3, 4))
        ours, theirs = (library.activations.glu(z, axis=axis) for library in LIBRARIES)
        assert_agree(ours, theirs, "activation, float64")
    with pytest.raises(ArgumentError, match=r"last axis only.*Received: axis=0"):
        activations.glu(np.zeros((4, 4)), axis=0)
    with pytest.raises(ShapeError, match=r"must be even.*Received: z=\(2, 3\)"):
        activations.glu(np.zeros((2, 3)))
    infer = activations.glu.signature.infer
    assert infer({"z": (None, 6)}, {}) == {"y": (None, 3)}
    assert infer({"z": (None, None)}, {}) == {"y": (None, None)}
    with pytest.raises(ShapeError, match="must be even"):
        infer({"z": (None, 5)}, {})


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "gelu_tanh"])
def test_names_are_understood_and_given_as_by_keras(name):
    ours, theirs = (library.activations.get(name) for library in LIBRARIES)
    assert activations.serialize(ours) == keras.activations.serialize(theirs)
    assert getattr(activations, name) is ours
    assert activations.get(serialize_keras_object(theirs)) is ours


def test_every_activation_of_keras_is_there():
    theirs = {name for name in dir(keras.activations) if not name.startswith("_")}
    assert theirs <= set(dir(activations))
    assert set(activations.__all__) - theirs == {"gelu_tanh"}


def test_no_activation_is_linear():
    assert activations.get(None) is activations.linear
    assert keras.activations.get(None) is keras.activations.linear


def test_what_names_no_activation():
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="Could not interpret activation function identifier"):
            library.activations.get("rely")
    with pytest.raises(UnknownNameError, match="Did you mean 'relu'"):
        activations.get("rely")
    with pytest.raises(ArgumentError, match="no derivative"):
        activations.get(np.tanh)
    with pytest.raises(ArgumentError, match="is a layer"):
        activations.get(serialize_keras_object(keras.layers.LeakyReLU(0.3)))


def test_an_activation_of_ones_own():
    @elementwise("test_cube")
    def cube(z):
        return z**3  # y = z³

    assert activations.get(cube) is cube
    assert activations.deserialize(activations.serialize(cube), {"test_cube": cube}) is cube
    assert activations.deserialize("relu", {"relu": cube}) is cube
    assert activations.deserialize("test_cube") is cube  # making a rule registers it
    with pytest.raises(UnknownNameError):
        activations.deserialize("test_cubes")
