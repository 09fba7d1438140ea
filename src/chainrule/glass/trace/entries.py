"""From what was noted down while a step ran to the entries of a trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.core.graph import LOSS, Node
from chainrule.core.plan import Plan
from chainrule.core.source import Reading
from chainrule.engines.interpret import needs
from chainrule.glass.trace.application import Application, Source, Whole
from chainrule.glass.trace.axes import Names, axis_names
from chainrule.glass.trace.latex import latex
from chainrule.glass.trace.notation import Symbols
from chainrule.glass.trace.record import Entry, Role, Stage
from chainrule.glass.trace.recording import Event, Recording
from chainrule.glass.trace.symbolic import symbolic
from chainrule.glass.trace.words import Titles


@dataclass(eq=False)
class Naming:
    """What every array of a plan is called.

    Attributes:
        plan: The plan.
        symbols: Its symbols.
        titles: Its titles.
    """

    plan: Plan
    symbols: Symbols
    titles: Titles

    @cached_property
    def axes(self) -> dict[str, Names]:
        """A name for each axis of every array."""
        assert self.plan.train is not None  # noqa: S101
        return axis_names(self.plan.train, frozenset(slot.name for slot in self.plan.layout))

    @cached_property
    def layers(self) -> dict[str, str]:
        """The layer of every array: that of the node that makes it, or reads it first."""
        assert self.plan.train is not None  # noqa: S101
        found: dict[str, str] = {
            slot.name: slot.name.rpartition("/")[0] for slot in self.plan.layout
        }
        for node in self.plan.train.nodes:
            for array in node.outputs.values():
                found[array] = "" if node.layer == LOSS else node.layer
        for fused in self.plan.train.outputs:
            found[fused] = fused.partition("/")[0].partition("@")[0]
        for node in self.plan.train.nodes:
            for array in node.inputs.values():
                found.setdefault(array, node.layer if node.layer != LOSS else "")
        return found

    @cached_property
    def outputs(self) -> frozenset[str]:
        """The arrays that leave a layer."""
        assert self.plan.train is not None  # noqa: S101
        last = {
            (node.layer, node.output.partition("/")[0]): node.output
            for node in self.plan.train.nodes
            if node.layer != LOSS
        }
        return frozenset(last.values())

    def symbol(self, name: str) -> str:
        """The symbol of an entry: of an array, or of a cotangent."""
        if name.startswith(bar("")):
            array, _, path = name.removeprefix(bar("")).partition(" via ")
            return self.symbols.cotangent(array) + (f" via {path}" if path else "")
        return self.symbols.table.get(name, name)

    def arguments(self, applied: Application, entry: Entry) -> dict[str, str]:
        """The symbols of what a function was given, for one of the entries that it made."""
        return {
            argument: self._of_source(source, entry)
            for argument, source in applied.sources.items()
            if isinstance(source, Whole) or entry.of in source.entries
        }

    def ends(self, applied: Application, entry: Entry) -> dict[int, str]:
        """The symbols of lines that have entries of their own."""
        return {
            line: self._of_source(source, entry)
            for line, source in applied.ends(entry.output).items()
        }

    def _of_source(self, source: Source, entry: Entry) -> str:
        name = source.name if isinstance(source, Whole) else source.entries[entry.of]
        return _short(self.symbol(name), self.symbols)

    def role(self, array: str) -> Role:
        """What an array is."""
        assert self.plan.train is not None  # noqa: S101
        tail = array.rpartition("/")[2]
        if array == LOSS:
            return "total"
        if array.partition("/")[0] in (LOSS, "penalty"):
            return "loss"
        if tail == "z":
            return "pre-activation"
        if tail == "a" or array in self.outputs or array in self.plan.train.outputs:
            return "activation"
        return "intermediate"

    def title(self, array: str) -> str:
        """What an array is, in words."""
        titles, layer = self.titles, self.layers.get(array, "")
        if array in self.symbols.parameters:
            return titles.parameter(array)
        role = self.role(array)
        if role == "total":
            return titles.of("total")
        if role == "loss":
            if array.startswith("penalty/"):
                return titles.of("penalty", array=array.partition("/")[2])
            if array.endswith("/values"):
                return titles.of("losses")
            return titles.of("part", array=array.partition("/")[2])
        tail = array.partition("/")[2] or array
        kind = "output" if role == "activation" and array.rpartition("/")[2] != "a" else role
        return titles.of(kind, layer=layer, array=tail)


def bar(array: str) -> str:
    """The name of a cotangent: ``"∂L/∂dense_1/z"``."""
    return f"∂L/∂{array}"


def _short(symbol: str, symbols: Symbols) -> str:
    """The symbol of an entry of the optimizer, whose name says which vector it is of."""
    variable, mark, rest = symbol.partition(": ")
    if not mark:
        return symbol
    letter = rest.partition(" ")[0]
    known = symbols.table.get(variable, variable)
    return known if letter == "theta" else f"{letter}({known})"


def given_entries(naming: Naming, recording: Recording) -> Iterator[Entry]:
    """What comes from outside, and the parameters as they are."""
    parameters = naming.symbols.parameters
    assert naming.plan.train is not None  # noqa: S101
    noises = {noise.name for noise in naming.plan.train.noises}
    outside = sorted(naming.symbols.table, key=lambda array: array in parameters)
    for array in outside:
        if array in parameters:
            title, layer, role = naming.titles.parameter(array), naming.layers[array], "parameter"
        elif array in naming.axes and _is_given(naming.plan, array):
            layer, role = naming.layers.get(array, ""), "input"
            title = naming.titles.given(array, layer)
            layer = layer if array in noises else ""
        else:
            continue
        yield Entry(
            array,
            naming.symbols[array],
            title,
            "input",
            role,  # type: ignore[arg-type]
            recording.values[array],
            layer,
            axes=naming.axes.get(array, ()),
        )


def _is_given(plan: Plan, array: str) -> bool:
    assert plan.train is not None  # noqa: S101
    return all(array not in node.outputs.values() for node in plan.train.nodes)


def forward_entries(naming: Naming, recording: Recording) -> Iterator[Entry]:
    """Every array of the forward pass; an activation that a loss makes comes before the loss."""
    for event in recording.forward:
        node = event.node
        assert isinstance(node, Node)  # noqa: S101
        sources = {name: Whole(array) for name, array in node.inputs.items()}
        applied = applied_of(event, sources)
        named = list(enumerate(node.rule.outputs))
        for place, name in reversed(named) if node.layer == LOSS else named:
            array = node.outputs[name]
            role = naming.role(array)
            stage: Stage = "loss" if role in ("loss", "total") else "forward"
            entry = Entry(
                array,
                naming.symbols[array],
                naming.title(array),
                stage,
                role,
                recording.values[array],
                naming.layers.get(array, ""),
                axes=naming.axes.get(array, ()),
                rule=node.rule.name,
                made_by=applied,
                output=place,
            )
            yield described(entry, naming)


def backward_entries(naming: Naming, recording: Recording) -> Iterator[Entry]:
    """Every cotangent; where several paths meet, each, and then their sum."""
    scale = recording.bars[LOSS]
    seed = Entry(
        bar(LOSS),
        f"∂{naming.symbols.loss}/∂{naming.symbols.loss}",
        naming.titles.of("seed"),
        "backward",
        "cotangent",
        scale,
        of=LOSS,
        equation=f"∂L/∂L = {float(scale):g}",
        latex=latex(f"∂L/∂L = {float(scale):g}"),
    )
    yield seed
    waiting = _paths(recording.backward)
    done: dict[str, list[Entry]] = {}
    for events in _by_node(recording.backward):
        made = [_bar_entry(naming, recording, event, waiting, done) for event in events]
        for entries in sorted(made, key=lambda pair: pair[0].role != "gradient"):
            yield from entries


def _paths(events: Iterable[Event]) -> dict[str, int]:
    """How many contributions each array's cotangent has."""
    counts: dict[str, int] = {}
    for event in events:
        array = _target(event)
        counts[array] = counts.get(array, 0) + 1
    return counts


def _target(event: Event) -> str:
    return str(event.node.inputs[event.result.removeprefix("∂L/∂")])


def _by_node(events: Iterable[Event]) -> Iterator[list[Event]]:
    group: list[Event] = []
    for event in events:
        if group and group[-1].node is not event.node:
            yield group
            group = []
        group.append(event)
    if group:
        yield group


def _bar_entry(
    naming: Naming,
    recording: Recording,
    event: Event,
    paths: Mapping[str, int],
    done: dict[str, list[Entry]],
) -> list[Entry]:
    """The entry of one cotangent; for one of several paths, and after the last the sum too."""
    node, array = event.node, _target(event)
    assert isinstance(node, Node)  # noqa: S101
    sources = {name: Whole(a) for name, a in (*node.inputs.items(), *node.outputs.items())}
    sources[node.rule.cotangent_name] = Whole(bar(node.output))
    known = {name: sources[name] for name in needs(event.function) if name in sources}
    is_parameter = array in naming.symbols.parameters
    entry = Entry(
        bar(array),
        naming.symbols.cotangent(array),
        naming.titles.of("cotangent", what=_what(naming, array)),
        "backward",
        "gradient" if is_parameter else "cotangent",
        event.made[0],
        naming.layers.get(array, ""),
        array,
        naming.axes.get(array, ()),
        node.rule.name,
        made_by=applied_of(event, known),
    )
    if paths[array] == 1:
        return [described(entry, naming)]
    parts = done.setdefault(array, [])
    name = f"{bar(array)} via {node.output}"
    name += f" ({event.result.removeprefix('∂L/∂')})" if any(p.name == name for p in parts) else ""
    part = replace(
        entry,
        name=name,
        symbol=f"{entry.symbol} via {naming.symbols[node.output]}",
        title=naming.titles.of("path", what=_what(naming, array)),
        role="intermediate",
    )
    parts.append(described(part, naming))
    if len(parts) < paths[array]:
        return parts[-1:]
    return [parts[-1], _sum_of_paths(entry, parts, recording.bars[array])]


def _sum_of_paths(entry: Entry, parts: list[Entry], value: Any) -> Entry:
    """What several paths add up to."""
    equation = f"{entry.symbol} = " + " + ".join(f"({part.symbol})" for part in parts)
    return replace(
        entry,
        value=value,
        rule="",
        made_by=None,
        adds=tuple(part.name for part in parts),
        added=tuple(part.value for part in parts),
        equation=equation,
        symbolic=equation,
        latex=latex(equation),
    )


def _what(naming: Naming, array: str) -> str:
    if _is_given(naming.plan, array) and array not in naming.symbols.parameters:
        return naming.titles.given(array, naming.layers.get(array, ""))
    return naming.title(array)


def applied_of(event: Event, sources: Mapping[str, Source]) -> Application:
    """An event as the origin of entries."""
    return Application(
        event.function, event.result, event.arguments, dict(sources), event.readings, event.made
    )


def described(entry: Entry, naming: Naming) -> Entry:
    """An entry with the lines that it depends on, and its equation in every form."""
    applied = entry.made_by
    if applied is None or not applied.readings:
        return entry
    lines = _needed(applied, entry.output)
    last = lines[-1].line
    equation = last.equation or f"{last.names[-1]} = {last.code}"
    shown = tuple(_shaped(reading, entry) for reading in lines)
    arguments, ends = naming.arguments(applied, entry), naming.ends(applied, entry)
    here = symbolic(applied.sheet, entry.output, entry.symbol, arguments, ends)
    return replace(entry, lines=shown, equation=equation, symbolic=here, latex=latex(equation))


def _needed(applied: Application, output: int) -> tuple[Reading, ...]:
    """The lines that an output depends on; a last line that only names results is left out."""
    places = applied.sheet.needed(output, applied.ends(output))
    return tuple(reading for place, reading in enumerate(applied.readings) if place in places)


def _shaped(reading: Reading, entry: Entry) -> Reading:
    """A line's value; of flat vectors the part of the entry's parameter."""
    value = reading.value
    applied = entry.made_by
    if isinstance(value, tuple):
        value = value[entry.output]
    if entry.offset is None or applied is None:
        return Reading(reading.line, value)
    whole = np.shape(applied.made[entry.output])
    if np.shape(value) != whole:
        return Reading(reading.line, value)
    part = value[entry.offset : entry.offset + np.size(entry.value)]
    return Reading(reading.line, part.reshape(entry.shape))
