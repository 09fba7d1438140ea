"""Loss surfaces from above and in space, with the paths that optimizers took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.report.canvas import axes_for, shown_figure
from chainrule.report.labels import halo, number, plain
from chainrule.report.palette import MARKERS, ink, on, paper, rising, series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.landscapes import Landscape, Track

    Array = NDArray[Any]

HEIGHT = {"black": "#33415c", "white": "#aeb9cc"}
"""The colour of the highest places, where ink is black or white: what is low is the paper's."""
DECADES = 100.0
"""A loss that spans more than this factor has logarithmic levels."""
DEEPEST = 1e-6
"""The lowest level, as a share of the highest: what is lower looks the same."""
DEEPEST_IN_SPACE = 2e-3
"""The same in space, where a narrow valley between two points would look like teeth."""
FAINTEST = 0.12
"""How much colour the lowest places have in space, to be seen before the paper."""
FINEST = 120
"""Facets along each side in space."""
LEVELS = 18
DOTS = 120
"""A path of more points is a line without dots."""
SEEN = 5e-3
"""A path that is farther off the plane than this share of its length is said to be."""


def plot_landscape(landscape: Landscape, ax: Any = None, *, legend: bool = True) -> Any:
    """Draw a loss surface from above, dark where it is high, with the paths on it.

    A ring is where a path starts, a filled mark where it ends. The legend has the true loss at
    both, which is not that of the surface below where a path is off the plane. A loss that spans
    more than a factor of 100 has logarithmic levels. Along a line, the loss is a curve.

    Args:
        landscape: What :func:`chainrule.landscape` gave.
        ax: The Axes to draw on; a new figure by default.
        legend: Whether to say which path is which.

    Returns:
        The Axes.
    """
    ax = axes_for(ax, 6.4, 5.0)
    if len(landscape.axes) == 1:
        return _curve(landscape, ax, legend)
    scale = Scale(landscape)
    shown = ax.contourf(
        *landscape.axes, scale.clipped, scale.levels, norm=scale.norm, cmap=_colours(ax)
    )
    lines = {"colors": [ink()], "linewidths": 0.4, "alpha": 0.35}
    ax.contour(*landscape.axes, scale.clipped, scale.levels, norm=scale.norm, **lines)
    scale.bar(ax.figure.colorbar(shown, ax=ax, pad=0.02, shrink=0.9), landscape)
    for track, colour, marker in styled(landscape):
        x, y = track.coordinates.T
        _path(ax, x, y, track, colour, marker)
    _marks(ax, landscape)
    ax.set(xlim=landscape.axes[0][[0, -1]], ylim=landscape.axes[1][[0, -1]])
    ax.set(xlabel=landscape.plane.labels[0], ylabel=landscape.plane.labels[1])
    _finish(ax, landscape, legend)
    return ax


def plot_landscape_3d(landscape: Landscape, ax: Any = None, *, legend: bool = True) -> Any:
    """Draw a loss surface in space; paths are at their own true loss, above or below it.

    With logarithmic heights, what is lower than 0.2 % of the highest is drawn as that.

    Args:
        landscape: What :func:`chainrule.landscape` gave, over a plane.
        ax: A three-dimensional Axes to draw on; a new figure by default.
        legend: Whether to say which path is which.

    Returns:
        The Axes.

    Raises:
        ArgumentError: The landscape is a line, or ``ax`` is flat.
    """
    if len(landscape.axes) == 1:
        raise ArgumentError("A line has no picture in space: use `plot`.", axes=1)
    if ax is None:
        ax = shown_figure(7.0, 5.6).add_subplot(projection="3d", computed_zorder=False)
    if not hasattr(ax, "get_zlim"):
        raise ArgumentError("`ax` must be three-dimensional: projection='3d'.", ax=ax)
    scale = Scale(landscape, DEEPEST_IN_SPACE)
    heights = scale.heights(scale.clipped)
    grid = np.meshgrid(*landscape.axes)
    colours = _colours(ax)(FAINTEST + (1 - FAINTEST) * scale.norm(scale.clipped))
    ax.plot_surface(
        *grid, heights, facecolors=colours, rcount=FINEST, ccount=FINEST, linewidth=0,
        alpha=0.9, zorder=1, shade=False,
    )  # fmt: skip
    for track, colour, marker in styled(landscape):
        z = scale.heights(np.maximum(track.losses, scale.ends[0]))
        x, y = track.coordinates.T
        _path(ax, x, y, track, colour, marker, z)
    ax.set_xlabel(landscape.plane.labels[0], fontsize="small")
    ax.set_ylabel(landscape.plane.labels[1], fontsize="small")
    ax.set_zlabel("loss" if landscape.plane.kind != "variables" else "z", labelpad=8)
    ax.set_xlim(*landscape.axes[0][[0, -1]])
    ax.set_ylim(*landscape.axes[1][[0, -1]])
    scale.mark_heights(ax)
    ax.view_init(38, -58)
    _finish(ax, landscape, legend)
    return ax


class Scale:
    """Levels and colours of a surface: logarithmic where it spans decades.

    Attributes:
        is_log: Whether they are logarithmic.
        ends: The lowest and the highest value shown.
        levels: Where contour lines are.
        norm: matplotlib's, from a value to a place in the colour map.
        clipped: The losses within ``ends``; those that are no numbers are the highest.
    """

    def __init__(self, landscape: Landscape, deepest: float = DEEPEST) -> None:
        from matplotlib.colors import LogNorm, Normalize

        losses = landscape.losses
        finite = losses[np.isfinite(losses)]
        if not finite.size:
            raise ArgumentError("No point of the landscape has a finite loss.", losses=losses)
        low, high = float(finite.min()), float(finite.max())
        positive = finite[finite > 0]
        least = float(positive.min()) if positive.size else 0.0
        self.is_log = low >= 0 and least > 0 and high > DECADES * max(low, high * 1e-300)
        if self.is_log:
            low = max(least, high * deepest)
        if not high > low:
            high = low + max(abs(low), 1e-12)
        self.ends = low, high
        self.levels = (np.geomspace if self.is_log else np.linspace)(low, high, LEVELS)
        self.levels[0], self.levels[-1] = low, high  # not rounded to something beside them
        self.norm = (LogNorm if self.is_log else Normalize)(low, high)
        self.clipped = np.clip(np.where(np.isfinite(losses), losses, high), low, high)

    def heights(self, losses: Array) -> Array:
        """How high a loss is drawn."""
        return np.log10(losses) if self.is_log else losses

    def bar(self, bar: Any, landscape: Landscape) -> None:
        """Label a colour bar."""
        from matplotlib.ticker import LogFormatterMathtext, LogLocator, MaxNLocator

        bar.set_label("z" if landscape.plane.kind == "variables" else "loss")
        bar.outline.set_linewidth(0.4)
        bar.ax.minorticks_off()
        if self.is_log:
            low, high = np.log10(self.ends)
            whole = np.arange(np.ceil(low - 1e-9), np.floor(high + 1e-9) + 1)
            if len(whole) > 1:
                bar.set_ticks(10.0**whole)
                bar.ax.yaxis.set_major_formatter(LogFormatterMathtext())
                return
            ticks = LogLocator(subs=(1, 2, 5)).tick_values(*self.ends)
        else:
            ticks = MaxNLocator(6).tick_values(*self.ends)
        ticks = [tick for tick in ticks if self.ends[0] <= tick <= self.ends[1]]
        bar.set_ticks(ticks, labels=[number(tick) for tick in ticks])

    def mark_heights(self, ax: Any) -> None:
        """Label a vertical axis of logarithms with the values themselves."""
        if not self.is_log:
            return
        low, high = np.log10(self.ends)
        whole = np.arange(np.ceil(low), np.floor(high) + 1)
        whole = whole[:: max(1, -(-len(whole) // 6))]
        if len(whole) > 1:
            ax.set_zticks(whole, [f"$10^{{{int(power)}}}$" for power in whole])
        else:
            ax.set_zticks([low, high], [number(end) for end in self.ends])


# ---------------------------------------------------------------- parts


def _colours(ax: Any) -> Any:
    return rising(ax, HEIGHT[on(paper(ax))])


def styled(landscape: Landscape) -> Iterator[tuple[Track, Any, str]]:
    """Every path with its colour and its mark."""
    colours = series(len(landscape.tracks))
    for place, (track, colour) in enumerate(zip(landscape.tracks, colours, strict=True)):
        yield track, colour, MARKERS[place % len(MARKERS)]


def _path(
    ax: Any, x: Array, y: Array, track: Track, colour: Any, marker: str, z: Array | None = None
) -> None:
    """A path: a ring at its start, dots where they can be told apart, a mark at its end."""
    rest = () if z is None else (z,)
    ax.plot(
        x, y, *rest, color=colour, linewidth=1.8, zorder=4, path_effects=halo(ax, 3.6),
        solid_joinstyle="round",
    )  # fmt: skip
    if len(x) <= DOTS:
        ax.plot(x, y, *rest, ".", color=colour, markersize=5, zorder=4)
    first, last = (tuple(part[[end]] for part in (x, y, *rest)) for end in (0, -1))
    ax.plot(
        *first, "o", color=paper(ax), markeredgecolor=ink(), markersize=8, zorder=5,
        markeredgewidth=1.6, linestyle="none",
    )  # fmt: skip
    ax.plot(
        *last, marker, color=colour, markeredgecolor=paper(ax), markersize=9, zorder=6,
        markeredgewidth=1.2, linestyle="none",
    )  # fmt: skip
    name = f"{track.name}  {number(track.losses[0])} → {number(track.losses[-1])}"
    name += f"  ({track.error:.0%} off)" if track.error > SEEN else ""
    ax.plot([], [], *([] for _ in rest), color=colour, marker=marker, markersize=7, label=name)


def _marks(ax: Any, landscape: Landscape) -> None:
    """Minima, saddles or models by their names."""
    signs = {"minimum": "+", "saddle": "x"}
    for name, points in landscape.marks.items():
        x, y = points.T
        label = name if name in signs else None
        ax.plot(
            x, y, signs.get(name, "s"), color=ink(), markersize=9, markeredgewidth=1.8,
            linestyle="none", zorder=3, path_effects=halo(ax), label=label,
        )  # fmt: skip
        if name not in signs:
            ax.annotate(
                name, (x[0], y[0]), (0, 9), textcoords="offset points", ha="center",
                path_effects=halo(ax), zorder=7,
            )  # fmt: skip


def _curve(landscape: Landscape, ax: Any, legend: bool) -> Any:
    """The loss along a line, with paths at their true losses."""
    scale = Scale(landscape)
    ax.plot(landscape.axes[0], landscape.losses, color=ink(), linewidth=1.6, label="loss")
    for track, colour, marker in styled(landscape):
        _path(ax, track.coordinates[:, 0], track.losses, track, colour, marker)
    for name, points in landscape.marks.items():
        ax.axvline(points[0, 0], color=ink(), linewidth=0.8, linestyle=":", alpha=0.6)
        ax.annotate(
            name, (points[0, 0], 1), (0, 3), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="bottom",
        )  # fmt: skip
    if scale.is_log:
        ax.set_yscale("log")
    ax.set(xlabel=landscape.plane.labels[0], ylabel="loss", xlim=landscape.axes[0][[0, -1]])
    plain(ax, "y")
    if landscape.tracks:
        _finish(ax, landscape, legend)
    return ax


def _finish(ax: Any, landscape: Landscape, legend: bool) -> None:
    """Say which path is which, and how far off the plane they are."""
    if not legend or not (landscape.tracks or landscape.marks):
        return
    handles, _ = ax.get_legend_handles_labels()
    if not handles:
        return
    title = "○ start, true loss at start → end" if landscape.tracks else None
    if any(track.error > SEEN for track in landscape.tracks):
        title = f"{title} (distance from the plane, in lengths of the path)"
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False, title=title,
        fontsize="small", title_fontsize="small",
    )  # fmt: skip
