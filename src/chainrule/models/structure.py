"""A model's structure as JSON-ready data, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.layers import deserialize
from chainrule.layers import serialize as serialize_layer
from chainrule.layers.calling import note
from chainrule.layers.input import InputLayer
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Symbol
from chainrule.models.model import Model
from chainrule.models.sequential import Sequential

Place = list[Any]
"""Where a symbol comes from: a layer's name, and which of its calls in the model."""


def serialize(model: Model) -> dict[str, Any]:
    """A model as JSON-ready data, for :func:`deserialize_model`."""
    kind = "Sequential" if isinstance(model, Sequential) else "Functional"
    return {"class_name": kind, "config": model.get_config()}


def deserialize_model(
    config: Mapping[str, Any], custom_objects: dict[str, Any] | None = None
) -> Model:
    """A model, with new weights, from :func:`serialize`.

    Raises:
        UnknownNameError: The class is no model of chainrule's.
    """
    kinds = {"Sequential": Sequential, "Functional": Model, "Model": Model}
    kind = kinds.get(str(config.get("class_name")))
    if kind is None:
        raise UnknownNameError(
            f"A model must be one of {sorted(kinds)}.", class_name=config.get("class_name")
        )
    return kind.from_config(config["config"], custom_objects)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """A model, with new weights, from ``model.to_json()``.

    Args:
        json_string: The text.
        custom_objects: Classes of your own, by name.

    Raises:
        ArgumentError: The text is not JSON of a model.
    """
    try:
        config = json.loads(json_string)
    except ValueError as error:
        raise ArgumentError(f"`json_string` is no JSON: {error}.", length=len(json_string)) from None
    if not isinstance(config, dict) or "config" not in config:
        raise ArgumentError("`json_string` does not describe a model.", json=config)
    return deserialize_model(config, custom_objects)


def clone_model(model: Model, clone_function: Any = None) -> Model:
    """A model of the same structure with layers and weights of its own, drawn anew.

    Args:
        model: The model.
        clone_function: Makes a layer of each layer; by default from its configuration.
    """
    config = model.get_config()
    if clone_function is None:
        return deserialize_model(serialize(model))
    made = {layer.name: clone_function(layer) for layer in model.layers}
    for name, layer in made.items():
        if not isinstance(layer, Layer):
            raise ArgumentError("`clone_function` must give a layer.", layer=name)
    return model_from(type(model), config, None, made)


def config_of(model: Model) -> dict[str, Any]:
    """See :meth:`Model.get_config`."""
    if isinstance(model, Sequential):
        return {
            "name": model.name,
            "dtype": model._float_type() if model._base is None else model.dtype,
            "layers": [serialize_layer(layer) for layer in model._all_layers()],
            "build_input_shape": list(model._input_shape) if model._input_shape else None,
        }
    topology = model.topology
    places: dict[Symbol, Place] = {symbol: [symbol.name, 0] for symbol in topology.inputs}
    nodes: dict[Layer, list[dict[str, Any]]] = {layer: [] for layer in topology.layers}
    for call in topology.calls:
        places[call.output] = [call.layer.name, len(nodes[call.layer])]
        inputs = [places[symbol] for symbol in call.inputs]
        nodes[call.layer].append({"inputs": inputs, "listed": call.listed})
    keys = model._output_structure
    return {
        "name": model.name,
        "dtype": model.dtype,
        "layers": [
            {**serialize_layer(layer), "inbound_nodes": nodes[layer]} for layer in topology.layers
        ],
        "calls": [[c.layer.name, places[c.output][1]] for c in topology.calls],
        "input_layers": [places[symbol] for symbol in topology.inputs],
        "output_layers": [places[symbol] for symbol in topology.outputs],
        "output_keys": sorted(keys) if isinstance(keys, Mapping) else None,
        "output_listed": isinstance(keys, list | tuple),
    }


def model_from(
    kind: type[Model],
    config: Mapping[str, Any],
    custom_objects: dict[str, Any] | None,
    made: Mapping[str, Layer] | None = None,
) -> Model:
    """See :meth:`Model.from_config`.

    Args:
        kind: The model's class.
        config: What :func:`config_of` gave.
        custom_objects: Layer classes by name.
        made: Layers to use, by name, instead of new ones.
    """
    made = made or {}

    def layer_of(entry: Mapping[str, Any]) -> Layer:
        name = entry["config"].get("name")
        return made[name] if name in made else deserialize(entry, custom_objects)

    if issubclass(kind, Sequential):
        return _sequential_from(kind, config, [layer_of(entry) for entry in config["layers"]])
    layers = {entry["config"]["name"]: layer_of(entry) for entry in config["layers"]}
    symbols: dict[tuple[str, int], Symbol] = {}
    for name, layer in layers.items():
        if isinstance(layer, InputLayer):
            symbols[name, 0] = layer.output
    nodes = {entry["config"]["name"]: entry["inbound_nodes"] for entry in config["layers"]}
    for name, use in config["calls"]:
        node = nodes[name][use]
        inputs = [symbols[where, which] for where, which in node["inputs"]]
        symbols[name, use] = note(layers[name], inputs if node["listed"] else inputs[0]).output
    inputs = [symbols[name, use] for name, use in config["input_layers"]]
    outputs: Any = [symbols[name, use] for name, use in config["output_layers"]]
    if config.get("output_keys") is not None:
        outputs = dict(zip(config["output_keys"], outputs, strict=True))
    elif not config.get("output_listed", len(outputs) > 1):
        (outputs,) = outputs
    model = Model(inputs, outputs, config.get("name"))
    model._cast(config.get("dtype"))
    return model


def _sequential_from(
    kind: type[Sequential], config: Mapping[str, Any], layers: list[Layer]
) -> Sequential:
    model = kind(name=config.get("name"))
    for layer in layers:
        model._append(layer)
    model._dtype = config.get("dtype")
    if config.get("build_input_shape"):
        model.build(config["build_input_shape"])
    else:
        model._try_build()
    return model
