import itertools

import numpy as np
import pytest

from chainrule.report.layering import crossings, layered, levels
from chainrule.report.routing import lay_out


def random_graph(seed):
    """Boxes of random sizes, each needing some of those before."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, 26))
    edges = {
        (int(first), second)
        for second in range(1, count)
        for first in generator.choice(second, size=min(second, int(generator.integers(1, 4))))
    }
    return [tuple(size) for size in generator.uniform((50, 20), (200, 80), (count, 2))], sorted(
        edges
    )


LINE = [(k, k + 1) for k in range(29)]
RESIDUAL = sorted([(k, k + 1) for k in range(12)] + [(k, k + 3) for k in range(0, 12, 3)])
DENSE = list(itertools.combinations(range(9), 2))
FAN = [(0, k) for k in range(1, 30)] + [(k, 30) for k in range(1, 30)]
GRAPHS = {
    "nothing": ([], []),
    "one": ([(60, 25)], []),
    "apart": ([(60, 25)] * 3, []),
    "line": ([(60, 25)] * 30, LINE),
    "residual": ([(60, 25), (90, 25), (130, 50), (60, 25)] * 3 + [(60, 25)], RESIDUAL),
    "dense": ([(60, 25)] * 9, DENSE),
    "fan": ([(60, 25)] * 31, FAN),
    **{f"random {seed}": random_graph(seed) for seed in range(25)},
}
every_graph = pytest.mark.parametrize(("sizes", "edges"), GRAPHS.values(), ids=GRAPHS)


def rectangles(layout):
    return [
        (x - width / 2, x + width / 2, y - height / 2, y + height / 2)
        for (x, y), (width, height) in zip(layout.middles, layout.sizes, strict=True)
    ]


def lines(layout, straight):
    """(edge, from, to) of every straight line."""
    for route in layout.routes:
        for pair in itertools.pairwise(route.corners(straight)):
            yield route.edge, *map(np.array, pair)


@every_graph
def test_boxes_do_not_overlap_and_are_in_the_picture(sizes, edges):
    layout = lay_out(sizes, edges)
    for size, needed in zip(layout.sizes, sizes, strict=True):
        assert size[0] >= needed[0]
        assert size[1] == needed[1]
    boxes = rectangles(layout)
    for one, two in itertools.combinations(boxes, 2):
        beside = max(one[0], two[0]) - min(one[1], two[1])
        below = max(one[2], two[2]) - min(one[3], two[3])
        assert max(beside, below) > 15  # points
    for left, right, low, high in boxes:
        assert -1e-6 <= left < right <= layout.size[0] + 1e-6
        assert -1e-6 <= low < high <= layout.size[1] + 1e-6


@every_graph
def test_every_edge_leads_from_its_source_to_its_target_and_down(sizes, edges):
    layout = lay_out(sizes, edges)
    assert [route.edge for route in layout.routes] == edges
    boxes = rectangles(layout)
    for route in layout.routes:
        for straight in (True, False):
            corners = route.corners(straight)
            left, right, _, end = boxes[route.edge[0]]
            assert corners[0] == pytest.approx(((left + right) / 2, end))
            left, right, start, _ = boxes[route.edge[1]]
            assert corners[-1][1] == pytest.approx(start)
            assert left + 5 < corners[-1][0] < right - 5  # not at a corner
            along = [y for _, y in corners]
            assert along == sorted(along)


@every_graph
@pytest.mark.parametrize("straight", [True, False])
def test_no_edge_leads_through_a_box(sizes, edges, straight):
    layout = lay_out(sizes, edges)
    boxes = np.reshape(rectangles(layout), (-1, 4, 1))
    part = np.linspace(0, 1, 102)[1:-1, None]
    for _, begin, end in lines(layout, straight):
        x, y = ((1 - part) * begin + part * end).T
        inside = (x > boxes[:, 0] + 0.5) & (x < boxes[:, 1] - 0.5)
        inside &= (y > boxes[:, 2] + 0.5) & (y < boxes[:, 3] - 0.5)
        assert not inside.any()


@every_graph
def test_edges_of_two_sources_share_no_line(sizes, edges):
    layout = lay_out(sizes, edges)
    for (one, *first), (two, *second) in itertools.combinations(lines(layout, True), 2):
        if one[0] == two[0]:
            continue
        for axis in (0, 1):
            places = [point[axis] for point in (*first, *second)]
            if max(places) - min(places) < 2:  # points
                begins = max(min(p[1 - axis] for p in pair) for pair in (first, second))
                ends = min(max(p[1 - axis] for p in pair) for pair in (first, second))
                assert ends - begins < 2


@every_graph
def test_arrows_at_a_box_are_apart(sizes, edges):
    layout = lay_out(sizes, edges)
    for box in range(len(sizes)):
        arrows = sorted(r.stops[-1][0] for r in layout.routes if r.edge[1] == box)
        assert all(b - a > 5.9 for a, b in itertools.pairwise(arrows))


@every_graph
def test_lines_are_along_or_across(sizes, edges):
    for _, begin, end in lines(lay_out(sizes, edges), True):
        assert min(abs(end - begin)) <= 0.5


def test_a_line_of_boxes_is_straight():
    layout = lay_out(*GRAPHS["line"])
    assert len({round(x, 6) for x, _ in layout.middles}) == 1
    assert all(len(route.corners(True)) == 2 for route in layout.routes)


def test_the_longest_way_of_a_residual_network_is_straight():
    layout = lay_out(*GRAPHS["residual"])
    assert len({round(x, 6) for x, _ in layout.middles}) == 1
    for route in layout.routes:
        first, second = route.edge
        assert len(route.corners(True)) == (2 if second == first + 1 else 6)


def test_two_branches_of_one_length_lie_on_either_side():
    layout = lay_out([(60, 25)] * 6, [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5)])
    x = [place for place, _ in layout.middles]
    assert x[0] == pytest.approx(x[5])
    assert x[0] == pytest.approx((x[1] + x[2]) / 2)
    assert x[1] == pytest.approx(x[3])


def test_a_source_is_just_before_what_needs_it():
    assert levels(6, [(1, 2), (2, 3), (0, 4), (3, 4), (4, 5)]) == [2, 0, 1, 2, 3, 4]


def test_nodes_are_ordered_so_that_nothing_crosses():
    ladder = [(0, 7), (1, 6), (2, 5), (3, 4)]
    assert crossings(layered([50.0] * 8, ladder)) == 0
    assert crossings(layered([50.0] * 4, [(0, 2), (0, 3), (1, 2), (1, 3)])) == 1  # at least


def test_an_edge_of_one_array_past_several_rows_is_drawn_once():
    graph = layered([50.0] * 9, DENSE)
    passing = [
        (node, graph.level[node]) for row in graph.rows for node in row if graph.passes(node)
    ]
    assert len(passing) == 7 + 6 + 5 + 4 + 3 + 2 + 1  # one per source and row, not per edge
