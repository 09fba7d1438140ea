"""Which layers a model has and how they are joined: a directed acyclic graph of calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.core.graph import X, GraphBuilder
from chainrule.core.layout import Layout
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.input import InputLayer
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Call, Symbol


@dataclass(frozen=True)
class Topology:
    """Calls from inputs to outputs.

    Attributes:
        inputs: The symbols that the model takes.
        outputs: The symbols that it gives.
        calls: Every call between them, in an order in which they can be computed.
        layers: Every layer once, those of the inputs included, in Keras' order: the farther from
            the outputs, the earlier.
    """

    inputs: tuple[Symbol, ...]
    outputs: tuple[Symbol, ...]
    calls: tuple[Call, ...]
    layers: tuple[Layer, ...]

    @property
    def operations(self) -> tuple[Layer, ...]:
        """The layers that are not inputs."""
        return tuple(layer for layer in self.layers if not isinstance(layer, InputLayer))

    def names(self, prefix: str, symbols: Sequence[Symbol]) -> dict[Symbol, str]:
        """What arrays of inputs or outputs are called: ``"x"``; of several, ``"x/name"``."""
        if len(symbols) == 1:
            return {symbols[0]: prefix}
        return {symbol: f"{prefix}/{symbol.name}" for symbol in symbols}

    @property
    def input_shapes(self) -> dict[str, Shape]:
        """Shape of each array that the model takes."""
        return {name: symbol.shape for symbol, name in self.names(X, self.inputs).items()}

    def expand(self, layout: Layout, training: bool) -> tuple[GraphBuilder, list[str]]:
        """Let every layer write its nodes.

        Returns:
            The unfinished graph, and the arrays that are the outputs.

        Raises:
            ShapeError: Two layers do not fit together.
        """
        parameters = {slot.name: slot.shape for slot in layout}
        builder = GraphBuilder(parameters, self.input_shapes, training)
        arrays = self.names(X, self.inputs)
        places = {layer: place for place, layer in enumerate(self.operations)}
        uses = dict.fromkeys(places, 0)
        for call in self.calls:
            layer = call.layer
            builder.enter(layer.name, places[layer], uses[layer])
            uses[layer] += 1
            arrays[call.output] = made = layer.expand(builder, call.arguments(arrays))
            penalty = layer.activity_regularizer
            if penalty is not None:
                builder.penalize(penalty.rule, made, penalty.options, per_sample=True)
        for layer in self.operations:
            builder.enter(layer.name, places[layer])
            for weight in layer.declared:
                if weight.regularizer is not None:
                    penalty = weight.regularizer
                    builder.penalize(penalty.rule, weight.slot.name, penalty.options)
        return builder, [arrays[symbol] for symbol in self.outputs]


def topology(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> Topology:
    """Find every call from inputs to outputs.

    Raises:
        ArgumentError: An output needs an input that is not given, an input leads nowhere, or two
            layers have one name.
    """
    order, first_seen = _traversed(inputs, outputs)
    depths = _depths(order)
    by_layer: dict[Layer, int] = {}
    for call in order:
        by_layer[call.layer] = max(by_layer.get(call.layer, 0), depths[call])
    known = {symbol.call for symbol in inputs}
    layers = sorted(by_layer, key=lambda layer: (-by_layer[layer], first_seen[layer]))
    calls = sorted(
        (call for call in order if call not in known),
        key=lambda call: (-depths[call], order.index(call)),
    )
    _check(inputs, calls, layers, set(order))
    return Topology(tuple(inputs), tuple(outputs), tuple(calls), tuple(layers))


def _traversed(
    inputs: Sequence[Symbol], outputs: Sequence[Symbol]
) -> tuple[list[Call], dict[Layer, int]]:
    """Calls, each after those it needs; and the order in which layers are met from the outputs."""
    ends = {symbol.call for symbol in inputs}
    order: dict[Call, None] = {}
    first_seen: dict[Layer, int] = {}
    waiting = [(symbol.call, False) for symbol in reversed(outputs)]
    while waiting:
        call, ready = waiting.pop()
        if call in order:
            continue
        first_seen.setdefault(call.layer, len(first_seen))
        if ready or call in ends:
            order[call] = None
            continue
        waiting.append((call, True))
        waiting += [(symbol.call, False) for symbol in reversed(call.inputs)]
    return list(order), first_seen


def _depths(order: Sequence[Call]) -> dict[Call, int]:
    """How many calls lie between each call and the outputs, at most; all of a layer's alike."""
    depths: dict[Call, int] = {}
    by_layer: dict[Layer, int] = {}
    for call in reversed(order):
        depth = max(depths.get(call, 0), by_layer.get(call.layer, 0))
        depths[call] = by_layer[call.layer] = depth
        for symbol in call.inputs:
            depths[symbol.call] = max(depth + 1, depths.get(symbol.call, 0))
    return depths


def _check(
    inputs: Sequence[Symbol], calls: Sequence[Call], layers: Sequence[Layer], met: set[Any]
) -> None:
    for call in calls:
        if isinstance(call.layer, InputLayer):
            raise ArgumentError(
                f"The outputs depend on {call.layer.name!r}, which is not among the model's inputs.",
                inputs=[symbol.name for symbol in inputs],
            )
    for symbol in inputs:
        if symbol.call not in met:
            raise ArgumentError(
                f"No output depends on input {symbol.name!r}.",
                inputs=[symbol.name for symbol in inputs],
            )
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(
                "All layers of a model must be different and have different names.", layer=name
            )
