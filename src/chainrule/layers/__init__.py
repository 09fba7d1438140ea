"""Layers: the Keras-facing classes, each above the rules that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainrule.core.custom import custom_object_scope
from chainrule.core.lazy import lazy
from chainrule.core.registry import Registry
from chainrule.core.rule import RULES

if TYPE_CHECKING:
    from chainrule.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
    from chainrule.layers.categories import CategoryEncoding, Discretization
    from chainrule.layers.dense import Dense
    from chainrule.layers.dropout import Dropout
    from chainrule.layers.embedding import Embedding
    from chainrule.layers.identity import ActivityRegularization, Identity
    from chainrule.layers.input import Input, InputLayer
    from chainrule.layers.joining import Concatenate, Dot, concatenate, dot
    from chainrule.layers.layer import Layer
    from chainrule.layers.merging import (
        Add,
        Average,
        Maximum,
        Minimum,
        Multiply,
        Subtract,
        add,
        average,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from chainrule.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
    from chainrule.layers.normalization import (
        BatchNormalization,
        GroupNormalization,
        LayerNormalization,
        RMSNormalization,
    )
    from chainrule.layers.preprocessing import Normalization
    from chainrule.layers.rescaling import Rescaling
    from chainrule.layers.shaping import Flatten, Permute, RepeatVector, Reshape
    from chainrule.layers.unit_normalization import UnitNormalization

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "CategoryEncoding",
    "Concatenate",
    "Dense",
    "Discretization",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Subtract",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

_MODULES = {
    "activation": ("ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"),
    "categories": ("CategoryEncoding", "Discretization"),
    "dense": ("Dense",),
    "dropout": ("Dropout",),
    "embedding": ("Embedding",),
    "identity": ("ActivityRegularization", "Identity"),
    "input": ("Input", "InputLayer"),
    "joining": ("Concatenate", "Dot", "concatenate", "dot"),
    "layer": ("Layer",),
    "merging": (
        "Add",
        "Average",
        "Maximum",
        "Minimum",
        "Multiply",
        "Subtract",
        "add",
        "average",
        "maximum",
        "minimum",
        "multiply",
        "subtract",
    ),
    "noise": ("AlphaDropout", "GaussianDropout", "GaussianNoise"),
    "normalization": (
        "BatchNormalization",
        "GroupNormalization",
        "LayerNormalization",
        "RMSNormalization",
    ),
    "preprocessing": ("Normalization",),
    "rescaling": ("Rescaling",),
    "shaping": ("Flatten", "Permute", "RepeatVector", "Reshape"),
    "unit_normalization": ("UnitNormalization",),
}
__getattr__, __dir__ = lazy(__name__, _MODULES)
RULES.expect(__name__, _MODULES)

LAYERS: Registry[type[Layer]] = Registry("layer")
for _name in __all__:
    if _name[0].isupper() and _name not in ("Input", "Layer"):  # a function, and the base
        LAYERS.promise(__name__, _name, _name)


def serialize(layer: Layer) -> dict[str, Any]:
    """The layer as JSON-ready data, for :func:`deserialize`."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Layer:
    """A layer from :func:`serialize`.

    Args:
        config: The serialised layer.
        custom_objects: Classes of your own by name.

    Raises:
        UnknownNameError: The class is neither a layer here, in ``custom_objects`` nor registered.
    """
    with custom_object_scope(custom_objects):
        return LAYERS.find(config.get("class_name")).from_config(dict(config["config"]))
