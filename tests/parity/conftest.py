"""Keras itself is the oracle: on JAX, on the CPU, with float64 at hand."""

import os
import warnings

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import pytest

from chainrule import config

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the oracle's own, while it is imported
    import keras
    from keras.src.backend.common import dtypes

jax.config.update("jax_enable_x64", True)
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
"""Keras makes means and tanh of float64 arrays float32, but for TensorFlow; here it must not."""


@pytest.fixture(autouse=True)
def fresh_keras():
    """Every test begins with Keras' own defaults, its names counted from none."""
    keras.utils.clear_session(free_memory=False)
    yield
    keras.config.set_floatx("float32")


@pytest.fixture
def float64(fresh_settings, fresh_keras):
    """Both libraries in float64; the two fixtures set them back."""
    config.set_floatx("float64")
    keras.config.set_floatx("float64")
