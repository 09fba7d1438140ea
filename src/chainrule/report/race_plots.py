"""How several optimizers did: their losses against work, time or epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.report.canvas import axes_for
from chainrule.report.labels import End, name_ends, plain
from chainrule.report.palette import MARKERS, series
from chainrule.report.race_page import AGAINST

if TYPE_CHECKING:
    from chainrule.models.comparison import Comparison

SPAN = 5.0
"""What falls by more than this factor is drawn on a logarithmic axis."""


def plot_comparison(comparison: Comparison, against: str = "gradients", ax: Any = None) -> Any:
    """Draw the true training loss of every optimizer, with its name where its curve ends.

    Args:
        comparison: What :func:`chainrule.compare_optimizers` gave.
        against: ``"gradients"`` (passes over the data for which gradients were computed),
            ``"epochs"``, ``"updates"`` or ``"seconds"``.
        ax: The Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        ArgumentError: ``against`` is something else.
    """
    if against not in AGAINST:
        raise ArgumentError(f"`against` must be one of {', '.join(AGAINST)}.", against=against)
    ax = axes_for(ax, 6.8, 4.4)
    ends, lowest, highest = [], np.inf, 0.0
    colours = series(len(comparison.races))
    for place, (race, colour) in enumerate(zip(comparison.races, colours, strict=True)):
        whole = np.isfinite(race.losses)
        losses = race.losses[whole]
        x = np.arange(len(race.losses)) if against == "epochs" else getattr(race, against)
        ax.plot(x[whole], losses, color=colour, linewidth=1.7)
        mark = MARKERS[place % len(MARKERS)]
        ax.plot(x[whole][-1:], losses[-1:], mark, color=colour, markersize=7)
        if not whole.all():
            ax.plot(x[whole][-1:], losses[-1:], "x", color=colour, markersize=11)
        name = race.name if whole.all() else f"{race.name} (diverged)"
        ends.append(End(float(x[whole][-1]), float(losses[-1]), name, colour))
        lowest, highest = min(lowest, losses.min()), max(highest, losses.max())
    if lowest > 0 and highest > SPAN * lowest:
        ax.set_yscale("log")
    ax.set(xlabel=AGAINST[against], ylabel="loss on all training samples")
    ax.set_xlim(left=0)
    plain(ax, "y")
    name_ends(ax, ends)
    return ax
