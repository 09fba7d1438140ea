"""Boxes joined by arrows, drawn on a matplotlib Axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.report.canvas import image, new_figure
from chainrule.report.layering import Edge
from chainrule.report.routing import Point, Route, lay_out

Piece = tuple[Point, ...]
"""A line, or a Bézier curve of degree 2 or 3, by its points."""

DIRECTIONS: dict[str, Callable[[float, float], Point]] = {
    "TB": lambda across, along: (across, -along),
    "BT": lambda across, along: (across, along),
    "LR": lambda across, along: (along, -across),
    "RL": lambda across, along: (-along, -across),
}
"""From a place across and along the rows to x and y."""
TINTS = {"input": "#FBE9B7", "weights": "#CFE4F3", "plain": "#E9E9E9"}
"""Light colours of the boxes' heads, told apart by colour-blind readers."""
INK, BORDER = "#1A1A1A", "#4D4D4D"

_TITLE, _ROW = 10.0, 9.0
"""Sizes of the text in points."""
_LEADING = 1.45
"""Height of a line as a multiple of the text's size."""
_PADDING = 9.0, 4.0
"""Room left and right of the text, and above and below it, in points."""
_NARROWEST = 56.0
"""Least width of a box in points."""
_MARGIN = 12.0
"""Room around the picture in points."""
_ARROW = 7.0, 3.0
"""Length, and half of the width, of an arrow's head in points."""
_ROUND = 5.0
"""Radius of a line's corner in points."""
_LARGEST = 2**16 - 1
"""Pixels of a PNG's side that matplotlib can draw."""
_MOVE, _CODES = 1, {2: [2], 3: [3, 3], 4: [4, 4, 4]}
"""Codes of matplotlib's paths: to begin; for pieces of 2, 3 and 4 points."""
_SCREEN = 100
"""Dots per inch in a notebook."""


@dataclass(frozen=True)
class Box:
    """What one box shows.

    Attributes:
        title: In bold.
        rows: Lines below it.
        look: Which of :data:`TINTS` the title has.
    """

    title: str
    rows: tuple[str, ...]
    look: str


def draw(
    boxes: Sequence[Box], edges: Sequence[Edge], rankdir: str, splines: str, ax: Any = None
) -> Any:
    """Draw boxes and arrows between them.

    Args:
        boxes: The boxes.
        edges: Pairs of their numbers; the first one is smaller.
        rankdir: One of :data:`DIRECTIONS`.
        splines: See :func:`chainrule.report.network.plot_model`.
        ax: The Axes to draw on; by default one that fills a figure of its own.

    Returns:
        The Axes, in points. One that fills its figure shows itself in a notebook.
    """
    turned = rankdir in ("LR", "RL")
    sizes = [_size(box) for box in boxes]
    layout = lay_out([size[::-1] if turned else size for size in sizes], edges)
    place = DIRECTIONS[rankdir]
    width, height = layout.size[::-1] if turned else layout.size
    axes = _filling(width + 2 * _MARGIN, height + 2 * _MARGIN) if ax is None else ax
    scale = 1.0 if ax is None else _scale(ax, width + 2 * _MARGIN, height + 2 * _MARGIN)
    axes.set_axis_off()
    corners = place(0, 0), place(*layout.size)
    axes.set_xlim(min(x for x, _ in corners) - _MARGIN, max(x for x, _ in corners) + _MARGIN)
    axes.set_ylim(min(y for _, y in corners) - _MARGIN, max(y for _, y in corners) + _MARGIN)
    for source in range(len(boxes)):
        routes = [route for route in layout.routes if route.edge[0] == source]
        if routes:
            _draw_edges(axes, routes, place, splines)
    for box, size, middle in zip(boxes, layout.sizes, layout.middles, strict=True):
        _draw_box(axes, box, size[::-1] if turned else size, place(*middle), scale)
    return axes


def _filling(width: float, height: float) -> Any:
    """An Axes that fills a figure of a size in points."""
    axes = new_figure(width / 72, height / 72, layout=None).add_axes((0, 0, 1, 1))
    axes._repr_png_ = lambda: image(axes, dpi=fitting(axes, _SCREEN))  # what a notebook asks for
    return axes


def _scale(ax: Any, width: float, height: float) -> float:
    """How large text must be in an Axes that is to hold so many points."""
    ax.set_aspect("equal")
    box, points = ax.get_window_extent(), ax.figure.dpi / 72
    return float(min(box.width / width, box.height / height) / points)


def fitting(axes: Any, dpi: float) -> float:
    """Dots per inch, fewer than wanted if the picture were too large."""
    return min(dpi, _LARGEST / max(axes.figure.get_size_inches()))


def _size(box: Box) -> Point:
    """Width and height in points."""
    widths = [_text_width(box.title, _TITLE, "bold")]
    widths += [_text_width(row, _ROW, "normal") for row in box.rows]
    height = _TITLE * _LEADING + 2 * _PADDING[1]
    if box.rows:
        height += len(box.rows) * _ROW * _LEADING + 2 * _PADDING[1]
    return max(_NARROWEST, max(widths) + 2 * _PADDING[0]), height


def _text_width(text: str, size: float, weight: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def _draw_box(axes: Any, box: Box, size: Point, middle: Point, scale: float) -> None:
    from matplotlib.patches import Rectangle

    width, height = size
    left, top = middle[0] - width / 2, middle[1] + height / 2
    head = _TITLE * _LEADING + 2 * _PADDING[1] if box.rows else height
    style: dict[str, Any] = {"edgecolor": BORDER, "linewidth": 1}
    axes.add_patch(Rectangle((left, top - height), width, height, facecolor="white", **style))
    axes.add_patch(Rectangle((left, top - head), width, head, facecolor=TINTS[box.look], **style))
    text: dict[str, Any] = {"ha": "center", "va": "center", "color": INK, "parse_math": False}
    axes.text(middle[0], top - head / 2, box.title, size=scale * _TITLE, weight="bold", **text)
    for number, row in enumerate(box.rows):
        down = head + _PADDING[1] + (number + 0.5) * _ROW * _LEADING
        axes.text(middle[0], top - down, row, size=scale * _ROW, **text)


def _draw_edges(
    axes: Any, routes: Sequence[Route], place: Callable[[float, float], Point], splines: str
) -> None:
    """Draw what leads from one box to others."""
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    length, half = _ARROW
    pieces: list[Piece] = []
    for route in routes:
        across, end = route.stops[-1]
        head = [(across, end), (across - half, end - length), (across + half, end - length)]
        axes.add_patch(Polygon([place(*p) for p in head], facecolor=BORDER, linewidth=0))
        curved = splines in ("curved", "spline")
        *most, (begin, _) = _curve(route) if curved else _lines(route, splines == "ortho")
        pieces += [*most, (begin, (across, end - length / 2))]
    points, codes = [], []
    for piece in _once(pieces):
        points += [place(*point) for point in piece]
        codes += [_MOVE, *_CODES[len(piece)]]
    path = Path(points, codes)
    axes.add_patch(PathPatch(path, fill=False, edgecolor=BORDER, linewidth=1.2, capstyle="round"))


def _once(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces without what others draw too: a line drawn twice would be thicker."""
    kept: dict[Any, Piece] = {}
    for piece in pieces:
        if len(piece) > 2:
            kept[piece] = piece
            continue
        (x, y), (to_x, to_y) = piece
        length = math.hypot(to_x - x, to_y - y)
        if length:
            line = (x, y), round((to_x - x) / length, 6), round((to_y - y) / length, 6)
            kept[line] = max(piece, kept.get(line, piece), key=lambda one: math.dist(*one))
    return list(kept.values())


def _lines(route: Route, straight: bool) -> list[Piece]:
    """Straight lines with round corners."""
    corners = route.corners(straight)
    pieces: list[Piece] = []
    begin = corners[0]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        turn, leave = _towards(corner, before), _towards(corner, after)
        pieces += [(begin, turn), (turn, corner, leave)]
        begin = leave
    return [*pieces, (begin, corners[-1])]


def _towards(corner: Point, other: Point) -> Point:
    """Where a round corner begins on the line to another one."""
    part = min(_ROUND / math.dist(corner, other), 0.5)
    return (
        corner[0] + part * (other[0] - corner[0]),
        corner[1] + part * (other[1] - corner[1]),
    )


def _curve(route: Route) -> list[Piece]:
    """A smooth curve between rows, a straight line past them."""
    pieces: list[Piece] = []
    begin = route.stops[0]
    for (leave, end), (enter, start) in zip(route.stops[1:-1:2], route.stops[2:-1:2], strict=True):
        steep = start - _ARROW[0]
        pieces.append((begin, (leave, end)))
        pieces.append(((leave, end), (leave, steep), (enter, end), (enter, steep)))
        begin = enter, steep
    return [*pieces, (begin, route.stops[-1])]
