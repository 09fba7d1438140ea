"""How the numbers of each layer spread and shift while a network learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks.distributions import KINDS, QUANTILES, DistributionRecorder, Kind
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.report.canvas import panels
from chainrule.report.labels import End, name_ends, plain
from chainrule.report.palette import ink, series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_SIZE = 3.4, 1.7
"""Of one picture, in inches."""
_LEAST = 2.8
"""Height of a figure, in inches."""
_BANDS = ((0, 6, 0.12), (1, 5, 0.25), (2, 4, 0.45))
"""Pairs of quantiles between which is filled, and how strongly."""


def plot_distributions(
    recorder: DistributionRecorder,
    kinds: Kind | Sequence[Kind] = KINDS,
    layers: Sequence[str] | None = None,
    ax: Any = None,
) -> Any:
    """Draw how weights, gradients and activations of each layer are spread, epoch by epoch.

    A row for each layer, a column for each kind. In a picture the line is the median; around it lie
    half of the numbers, 90 % of them, and all of them, each paler than the one before.

    Args:
        recorder: The callback that watched the training.
        kinds: Which of ``"weights"``, ``"gradients"``, ``"activations"``.
        layers: Which layers; by default all that have weights.
        ax: The Axes whose place is parted, or one for each picture; a new figure by default.

    Returns:
        An array of Axes, shape (layers, kinds); of a single picture its Axes.

    Raises:
        StateError: Nothing was recorded.
        UnknownNameError: There is no such layer or kind.
        ArgumentError: ``ax`` is something else.
        ImportError: matplotlib is not installed.
    """
    asked: list[Kind] = [kinds] if isinstance(kinds, str) else list(kinds)
    if not recorder.epochs:
        raise StateError("Nothing was recorded: give the recorder to fit(…, callbacks=[recorder]).")
    for kind in asked:
        if kind not in KINDS:
            raise UnknownNameError(f"Kinds are {list(KINDS)}.", kinds=kind)
    known = recorder.record["activations"] | recorder.record["weights"]
    names = list(recorder.record["weights"] if layers is None else layers)
    for layer in names:
        if layer not in known:
            raise UnknownNameError(f"Recorded layers are {list(known)}.", layers=layer)
    if not names or not asked:
        raise ArgumentError("Give at least one kind and one layer.", kinds=asked, layers=names)
    grid = panels(ax, len(names), len(asked), _SIZE[0], max(_SIZE[1], _LEAST / len(names)))
    told = False  # what the shades are is told once, in the first row that has them all
    for row, layer in zip(grid, names, strict=True):
        for one, kind in zip(row, asked, strict=True):
            drawn = _draw(one, recorder, kind, layer)
            if one is row[-1] and drawn and not told:
                _explain(one, recorder, recorder.record[kind][layer])
                told = True
    _label(grid, names, asked)
    return grid if grid.size > 1 else grid[0, 0]


def _draw(ax: Any, recorder: DistributionRecorder, kind: Kind, layer: str) -> bool:
    """One picture; whether there is anything to draw."""
    looks = recorder.record[kind].get(layer)
    if looks is None:
        ax.set_axis_off()
        return False
    rows = np.array(looks)
    rows = np.where(np.isfinite(rows), rows, np.nan)
    epochs, colour = np.array(recorder.epochs), series(len(KINDS))[KINDS.index(kind)]
    alone = len(epochs) == 1  # an area needs a width
    if alone:
        epochs, rows = epochs + np.array([-0.3, 0.3]), np.repeat(rows, 2, axis=0)
    for low, high, alpha in _BANDS:
        ax.fill_between(epochs, rows[:, low], rows[:, high], color=colour, alpha=alpha, linewidth=0)
    ax.plot(epochs, rows[:, len(QUANTILES) // 2], color=colour, lw=1.5)
    plain(ax, grid="y")
    ax.set_xlim(*((epochs[0] - 0.2, epochs[-1] + 0.2) if alone else (epochs[0], epochs[-1])))
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.yaxis.get_major_locator().set_params(nbins=4)
    ax.ticklabel_format(axis="y", scilimits=(-3, 4))
    _say_where_lost(ax, recorder.epochs, looks)
    return True


def _say_where_lost(ax: Any, epochs: Sequence[int], looks: Sequence[Array]) -> None:
    lost = [epoch for epoch, row in zip(epochs, looks, strict=True) if not np.isfinite(row).all()]
    if lost:
        place = {"ha": "right", "va": "top", "transform": ax.transAxes, "size": "small"}
        ax.text(0.98, 0.98, f"not finite from epoch {lost[0]}", color=ink(), **place)


def _explain(ax: Any, recorder: DistributionRecorder, looks: Sequence[Array]) -> None:
    """Write at the right end what the edges of the shades are."""
    last = looks[-1]
    if not np.isfinite(last).all():
        return
    words = ("smallest", "5 %", "25 %", "median", "75 %", "95 %", "largest")
    x = ax.get_xlim()[1]
    name_ends(ax, [End(x, y, w, ink()) for y, w in zip(last, words, strict=True)], "x-small")


def _label(grid: Array, layers: Sequence[str], kinds: Sequence[Kind]) -> None:
    """Kinds above the columns, layers before the rows, epochs below the last row."""
    for ax, kind in zip(grid[0], kinds, strict=True):
        ax.set_title(kind)
    for row, layer in zip(grid, layers, strict=True):
        row[0].set_ylabel(layer)
    for row in grid[:-1]:
        for ax in row:
            ax.tick_params(axis="x", labelbottom=False)
    for ax in grid[-1]:
        ax.set_xlabel("epoch")
