"""Paths on a loss surface, drawn step by step: a GIF, or a page to play."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.files import atomic_write
from chainrule.errors import ArgumentError
from chainrule.report.canvas import new_figure
from chainrule.report.labels import halo, number, plain
from chainrule.report.landscape_plots import plot_landscape, styled
from chainrule.report.palette import ink, paper
from chainrule.report.race_plots import SPAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.landscapes import Landscape

    Array = NDArray[Any]

FRAMES = 80
"""Pictures of an animation; a shorter path has one for each point."""
FPS = 12
REST = 2000
"""Milliseconds for which the end is shown."""
DPI = 80
SMALLEST = 1e-18
"""The smallest loss on the curves, as a share of the largest."""


def write_animation(landscape: Landscape, path: str | os.PathLike[str], fps: int = FPS) -> None:
    """Write the paths of a landscape as an animation, beside and renamed.

    On the left they go their ways over the surface; on the right is the true loss at their points.

    Args:
        landscape: A plane with paths.
        path: A ``.gif``; or a ``.html``, which is a page that needs no network.
        fps: Pictures a second, of a GIF.

    Raises:
        ArgumentError: The suffix is another, or there are no paths on a plane.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".html"):
        raise ArgumentError("An animation must end in .gif or .html.", path=os.fspath(path))
    if len(landscape.axes) != 2 or not landscape.tracks:
        raise ArgumentError(
            "An animation is of paths on a plane.",
            axes=len(landscape.axes),
            paths=len(landscape.tracks),
        )
    if suffix == ".html":
        from chainrule.report.race_page import page

        with atomic_write(path, "w") as file:
            file.write(page(landscape))
        return
    with atomic_write(path) as file:
        file.write(gif(landscape, fps))


def gif(landscape: Landscape, fps: int = FPS) -> bytes:
    """The animation as a file's content."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure = new_figure(11.0, 5.0)
    figure.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(figure)
    moments = _moments(max(len(track.losses) for track in landscape.tracks))
    scene = _Scene(landscape, figure)
    canvas.draw()
    figure.set_layout_engine("none")  # what it found stays
    background = canvas.copy_from_bbox(figure.bbox)
    frames = []
    for moment in moments:
        canvas.restore_region(background)
        for artist in scene.at(int(moment)):
            figure.draw_artist(artist)
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    palette = frames[-1].quantize(255)
    still = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    file = io.BytesIO()
    times = [1000 // fps] * (len(still) - 1) + [REST]
    still[0].save(file, "gif", save_all=True, append_images=still[1:], duration=times, loop=0)
    return file.getvalue()


def _moments(longest: int) -> Array:
    """How many points are seen at each picture: slowly at first, where most happens."""
    if longest <= FRAMES:
        return np.arange(1, longest + 1)
    return np.unique((1 + (longest - 1) * np.linspace(0, 1, FRAMES) ** 2).round().astype(int))


class _Scene:
    """What does not move on a figure, and what does."""

    def __init__(self, landscape: Landscape, figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        plot_landscape(replace(landscape, tracks=()), left, legend=False)
        self._moving: list[tuple[Any, ...]] = []
        for track, colour, _ in styled(landscape):
            line = {"linewidth": 1.8, "color": colour, "solid_joinstyle": "round"}
            head = {"color": colour, "markeredgecolor": paper(left), "markersize": 9}
            (trail,) = left.plot([], [], path_effects=halo(left, 3.6), animated=True, **line)
            (here,) = left.plot([], [], "o", animated=True, **head)
            (curve,) = right.plot([], [], animated=True, **line)
            (now,) = right.plot([], [], "o", animated=True, label=track.name, **head)
            self._moving.append((track, trail, curve, here, now))
        starts = np.concatenate([track.coordinates[:1] for track in landscape.tracks]).T
        ring = {"color": paper(left), "markeredgecolor": ink(), "markersize": 8}
        (self._start,) = left.plot(*starts, "o", animated=True, **ring)
        self._legend = _curves(landscape, right)
        self._title = figure.suptitle("point 0", size="medium")
        for artist in (self._legend, self._title):
            artist.set_animated(True)

    def at(self, moment: int) -> Iterator[Any]:
        """What is to be drawn when so many points have been reached."""
        self._title.set_text(f"point {moment - 1}")
        texts = self._legend.get_texts()
        for (track, trail, curve, here, now), text in zip(self._moving, texts, strict=True):
            losses, places = track.losses[:moment], track.coordinates[:moment].T
            trail.set_data(*places)
            here.set_data(*places[:, -1:])
            curve.set_data(np.arange(len(losses)), losses)
            now.set_data([len(losses) - 1], losses[-1:])
            text.set_text(f"{track.name}  {number(losses[-1])}")
        for kind in range(1, 5):  # all lines, then what is on them
            yield from (parts[kind] for parts in self._moving)
        yield from (self._start, self._legend, self._title)


def _curves(landscape: Landscape, ax: Any) -> Any:
    """The empty right side, and its legend."""
    losses = np.concatenate([track.losses for track in landscape.tracks])
    losses = losses[np.isfinite(losses)]
    positive = losses[losses > 0]
    if positive.size and losses.max() > SPAN * positive.min() and losses.min() >= 0:
        low = max(positive.min(), losses.max() * SMALLEST)
        ax.set(yscale="log", ylim=(low / 1.5, losses.max() * 1.5))
    else:
        edge = 0.05 * float(np.ptp(losses) or 1.0)
        ax.set_ylim(losses.min() - edge, losses.max() + edge)
    longest = max(len(track.losses) for track in landscape.tracks)
    ax.set(xlim=(-0.02 * longest, 1.02 * longest), xlabel="points of the path")
    ax.set_ylabel("z" if landscape.plane.kind == "variables" else "true loss")
    plain(ax, "y")
    return ax.legend(loc="upper right", fontsize="small", framealpha=0.85)
