"""Names of the axes of a graph's arrays, read off the shape texts of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.core.graph import Graph
from chainrule.core.shapes import Spec

Names = tuple[str, ...]


def axis_names(graph: Graph, parameters: frozenset[str]) -> dict[str, Names]:
    """A name for each axis of every array.

    Args:
        graph: The training graph.
        parameters: Names of the parameters, whose axes are named as their first reader does.
    """
    found: dict[str, Names] = {}
    for node in graph.nodes:
        bound: dict[str, Names] = {}
        for spec in node.rule.signature.inputs:
            array = node.inputs[spec.name]
            rank = len(graph.shapes[array])
            names = found.setdefault(array, _named(spec, rank, {}, batch=array not in parameters))
            if array not in parameters:
                bound |= _bound(spec, names)
        for spec in node.rule.signature.outputs:
            array = node.outputs[spec.name]
            found[array] = _named(spec, len(graph.shapes[array]), bound)
    return found


def _bound(spec: Spec, names: Names) -> dict[str, Names]:
    """What each axis of a shape text is called in the array that was given."""
    width = len(names) - sum(not axis.startswith("*") for axis in spec.axes)
    left, bound = list(names), {}
    for axis in spec.axes:
        count = width if axis.startswith("*") else 1
        bound[axis], left = tuple(left[:count]), left[count:]
    return bound


def _named(spec: Spec, rank: int, bound: Mapping[str, Names], batch: bool = False) -> Names:
    width = rank - sum(not axis.startswith("*") for axis in spec.axes)
    names: list[str] = []
    for axis in spec.axes:
        if axis in bound:
            names += bound[axis]
        elif not axis.startswith("*"):
            names.append(axis)
        else:
            letter = axis[1:]
            names += [letter] if width == 1 else [f"{letter}{n}" for n in range(1, width + 1)]
    if len(names) != rank:  # a shape that the rule's options say
        names = [f"A{n}" for n in range(1, rank + 1)]
    if batch and names:
        names[0] = "N"
    return tuple(names)
