import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.parity.tolerances import assert_agree

from chainrule import activations
from chainrule.activations import ACTIVATIONS

every_activation = pytest.mark.parametrize("name", ACTIVATIONS.names)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])

EXTREMES = [0.0, -0.0, 1e-30, -1e-30, 1e-8, -1e-8, 20.0, -20.0, 87.0, -87.0, 1e4, -1e4]


@every_activation
@dtypes
@given(z=arrays(np.float64, (3, 4), elements=st.floats(-60, 60) | st.sampled_from(EXTREMES)))
@settings(max_examples=50, deadline=None)
def test_values_are_those_of_keras(name, dtype, z):
    z = z.astype(dtype)
    ours, theirs = activations.get(name)(z), keras.activations.get(name)(z)
    assert ours.dtype == theirs.dtype == dtype
    assert_agree(ours, theirs, f"activation, {dtype}", f"{name} of {z}")


@every_activation
@pytest.mark.parametrize("shape", [(5,), (2, 1, 3), (2, 2, 2, 2)])
def test_an_array_of_any_rank_is_taken_along_its_last_axis(name, shape):
    z = np.random.default_rng(0).normal(0, 3, shape)
    assert_agree(
        activations.get(name)(z), keras.activations.get(name)(z), "activation, float64", name
    )


@every_activation
def test_names_are_understood_and_given_as_by_keras(name):
    assert activations.serialize(activations.get(name)) == name
    assert keras.activations.serialize(keras.activations.get(name)) == name


def test_no_activation_is_linear():
    assert activations.get(None) is activations.linear
    assert keras.activations.get(None) is keras.activations.linear
