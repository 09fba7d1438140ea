"""From layers, losses, metrics and optimizer to a plan, checking that they fit together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from chainrule import losses
from chainrule.core.fusion import fuse
from chainrule.core.graph import LOSS, WEIGHT, Y_TRUE, Graph, GraphBuilder, Penalty
from chainrule.core.layout import Layout
from chainrule.core.plan import Head, Measurement, Plan
from chainrule.errors import ArgumentError
from chainrule.losses.total import per_sample, scaled, total
from chainrule.models.objectives import Objective
from chainrule.models.topology import Topology
from chainrule.optimizers import Optimizer

_PROBABILITIES = ("sigmoid", "softmax")


def predict_plan(topology: Topology, layout: Layout, dtype: str) -> Plan:
    """The plan of a model that is not compiled."""
    builder, outputs = topology.expand(layout, training=False)
    graph = builder.finish(outputs)
    _check_softmax(graph)
    return Plan(dtype, layout, tuple(topology.input_shapes), graph)


def compiled_plan(
    topology: Topology, base: Plan, objectives: Sequence[Objective], optimizer: Optimizer
) -> Plan:
    """The plan of a compiled model.

    Args:
        topology: The layers and how they are joined.
        base: The plan of the model before it was compiled.
        objectives: What to minimize and measure, one entry per output.
        optimizer: The optimizer.
    """
    if not any(objective.loss for objective in objectives):
        raise ArgumentError("`compile()` needs a `loss` to train or evaluate.", loss=None)
    for output, objective in zip(base.predict.outputs, objectives, strict=True):
        if objective.loss is not None:
            _check_loss(base.predict, output, objective.loss)
    train, heads, fusions = _with_losses(topology, base.layout, objectives, training=True)
    evaluate, _, _ = _with_losses(topology, base.layout, objectives, training=False)
    constraints = {
        weight.slot.name: (weight.constraint.rule, weight.constraint.options)
        for layer in topology.operations
        for weight in layer.declared
        if weight.constraint is not None and weight.slot.trainable
    }
    return Plan(
        base.dtype,
        base.layout,
        base.inputs,
        base.predict,
        evaluate,
        train,
        heads,
        ()
        if len(heads) == 1
        else tuple((f"{h.loss.removeprefix(f'{LOSS}/')}_loss", h.loss) for h in heads),
        _measurements(objectives, train.outputs),
        optimizer.update(base.layout.moved, constraints),
        fusions,
    )


def _measurements(
    objectives: Sequence[Objective], outputs: Sequence[str]
) -> tuple[Measurement, ...]:
    """Metrics under the names that Keras' logs give them.

    A name that is taken gets a number; one of a weighted metric, ``weighted_`` first.
    """
    taken = {LOSS: 1}
    found = []
    for weighted in (False, True):
        for output, objective in zip(outputs, objectives, strict=True):
            prefix = f"{objective.name}_" if objective.name else ""
            for metric, applies in objective.metrics:
                if applies != weighted:
                    continue
                name = f"{prefix}{metric.name}"
                if name in taken and weighted:
                    name = f"{prefix}weighted_{metric.name}"
                if name in taken:
                    taken[name] += 1
                    name = f"{name}_{taken[name] - 1}"
                taken[name] = 1
                weight = objective.key(WEIGHT) if applies else None
                found.append(Measurement(name, metric, output, objective.key(Y_TRUE), weight))
    return tuple(found)


def _with_losses(
    topology: Topology, layout: Layout, objectives: Sequence[Objective], training: bool
) -> tuple[Graph, tuple[Head, ...], tuple[str, ...]]:
    """Append the losses and penalties and their sum, then fuse."""
    builder, outputs = topology.expand(layout, training)
    builder.enter("", 0)
    pairs = [(a, o) for a, o in zip(outputs, objectives, strict=True) if o.loss is not None]
    alone = len(pairs) == 1 and pairs[0][1].scale is None and not builder.penalties
    heads = [
        _with_loss(
            builder, array, objective, LOSS if alone else f"{LOSS}/{objective.name or 'data'}"
        )
        for array, objective in pairs
    ]
    if not alone:
        terms = [(h.loss, o.scale) for h, (_, o) in zip(heads, pairs, strict=True)]
        _sum_up(builder, terms + [(_penalty(builder, p), None) for p in builder.penalties])
    graph, fusions = fuse(builder.finish(outputs))
    return graph, tuple(heads), fusions


def _with_loss(builder: GraphBuilder, output: str, objective: Objective, name: str) -> Head:
    """Append one output's loss and its reduction, ``name``."""
    loss = objective.loss
    assert loss is not None  # noqa: S101
    shape = builder.shapes[output]
    y_true, weight, divisor = objective.key(Y_TRUE), f"{name}/weight", f"{name}/divisor"
    builder.shapes[y_true] = shape[:-1] if loss.sparse else shape
    builder.shapes[divisor] = ()
    from_logits = loss.from_logits and loss.logits_rule is not None
    rule = loss.logits_rule if from_logits else loss.rule
    assert rule is not None  # noqa: S101
    inputs = {argument: y_true if argument == "y_true" else output for argument in rule.inputs}
    options = {option: value for option, value in loss.options.items() if option in rule.options}
    values = builder.apply(rule, inputs, f"{name}/values", **options)
    builder.shapes[weight] = builder.shapes[values]
    mean = {"losses": values, "weight": weight, "divisor": divisor}
    builder.apply(losses.weighted_mean, mean, name)
    return Head(
        output,
        y_true,
        objective.key(WEIGHT),
        weight,
        divisor,
        values,
        name,
        loss.reduction,
        loss.ignore_class,
    )


def _penalty(builder: GraphBuilder, penalty: Penalty) -> str:
    """Append what a regularizer adds."""
    (argument,) = penalty.rule.inputs
    name = f"penalty/{penalty.name}"
    made = builder.apply(penalty.rule, {argument: penalty.array}, name, **penalty.options)
    if not penalty.per_sample:
        return made
    return builder.apply(per_sample, {"y": made, "x": penalty.array}, f"{name}/mean")


def _sum_up(builder: GraphBuilder, terms: Sequence[tuple[str, float | None]]) -> None:
    """Let ``"loss"`` be the sum of all terms, each times its factor."""
    (first, scale), *others = terms
    array = builder.apply(
        scaled, {"x": first}, f"{LOSS}/sum" if others else LOSS, scale=_factor(scale)
    )
    for place, (term, scale) in enumerate(others, start=1):
        name = LOSS if place == len(others) else f"{LOSS}/sum{place}"
        array = builder.apply(total, {"total": array, "term": term}, name, scale=_factor(scale))


def _factor(scale: float | None) -> float:
    return 1.0 if scale is None else scale


def _check_softmax(graph: Graph) -> None:
    for node in graph.nodes:
        if node.rule.name != "softmax":
            continue
        (array,) = node.inputs.values()
        if graph.shapes[array][node.options.get("axis", -1)] == 1:
            raise ArgumentError(
                f"Layer {node.layer!r}: a softmax over one unit is always 1. Use 'sigmoid' for a "
                "yes/no output.",
                units=1,
            )
        maker = graph.maker(array)
        if maker is not None and maker.rule.name == "softmax":
            raise ArgumentError(
                f"Layer {node.layer!r} applies softmax to the softmax of layer {maker.layer!r}. "
                "Keep one of them.",
                layers=[maker.layer, node.layer],
            )


def _check_loss(graph: Graph, output: str, loss: losses.Loss) -> None:
    """Refuse or warn where a loss and the output before it do not belong together."""
    if loss.reduction == "none":
        raise ArgumentError("A model cannot train on reduction 'none'.", loss=loss)
    loss.check(graph.shapes[output])
    if not hasattr(loss, "from_logits") or loss.logits_rule is None:
        return
    maker = graph.maker(output)
    activation = maker.rule.name if maker is not None else "linear"
    layer = maker.layer if maker is not None else "input"
    if loss.from_logits and activation in _PROBABILITIES:
        raise ArgumentError(
            f"Loss {loss.name!r} has from_logits=True, but layer {layer!r} ends with {activation}: "
            f"it would be applied twice. Drop the activation, or use from_logits=False.",
            from_logits=True,
        )
    units = graph.shapes[output][-1]
    if units == 1 and not loss.rule.name.startswith("binary"):
        raise ArgumentError(
            f"Loss {loss.name!r} needs one output per class; layer {layer!r} has one. Use "
            "'binary_crossentropy' for a yes/no output.",
            units=units,
        )
    if not loss.from_logits and activation not in _PROBABILITIES:
        warnings.warn(
            f"Loss {loss.name!r} expects probabilities, but layer {layer!r} ends with "
            f"{activation}. Give it a sigmoid or softmax, or the loss from_logits=True.",
            stacklevel=5,
        )
