"""Models that a user writes as a class: ``call`` says how its layers are joined.

It is called once, on symbols, when the shapes of the inputs are known; from then on the model is a
graph like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.input import InputLayer
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Symbol, leaves
from chainrule.models import data as user_data

if TYPE_CHECKING:
    from chainrule.models.model import Model
    from chainrule.models.topology import Topology


OWN_STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")
"""Methods that Keras lets a class write, and that would be ignored here."""


def check_class(kind: type) -> None:
    """Refuse a class that asks for what its model would not do.

    Raises:
        ArgumentError: It writes one of :data:`OWN_STEPS`.
    """
    for name in OWN_STEPS:
        if name in vars(kind):
            raise ArgumentError(
                f"{kind.__name__}.{name} would be ignored: derivatives come from rules. Write a "
                "loss of your own by rule(…, kind=LossRule), or a layer.",
                method=name,
            )


class Undecided:
    """What ``call`` is given as ``training``: to be handed on to layers, which know themselves."""

    def __bool__(self) -> bool:
        raise ArgumentError(
            "A model's `call` is written down once, for training and for prediction. Give "
            "`training` to layers instead of asking for it: Dropout and its like know what to do."
        )


def called(model: Model, inputs: Any) -> Any:
    """The symbols that a model's ``call`` makes of symbols.

    Raises:
        ArgumentError: It gave something else.
    """
    asks = "training" in signature(model.call).parameters
    outputs = model.call(inputs, training=Undecided()) if asks else model.call(inputs)
    if not all(isinstance(one, Symbol) for one in leaves(outputs)):
        raise ArgumentError(
            f"`call` of model {model.name!r} must return what its layers gave: a symbol, or a list "
            "or dictionary of them.",
            returned=outputs,
        )
    return outputs


def shapes_of(x: Any) -> Any:
    """The shapes of arrays or symbols: of one, or of several in a list or dictionary."""
    if isinstance(x, Mapping):
        return {name: _shape(one, f"x[{name!r}]") for name, one in x.items()}
    if isinstance(x, list | tuple) and len(x) and all(hasattr(one, "shape") for one in x):
        return [_shape(one, f"x[{place}]") for place, one in enumerate(x)]
    return _shape(x, "x")


def symbols_for(shape: Any) -> Any:
    """Inputs of these shapes, in the same structure."""
    if isinstance(shape, Mapping):
        return {name: InputLayer(tuple(one)[1:], name=name).output for name, one in shape.items()}
    if all(axis is None or isinstance(axis, int) for axis in shape):
        return InputLayer(tuple(shape)[1:]).output
    return [InputLayer(tuple(one)[1:]).output for one in shape]


def in_order_of_attributes(model: Model, topology: Topology) -> Topology:
    """The layers in the order in which ``__init__`` made them, as in Keras, without inputs."""
    found = topology.operations
    known = [layer for layer in attribute_layers(model) if layer in found]
    others = (layer for layer in found if layer not in known)
    return replace(topology, layers=(*known, *others))


def attribute_layers(model: Model) -> list[Layer]:
    """Every layer that is an attribute of a model, or in a list or dictionary that is."""
    return list(dict.fromkeys(_layers_in(list(vars(model).values()))))


def _shape(one: Any, name: str) -> Shape:
    return one.shape if isinstance(one, Symbol) else user_data.numbers(one, name).shape


def _layers_in(value: Any) -> Iterator[Layer]:
    from chainrule.models.model import Model

    if isinstance(value, Layer):
        yield value
    elif isinstance(value, Model):
        yield from (one for one in value._all_layers() if not isinstance(one, InputLayer))
    elif isinstance(value, list | tuple | dict):
        for one in leaves(value):
            yield from _layers_in(one)
