"""Initial weights: constants, plain random, the variance-scaling families, and orthogonal.

Draws come from a named stream of the model's seed, so a weight depends on the seed and on its
own name and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.core import configurable
from chainrule.core.registry import Registry
from chainrule.errors import ArgumentError
from chainrule.initializers.constants import Constant, Identity, Ones, Zeros
from chainrule.initializers.initializer import FromFunction, Initializer
from chainrule.initializers.random import (
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
)
from chainrule.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

__all__ = [
    "Constant",
    "FromFunction",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
glorot_uniform, he_uniform, lecun_uniform = GlorotUniform, HeUniform, LecunUniform
glorot_normal, he_normal, lecun_normal = GlorotNormal, HeNormal, LecunNormal
variance_scaling = VarianceScaling
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal

INITIALIZERS: Registry[type[Initializer]] = Registry("initializer")
INITIALIZERS.add("zeros", Zeros, "zero", "Zeros")
INITIALIZERS.add("ones", Ones, "one", "Ones")
INITIALIZERS.add("constant", Constant, "Constant")
INITIALIZERS.add("identity", Identity, "Identity", "IdentityInitializer")
INITIALIZERS.add("random_normal", RandomNormal, "normal", "RandomNormal")
INITIALIZERS.add("random_uniform", RandomUniform, "uniform", "RandomUniform")
INITIALIZERS.add("truncated_normal", TruncatedNormal, "TruncatedNormal")
INITIALIZERS.add("variance_scaling", VarianceScaling, "VarianceScaling")
INITIALIZERS.add("glorot_uniform", GlorotUniform, "GlorotUniform")
INITIALIZERS.add("glorot_normal", GlorotNormal, "GlorotNormal")
INITIALIZERS.add("he_uniform", HeUniform, "HeUniform")
INITIALIZERS.add("he_normal", HeNormal, "HeNormal")
INITIALIZERS.add("lecun_uniform", LecunUniform, "LecunUniform")
INITIALIZERS.add("lecun_normal", LecunNormal, "LecunNormal")
INITIALIZERS.add("orthogonal", Orthogonal, "Orthogonal", "OrthogonalInitializer")


def get(identifier: Any) -> Initializer:
    """The initializer for a name, an object, a class, a serialised one or ``f(shape, dtype)``.

    Raises:
        UnknownNameError: There is no initializer of that name.
        ArgumentError: ``None`` was given. (Keras gives it back.)
    """
    if identifier is None:
        raise ArgumentError("An initializer must be given.", identifier=identifier)
    if callable(identifier) and not isinstance(identifier, Initializer | type):
        return FromFunction(identifier)
    if isinstance(identifier, Mapping) and identifier.get("class_name") == "function":
        identifier = identifier["config"]
    return configurable.resolve(identifier, Initializer, INITIALIZERS)


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The initializer as JSON-ready data, for :func:`deserialize`; a function by its name."""
    if isinstance(initializer, FromFunction):
        return {"class_name": "function", "config": initializer.get_config()["function"]}
    return configurable.serialize(initializer)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Initializer:
    """The initializer from :func:`serialize`.

    Args:
        config: A serialised initializer, of this library or of Keras.
        custom_objects: Classes and functions of your own by name, looked up first.

    Raises:
        UnknownNameError: The name is in neither table.
    """
    key = "config" if config.get("class_name") == "function" else "class_name"
    own: Any = (custom_objects or {}).get(str(config.get(key)))
    if own is None:
        return get(config)
    return own.from_config(config["config"]) if hasattr(own, "from_config") else get(own)
