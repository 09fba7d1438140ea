"""Where the boxes of a graph go: in rows, so that edges lead from row to row and seldom cross.

The method is that of Sugiyama, Tagawa and Toda (1981): rows, order within the rows, places. An edge
past other rows has a node without width in each of them, so that room is left for it; edges of one
source share these, as they carry the same array.

"Across" is along a row, "along" is from row to row: for a picture from top to bottom, x and y.
"""

from __future__ import annotations

import itertools
from bisect import bisect, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Edge = tuple[int, int]

_SWEEPS = 12
"""Times that all rows are ordered again; three or four are enough for most graphs."""
_ROUNDS = 400
"""Times that all constraints of the places are met in turn, at most."""
_BESIDE = {0: 26.0, 1: 18.0, 2: 12.0}
"""Room between neighbours in a row, in points, by how many of the two are passing edges."""


@dataclass
class Layered:
    """A graph in rows.

    Attributes:
        widths: Width of each node across, in points; 0 for a passing edge.
        level: The row of each node; of an edge's two ends, the first has the lower one.
        carried: For each pair of nodes in successive rows, the edges that pass between them.
        real: How many nodes are boxes: the others, of higher numbers, are passing edges.
        rows: The nodes of each row in order.
        across: The middle of each node, in points from the left end of all.
    """

    widths: list[float]
    level: list[int]
    carried: dict[Edge, list[Edge]]
    real: int
    rows: list[list[int]] = field(default_factory=list)
    across: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self._above: list[list[int]] = [[] for _ in self.level]
        self._below: list[list[int]] = [[] for _ in self.level]
        for first, second in self.carried:
            self._above[second].append(first)
            self._below[first].append(second)

    def above(self, node: int) -> list[int]:
        """Neighbours in the row before."""
        return self._above[node]

    def below(self, node: int) -> list[int]:
        """Neighbours in the row after."""
        return self._below[node]

    def passes(self, node: int) -> bool:
        """Whether a node is a passing edge."""
        return node >= self.real


def layered(widths: Sequence[float], edges: Sequence[Edge]) -> Layered:
    """Lay out a directed acyclic graph.

    Args:
        widths: Width of each node across, in points.
        edges: Pairs of nodes; the first one's number is smaller.
    """
    graph = _in_rows(list(widths), edges)
    _order(graph)
    places = _places(graph, edges)
    graph.across = places - np.min(places - np.array(graph.widths) / 2, initial=np.inf)
    return graph


# ------------------------------------------------------------ rows


def levels(count: int, edges: Sequence[Edge]) -> list[int]:
    """A row for each node: after all it needs; a source just before what needs it."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for first, second in edges:
        before[second].append(first)
        after[first].append(second)
    level = [0] * count
    for node in range(count):
        level[node] = max((level[one] + 1 for one in before[node]), default=0)
    for node in reversed(range(count)):
        if after[node] and len(after[node]) >= len(before[node]):  # edges get no longer in sum
            level[node] = min(level[one] for one in after[node]) - 1
    return level


def _in_rows(widths: list[float], edges: Sequence[Edge]) -> Layered:
    real, level = len(widths), levels(len(widths), edges)
    carried: dict[Edge, list[Edge]] = {}
    passing: dict[Edge, int] = {}
    for source, target in edges:
        node = source
        for row in range(level[source] + 1, level[target]):
            if (source, row) not in passing:
                passing[source, row] = len(widths)
                widths.append(0.0)
                level.append(row)
            there = passing[source, row]
            carried.setdefault((node, there), []).append((source, target))
            node = there
        carried.setdefault((node, target), []).append((source, target))
    graph = Layered(widths, level, carried, real)
    graph.rows = [[] for _ in range(max(level, default=-1) + 1)]
    for node, row in enumerate(level):
        graph.rows[row].append(node)
    return graph


# ------------------------------------------------------------ order within the rows


def _order(graph: Layered) -> None:
    """Sort each row by the mean place of its neighbours, down and up; keep the best order."""
    best, fewest = [list(row) for row in graph.rows], crossings(graph)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for row in graph.rows[1:] if down else graph.rows[-2::-1]:
            _sort(graph, row, down)
        _swap(graph)
        if (found := crossings(graph)) < fewest:
            best, fewest = [list(row) for row in graph.rows], found
    graph.rows = best


def _sort(graph: Layered, row: list[int], down: bool) -> None:
    neighbours = graph.above if down else graph.below
    place = {node: k for other in graph.rows for k, node in enumerate(other)}
    mean = {
        node: float(np.mean([place[one] for one in neighbours(node)] or [place[node]]))
        for node in row
    }
    row.sort(key=lambda node: mean[node])


def _swap(graph: Layered) -> None:
    """Exchange neighbours as long as edges cross less for it."""
    for _ in range(_SWEEPS):
        better = False
        place = {node: k for row in graph.rows for k, node in enumerate(row)}
        for row in graph.rows:
            for k in range(len(row) - 1):
                one, two = row[k : k + 2]
                gain = sum(
                    _pair(near(one), near(two), place) - _pair(near(two), near(one), place)
                    for near in (graph.above, graph.below)
                )
                if gain > 0:
                    row[k : k + 2] = two, one
                    place[one], place[two] = k + 1, k
                    better = True
        if not better:
            return


def _pair(first: list[int], second: list[int], place: dict[int, int]) -> int:
    """How often edges of a node cross those of its right neighbour."""
    return sum(place[one] > place[two] for one in first for two in second)


def crossings(graph: Layered) -> int:
    """How many pairs of edges between rows cross."""
    place = {node: k for row in graph.rows for k, node in enumerate(row)}
    total = 0
    for row in graph.rows:
        ends: list[int] = []
        for node in row:
            found = sorted(place[one] for one in graph.below(node))
            total += sum(len(ends) - bisect(ends, end) for end in found)
            for end in found:
                insort(ends, end)
    return total


# ------------------------------------------------------------ places across


def _places(graph: Layered, edges: Sequence[Edge]) -> Array:
    """The middle of each node across: nodes in one line where that can be, edges short.

    Nodes that are to stand in one line are one block. The blocks minimize the sum of squares of
    how far edges lead across, with room between neighbours: a quadratic programme, solved by
    Hildreth's method (1957), one constraint after the other.
    """
    block = _blocks(graph, edges)
    room: dict[Edge, float] = {}
    for row in graph.rows:
        for one, two in itertools.pairwise(row):
            pair = block[one], block[two]
            beside = _BESIDE[graph.passes(one) + graph.passes(two)]
            need = (graph.widths[one] + graph.widths[two]) / 2 + beside
            room[pair] = max(room.get(pair, 0.0), need)
    count = max(block, default=-1) + 1
    pull = 1e-3 * np.eye(count)  # keeps separate parts of a graph near each other
    for one, two in graph.carried:
        ends = [block[one], block[two]]
        if ends[0] != ends[1]:
            weight = 1.0 + graph.passes(one) + graph.passes(two)
            pull[np.ix_(ends, ends)] += weight * np.array([[1, -1], [-1, 1]])
    places = _apart(np.linalg.inv(pull), room)
    return places[block] if count else np.zeros(0)


def _apart(inverse: Array, room: dict[Edge, float]) -> Array:
    """The minimum of xᵀ Q x / 2 with x[b] - x[a] ≥ room[a, b]."""
    places = np.zeros(len(inverse))
    force = dict.fromkeys(room, 0.0)
    for _ in range(_ROUNDS):
        moved = 0.0
        for (a, b), need in room.items():
            away = inverse[b] - inverse[a]
            step = (need - places[b] + places[a]) / (away[b] - away[a])
            step = max(step, -force[a, b])
            force[a, b] += step
            places += step * away
            moved = max(moved, abs(step * (away[b] - away[a])))
        if moved < 0.05:  # points
            break
    rights: dict[int, list[int]] = {}
    waiting = dict.fromkeys(range(len(inverse)), 0)
    for a, b in room:
        rights.setdefault(a, []).append(b)
        waiting[b] += 1
    ready = [b for b, count in waiting.items() if not count]
    while ready:  # from left to right: what is still too near moves on
        a = ready.pop()
        for b in rights.get(a, ()):
            places[b] = max(places[b], places[a] + room[a, b])
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    return places


def _blocks(graph: Layered, edges: Sequence[Edge]) -> list[int]:
    """The block of each node: nodes that stand in one line, from row to row."""
    place = {node: k for row in graph.rows for k, node in enumerate(row)}
    through = _through(graph.real, edges)
    length = {pair: max(through[edge] for edge in held) for pair, held in graph.carried.items()}
    inner = {pair for pair in graph.carried if graph.passes(pair[0]) and graph.passes(pair[1])}
    wanted = inner | (
        {(node, _middle(node, graph.below(node), length, place)) for node in range(len(place))}
        & {(_middle(node, graph.above(node), length, place), node) for node in range(len(place))}
    )
    block = list(range(len(place)))
    held: dict[int, list[Edge]] = {}
    ends: set[tuple[int, bool]] = set()
    for one, two in sorted(wanted, key=lambda pair: (pair not in inner, -length[pair], pair)):
        others = held.setdefault(graph.level[one], [])
        crosses = any((place[one] - place[a]) * (place[two] - place[b]) < 0 for a, b in others)
        if crosses or (one, True) in ends or (two, False) in ends:
            continue
        ends |= {(one, True), (two, False)}
        others.append((one, two))
    for row in graph.rows:
        for one in row:
            for two in graph.below(one):
                if (one, two) in held.get(graph.level[one], ()):
                    block[two] = block[one]
    numbers = {old: new for new, old in enumerate(dict.fromkeys(block))}
    return [numbers[old] for old in block]


def _middle(
    node: int, neighbours: list[int], length: dict[Edge, int], place: dict[int, int]
) -> int:
    """The neighbour on the longest way through the graph; the middle one of several, or none."""

    def long(other: int) -> int:
        return length.get((node, other), length.get((other, node), 0))

    best = max(map(long, neighbours), default=0)
    found = sorted((one for one in neighbours if long(one) == best), key=lambda one: place[one])
    return found[len(found) // 2] if len(found) % 2 else -1


def _through(count: int, edges: Sequence[Edge]) -> dict[Edge, int]:
    """How many nodes the longest way through each edge has."""
    up, down = [1] * count, [1] * count
    for first, second in sorted(edges, key=lambda edge: edge[1]):
        up[second] = max(up[second], up[first] + 1)
    for first, second in sorted(edges, key=lambda edge: -edge[0]):
        down[first] = max(down[first], down[second] + 1)
    return {(first, second): up[first] + down[second] for first, second in edges}
