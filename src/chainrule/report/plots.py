"""Pictures of a run, each drawn on a matplotlib Axes and returning it.

matplotlib is imported when a picture is drawn; figures are made without pyplot, so that nothing
global changes and no screen is needed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.files import atomic_write
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"
"""Of Okabe and Ito's palette: told apart by colour-blind readers."""
WORDS = {"mae": "mean absolute error", "mse": "mean squared error"}
"""What short names of metrics stand for."""


FORMATS = ("png", "svg", "pdf")
"""What pictures can be written as; a file without a suffix is a PNG."""


def new_figure(width: float, height: float, layout: str | None = "constrained") -> Any:
    """An empty figure of a size in inches.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as missing:
        raise ImportError(
            f'Pictures need matplotlib. Type: pip install "chainrule[plot]". Received: {missing}'
        ) from None
    return Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]


def new_axes(width: float = 6.4, height: float = 4.2) -> Any:
    """An Axes on a figure of its own, in inches."""
    return new_figure(width, height).add_subplot()


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that a file's suffix says.

    Raises:
        ArgumentError: It is none of :data:`FORMATS`.
    """
    found = Path(path).suffix[1:].lower() or FORMATS[0]
    if found not in FORMATS:
        raise ArgumentError(
            f"The file of a picture must end in {', '.join(f'.{one}' for one in FORMATS)}.",
            path=os.fspath(path),
        )
    return found


def image(axes: Any, kind: str = "png", dpi: float = 150) -> bytes:
    """The figure of ``axes`` as a file's content; the same for the same figure."""
    from matplotlib import rc_context

    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    # Without hinting, text is as wide at every resolution as it was measured.
    with rc_context({"svg.hashsalt": "chainrule", "text.hinting": "none"}):
        axes.figure.savefig(buffer, format=kind, dpi=dpi, metadata=date)
    return buffer.getvalue()


def save(axes: Any, path: str | os.PathLike[str], dpi: float = 150) -> None:
    """Write the figure of ``axes`` as PNG, SVG or PDF, beside and renamed.

    Raises:
        ArgumentError: The suffix is another.
    """
    content = image(axes, format_of(path), dpi)
    with atomic_write(path) as file:
        file.write(content)


def plot_curves(
    history: Mapping[str, Sequence[float]], units: Mapping[str, str] | None = None
) -> Any:
    """Loss and metrics over the epochs, side by side.

    Args:
        history: ``History.history``.
        units: What a metric is counted in, by its key.

    Returns:
        The first Axes of a figure of its own: the loss.
    """
    names = sorted((n for n in history if not n.startswith("val_")), key=lambda n: n != "loss")
    figure = new_figure(5.2 * len(names), 4.0)
    figure.get_layout_engine().set(wspace=0.06)
    grid = figure.subplots(1, len(names), squeeze=False)
    for ax, name in zip(grid.flat, names, strict=True):
        plot_history(history, name, (units or {}).get(name, ""), ax)
    return grid.flat[0]


def plot_history(
    history: Mapping[str, Sequence[float]], metric: str = "loss", unit: str = "", ax: Any = None
) -> Any:
    """A metric over the epochs: training in one line, validation in another.

    Args:
        history: ``History.history``.
        metric: Its key.
        unit: What it is counted in, for the label.
        ax: Where to draw; a new Axes by default.
    """
    ax = new_axes() if ax is None else ax
    epochs = range(1, len(history[metric]) + 1)
    marker = "o" if len(epochs) < 25 else None
    ax.plot(epochs, history[metric], color=BLUE, marker=marker, markersize=4, label="training")
    if f"val_{metric}" in history:
        values = history[f"val_{metric}"]
        ax.plot(
            epochs, values, color=ORANGE, marker=marker and "s", markersize=4, ls="--", label="test"
        )
        ax.legend(frameon=False)
    word = WORDS.get(metric, metric.replace("_", " "))
    ax.set(xlabel="epoch", ylabel=f"{word} ({unit})" if unit else word)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.3)
    return ax


def plot_confusion(matrix: Array, class_names: Sequence[str], ax: Any = None) -> Any:
    """How often each class was taken for each other, in percent of the true class.

    Args:
        matrix: Counts, shape (classes, classes): row = truth, column = prediction.
        class_names: Names of the classes.
        ax: Where to draw; a new Axes by default.
    """
    count = len(class_names)
    ax = new_axes(2.0 + 0.55 * count, 1.9 + 0.55 * count) if ax is None else ax
    percent = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.ndindex(matrix.shape):
        value = percent[row, column]
        if round(value):
            colour = "white" if value > 68 else "black"  # contrast at least 4.5 on either side
            ax.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9)
    ax.set_xticks(range(count), class_names, rotation=45, ha="right")
    ax.set_yticks(range(count), class_names)
    ax.set(xlabel="predicted", ylabel="true", title="Percent of each true class (empty: below ½)")
    ax.tick_params(length=0)
    return ax


def plot_images(
    images: Array,
    labels: Array,
    probabilities: Array,
    class_names: Sequence[str],
    columns: int = 6,
) -> Any:
    """Pictures with what the model took them for; wrong ones framed and marked ✗.

    Args:
        images: Shape (samples, height, width).
        labels: True class numbers.
        probabilities: Predictions, shape (samples, classes).
        class_names: Names of the classes.
        columns: Pictures in a row.

    Returns:
        The first Axes of a figure of its own.
    """
    rows = -(-len(images) // columns)
    figure = new_figure(1.75 * columns, 2.15 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    hits = int(np.sum(np.argmax(probabilities, axis=1) == labels))
    figure.suptitle(
        f"{hits} of {len(images)} right. Below each: what the model took it for, and how surely",
        size=11,
    )
    for ax, image, label, row in zip(grid.flat, images, labels, probabilities, strict=False):
        _image(ax, image, int(label), row, class_names)
    return grid.flat[0]


def _image(ax: Any, image: Array, label: int, row: Array, class_names: Sequence[str]) -> None:
    guess = int(np.argmax(row))
    right = guess == label
    ax.imshow(image, cmap="gray_r")
    ax.set_axis_on()
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set(color=GREY if right else ORANGE, linewidth=0.6 if right else 3)
    said = f"{'✓' if right else '✗'} {class_names[guess]} {row[guess]:.0%}"
    truth = "" if right else f"\ntrue: {class_names[label]}"
    ax.set_xlabel(said + truth, fontsize=8, weight="normal" if right else "bold")


def plot_predicted(y_true: Array, y_pred: Array, unit: str = "", ax: Any = None) -> Any:
    """Predictions against truth; on the diagonal they are right.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        unit: Unit of both, for the labels.
        ax: Where to draw; a new Axes by default.
    """
    ax = new_axes(5, 4.6) if ax is None else ax
    truth, guess = np.ravel(y_true), np.ravel(y_pred)
    low, high = min(truth.min(), guess.min()), max(truth.max(), guess.max())
    ax.axline((low, low), (high, high), color=GREY, lw=1, ls="--", label="predicted = true")
    ax.scatter(truth, guess, s=14, color=BLUE, alpha=0.6, linewidths=0)
    tail = f" ({unit})" if unit else ""
    ax.set(xlabel=f"true{tail}", ylabel=f"predicted{tail}", aspect="equal")
    ax.set_title(f"Mean absolute error: {np.abs(truth - guess).mean():.3g} {unit}".rstrip())
    ax.legend(frameon=False, loc="upper left")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
