"""The entries of an optimizer: its scalars, its state, and the new value of every parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.layout import Slot
from chainrule.core.plan import Update, UpdateNode
from chainrule.core.rule import Function, parameters
from chainrule.core.source import traced
from chainrule.glass.trace.application import Application, Joined, Source, Whole
from chainrule.glass.trace.entries import Naming, applied_of, bar, described
from chainrule.glass.trace.labels import left_side
from chainrule.glass.trace.record import Entry, Role
from chainrule.glass.trace.recording import Event, Recording

THETA, GRAD = "theta", "grad"


def update_entries(
    naming: Naming, recording: Recording, known: Mapping[str, Any]
) -> Iterator[Entry]:
    """What the optimizer did, in order.

    Args:
        naming: What arrays are called.
        recording: The step.
        known: What the functions of scalars may ask for: constants, the learning rate, ``t``.
    """
    update = naming.plan.update
    assert update is not None  # noqa: S101
    yield from _without_gradient(naming, recording, update)
    yield from _scalars(naming, recording, known)
    yield from _before(naming, recording, update)
    progress = _Progress(naming, update, recording.update)
    for event in recording.update:
        yield from progress.entries(event)
    yield from _assigned(naming, recording)


def _without_gradient(naming: Naming, recording: Recording, update: Update) -> Iterator[Entry]:
    """Zeros for parameters that the loss does not depend on."""
    for slot in update.layout:
        if slot.name not in recording.bars:
            title = naming.titles.of("cotangent", what=naming.title(slot.name))
            yield Entry(
                bar(slot.name),
                naming.symbols.cotangent(slot.name),
                title,
                "backward",
                "gradient",
                np.zeros(slot.shape, naming.plan.dtype),
                naming.layers[slot.name],
                slot.name,
                equation="∂L/∂θ = 0",
                latex=r"\frac{\partial L}{\partial \theta} = 0",
            )


def _scalars(naming: Naming, recording: Recording, known: Mapping[str, Any]) -> Iterator[Entry]:
    """What changes from step to step: the learning rate, a step size with bias correction."""
    asked: dict[str, Function | None] = {"learning_rate": None}
    for event in recording.update:
        assert isinstance(event.node, UpdateNode)  # noqa: S101
        asked |= {name: event.node.rule.scalars.get(name) for name in event.node.scalars}
    for name, function in asked.items():
        if name not in recording.scalars:
            continue
        symbol = "η" if name == "learning_rate" else name
        entry = Entry(
            name,
            symbol,
            naming.titles.of("scalar", state=_scalar_word(naming, name)),
            "update",
            "intermediate",
            recording.scalars[name],
        )
        if function is not None:
            entry = _computed(entry, function, known, naming)
        yield entry


def _scalar_word(naming: Naming, name: str) -> str:
    words = naming.titles.words
    return words["learning rate"] if name == "learning_rate" else name


def _computed(entry: Entry, function: Function, known: Mapping[str, Any], naming: Naming) -> Entry:
    """A scalar with its function's equation."""
    arguments = {name: known[name] for name in parameters(function) if name in known}
    if len(arguments) < len(parameters(function)):
        return entry
    try:
        made, readings = traced(function, entry.name)(**arguments)
    except OSError:
        return entry
    applied = Application(function, entry.name, arguments, {}, tuple(readings), (made,))
    letter = left_side(readings[-1].line.equation)[0]
    return described(replace(entry, symbol=letter or entry.symbol, made_by=applied), naming)


def _before(naming: Naming, recording: Recording, update: Update) -> Iterator[Entry]:
    """The state vectors as they were, cut into each parameter's part."""
    for name, state in update.states.items():
        views = state.layout.views(recording.states[name])
        for slot in state.layout:
            what = naming.title(slot.name)
            yield Entry(
                before(slot.name, name),
                f"{name}({naming.symbols[slot.name]})⁻",
                naming.titles.of("before", state=name, what=what),
                "update",
                "state",
                views[slot.name],
                naming.layers[slot.name],
                slot.name,
                naming.axes.get(slot.name, ()) if slot.shape == views[slot.name].shape else (),
            )


def before(variable: str, state: str) -> str:
    """The name of a state's entry before the step."""
    return f"{variable}: {state} (before)"


@dataclass(eq=False)
class _Progress:
    """Which entry holds each parameter's part of each vector, while the update goes on."""

    naming: Naming
    update: Update
    events: tuple[Event, ...]
    current: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for slot in self.update.layout:
            self.current[THETA, slot.name] = slot.name
            self.current[GRAD, slot.name] = bar(slot.name)
        for name, state in self.update.states.items():
            for slot in state.layout:
                self.current[name, slot.name] = before(slot.name, name)
        self._left = Counter(write for event in self.events for write in self._writes(event))
        self._seen: Counter[str] = Counter()

    def _writes(self, event: Event) -> Iterator[tuple[str, str]]:
        for array in event.node.outputs.values():
            for slot in self._slots(event):
                yield array, slot.name

    def _slots(self, event: Event) -> list[Slot]:
        assert isinstance(event.node, UpdateNode)  # noqa: S101
        chosen = event.node.variable
        return [slot for slot in self.update.layout if chosen in (None, slot.name)]

    def entries(self, event: Event) -> Iterator[Entry]:
        """The entries of one application: for each parameter its state, then its value."""
        node = event.node
        assert isinstance(node, UpdateNode)  # noqa: S101
        applied = applied_of(event, self._sources(event))
        outputs = sorted(enumerate(node.rule.outputs), key=lambda pair: pair[1] == THETA)
        made = [
            self._entry(applied, node, slot, place, node.outputs[output])
            for slot in self._slots(event)
            for place, output in outputs
        ]
        for entry in made:
            self.current[node.outputs[node.rule.outputs[entry.output]], entry.of] = entry.name
        with_known = replace(applied, known=self._known(event))
        for entry in made:
            own = with_known if node.rule.outputs[entry.output] == THETA else applied
            yield described(replace(entry, made_by=own), self.naming)

    def _known(self, event: Event) -> dict[int, Source]:
        """Where the states are that the new parameters were computed from."""
        rule = event.node.rule
        places = {name: place for place, name in enumerate(rule.outputs) if name != THETA}
        held = self._held(event.node, {name: event.node.outputs[name] for name in places})
        return {places[name]: source for name, source in held.items()}

    def _sources(self, event: Event) -> dict[str, Source]:
        return self._held(event.node, event.node.inputs)

    def _held(self, node: Node | UpdateNode, arrays: Mapping[str, str]) -> dict[str, Source]:
        """The entries that hold some vectors, or one variable's parts of them, at the moment."""
        assert isinstance(node, UpdateNode)  # noqa: S101
        variable, slots = node.variable, self.update.layout
        if variable is not None:
            return {name: Whole(self.current[array, variable]) for name, array in arrays.items()}
        return {
            name: Joined(slots, {slot.name: self.current[array, slot.name] for slot in slots})
            for name, array in arrays.items()
        }

    def _entry(
        self, applied: Application, node: UpdateNode, slot: Slot, place: int, array: str
    ) -> Entry:
        made, offset = applied.made[place], None
        if node.variable is None:
            offset = self.update.layout.offsets[slot.name]
            made = made[offset : offset + slot.size].reshape(slot.shape)
        self._left[array, slot.name] -= 1
        is_last = not self._left[array, slot.name]
        return Entry(
            self._name(slot.name, array, node.rule.name, is_last),
            self._symbol(applied, place, array, slot.name),
            self._title(array, slot.name, node.rule.name, is_last),
            "update",
            self._role(array, is_last),
            made,
            self.naming.layers[slot.name],
            slot.name,
            self.naming.axes.get(slot.name, ()) if np.shape(made) == slot.shape else (),
            node.rule.name,
            made_by=applied,
            output=place,
            offset=offset,
        )

    def _name(self, variable: str, array: str, rule: str, is_last: bool) -> str:
        if is_last:
            return f"{variable}: {array}"
        name = f"{variable}: {array} ({rule})"
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name[:-1]} {self._seen[name]})"

    def _role(self, array: str, is_last: bool) -> Role:
        if array == THETA and is_last:
            return "update"
        return "state" if array in self.update.states else "intermediate"

    def _symbol(self, applied: Application, place: int, array: str, variable: str) -> str:
        symbol = self.naming.symbols[variable]
        if array == THETA:
            return f"{symbol}⁺"
        letter = "g" if array == GRAD else array
        if applied.readings:
            line = applied.sheet.result(place)[0]
            letter = left_side(applied.readings[line].line.equation)[0] or letter
        return f"{letter}({symbol})"

    def _title(self, array: str, variable: str, rule: str, is_last: bool) -> str:
        titles, what = self.naming.titles, self.naming.title(variable)
        if array == THETA and is_last:
            return titles.of("new", what=what)
        if array in self.update.states:
            return titles.of("state", state=array, what=what)
        if array == GRAD:
            what = titles.of("cotangent", what=what)
        elif array != THETA:
            what = titles.of("state", state=array, what=what)
        return titles.of("changed", rule=rule, what=what)


def _assigned(naming: Naming, recording: Recording) -> Iterator[Entry]:
    """Parameters that a step sets without a gradient: moving averages."""
    graph = naming.plan.train
    assert graph is not None  # noqa: S101
    for parameter, array in graph.assigned.items():
        yield Entry(
            f"{parameter}: theta",
            f"{naming.symbols[parameter]}⁺",
            naming.titles.of("new", what=naming.title(parameter)),
            "update",
            "update",
            recording.values[array],
            naming.layers[parameter],
            parameter,
            naming.axes.get(parameter, ()),
            equation=f"{naming.symbols[parameter]} ← {naming.symbols[array]}",
            adds=(array,),
            added=(recording.values[array],),
        )
