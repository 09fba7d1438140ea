"""Update rules as textbooks write them, line by line, and what is done wrong in which line.

A form is arithmetic with named places: a deviation puts another line at a place, or keeps state
otherwise. Without deviations every form computes what the library's own update rule does, which a
test holds; the equations shown as right are the rule's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.core.rule import parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """What is computed at one place.

    Attributes:
        place: The name of what is computed, under which later lines find it.
        compute: A function whose parameters name earlier places, states, options, ``theta``,
            ``grad``, the step ``t`` (from 1) or ``before_…`` for a state before this step.
        equation: The line as an equation.
        names: What parameters mean that are called otherwise: ``{"old": "v"}``.
    """

    place: str
    compute: Callable[..., Any]
    equation: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def needs(self) -> Mapping[str, str]:
        """The name of what each parameter takes."""
        return {name: self.names.get(name, name) for name in parameters(self.compute)}

    def value(self, space: Mapping[str, Any]) -> Any:
        """What the line computes from what came before."""
        return self.compute(**{name: space[meant] for name, meant in self.needs.items()})


@dataclass(frozen=True)
class Deviation:
    """One way in which an update rule is written otherwise.

    Attributes:
        id: Short and unique within a form: ``"v-not-squared"``. Several deviations of one form
            may share an id, if they differ in a number only.
        title: In a few words.
        explanation: What it does, or where it comes from.
        lines: What is computed instead.
        convention: Whether it is a known convention of others rather than a mistake.
        options: Constants that are of another size.
        start: What states begin at.
        forgets: States that are at their start again before every step.
        shares: States that all parameters have in common.
        walk: Which parameters are moved, or ``"counts"``: the step counter goes up with every
            parameter.
        shown: The equation, where it is not that of ``lines``.
        at: Places of the right rule to show, where they are not those of ``lines``.
    """

    id: str
    title: str
    explanation: str
    lines: tuple[Line, ...] = ()
    convention: bool = False
    options: Options = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)
    forgets: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    walk: Literal["", "counts", "first", "last"] = ""
    shown: str = ""
    at: tuple[str, ...] = ()

    @cached_property
    def touched(self) -> frozenset[str]:
        """What two deviations cannot both have."""
        names = {line.place for line in self.lines} | {f"option {name}" for name in self.options}
        names |= {f"state {name}" for name in (*self.start, *self.forgets, *self.shares)}
        return frozenset(names | ({"walk"} if self.walk else set()))

    @property
    def equation(self) -> str:
        """What the deviating rule computes."""
        return self.shown or ", ".join(line.equation for line in self.lines if line.equation)

    @property
    def places(self) -> tuple[str, ...]:
        """The places whose right equations stand against it."""
        return self.at or tuple(line.place for line in self.lines)


@dataclass(frozen=True)
class Form:
    """An update rule with named places.

    Attributes:
        name: What ``check_optimizer`` calls the rule: ``"adam"``.
        states: The state arrays and what their elements are at first. What is kept of ``m`` is
            what stands at ``after_m``, if there is such a place, else at ``m``.
        lines: In order; the last one is ``theta``.
        sources: For each place, the names of the lines of the library's rule that say it.
        deviations: What is known to be done otherwise.
    """

    name: str
    states: Mapping[str, float]
    lines: tuple[Line, ...]
    sources: Mapping[str, tuple[str, ...]]
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True)
class Stream:
    """Parameters and the gradients that they are given, step by step.

    Attributes:
        start: θ of every parameter before the first step, by name.
        grads: For each step the gradient of every parameter.
    """

    start: Mapping[str, Array]
    grads: tuple[Mapping[str, Array], ...]

    @cached_property
    def places(self) -> tuple[slice, ...]:
        """Where each parameter lies in the flat vector."""
        ends = np.cumsum([array.size for array in self.start.values()]).tolist()
        return tuple(slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True))

    def flat(self, arrays: Mapping[str, Array]) -> Array:
        """One vector of all parameters."""
        return np.concatenate([np.ravel(arrays[name]) for name in self.start])


def increments(
    form: Form, deviations: Sequence[Deviation], options: Options, stream: Stream
) -> Iterator[Array]:
    """The change of all parameters at each step, by the form with its deviations.

    Args:
        form: The rule.
        deviations: What is done otherwise; no two at one place.
        options: The rule's constants by name.
        stream: Where it begins, and the gradients.

    Yields:
        θₜ − θₜ₋₁ of all parameters as one vector. Parameters of different sizes share no state.
    """
    lines = _lines(form, deviations)
    space = dict(options)
    start = dict(form.states)
    for deviation in deviations:
        space |= deviation.options
        start |= deviation.start
    forgets = {name for deviation in deviations for name in deviation.forgets}
    shares = {name for deviation in deviations for name in deviation.shares}
    walk = {deviation.walk for deviation in deviations}
    if len({array.size for array in stream.start.values()}) > 1:
        shares = set()
    theta = stream.flat(stream.start)
    states = {name: np.full(theta.size, value) for name, value in start.items()}
    whole = not shares and "counts" not in walk
    blocks = (slice(0, theta.size),) if whole else stream.places
    moved = _moved(stream, walk)
    for step, grads in enumerate(stream.grads):
        grad, before = stream.flat(grads), theta
        theta = theta.copy()
        for name in forgets:
            states[name] = np.full(theta.size, start[name])
        for index, block in enumerate(blocks):
            space |= {"theta": before[block], "grad": grad[block]}
            space["t"] = step * len(blocks) + index + 1.0 if "counts" in walk else step + 1.0
            for name, state in states.items():
                place = stream.places[0] if name in shares else block
                space[name] = space[f"before_{name}"] = state[place]
            for line in lines:
                space[line.place] = line.value(space)
            theta[block] = np.where(moved[block], space["theta"], before[block])
            for name, state in states.items():
                kept = space.get(f"after_{name}", space[name])
                state[stream.places[0] if name in shares else block] = kept
        yield theta - before


def _lines(form: Form, deviations: Sequence[Deviation]) -> list[Line]:
    other = {line.place: line for deviation in deviations for line in deviation.lines}
    return [other.get(line.place, line) for line in form.lines]


def _moved(stream: Stream, walk: set[Any]) -> Array:
    """Which elements of the flat vector the rule moves."""
    moved = np.ones(stream.places[-1].stop, bool)
    if "first" in walk:
        moved[stream.places[0].stop :] = False
    if "last" in walk:
        moved[: stream.places[-1].start] = False
    return moved
