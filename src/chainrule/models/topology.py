"""Which layers a model has and how they are joined: a directed acyclic graph of calls.

A model that is used inside another stands for its layers, and they stay together: in the order of
layers and weights it counts as one, as in Keras.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.core.graph import GraphBuilder, X
from chainrule.core.layout import Layout
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.input import InputLayer
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Call, Symbol


@dataclass(frozen=True, eq=False)
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

    @cached_property
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

    def onto(self, symbols: Sequence[Symbol]) -> list[Symbol]:
        """The outputs of the same calls on other inputs: one use of the model in another."""
        use = Use(self, tuple(symbols))
        made = dict(zip(self.inputs, symbols, strict=True))
        for call in self.calls:
            inner = InnerCall(call, made, use)
            use.calls.append(inner)
            made[call.output] = inner.output
        use.outputs.extend(made[symbol] for symbol in self.outputs)
        return use.outputs

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
                if weight.regularizer is not None and weight.slot.trainable:
                    penalty = weight.regularizer
                    builder.penalize(penalty.rule, weight.slot.name, penalty.options)
        return builder, [arrays[symbol] for symbol in self.outputs]


class Use:
    """One use of a model inside another.

    Attributes:
        topology: The inner model's.
        inputs: The symbols that it is used on.
        calls: The calls of its layers there.
        outputs: The symbols that it gives there.
    """

    def __init__(self, topology: Topology, inputs: tuple[Symbol, ...]) -> None:
        self.topology = topology
        self.inputs = inputs
        self.calls: list[Call] = []
        self.outputs: list[Symbol] = []


class InnerCall(Call):
    """A call again, on other symbols, as a part of one use of a model.

    Attributes:
        use: The use.
    """

    def __init__(self, call: Call, made: Mapping[Symbol, Symbol], use: Use) -> None:
        super().__init__(*_again(call, made))
        self.use = use


Unit = Call | Use
"""What counts as one in the order of layers."""


def topology(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> Topology:
    """Find every call from inputs to outputs.

    An input may be the output of a layer: the model begins there, with an ``Input`` of its own.

    Raises:
        ArgumentError: An output needs an input that is not given, an input leads nowhere or comes
            twice, or two layers have one name.
    """
    if len(set(inputs)) < len(inputs):
        raise ArgumentError("An input comes twice.", inputs=[symbol.name for symbol in inputs])
    inputs, outputs = _begun_anew(inputs, outputs)
    order, first_seen = _traversed(outputs, frozenset())
    _check_inputs(inputs, order)
    depths = _depths(order)
    by_owner = {_owner(unit): depths[unit] for unit in reversed(order)}
    owners = sorted(by_owner, key=lambda owner: (-by_owner[owner], first_seen[owner]))
    layers = dict.fromkeys(layer for owner in owners for layer in _layers(owner))
    _check_names(layers)
    places = {unit: place for place, unit in enumerate(order)}
    units = sorted(order, key=lambda unit: (-depths[unit], places[unit]))
    calls = [call for unit in units for call in (unit.calls if isinstance(unit, Use) else [unit])]
    found = tuple(call for call in calls if not isinstance(call.layer, InputLayer))
    return Topology(tuple(inputs), tuple(outputs), found, tuple(layers))


def _again(call: Call, made: Mapping[Symbol, Symbol]) -> tuple[Layer, Any, Shape]:
    """What a call of the same layer on other symbols is made of."""
    inputs = [made[symbol] for symbol in call.inputs]
    shapes: Any = [symbol.shape for symbol in inputs]
    if call.listed:
        return call.layer, inputs, call.layer.compute_output_shape(shapes)
    return call.layer, inputs[0], call.layer.compute_output_shape(shapes[0])


def _unit(symbol: Symbol) -> Unit:
    return symbol.call.use if isinstance(symbol.call, InnerCall) else symbol.call


def _owner(unit: Unit) -> Layer | Topology:
    """What two units share if they are two uses of one thing."""
    return unit.topology if isinstance(unit, Use) else unit.layer


def _layers(owner: Layer | Topology) -> tuple[Layer, ...]:
    return owner.operations if isinstance(owner, Topology) else (owner,)


def _begun_anew(
    inputs: Sequence[Symbol], outputs: Sequence[Symbol]
) -> tuple[list[Symbol], list[Symbol]]:
    """Inputs that are all of an ``Input``, and the outputs that the same calls make of them."""
    begins = [isinstance(symbol.call.layer, InputLayer) for symbol in inputs]
    if all(begins):
        return list(inputs), list(outputs)
    made = {
        symbol: symbol if begins_here else InputLayer(symbol.shape[1:]).output
        for symbol, begins_here in zip(inputs, begins, strict=True)
    }
    order, _ = _traversed(outputs, frozenset(made))
    for unit in order:
        if isinstance(unit, Use):
            again = unit.topology.onto([made[symbol] for symbol in unit.inputs])
            made |= {
                old: new for old, new in zip(unit.outputs, again, strict=True) if old not in made
            }
        elif isinstance(unit.layer, InputLayer):
            made.setdefault(unit.output, unit.output)
        else:
            made[unit.output] = Call(*_again(unit, made)).output
    return [made[symbol] for symbol in inputs], [made[symbol] for symbol in outputs]


def _traversed(
    outputs: Sequence[Symbol], ends: frozenset[Symbol]
) -> tuple[list[Unit], dict[Layer | Topology, int]]:
    """Units, each after those it needs; and the order in which owners are met from the outputs.

    Args:
        outputs: Where to begin.
        ends: Symbols behind which not to look.
    """
    order: dict[Unit, None] = {}
    first_seen: dict[Layer | Topology, int] = {}
    waiting = [(_unit(symbol), False) for symbol in reversed(outputs) if symbol not in ends]
    while waiting:
        unit, ready = waiting.pop()
        if unit in order:
            continue
        first_seen.setdefault(_owner(unit), len(first_seen))
        if ready:
            order[unit] = None
            continue
        waiting.append((unit, True))
        waiting += [
            (_unit(symbol), False) for symbol in reversed(unit.inputs) if symbol not in ends
        ]
    return list(order), first_seen


def _depths(order: Sequence[Unit]) -> dict[Unit, int]:
    """How many units lie between each and the outputs, at most; all of one owner's alike."""
    depths: dict[Unit, int] = {}
    by_owner: dict[Layer | Topology, int] = {}
    for unit in reversed(order):
        depth = max(depths.get(unit, 0), by_owner.get(_owner(unit), 0))
        depths[unit] = by_owner[_owner(unit)] = depth
        for symbol in unit.inputs:
            needed = _unit(symbol)
            depths[needed] = max(depth + 1, depths.get(needed, 0))
    return depths


def _check_inputs(inputs: Sequence[Symbol], order: Sequence[Unit]) -> None:
    names = [symbol.name for symbol in inputs]
    given = {symbol.call for symbol in inputs}
    for unit in order:
        if isinstance(unit, Call) and isinstance(unit.layer, InputLayer) and unit not in given:
            raise ArgumentError(
                f"The outputs depend on {unit.layer.name!r}, which is not among the inputs.",
                inputs=names,
            )
    for symbol in inputs:
        if symbol.call not in order:
            raise ArgumentError(f"No output depends on input {symbol.name!r}.", inputs=names)


def _check_names(layers: Iterable[Layer]) -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(
                "All layers of a model must be different and have different names.", layer=name
            )
