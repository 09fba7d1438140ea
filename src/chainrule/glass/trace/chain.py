"""The whole chain of one weight's gradient, from ∂L/∂L = 1 on."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from chainrule.errors import UnknownNameError
from chainrule.glass.trace.application import Place

if TYPE_CHECKING:
    from chainrule.glass.trace.cells import Cell
    from chainrule.glass.trace.record import Entry, Step

PREFIX = "∂L/∂"


def chain(step: Step, parameter: str, index: int | Sequence[int]) -> list[Cell]:
    """Every element of a gradient that the gradient of one weight was computed from.

    Args:
        step: The step.
        parameter: The parameter's name, or that of any array with a gradient.
        index: The element's place.

    Returns:
        Each element once, after those that it was computed from; the last is the weight's.

    Raises:
        UnknownNameError: There is no such gradient; the message has the nearest.
    """
    by_name = {entry.name: entry for entry in step.entries}
    gradients = [entry.of for entry in step.of_stage("backward") if entry.of]
    wanted = parameter.removeprefix(PREFIX)
    if f"{PREFIX}{wanted}" not in by_name:
        near = get_close_matches(wanted, gradients, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(
            f"The step has no gradient of this name: nothing moves it, or it is not there.{hint}",
            parameter=parameter,
        )
    last = by_name[f"{PREFIX}{wanted}"].cell(index)
    found = {(last.name, last.index): last}
    waiting = [last]
    while waiting:
        for read in waiting.pop().reads:
            entry = by_name.get(read.name)
            if entry is None or entry.stage != "backward" or read.index is None:
                continue
            if (read.name, read.index) not in found:
                cell = entry.cell(read.index)
                found[read.name, read.index] = cell
                waiting.append(cell)
    return _in_order(step.entries, found)


def _in_order(entries: Sequence[Entry], found: dict[Place, Cell]) -> list[Cell]:
    """Cells in the order in which their entries were computed, then by place."""
    places = {entry.name: place for place, entry in enumerate(entries)}
    return sorted(found.values(), key=lambda cell: (places[cell.name], cell.index))
