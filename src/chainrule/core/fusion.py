"""The fusion pass: an activation and the loss behind it become one exact rule."""

from __future__ import annotations

from dataclasses import replace

from chainrule.core.graph import Graph, Node
from chainrule.core.rule import Rule


def fuse(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Replace every pair that is one of a rule's ``fusions``.

    The fused rule has the activation's output beside the losses, so that metrics still find the
    prediction under its name.

    Returns:
        The new graph, and a line in words for each replacement.
    """
    nodes = list(graph.nodes)
    made_by = {node.output: node for node in nodes}
    done = []
    for loss in graph.nodes:
        prediction = loss.inputs.get("y_pred", "")
        activation = made_by.get(prediction)
        if activation and activation.options:
            continue  # the fused rules are of activations as they are by default
        fused = activation and loss.rule.fusions.get(activation.rule.name)
        if not activation or not fused or _readers(nodes, prediction) > 1:
            continue
        nodes[nodes.index(loss)] = _fused(fused, activation, loss)
        nodes.remove(activation)
        done.append(f"{activation.layer}/{activation.rule.name} + {loss.rule.name} → {fused.name}")
    return replace(graph, nodes=tuple(nodes)), tuple(done)


def _readers(nodes: list[Node], array: str) -> int:
    return sum(array in node.inputs.values() for node in nodes)


def _fused(rule: Rule, activation: Node, loss: Node) -> Node:
    (z,) = activation.inputs.values()
    losses, prediction = rule.outputs
    return Node(
        rule,
        loss.layer,
        {"z": z, "y_true": loss.inputs["y_true"]},
        {losses: loss.output, prediction: activation.output},
        {name: value for name, value in loss.options.items() if name in rule.options},
    )
