"""What pictures are drawn on, and the files they become. matplotlib is imported when one is drawn.

A function that draws takes an ``ax`` and gives it back; without one it draws on a figure of pyplot,
which notebooks show by themselves and ``plt.show()`` in a window. Commands that only write files
make figures that pyplot does not know of.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.files import atomic_write
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FORMATS = ("png", "svg", "pdf")
"""What pictures can be written as; a file without a suffix is a PNG."""
HOW = 'Pictures need matplotlib. Type: pip install "chainrule[plot]"'


def new_figure(width: float, height: float, layout: str | None = "constrained") -> Any:
    """An empty figure of a size in inches, unknown to pyplot.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as missing:
        raise ImportError(f"{HOW}. Received: {missing}") from None
    return Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]


def new_axes(width: float = 6.4, height: float = 4.2) -> Any:
    """An Axes on a figure of its own, in inches, unknown to pyplot."""
    return new_figure(width, height).add_subplot()


def shown_figure(width: float | None = None, height: float | None = None) -> Any:
    """An empty figure of pyplot's, in inches; by default as large as ``figure.figsize`` says.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as missing:
        raise ImportError(f"{HOW}. Received: {missing}") from None
    usual = pyplot.rcParams["figure.figsize"]
    return pyplot.figure(figsize=(width or usual[0], height or usual[1]), layout="constrained")


def axes_for(ax: Any, width: float | None = None, height: float | None = None) -> Any:
    """The Axes to draw on: ``ax``, or one on a figure of pyplot's.

    Args:
        ax: An Axes, or ``None``.
        width: Of the figure, in inches.
        height: Likewise.

    Raises:
        ArgumentError: ``ax`` is something else.
        ImportError: matplotlib is not installed.
    """
    if ax is None:
        return shown_figure(width, height).add_subplot()
    if not hasattr(ax, "get_xaxis"):
        raise ArgumentError("`ax` must be a matplotlib Axes.", ax=ax)
    return ax


def panels(
    ax: Any,
    rows: int,
    columns: int,
    width: float | None = None,
    height: float | None = None,
    widths: Sequence[float] | None = None,
) -> Array:
    """Axes side by side and one below another, shape (rows, columns).

    Args:
        ax: ``None`` for a figure of pyplot's; an Axes of a grid, as ``plt.subplots`` makes, whose
            place is parted; or as many Axes as are needed.
        rows: How many there are, one below another.
        columns: How many there are side by side.
        width: Of one panel on a new figure, in inches; by default the figure is as usual.
        height: Likewise.
        widths: How wide the columns are, one beside another.

    Raises:
        ArgumentError: ``ax`` is something else.
        ImportError: matplotlib is not installed.
    """
    parts = {"width_ratios": widths} if widths is not None else {}
    if ax is None:
        figure = shown_figure(width and width * columns, height and height * rows)
        figure.get_layout_engine().set(wspace=0.06, hspace=0.06)
        return np.asarray(figure.subplots(rows, columns, squeeze=False, gridspec_kw=parts))
    if isinstance(ax, np.ndarray | list | tuple):
        given = np.empty(len(np.ravel(np.asarray(ax, dtype=object))), dtype=object)
        given[:] = np.ravel(np.asarray(ax, dtype=object))
        if len(given) == rows * columns and all(hasattr(one, "get_xaxis") for one in given):
            return given.reshape(rows, columns)
    elif hasattr(ax, "get_xaxis"):
        if rows * columns == 1:
            return np.array([[ax]], dtype=object)
        place = ax.get_subplotspec()
        if place is not None:
            ax.set_axis_off()
            grid = place.subgridspec(rows, columns, **parts)
            made = [
                ax.figure.add_subplot(grid[row, column])
                for row in range(rows)
                for column in range(columns)
            ]
            return np.array(made, dtype=object).reshape(rows, columns)
    count = rows * columns
    raise ArgumentError(
        f"`ax` must be an Axes that plt.subplots made, or {count} Axes, one for each panel.", ax=ax
    )


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
