"""Shared by all tests: the oracles are set up before anything imports them."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest

from chainrule import config
from chainrule.core import names


@pytest.fixture(autouse=True, scope="module")
def fresh_names():
    """What a module shares is made before its first test: its names too are counted from none."""
    names.reset_names()


@pytest.fixture(autouse=True)
def fresh_settings():
    """Every test begins with Keras' defaults and with names counted from none."""
    names.reset_names()
    yield
    config.set_floatx("float32")
    config.set_epsilon(1e-7)
