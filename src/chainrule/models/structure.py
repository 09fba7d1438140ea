"""A model's structure as JSON-ready data, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chainrule.core.custom import custom_object_scope, get_custom_objects
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.layers import deserialize
from chainrule.layers import serialize as serialize_layer
from chainrule.layers.calling import note
from chainrule.layers.input import InputLayer
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Call, Symbol
from chainrule.models.model import Model
from chainrule.models.sequential import Sequential
from chainrule.models.subclassing import shapes_of
from chainrule.models.topology import Topology

_KINDS: dict[str, type[Model]] = {
    "Sequential": Sequential,
    "Functional": Model,
    "Model": Model,
}

Place = list[Any]
"""Where a symbol comes from: a layer's name, and which of its calls in the model."""


def serialize(model: Model) -> dict[str, Any]:
    """A model as JSON-ready data, for :func:`deserialize_model`."""
    config = model.get_config()
    if model._is_written:
        shapes = shapes_of(model._structures[0]) if model.built else None
        return {"class_name": type(model).__name__, "config": config, "input_shape": shapes}
    kind = "Sequential" if isinstance(model, Sequential) else "Functional"
    return {"class_name": kind, "config": config}


def deserialize_model(
    config: Mapping[str, Any], custom_objects: dict[str, Any] | None = None
) -> Model:
    """A model, with new weights, from :func:`serialize`.

    Raises:
        UnknownNameError: The class is neither chainrule's nor known by its name.
    """
    name = config.get("class_name")
    with custom_object_scope(custom_objects):
        kind = _KINDS.get(str(name)) or get_custom_objects().get(str(name))
        if kind is None:
            raise UnknownNameError(
                f"A model must be one of {sorted(_KINDS)}, or of a class that you registered or "
                "gave as `custom_objects`.",
                class_name=name,
            )
        model: Model = kind.from_config(config["config"])
    if config.get("input_shape") is not None:
        model.build(config["input_shape"])
    return model


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
        raise ArgumentError(
            f"`json_string` is no JSON: {error}.", length=len(json_string)
        ) from None
    if not isinstance(config, dict) or "config" not in config:
        raise ArgumentError("`json_string` does not describe a model.", json=config)
    return deserialize_model(config, custom_objects)


def clone_model(model: Model, clone_function: Any = None) -> Model:
    """A model of the same structure with layers and weights of its own, drawn anew.

    Args:
        model: The model.
        clone_function: Makes a layer of each layer that is no input; by default from its
            configuration.

    Raises:
        ArgumentError: ``clone_function`` gave something else, or the model's class has a ``call``,
            so that its layers are its own to make.
    """
    if clone_function is None:
        return deserialize_model(serialize(model), classes_of(model))
    if model._is_written:
        raise ArgumentError(
            "`clone_function` is for models of symbols.", model=type(model).__name__
        )
    layers = [one for one in model._all_layers() if not isinstance(one, InputLayer)]
    made = {layer.name: clone_function(layer) for layer in layers}
    for name, layer in made.items():
        if not isinstance(layer, Layer):
            raise ArgumentError("`clone_function` must give a layer.", layer=name)
    kind = Sequential if isinstance(model, Sequential) else Model
    return model_from(kind, model.get_config(), None, made)


def classes_of(model: Model) -> dict[str, type]:
    """The classes of a model and its layers by name: with these it can be made anew."""
    return {type(one).__name__: type(one) for one in (model, *model._all_layers())}


def pickled(model: Model) -> tuple[Any, ...]:
    """What ``pickle`` and ``copy`` make a model of: its file, and its classes.

    Raises:
        StateError: The model is not built, or its class does not say how to make it again.
    """
    from chainrule.formats import archive

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"model{archive.EXTENSION}"
        archive.save(model, path)
        return _unpickled, (path.read_bytes(), classes_of(model))


def _unpickled(file: bytes, classes: dict[str, type]) -> Model:
    from chainrule.formats import archive

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"model{archive.EXTENSION}"
        path.write_bytes(file)
        return archive.load(path, classes)


def config_of(model: Model) -> dict[str, Any]:
    """See :meth:`Model.get_config`."""
    if model._is_written:
        raise StateError(
            f"{type(model).__name__} {model.name!r} is described by its own class: write "
            "`get_config`, which gives the arguments of `__init__`, or use `save_weights`."
        )
    if isinstance(model, Sequential):
        return {
            "name": model.name,
            "dtype": model._float_type() if model._base is None else model.dtype,
            "layers": [
                serialize(entry) if isinstance(entry, Model) else serialize_layer(entry)
                for entry in model._entries
            ],
            "build_input_shape": list(model._input_shape) if model._input_shape else None,
        }
    topology = model.topology
    places: dict[Symbol, Place] = {symbol: [symbol.name, 0] for symbol in topology.inputs}
    nodes: dict[Layer, list[dict[str, Any]]] = {layer: [] for layer in topology.layers}
    for call in topology.calls:
        places[call.output] = [call.layer.name, len(nodes[call.layer])]
        inputs = [places[symbol] for symbol in call.inputs]
        nodes[call.layer].append({"inputs": inputs, "listed": call.listed})
    given, made = model._structures
    return {
        "name": model.name,
        "dtype": model.dtype,
        "layers": [
            {**serialize_layer(layer), "inbound_nodes": nodes[layer]} for layer in topology.layers
        ],
        "calls": [[c.layer.name, places[c.output][1]] for c in topology.calls],
        "input_layers": [places[symbol] for symbol in topology.inputs],
        "input_keys": sorted(given) if isinstance(given, Mapping) else None,
        "output_layers": [places[symbol] for symbol in topology.outputs],
        "output_keys": sorted(made) if isinstance(made, Mapping) else None,
    }


def model_from(
    kind: type[Model],
    config: Mapping[str, Any],
    custom_objects: dict[str, Any] | None,
    made: Mapping[str, Layer] | None = None,
) -> Model:
    """See :meth:`Model.from_config`.

    Args:
        kind: The model's class; one with ``call`` takes ``config`` as arguments.
        config: What :func:`config_of` gave.
        custom_objects: Layer classes by name.
        made: Layers to use, by name, instead of new ones.
    """
    if issubclass(kind, Sequential):
        return _sequential_from(config, custom_objects, made or {})
    if kind.call is not Model.call:
        return kind(**config)
    entries = {entry["config"]["name"]: entry for entry in config["layers"]}
    layers = {n: _layer_from(entry, custom_objects, made or {}) for n, entry in entries.items()}
    symbols = {(n, 0): one.output for n, one in layers.items() if isinstance(one, InputLayer)}
    calls: list[Call] = []
    for name, use in config["calls"]:
        node = entries[name]["inbound_nodes"][use]
        inputs = [symbols[where, which] for where, which in node["inputs"]]
        calls.append(note(layers[name], inputs if node["listed"] else inputs[0]))
        symbols[name, use] = calls[-1].output
    begin, end = (
        tuple(symbols[name, use] for name, use in config[side])
        for side in ("input_layers", "output_layers")
    )
    model = Model(name=config.get("name"))
    model._dtype = config.get("dtype")
    model._topology = Topology(begin, end, tuple(calls), tuple(layers.values()))
    model._structures = tuple(  # type: ignore[assignment]
        None if keys is None else dict(zip(keys, symbols_, strict=True))
        for keys, symbols_ in ((config.get("input_keys"), begin), (config.get("output_keys"), end))
    )
    model._rebuild()
    return model


def _layer_from(
    entry: Mapping[str, Any], custom_objects: dict[str, Any] | None, made: Mapping[str, Layer]
) -> Layer:
    name = entry["config"].get("name")
    return made[name] if name in made else deserialize(entry, custom_objects)


def _sequential_from(
    config: Mapping[str, Any], custom_objects: dict[str, Any] | None, made: Mapping[str, Layer]
) -> Sequential:
    model = Sequential(name=config.get("name"))
    for entry in config["layers"]:
        kind = _KINDS.get(str(entry.get("class_name")))
        if kind is not None:
            model._append(model_from(kind, entry["config"], custom_objects, made))
        else:
            model._append(_layer_from(entry, custom_objects, made))
    model._dtype = config.get("dtype")
    if config.get("build_input_shape"):
        model.build(config["build_input_shape"])
    else:
        model._try_build()
    return model
