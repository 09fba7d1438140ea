"""From update rules to an update: nodes, and the state vectors that they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.core.layout import Layout, Slot
from chainrule.core.plan import State, UpdateNode
from chainrule.core.rule import UpdateRule


def node_of(
    rule: UpdateRule,
    options: Mapping[str, Any],
    variable: str | None = None,
    when: str | None = None,
) -> UpdateNode:
    """A node whose arrays have the names that the rule gives them."""
    inputs = {name: name for name in rule.inputs}
    outputs = {name: name for name in rule.outputs}
    return UpdateNode(rule, inputs, outputs, options, variable, when)


def states_of(
    nodes: Iterable[UpdateNode], layout: Layout, start: Mapping[str, float]
) -> dict[str, State]:
    """The state vectors: what nodes take that no node before them made.

    Args:
        nodes: The nodes of an update, in order.
        layout: The variables that training moves.
        start: What the elements of states are at first, where it is not 0.
    """
    made = {"theta", "grad"}
    kept: dict[str, dict[str, Slot]] = {}
    for node in nodes:
        for name in node.inputs.values():
            if name in kept or name not in made:
                shapes = _part_shapes(node, name, layout)
                kept.setdefault(name, {}).update({n: Slot(n, s) for n, s in shapes.items()})
        made |= set(node.outputs.values())
    return {
        name: State(
            Layout(parts[slot.name] for slot in layout if slot.name in parts), start.get(name, 0.0)
        )
        for name, parts in kept.items()
    }


def _part_shapes(node: UpdateNode, array: str, layout: Layout) -> dict[str, tuple[int, ...]]:
    """The shape of each variable's part of a vector that a node takes."""
    variables = {slot.name: slot.shape for slot in layout}
    if node.variable is None:
        return variables
    shape, signature = variables[node.variable], node.rule.signature
    if not node.rule.elementwise:
        known = {name: shape for name in ("theta", "grad") if name in node.inputs}
        (spec,) = (spec for spec in signature.inputs if node.inputs[spec.name] == array)
        shape = spec.shape(signature.bound(known))  # type: ignore[assignment]
    return {node.variable: shape}
