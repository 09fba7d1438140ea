"""Predictions beside the truth: pictures with what they were taken for, numbers on a diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.report.canvas import axes_for, panels
from chainrule.report.classes import class_numbers, names_of
from chainrule.report.labels import halo, number, plain
from chainrule.report.palette import GREY, VERMILION, ink, series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def plot_images(
    images: Array,
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[str] | None = None,
    columns: int = 6,
    ax: Any = None,
) -> Any:
    """Draw pictures with what a model took them for; wrong ones are framed and marked ✗.

    Args:
        images: Shape (N, height, width) or (N, height, width, 3); a few dozen.
        y_true: The truth: class numbers or one-hot rows.
        y_pred: Probabilities, shape (N, K).
        class_names: Names of the classes.
        columns: Pictures in a row.
        ax: The Axes whose place is parted, or one for each picture; a new figure by default.

    Returns:
        An array of Axes, one for each picture.

    Raises:
        ShapeError: The arrays do not belong together.
        ImportError: matplotlib is not installed.
    """
    images, probabilities = np.asarray(images), np.asarray(y_pred)
    labels, guesses = class_numbers("y_true", y_true), class_numbers("y_pred", y_pred)
    if not len(images) == len(labels) == len(probabilities):
        raise ShapeError(
            "There must be a truth and a prediction for each image.",
            images=len(images),
            y_true=len(labels),
            y_pred=len(probabilities),
        )
    names = names_of(class_names, max(probabilities.shape[-1], 2))
    columns = min(columns, len(images))
    grid = panels(ax, -(-len(images) // columns), columns, 1.75, 2.15).ravel()
    for one in grid:
        one.set_axis_off()
    for one, image, label, row in zip(grid, images, labels, probabilities, strict=False):
        _image(one, image, int(label), row, names)
    grid[0].set_title(f"{np.sum(guesses == labels)} of {len(images)} right", loc="left")
    return grid[: len(images)]


def _image(ax: Any, image: Array, label: int, row: Array, names: Sequence[str]) -> None:
    sure = np.array([1 - row[0], row[0]]) if len(row) == 1 else row
    guess = int(np.argmax(sure))
    right = guess == label
    ax.imshow(image, cmap="gray_r")
    ax.set_axis_on()
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set(color=GREY if right else VERMILION, linewidth=0.6 if right else 3)
    said = f"{'✓' if right else '✗'} {names[guess]} {100 * sure[guess]:.0f} %"
    truth = "" if right else f"\ntrue: {names[label]}"
    ax.set_xlabel(said + truth, size="small", weight="normal" if right else "bold")


def plot_predicted(y_true: Any, y_pred: Any, unit: str = "", ax: Any = None) -> Any:
    """Draw predicted numbers against the true ones; on the diagonal they are right.

    Args:
        y_true: Targets.
        y_pred: As many predictions.
        unit: What both are counted in.
        ax: The Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        ShapeError: There are more of one than of the other, or none.
        ImportError: matplotlib is not installed.
    """
    truth, guess = np.ravel(y_true), np.ravel(y_pred)
    if truth.size != guess.size or not truth.size:
        raise ShapeError(
            "There must be a prediction for each target.", y_true=truth.size, y_pred=guess.size
        )
    ax = axes_for(ax, 5, 4.8)
    low, high = min(truth.min(), guess.min()), max(truth.max(), guess.max())
    ax.plot([low, high], [low, high], color=ink(), alpha=0.5, lw=1, ls="--")
    ax.scatter(truth, guess, s=14, color=series(1), alpha=0.6, linewidths=0)
    note = {"textcoords": "offset points", "ha": "right", "va": "top", "size": "small"}
    text = "predicted = true"
    ax.annotate(text, (high, high), (-12, 0), color=ink(), path_effects=halo(ax), **note)
    tail = f" ({unit})" if unit else ""
    ax.set(xlabel=f"true{tail}", ylabel=f"predicted{tail}", aspect="equal")
    off = np.abs(guess.astype(np.float64) - truth).mean()
    ax.set_title(f"off by {number(off)} {unit}".rstrip() + " on average", loc="left")
    plain(ax)
    return ax
