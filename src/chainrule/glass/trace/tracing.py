"""Makes traces: runs steps on copies, and turns what was noted into entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.graph import LOSS
from chainrule.core.plan import Plan
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram
from chainrule.glass.trace.entries import Naming, backward_entries, forward_entries, given_entries
from chainrule.glass.trace.notation import Symbols
from chainrule.glass.trace.record import Language, Notation, Step
from chainrule.glass.trace.recording import record
from chainrule.glass.trace.updates import update_entries
from chainrule.glass.trace.words import Titles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Scalars = Callable[[int], tuple[Mapping[str, float], Mapping[str, Any]]]
"""From the number of updates done to what the optimizer needs at the next one, and to what the
functions of those scalars are given."""


@dataclass(eq=False)
class Tracer:
    """One model's training, step by step on copies.

    Attributes:
        plan: The compiled plan.
        run: Copies of parameters and states, which are changed.
        data: The batch.
        samples: Its number of samples.
        scalars: What the optimizer needs at each step.
        notation: Which symbols.
        lang: Which words.
    """

    plan: Plan
    run: Run
    data: Mapping[str, Array]
    samples: int
    scalars: Scalars
    notation: Notation
    lang: Language

    def __post_init__(self) -> None:
        assert self.plan.train is not None  # noqa: S101
        parameters = tuple(slot.name for slot in self.plan.layout)
        symbols = Symbols(self.plan.train, parameters, self.notation)
        self.naming = Naming(self.plan, symbols, Titles(self.lang))
        self._program = NumpyProgram(self.plan)

    def take(self, number: int) -> Step:
        """Do the next step."""
        scalars, known = self.scalars(self.run.step)
        recording = record(self._program, self.run, self.data, self.samples, scalars)
        naming = self.naming
        with np.errstate(all="ignore"):
            entries = (
                *given_entries(naming, recording),
                *forward_entries(naming, recording),
                *backward_entries(naming, recording),
                *update_entries(naming, recording, known),
            )
        return Step(number, float(recording.values[LOSS]), entries)
