"""Texts in pictures: names that stand at what they name, so that no legend is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.report.palette import ink, paper
from chainrule.report.spacing import spread

_AWAY = 6.0
"""Between a line's end and its name, in points."""
_LEADING = 1.15
"""Between two names, as a multiple of the text's size."""
_LETTER = 0.55
"""Width of a letter, as a multiple of the text's size; on average."""
_MOST = 0.4
"""Part of an Axes' width that names may take from it."""


class End(NamedTuple):
    """Where a line ends, and what is to be said there.

    Attributes:
        x: In units of the data.
        y: Likewise.
        text: The line's name.
        colour: The line's.
    """

    x: float
    y: float
    text: str
    colour: Any


def name_ends(ax: Any, ends: Sequence[End], size: Any = "medium") -> None:
    """Write names to the right of the ends of lines, moved up and down where two would meet.

    In an Axes too narrow for that they stand in a legend.

    Args:
        ax: Where the lines are; with its limits as they shall be.
        ends: What to write; the points must be finite.
        size: Of the text, as matplotlib has it.
    """
    from matplotlib.font_manager import FontProperties

    if not ends:
        return
    ax.get_xlim(), ax.get_ylim()  # makes the limits up to date
    letter = FontProperties(size=size).get_size_in_points()
    step = _LEADING * letter
    inches = ax.get_window_extent().width / ax.figure.dpi
    if _LETTER * letter * max(len(end.text) for end in ends) > _MOST * 72 * inches:
        _legend(ax, ends, size)
        return
    ends = sorted(ends, key=lambda end: end.y)
    pixels = ax.transData.transform([(end.x, end.y) for end in ends])
    heights = pixels[:, 1] * 72 / ax.figure.dpi
    places = spread(heights, np.ones(len(ends)), step)
    for end, height, place in zip(ends, heights, places, strict=True):
        ax.annotate(
            end.text,
            (end.x, end.y),
            (_AWAY, place - height),
            textcoords="offset points",
            ha="left",
            va="center",
            color=end.colour,
            size=size,
            annotation_clip=False,
        )


def _legend(ax: Any, ends: Sequence[End], size: Any) -> None:
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=end.colour, label=end.text) for end in ends]
    ax.legend(handles=lines, frameon=False, fontsize=size, handlelength=0.8)


def halo(ax: Any, width: float = 3.0) -> list[Any]:
    """Effects of a text that must be read on anything: the paper's colour around it."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=paper(ax))]


def plain(ax: Any, grid: str = "") -> None:
    """Leave out the frame's upper and right side; lines across for the axes in ``grid``."""
    ax.spines[["top", "right"]].set_visible(False)
    for axis in grid:
        ax.grid(axis=axis, alpha=0.25, color=ink(), linewidth=0.6)
    ax.set_axisbelow(True)


def number(value: float) -> str:
    """A number in three digits: ``0.412``, ``1.2e-07``."""
    text = f"{value:.3g}"
    return text.replace("-", "−") if "e" not in text else text
