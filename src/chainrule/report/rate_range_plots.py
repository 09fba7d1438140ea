"""The curve of a learning-rate range test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.canvas import axes_for
from chainrule.report.labels import halo, plain
from chainrule.report.palette import ink, series

if TYPE_CHECKING:
    from chainrule.models.rate_range import RateRange

ROOM = 1.6
"""Height of the picture above the first smoothed loss, as a multiple of the fall below it."""


def plot_rate_range(found: RateRange, ax: Any = None) -> Any:
    """Draw the loss of each batch, its moving average, and the suggested rate.

    The picture ends a little above where the loss began: how high it explodes says nothing.

    Args:
        found: What :func:`chainrule.find_learning_rate` gave.
        ax: The Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        ImportError: matplotlib is not installed.
    """
    ax = axes_for(ax)
    line, mark = series(2)
    ax.plot(found.rates, found.losses, ".", color=line, alpha=0.35, markersize=4)
    ax.plot(found.rates, found.smoothed, color=line)
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss of a batch")
    finite = found.losses[np.isfinite(found.losses)]
    if len(finite):
        low, first = float(finite.min()), float(found.smoothed[0])
        fall = max(first - low, 0.05 * abs(first), np.finfo(float).tiny)
        ax.set_ylim(low - 0.1 * fall, first + ROOM * fall)
    if found.suggestion is not None:
        at = float(np.interp(found.suggestion, found.rates, found.smoothed))
        ax.plot(found.suggestion, at, "o", color=mark, zorder=3)
        ax.annotate(
            f"steepest fall: {found.suggestion:.2g}",
            (found.suggestion, at),
            (-8, -2),
            textcoords="offset points",
            ha="right",
            va="top",
            color=ink(),
            path_effects=halo(ax),
        )
    plain(ax, "y")
    return ax
