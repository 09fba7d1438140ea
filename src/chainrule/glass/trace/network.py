"""A network as data that a drawing needs: layers, what each is connected to, and its arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.core.graph import Y_TRUE, Graph

if TYPE_CHECKING:
    from chainrule.core.plan import Plan
    from chainrule.models.topology import Topology

MOST_NEURONS, MOST_WEIGHTS = 48, 256
"""A network of more is drawn layer by layer: beyond that, edges cannot be told apart."""


def network_of(topology: Topology, plan: Plan) -> dict[str, Any]:
    """What a drawing needs.

    Args:
        topology: The layers and how they are joined.
        plan: The compiled plan.
    """
    graph = plan.train
    assert graph is not None  # noqa: S101
    layers = _layers(topology, plan, graph)
    inputs = [
        {"name": array, "units": _units(graph, array), "shape": _shape(graph, array)}
        for array in plan.inputs
    ]
    targets = [head.y_true for head in plan.heads]
    return {
        "drawn": "neurons" if _is_small(layers, inputs, plan) else "layers",
        "layers": layers,
        "inputs": inputs,
        "outputs": list(graph.outputs),
        "target": targets[0] if targets else Y_TRUE,
        "targets": targets,
    }


def _layers(topology: Topology, plan: Plan, graph: Graph) -> list[dict[str, Any]]:
    arrays = topology.names(plan.inputs[0].partition("/")[0], topology.inputs)
    parameters = {slot.name for slot in plan.layout}
    leaving, uses = graph.layer_outputs(), dict[str, int]()
    found = []
    for call in topology.calls:
        layer = call.layer
        use = uses.get(layer.name, 0)
        uses[layer.name] = use + 1
        prefix = f"{layer.name}@{use}/" if use else f"{layer.name}/"
        sources = [arrays[symbol] for symbol in call.inputs]
        output = leaving.get(prefix[:-1], sources[0])
        arrays[call.output] = output
        activation = getattr(layer, "activation", None)
        found.append(
            {
                "name": prefix[:-1],
                "type": type(layer).__name__,
                "units": _units(graph, output),
                "shape": _shape(graph, output),
                "activation": getattr(activation, "name", ""),
                "from": sources,
                "output": output,
                "pre_activation": f"{prefix}z" if f"{prefix}z" in graph.shapes else "",
                "kernel": _if_in(f"{layer.name}/kernel", parameters),
                "bias": _if_in(f"{layer.name}/bias", parameters),
                "parameters": [w.slot.name for w in layer.declared],
            }
        )
    return found


def _if_in(name: str, parameters: set[str]) -> str:
    return name if name in parameters else ""


def _units(graph: Graph, array: str) -> int:
    shape = graph.shapes[array]
    return int(shape[-1] or 1) if len(shape) > 1 else 1


def _shape(graph: Graph, array: str) -> list[int | None]:
    return list(graph.shapes[array])


def _is_small(layers: list[dict[str, Any]], inputs: list[dict[str, Any]], plan: Plan) -> bool:
    """Whether every neuron and weight can be drawn."""
    flat = all(len(part["shape"]) <= 2 for part in (*layers, *inputs))
    neurons = sum(part["units"] for part in (*layers, *inputs))
    return flat and neurons <= MOST_NEURONS and plan.layout.size <= MOST_WEIGHTS
