"""Networks so small that their samples lie side by side in a vector, unit after unit.

Where a row of units fills a few lanes of a vector only, a whole batch fills all of them. One thread
does all: a second one could not even start in the time.
"""

from __future__ import annotations

from chainrule.core.graph import Graph, Node
from chainrule.core.shapes import Shape
from chainrule.engines.kernels import MATRIX, Kernels
from chainrule.engines.operations import size_of
from chainrule.engines.sharing import WORTH, class_of

UNITS = 12
"""The most units of a layer. A step of 12-12-1 and 32 samples takes 1.5 µs side by side and 2.3 in
rows; of 16-16-1, where rows fill a vector of the widest, 2.2 and 2.4."""


def is_narrow(graph: Graph, kernels: Kernels, batch: int, parameters: int) -> bool:
    """Whether a graph's arrays can lie side by side, and better do."""
    if graph.noises or not all(_is_single(graph.shapes[name]) for name in graph.outputs):
        return False
    work = 6.0 * class_of(batch) * parameters
    return work < WORTH and all(_fits(graph, kernels, node) for node in graph.nodes)


def _fits(graph: Graph, kernels: Kernels, node: Node) -> bool:
    shapes = [graph.shapes[array] for array in (*node.inputs.values(), *node.outputs.values())]
    flat = all(len(shape) <= 2 for shape in shapes)
    if node.rule.name in MATRIX:
        rows = (graph.shapes[node.inputs["x"]], graph.shapes[node.output])
        few = flat and all(n is None or n <= UNITS for shape in shapes for n in shape)
        return few and all(shape[0] is None for shape in rows)
    if node.rule.name == "reshape" or kernels.is_elementwise(node.rule):
        return flat or all(map(_is_single, shapes))
    return all(map(_is_single, shapes))


def _is_single(shape: Shape) -> bool:
    """Whether an array looks the same either way: it does not grow with the samples, or by one."""
    return None not in shape[1:] and size_of(shape).per_sample <= 1
