"""Layers: the Keras-facing classes, each above the rules that it is made of."""

from __future__ import annotations

from typing import Any

from chainrule.core.registry import Registry
from chainrule.layers.activation import Activation
from chainrule.layers.dense import Dense
from chainrule.layers.dropout import Dropout
from chainrule.layers.layer import Input, InputLayer, Layer
from chainrule.layers.rescaling import Rescaling
from chainrule.layers.shaping import Flatten

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Rescaling",
    "deserialize",
    "serialize",
]

LAYERS: Registry[type[Layer]] = Registry("layer")
for _layer in (InputLayer, Dense, Flatten, Activation, Dropout, Rescaling):
    LAYERS.add(_layer.__name__, _layer)


def serialize(layer: Layer) -> dict[str, Any]:
    """The layer as JSON-ready data, for :func:`deserialize`."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:
    """A layer from :func:`serialize`.

    Args:
        config: The serialised layer.
        custom_objects: Classes of your own by name, looked up first.

    Raises:
        UnknownNameError: The class is in neither table.
    """
    name = config.get("class_name")
    kind = (custom_objects or {}).get(str(name)) or LAYERS.find(name)
    return kind.from_config(config["config"])
