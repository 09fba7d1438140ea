"""How a training went: loss and metrics over its epochs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.report.canvas import panels
from chainrule.report.labels import End, halo, name_ends, number, plain
from chainrule.report.palette import ink, series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.callbacks.history import History

    Array = NDArray[Any]

WORDS = {"mae": "mean absolute error", "mse": "mean squared error"}
"""What short names of metrics stand for."""
_VALIDATION = "val_"
_KNOWN = {"loss": "down", "gradient_norm": "down"}
"""Which way is better, whatever the model's metrics are."""
_COLUMNS = 3
"""Pictures side by side."""
_FEW = 25
"""Up to so many epochs have a mark each."""
_SPAN = 100.0
"""What falls by more than this factor is drawn on a logarithmic axis, where its tail is seen."""
_EDGE = 0.2
"""Part of the width in which a text in the middle of a point would leave the picture."""
_SIZE = 5.2, 3.9
"""Of one picture of several, in inches."""


def plot_history(
    history: History | Mapping[str, Sequence[float]],
    metrics: str | Sequence[str] | None = None,
    ax: Any = None,
    *,
    labels: tuple[str, str] = ("training", "validation"),
    units: Mapping[str, str] | None = None,
) -> Any:
    """Draw loss and metrics over the epochs, each with its training and validation curve.

    At the end of a line are its last value and, of two, its name. A ring is around the best epoch,
    where it is known which way is better: for the loss, and the metrics of the model that was
    trained. Positive values that span more than a factor of 100 have a logarithmic axis. A curve
    whose values are no longer finite ends with a cross, and says in which epoch.

    Args:
        history: What ``fit`` returned, or its dictionary.
        metrics: Which, without ``val_``; by default the loss, then all others.
        ax: The Axes to draw on, or one for each metric; a new figure by default.
        labels: Names of the curves without and with ``val_``.
        units: What a metric is counted in, by its name.

    Returns:
        The Axes; of several metrics an array of them.

    Raises:
        UnknownNameError: The history has no such metric.
        ArgumentError: The history is empty, or ``ax`` is something else.
        ImportError: matplotlib is not installed.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().add_subplot()
        >>> plot_history({"loss": [1.0, 0.6], "val_loss": [1.1, 0.8]}, ax=ax) is ax
        True
        >>> [line.get_label() for line in ax.lines[:2]]
        ['training', 'validation']
    """
    values = history if isinstance(history, Mapping) else history.history
    names = _names(values, metrics)
    rows = -(-len(names) // _COLUMNS)
    size = _SIZE if len(names) > 1 else (None, None)
    grid = panels(ax, rows, -(-len(names) // rows), *size).ravel()
    for spare in grid[len(names) :]:
        spare.set_axis_off()
    epochs = getattr(history, "epochs", {})
    directions = _KNOWN | getattr(getattr(history, "model", None), "directions", {})
    for one, name in zip(grid, names, strict=False):
        curves = [
            _curve(label, values[key], epochs.get(key, ()))
            for key, label in zip((name, _VALIDATION + name), labels, strict=True)
            if key in values
        ]
        _draw(one, curves, directions.get(name))
        word, unit = WORDS.get(name, name.replace("_", " ")), (units or {}).get(name)
        one.set(xlabel="epoch", ylabel=f"{word} ({unit})" if unit else word)
    return grid[: len(names)] if len(names) > 1 else grid[0]


def _names(values: Mapping[str, Sequence[float]], metrics: str | Sequence[str] | None) -> list[str]:
    """The metrics to draw, the loss first."""
    found = dict.fromkeys(name.removeprefix(_VALIDATION) for name in values if len(values[name]))
    if not found:
        raise ArgumentError("The history is empty: train for an epoch first.", history=values)
    if metrics is None:
        return sorted(found, key=lambda name: name != "loss")
    asked = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in asked:
        if name not in found:
            raise UnknownNameError(f"The history has {sorted(found)}.", metrics=name)
    if not asked:
        raise ArgumentError(f"Name at least one of {sorted(found)}.", metrics=metrics)
    return asked


@dataclass(frozen=True, eq=False)
class _Curve:
    """One line.

    Attributes:
        label: Its name.
        epochs: From 1.
        values: One for each of them.
    """

    label: str
    epochs: Array
    values: Array

    @property
    def last(self) -> int:
        """The place of the last finite value, or -1."""
        return int(np.flatnonzero(np.isfinite(self.values))[-1:].sum()) if self.finite else -1

    @property
    def finite(self) -> bool:
        """Whether there is a finite value at all."""
        return bool(np.isfinite(self.values).any())

    @property
    def lost(self) -> str:
        """Since when values are not finite: ``"NaN from epoch 13"``, or ``""``."""
        after = self.last + 1
        if after == len(self.values):
            return ""
        return f"{_not_finite(self.values[after])} from epoch {self.epochs[after]}"

    def best(self, direction: str | None) -> int | None:
        """The place of the best value; ``None`` if that is the last, or cannot be known."""
        if direction is None or not self.finite:
            return None
        pick = np.nanargmin if direction == "down" else np.nanargmax
        place = int(pick(np.where(np.isfinite(self.values), self.values, np.nan)))
        return None if place == self.last else place


def _curve(label: str, values: Sequence[float], epochs: Sequence[int]) -> _Curve:
    """A line; epochs count from 0, and are all of them if there are not as many as values."""
    known = epochs if len(epochs) == len(values) else range(len(values))
    return _Curve(label, np.array(known) + 1, np.array(values, dtype=np.float64))


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"


def _draw(ax: Any, curves: Sequence[_Curve], direction: str | None) -> None:
    colours = series(2) if len(curves) > 1 else series(1)
    last = max(int(curve.epochs[-1]) for curve in curves)
    few = last <= _FEW
    for curve, colour, style, mark in zip(curves, colours, ["-", "--"], "os", strict=False):
        shown = np.where(np.isfinite(curve.values), curve.values, np.nan)
        ax.plot(
            *(curve.epochs, shown),
            color=colour,
            ls=style,
            marker=mark if few or len(shown) == 1 else None,
            ms=4,
            label=curve.label,
            clip_on=False,  # the first and the last marker lie on the edges
        )
    if _spans(curves) and direction == "down":
        ax.set_yscale("log")
    plain(ax, grid="y")
    ax.margins(y=0.12)
    ax.set_xlim(*((0.5, 1.5) if last == 1 else (1, last)))
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    name_ends(ax, list(_ends(ax, curves, colours)), "small")
    # The ring is for the curve that is looked at to choose an epoch: the validation's.
    _mark_best(ax, curves[-1], colours[len(curves) - 1], direction)


def _spans(curves: Sequence[_Curve]) -> bool:
    """Whether all values are positive, and some are much larger than others."""
    every = np.concatenate([curve.values[np.isfinite(curve.values)] for curve in curves])
    return every.size > 0 and every.min() > 0 and bool(every.max() > _SPAN * every.min())


def _ends(ax: Any, curves: Sequence[_Curve], colours: Sequence[Any]) -> Iterator[End]:
    for curve, colour in zip(curves, colours, strict=True):
        name = f"{curve.label} " if len(curves) > 1 else ""
        if not curve.finite:
            down = 0.5 - 0.1 * curves.index(curve)
            text = f"{name}{curve.lost}"
            ax.text(0.5, down, text, transform=ax.transAxes, ha="center", color=colour)
            ax.tick_params(axis="y", left=False, labelleft=any(one.finite for one in curves))
            continue
        x, y = curve.epochs[curve.last], curve.values[curve.last]
        if curve.lost:
            ax.plot(x, y, "X", color=colour, ms=8, clip_on=False)
        yield End(x, y, f"{name}{curve.lost or number(y)}", colour)


def _mark_best(ax: Any, curve: _Curve, colour: Any, direction: str | None) -> None:
    place = curve.best(direction)
    if place is None:
        return
    x, y = curve.epochs[place], curve.values[place]
    ax.plot(x, y, "o", mfc="none", mec=colour, ms=10, mew=1.5, clip_on=False)
    part = (x - curve.epochs[0]) / max(ax.get_xlim()[1] - curve.epochs[0], 1)
    above = direction == "down"  # the curve of training is usually on the other side
    ax.annotate(
        f"best {number(y)} in epoch {x}",
        *((x, y), (0, 9 if above else -9)),
        textcoords="offset points",
        ha="left" if part < _EDGE else "right" if part > 1 - _EDGE else "center",
        va="bottom" if above else "top",
        color=ink(),
        size="small",
        path_effects=halo(ax),
    )
