"""Texts in pictures: names that stand at what they name, so that no legend is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    letter = FontProperties(size=size).get_size_in_points()
    step = _LEADING * letter
    inches = ax.get_window_extent().width / ax.figure.dpi
    if _LETTER * letter * max(len(end.text) for end in ends) > _MOST * 72 * inches:
        _legend(ax, ends, size)
        return
    column = tuple(sorted(ends, key=lambda end: end.y))
    for place, end in enumerate(column):
        ax.annotate(
            end.text,
            (end.x, end.y),
            (0, 0),
            textcoords=_Place(ax, column, place, step),
            ha="left",
            va="center",
            color=end.colour,
            size=size,
            annotation_clip=False,
        )


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a name stands, found anew whenever the picture is drawn: its size may have changed.

    Attributes:
        ax: Where the lines are.
        column: All ends, from below.
        place: Which of them.
        step: Between two names, in points.
    """

    ax: Any
    column: tuple[End, ...]
    place: int
    step: float

    def __call__(self, renderer: Any) -> Any:
        """A translation to there, as matplotlib asks for it."""
        from matplotlib.transforms import Affine2D

        pixels = self.ax.transData.transform([(end.x, end.y) for end in self.column])
        point = self.ax.figure.dpi / 72
        heights = spread(pixels[:, 1], np.ones(len(pixels)), self.step * point)
        right = pixels[self.place, 0] + _AWAY * point
        return Affine2D().translate(right, heights[self.place])


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
