"""A training step as data: every array in the order in which it was computed, with its equation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.core.source import Reading
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.glass.trace.application import Application, Index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.glass.trace.cells import Cell

    Array = NDArray[Any]

Notation = Literal["textbook", "lesson"]
Language = Literal["en", "ko"]
Stage = Literal["input", "forward", "loss", "backward", "update"]
Role = Literal[
    "input",
    "parameter",
    "pre-activation",
    "activation",
    "intermediate",
    "loss",
    "total",
    "cotangent",
    "gradient",
    "state",
    "update",
]

STAGES: tuple[Stage, ...] = ("input", "forward", "loss", "backward", "update")
"""The stages of a step, in order."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One array of a training step.

    Attributes:
        name: Unique within the step: ``"dense_1/z"``, ``"∂L/∂dense_1/kernel"``,
            ``"dense_1/kernel: m"``.
        symbol: In the notation of the trace: ``"z₁"``, ``"S_H"``.
        title: In words.
        stage: When it was computed.
        layer: The layer's name; ``""`` for what belongs to none.
        role: What it is.
        of: For what flows backwards, the array that it is the derivative by; for an update, the
            parameter. Else ``""``.
        axes: A name for each axis: ``("N", "O")``; N are the samples.
        value: The array itself, never to be written to.
        rule: The rule that made it; ``""`` for what came from outside.
        lines: The rule's own lines that it depends on, each with what it computed.
        equation: The last line's, in the rule's own names: ``"z = x W + b"``.
        symbolic: The last line's code in the symbols of this network: ``"z₁ = x W₁ + b₁"``.
        latex: The equation for LaTeX.
        made_by: What computed it; ``None`` for what came from outside.
        output: Which of its results it is.
        offset: Where it begins in that result, if that is a flat vector of all parameters.
        adds: Where it is the sum of what several paths hand back, the entries of those.
        added: And their arrays.
    """

    name: str
    symbol: str
    title: str
    stage: Stage
    role: Role
    value: Any
    layer: str = ""
    of: str = ""
    axes: tuple[str, ...] = ()
    rule: str = ""
    lines: tuple[Reading, ...] = ()
    equation: str = ""
    symbolic: str = ""
    latex: str = ""
    made_by: Application | None = field(default=None, repr=False)
    output: int = field(default=0, repr=False)
    offset: int | None = field(default=None, repr=False)
    adds: tuple[str, ...] = field(default=(), repr=False)
    added: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return tuple(np.shape(self.value))

    def cell(self, index: int | Sequence[int] = (), *, digits: int = 4, most: int = 8) -> Cell:
        """The equation of one element with its numbers substituted.

        Args:
            index: The element's place; negative numbers count from the end.
            digits: Significant digits of numbers in the text.
            most: How many terms of a sum are written out; of a longer one the first and the last
                are. :attr:`Cell.terms` always has all.

        Raises:
            ArgumentError: There is no such place.
        """
        from chainrule.glass.trace.cells import cell_of

        return cell_of(self, self._checked(index), digits, most)

    def _checked(self, index: int | Sequence[int]) -> Index:
        asked = (index,) if isinstance(index, int | np.integer) else tuple(index)
        fits = len(asked) == len(self.shape) and all(
            -length <= at < length for at, length in zip(asked, self.shape, strict=True)
        )
        if not fits:
            raise ArgumentError(
                f"{self.name!r} has shape {self.shape}: give one number for each axis.",
                index=index,
            )
        return tuple(int(at) % length for at, length in zip(asked, self.shape, strict=True))

    def __str__(self) -> str:
        shown = np.array2string(np.asarray(self.value), precision=4, threshold=60, edgeitems=3)
        head = f"{self.symbol}  {self.title}  {self.name} {self.shape}"
        return "\n".join(text for text in (head, self.equation, shown) if text)

    def __repr__(self) -> str:
        equation = f": {self.equation}" if self.equation else ""
        return f"<{self.symbol} {self.name} {self.shape}{equation}>"


@dataclass(frozen=True, eq=False)
class Step:
    """One training step.

    Attributes:
        number: Of the step within the trace, from 1.
        loss: The loss before the step.
        entries: Every array, in the order in which it was computed.
    """

    number: int
    loss: float
    entries: tuple[Entry, ...]

    def __getitem__(self, name: str) -> Entry:
        """The entry of a name or symbol.

        Raises:
            UnknownNameError: There is none; the message has the nearest.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        for entry in self.entries:
            if entry.symbol == name:
                return entry
        known = [entry.name for entry in self.entries]
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UnknownNameError(f"The step has no such entry.{hint}", name=name)

    def __contains__(self, name: object) -> bool:
        return any(name in (entry.name, entry.symbol) for entry in self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def of_stage(self, stage: Stage) -> tuple[Entry, ...]:
        """The entries of one stage."""
        return tuple(entry for entry in self.entries if entry.stage == stage)

    def chain(self, parameter: str, index: int | Sequence[int] = ()) -> list[Cell]:
        """The whole chain from ∂L/∂L = 1 to the gradient of one weight; see :meth:`Trace.chain`."""
        from chainrule.glass.trace.chain import chain

        return chain(self, parameter, index)

    def __repr__(self) -> str:
        return f"<step {self.number}: loss {self.loss:.6g}, {len(self.entries)} entries>"


@dataclass(eq=False)
class Trace:
    """Training steps, number by number. :meth:`step` does one more; the model is never changed.

    Attributes:
        steps: The steps so far.
        title: What was traced, in words.
        notation: Which symbols.
        lang: Which words.
        network: Layers, inputs and outputs, as a drawing needs them.
    """

    title: str
    notation: Notation
    lang: Language
    network: dict[str, Any]
    take: Callable[[int], Step] = field(repr=False)
    steps: tuple[Step, ...] = ()

    def step(self) -> Step:
        """Do one more step on the copies, and keep it."""
        made = self.take(len(self.steps) + 1)
        self.steps = (*self.steps, made)
        return made

    def __getitem__(self, name: str) -> Entry:
        """The entry of a name or symbol in the latest step."""
        return self.steps[-1][name]

    def __contains__(self, name: object) -> bool:
        return name in self.steps[-1]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def chain(self, parameter: str, index: int | Sequence[int] = ()) -> list[Cell]:
        """The whole chain from ∂L/∂L = 1 to the gradient of one weight, in the latest step.

        Every element of a gradient that the weight's gradient was computed from, once, each after
        those that it needs: over all samples of the batch.

        Args:
            parameter: ``"dense_1/kernel"``.
            index: The weight's place: ``(0, 1)``.

        Raises:
            UnknownNameError: There is no such parameter, or it has no gradient.
            ArgumentError: There is no such place.
        """
        return self.steps[-1].chain(parameter, index)

    # ------------------------------------------------------------ to be shown

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready data; see :mod:`chainrule.glass.trace.document`."""
        from chainrule.glass.trace.document import document

        return document(self)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """:meth:`to_dict` as strictly valid JSON, written to ``path`` if there is one."""
        from chainrule.glass.trace.document import json_text

        return written(json_text(self), path)

    def __repr__(self) -> str:
        losses = " → ".join(f"{step.loss:.6g}" for step in self.steps)
        return f"<trace of {self.title}: {len(self.steps)} step(s), loss {losses}>"


def written(text: str, path: str | os.PathLike[str] | None) -> str:
    """``text``, after it was written to ``path`` as UTF-8 if there is one."""
    if path is not None:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return text
