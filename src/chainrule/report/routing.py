"""How the edges of a laid-out graph lead from box to box: between the rows, around all boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.layering import Edge, Layered, layered
from chainrule.report.spacing import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Point = tuple[float, float]

_GAP = 26.0
"""Room between two rows without lanes, in points: an arrow and a little of its line."""
_LANE = 9.0
"""Between two parallel lines, in points."""
_PORT = 14.0
"""Between two arrows at one box, in points, where the box is wide enough."""
_LEAST_PORT = 6.0
"""The same, to let an edge be straight."""
_CORNER = 8.0
"""What is kept free of arrows at the corners of a box, in points."""
_STRAIGHT = 0.5
"""Two places that differ by less, in points, are one."""


@dataclass(frozen=True)
class Route:
    """An edge's way.

    Attributes:
        edge: Numbers of its two nodes.
        stops: Where it leaves a row and enters the next, in turn: (across, along) of the source's
            far side, the end of the source's row, the start of the next row, …, the target's near
            side.
        lanes: Where it may lead across, for each gap between rows that it passes.
    """

    edge: Edge
    stops: tuple[Point, ...]
    lanes: tuple[float, ...]

    def corners(self, straight: bool) -> list[Point]:
        """The points between which straight lines are drawn.

        Args:
            straight: Whether all lines are along or across.
        """
        points = [self.stops[0]]
        for gap, lane in enumerate(self.lanes):
            (leave, end), (enter, start) = self.stops[2 * gap + 1 : 2 * gap + 3]
            if straight and abs(leave - enter) > _STRAIGHT:
                points += [(leave, lane), (enter, lane)]
            elif not straight:
                points += [(leave, end), (enter, start - _LANE)]
        points = list(dict.fromkeys([*points, self.stops[-1]]))
        first, *between, last = points
        kept = [
            point
            for before, point, after in zip(points, between, points[2:], strict=False)
            if not _on_a_line(before, point, after)
        ]
        return [first, *kept, last]


@dataclass(frozen=True)
class Layout:
    """Boxes and the edges between them, (across, along) in points from one corner of the picture.

    Attributes:
        middles: The middle of each box.
        sizes: Its size.
        routes: One per edge.
        size: Size of the picture.
    """

    middles: list[Point]
    sizes: list[Point]
    routes: list[Route]
    size: Point


def lay_out(sizes: Sequence[Point], edges: Sequence[Edge]) -> Layout:
    """Places for boxes, and ways for edges, of a directed acyclic graph.

    Args:
        sizes: Size of each box, (across, along) in points; boxes too small for the arrows that
            arrive are made larger.
        edges: Pairs of boxes, each once; the first one's number is smaller.
    """
    sizes = _roomy(sizes, edges)
    graph = layered([across for across, _ in sizes], edges)
    ports = {
        (one, node): port for node in range(graph.real) for one, port in _ports(graph, node).items()
    }
    bands = _bands(graph, sizes, [_lanes(graph, row, ports) for row in graph.rows[:-1]])
    middles = [
        (float(graph.across[node]), (bands.starts[row] + bands.ends[row]) / 2)
        for node, row in enumerate(graph.level[: graph.real])
    ]
    routes = [_route(graph, edge, sizes, bands, ports) for edge in edges]
    width = float(np.max(graph.across + np.array(graph.widths) / 2, initial=0.0))
    return Layout(middles, sizes, routes, (width, max(bands.ends, default=0.0)))


def _roomy(sizes: Sequence[Point], edges: Sequence[Edge]) -> list[Point]:
    arrows = Counter(target for _, target in edges)
    return [
        (max(across, (arrows[box] > 1) * (2 * _CORNER + (arrows[box] + 1) * _LEAST_PORT)), along)
        for box, (across, along) in enumerate(sizes)
    ]


@dataclass(frozen=True)
class _Bands:
    """Where each row begins and ends, and the lanes of each gap after a row by node."""

    starts: list[float]
    ends: list[float]
    lanes: list[dict[int, int]]


def _bands(graph: Layered, sizes: Sequence[Point], lanes: list[dict[int, int]]) -> _Bands:
    starts, ends, along = [], [], 0.0
    for row, gap in zip(graph.rows, [*lanes, {}], strict=False):
        starts.append(along)
        along += max((sizes[node][1] for node in row if not graph.passes(node)), default=0.0)
        ends.append(along)
        along += _GAP + _LANE * max(gap.values(), default=0)
    return _Bands(starts, ends, lanes)


def _ports(graph: Layered, node: int) -> dict[int, float]:
    """Where edges arrive at a box, across, by the node before.

    An edge from a place within the box's width arrives straight; the others as near to the middle
    as there is room.
    """
    sources = sorted(graph.above(node), key=lambda one: graph.across[one])
    if not sources:
        return {}
    middle, reach = graph.across[node], max(graph.widths[node] / 2 - _CORNER, 0.0)
    came = np.array([graph.across[one] for one in sources])
    straight = np.abs(came - middle) <= reach
    last = len(sources) - 1
    step = min(_PORT, 2 * reach / max(last, 1))
    for k in np.flatnonzero(straight):  # nearer together, if that leaves this one straight
        away = came[k] - middle
        for free, others in ((reach + away, k), (reach - away, last - k)):
            if others and free / others >= _LEAST_PORT:
                step = min(step, float(free / others))
    places = spread(np.where(straight, came, middle), np.where(straight, 1e4, 1.0), step)
    rest = step * np.arange(len(sources))  # keeps all of them, in order, within reach
    places = np.clip(places - rest, middle - reach, middle + reach - rest[-1]) + rest
    return dict(zip(sources, places.tolist(), strict=True))


# ------------------------------------------------------------ lanes between two rows


@dataclass(frozen=True)
class _Net:
    """What leads across from one node of a row to the next row."""

    node: int
    start: float
    ends: tuple[float, ...]

    @property
    def reach(self) -> Point:
        return min(self.start, *self.ends), max(self.start, *self.ends)


def _lanes(graph: Layered, row: Sequence[int], ports: dict[Edge, float]) -> dict[int, int]:
    """The lane, from 1, of each node of a row whose edges lead across to the next row."""
    order: list[_Net] = []
    for node in row:
        start = float(graph.across[node])
        ends = [ports.get((node, one), float(graph.across[one])) for one in graph.below(node)]
        if any(abs(end - start) > _STRAIGHT for end in ends):
            net = _Net(node, start, tuple(ends))
            costs = [
                sum(_cost(one, net) for one in order[:k])
                + sum(_cost(net, one) for one in order[k:])
                for k in range(len(order) + 1)
            ]
            order.insert(costs.index(min(costs)), net)
    lanes: dict[int, int] = {}
    for k, net in enumerate(order):
        lanes[net.node] = 1 + max(
            (lanes[one.node] for one in order[:k] if _meet(one, net)), default=0
        )
    return lanes


def _meet(one: _Net, two: _Net) -> bool:
    (low, high), (other_low, other_high) = one.reach, two.reach
    return low < other_high + _LANE and other_low < high + _LANE


def _cost(first: _Net, second: _Net) -> int:
    """How bad it is that one net leads across before another: crossings; much for a shared line."""
    low, high = second.reach
    crossings = sum(low < end < high for end in first.ends)
    low, high = first.reach
    crossings += low < second.start < high
    shared = any(abs(end - second.start) < _LANE / 2 for end in first.ends)
    return crossings + 100 * shared


# ------------------------------------------------------------ ways


def _route(
    graph: Layered,
    edge: Edge,
    sizes: Sequence[Point],
    bands: _Bands,
    ports: dict[Edge, float],
) -> Route:
    node, target = edge
    half = [sizes[box][1] / 2 for box in edge]
    middle = [
        (bands.starts[row] + bands.ends[row]) / 2 for row in map(graph.level.__getitem__, edge)
    ]
    stops, lanes = [(graph.across[node], middle[0] + half[0])], []
    while node != target:
        row = graph.level[node]
        (after,) = (one for one in graph.below(node) if edge in graph.carried[node, one])
        stops.append((graph.across[node], bands.ends[row]))
        lanes.append(bands.ends[row] + _GAP / 2 + _LANE * (bands.lanes[row].get(node, 1) - 1))
        stops.append((ports.get((node, after), graph.across[after]), bands.starts[row + 1]))
        node = after
    stops.append((stops[-1][0], middle[1] - half[1]))
    exact = tuple((round(float(x), 6), round(float(y), 6)) for x, y in stops)  # equal, if alike
    return Route(edge, exact, tuple(lanes))


def _on_a_line(one: Point, two: Point, three: Point) -> bool:
    return any(
        max(values) - min(values) <= _STRAIGHT for values in zip(one, two, three, strict=True)
    )
