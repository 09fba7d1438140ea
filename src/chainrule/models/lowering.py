"""From layers, loss, metrics and optimizer to a plan, checking that they fit together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import losses, metrics
from chainrule.core.fusion import fuse
from chainrule.core.layout import Layout
from chainrule.core.plan import DIVISOR, LOSS, WEIGHT, Y_TRUE, Graph, GraphBuilder, Node, Plan, X
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.layer import Layer
from chainrule.optimizers import Optimizer

_PROBABILITIES = ("sigmoid", "softmax")


@dataclass(frozen=True)
class Compiled:
    """What ``compile()`` was given, resolved as far as it can be without data.

    Attributes:
        optimizer: The optimizer.
        loss: The loss; ``None`` if there is none, or as long as targets must say which it is.
        loss_by_targets: Whether the loss is ``"crossentropy"``, of the kind that fits the targets.
        metrics: As given.
        weighted_metrics: As given.
    """

    optimizer: Optimizer
    loss: losses.Loss | None
    loss_by_targets: bool
    metrics: tuple[Any, ...]
    weighted_metrics: tuple[Any, ...]


def layer_graph(
    layers: Sequence[Layer], layout: Layout, input_shape: Shape, training: bool
) -> GraphBuilder:
    """The nodes of a line of layers, unfinished; ``builder.output`` is the prediction.

    Raises:
        ShapeError: Two layers do not fit together.
        ArgumentError: A softmax is over one unit, or is applied twice.
    """
    builder = GraphBuilder({slot.name: slot.shape for slot in layout}, input_shape, training)
    array = X
    for position, layer in enumerate(layers):
        builder.layer, builder.position = layer.name, position
        array = layer.expand(builder, array)
    builder.output = array
    _check_softmax(builder.finish(array))
    return builder


def predict_plan(layers: Sequence[Layer], layout: Layout, input_shape: Shape, dtype: str) -> Plan:
    """The plan of a model that is not compiled."""
    builder = layer_graph(layers, layout, input_shape, training=False)
    return Plan(dtype, layout, builder.finish(builder.output))


def compiled_plan(
    layers: Sequence[Layer], base: Plan, input_shape: Shape, compiled: Compiled, sparse: bool
) -> tuple[Plan, tuple[metrics.Metric, ...]]:
    """The plan of a compiled model, and its metrics in the order of ``compile()``.

    Args:
        layers: The layers.
        base: The plan of the model before it was compiled.
        input_shape: Shape of the input.
        compiled: What ``compile()`` was given.
        sparse: Whether the targets are class numbers, which decides what ``"accuracy"`` means.
    """
    loss = compiled.loss
    if loss is None:
        raise ArgumentError("`compile()` needs a `loss` to train or evaluate.", loss=loss)
    if loss.reduction == "none":
        raise ArgumentError("A model cannot train on reduction 'none'.", loss=loss)
    _check_loss(base.predict, loss)
    train, fusions = _with_loss(layer_graph(layers, base.layout, input_shape, True), loss)
    evaluate, _ = _with_loss(layer_graph(layers, base.layout, input_shape, False), loss)
    outputs = base.predict.shapes[base.predict.output][-1]
    plain = [(m, False) for m in compiled.metrics]
    weighted = [(m, True) for m in compiled.weighted_metrics]
    found = [(metrics.get(m, sparse, outputs), w) for m, w in (*plain, *weighted)]
    for metric, _ in found:
        if metric.sparse and not sparse:
            raise ArgumentError(
                f"Metric {metric.name!r} needs class numbers, but loss {loss.name!r} has targets "
                "of the predictions' shape.",
                metrics=[m.name for m, _ in found],
            )
    names = _log_names(found)
    plan = Plan(
        base.dtype,
        base.layout,
        base.predict,
        evaluate,
        train,
        loss.reduction,
        loss.sparse,
        tuple((n, metric, weight) for n, (metric, weight) in zip(names, found, strict=True)),
        compiled.optimizer.update(),
        fusions,
    )
    return plan, tuple(metric for metric, _ in found)


def crossentropy_kind(output_shape: Shape, y_shape: tuple[int, ...]) -> str:
    """Which cross-entropy fits an output and targets."""
    if output_shape[-1] == 1:
        return "binary_crossentropy"
    one_hot = len(y_shape) == len(output_shape) and y_shape[-1] != 1
    return "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"


def _log_names(found: list[tuple[metrics.Metric, bool]]) -> list[str]:
    """What the logs call each metric; a weighted one whose name is taken gets ``weighted_``."""
    names: list[str] = []
    for metric, weighted in found:
        name = f"weighted_{metric.name}" if weighted and metric.name in names else metric.name
        if name in (*names, LOSS):
            raise ArgumentError(
                f"Two entries of the logs would be called {name!r}.",
                metrics=[metric.name for metric, _ in found],
            )
        names.append(name)
    return names


def _with_loss(builder: GraphBuilder, loss: losses.Loss) -> tuple[Graph, tuple[str, ...]]:
    """Append the loss and its reduction, then fuse."""
    output = builder.output
    shape = builder.shapes[output]
    builder.layer = LOSS
    builder.shapes[Y_TRUE] = shape[:-1] if loss.sparse else shape
    builder.shapes[WEIGHT] = shape[:-1]
    builder.shapes[DIVISOR] = ()
    from_logits = loss.from_logits and loss.logits_rule is not None
    rule = loss.logits_rule if from_logits else loss.rule
    assert rule is not None  # noqa: S101
    inputs = {name: Y_TRUE if name == Y_TRUE else output for name in rule.inputs}
    options = {name: value for name, value in loss.options.items() if name in rule.options}
    values = builder.apply(rule, inputs, f"{LOSS}/values", **options)
    mean = {"losses": values, "weight": WEIGHT, "divisor": DIVISOR}
    builder.apply(losses.weighted_mean, mean, LOSS)
    return fuse(builder.finish(output), losses.FUSIONS)


def _maker(graph: Graph, array: str) -> Node | None:
    return next((node for node in graph.nodes if node.output == array), None)


def _check_softmax(graph: Graph) -> None:
    for node in graph.nodes:
        if node.rule.name != "softmax":
            continue
        (array,) = node.inputs.values()
        if graph.shapes[array][-1] == 1:
            raise ArgumentError(
                f"Layer {node.layer!r}: a softmax over one unit is always 1. Use 'sigmoid' for a "
                "yes/no output.",
                units=1,
            )
        maker = _maker(graph, array)
        if maker is not None and maker.rule.name == "softmax":
            raise ArgumentError(
                f"Layer {node.layer!r} applies softmax to the softmax of layer {maker.layer!r}. "
                "Keep one of them.",
                layers=[maker.layer, node.layer],
            )


def _check_loss(graph: Graph, loss: losses.Loss) -> None:
    """Refuse or warn where a loss and the output before it do not belong together."""
    if not hasattr(loss, "from_logits") or loss.logits_rule is None:
        return
    maker = _maker(graph, graph.output)
    activation = maker.rule.name if maker is not None else "linear"
    layer = maker.layer if maker is not None else "input"
    if loss.from_logits and activation in _PROBABILITIES:
        raise ArgumentError(
            f"Loss {loss.name!r} has from_logits=True, but layer {layer!r} ends with {activation}: "
            f"it would be applied twice. Drop the activation, or use from_logits=False.",
            from_logits=True,
        )
    units = graph.shapes[graph.output][-1]
    if units == 1 and loss.rule.name != "binary_crossentropy":
        raise ArgumentError(
            f"Loss {loss.name!r} needs one output per class; layer {layer!r} has one. Use "
            "'binary_crossentropy' for a yes/no output.",
            units=units,
        )
    if not loss.from_logits and activation not in _PROBABILITIES:
        warnings.warn(
            f"Loss {loss.name!r} expects probabilities, but layer {layer!r} ends with "
            f"{activation}. Give it a sigmoid or softmax, or the loss from_logits=True.",
            stacklevel=4,
        )
