"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.report.canvas import axes_for
from chainrule.report.classes import class_numbers, confusion, names_of
from chainrule.report.palette import on, rising, series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_CELL = 0.55
"""Of one class, in inches."""
_LETTER = 0.085
"""Of a name, in inches."""
_LARGEST = 12.0
"""A new figure's side, in inches."""
_SMALLEST = 4.5
"""Numbers of less, in points, cannot be read and are left out."""
_BAD = 50
"""Percent from which a mistake has its full colour: small ones shall be seen, too."""


def plot_confusion_matrix(
    y_true: Any, y_pred: Any, class_names: Sequence[str] | None = None, ax: Any = None
) -> Any:
    """Draw how often each class was taken for each other, in percent of the true class.

    What is right is blue and lies on the diagonal; mistakes are vermilion. Rows add up to 100; how
    many samples a row stands for is behind its name. In a style sheet with colours of its own,
    they are its first two.

    Args:
        y_true: The truth: class numbers, shape (N,), or one-hot rows, shape (N, K).
        y_pred: What ``predict`` gave: probabilities, shape (N, K), of class 1, shape (N, 1); or
            class numbers.
        class_names: Names of the classes.
        ax: The Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        ShapeError: The arrays do not belong together.
        ArgumentError: There are fewer names than classes.
        ImportError: matplotlib is not installed.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().add_subplot()
        >>> ax = plot_confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"], ax)
        >>> [text.get_text() for text in ax.texts], ax.get_title(loc="left")
        (['50', '50', '100'], '75 % of 4 right')
    """
    truth, guess = class_numbers("y_true", y_true), class_numbers("y_pred", y_pred)
    if len(truth) != len(guess):
        raise ShapeError(
            "`y_true` and `y_pred` must have as many rows.", y_true=len(truth), y_pred=len(guess)
        )
    seen = 1 + max((int(numbers.max()) for numbers in (truth, guess) if numbers.size), default=0)
    wide = np.shape(y_pred)[1] if np.ndim(y_pred) == 2 else 1
    names = names_of(class_names, max(seen, wide, 2))
    counts = confusion(truth, guess, len(names))
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    room = _CELL * max(len(names), 4) + 1.0 + _LETTER * max(map(len, names))
    room = min(room, _LARGEST)
    ax = axes_for(ax, room + 0.7, room)
    _cells(ax, percent)
    upright = max(map(len, names)) <= 2 or len(names) * max(map(len, names)) <= 24
    ax.set_xticks(range(len(names)), names, **({} if upright else {"rotation": 45, "ha": "right"}))
    sizes = counts.sum(axis=1)
    alike = len(set(sizes)) == 1
    behind = [name if alike else f"{name} ({n:,})" for name, n in zip(names, sizes, strict=True)]
    ax.set_yticks(range(len(names)), behind)
    ax.set(
        xlabel="predicted (% of each true class)",
        ylabel=f"true, {sizes[0]:,} of each" if alike else "true",
    )
    right = 100 * np.trace(counts) / max(counts.sum(), 1)
    ax.set_title(f"{right:.3g} % of {counts.sum():,} right", loc="left")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _cells(ax: Any, percent: Array) -> None:
    """Right ones in one colour, mistakes in another; with numbers if they can be read."""
    from matplotlib.font_manager import FontProperties

    diagonal = np.eye(len(percent), dtype=bool)
    for shown, colour, full in zip((diagonal, ~diagonal), series(2), (100, _BAD), strict=True):
        part = np.ma.masked_where(~shown, percent)
        ax.imshow(part, cmap=rising(ax, colour), vmin=0, vmax=full)
    edges = np.arange(len(percent) + 1) - 0.5
    thin = {"color": "gray", "lw": 0.3, "zorder": 1.5, "clip_on": False}
    ax.hlines(edges, edges[0], edges[-1], **thin)
    ax.vlines(edges, edges[0], edges[-1], **thin)
    box = ax.get_window_extent()
    cell = min(box.width, box.height) / ax.figure.dpi * 72 / len(percent)
    size = min(FontProperties(size="small").get_size_in_points(), 0.45 * cell)
    if size >= _SMALLEST:
        _numbers(ax, percent, size)


def _numbers(ax: Any, percent: Array, size: float) -> None:
    shades = ax.images[-2:]
    for row, column in np.ndindex(percent.shape):
        value = percent[row, column]
        if value:
            ax.text(
                *(column, row, f"{value:.0f}" if value > 0.5 else "<1"),
                ha="center",
                va="center",
                size=size,
                color=on(shades[row != column].to_rgba(value)),
                weight="bold" if row == column else "normal",
            )
