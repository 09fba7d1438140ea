"""The model as data: nodes that name a rule and its inputs, and the plan that holds them.

Layers and losses write nodes through a :class:`GraphBuilder`; engines read the finished
:class:`Plan` and never see a layer. Every array of a training step has one name, which says
whose it is: ``"dense/kernel"``, ``"dense/z"``, ``"loss"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from chainrule.core.layout import Layout
from chainrule.core.rule import Rule, UpdateRule
from chainrule.core.shapes import Shape
from chainrule.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

X, Y_TRUE, WEIGHT, DIVISOR, LOSS = "x", "y_true", "sample_weight", "divisor", "loss"
"""Names of the arrays that come from outside, and of the loss."""


@dataclass(frozen=True)
class Node:
    """One application of a rule.

    Attributes:
        rule: The rule.
        layer: The layer that wrote the node; ``"loss"`` for the loss.
        inputs: For each input of the rule, the name of the array it takes.
        outputs: For each output of the rule, the name of the array it makes.
        options: The rule's scalar options.
    """

    rule: Rule
    layer: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """The name of the first output: the one that derivatives flow into."""
        return self.outputs[self.rule.outputs[0]]


@dataclass(frozen=True)
class Noise:
    """A random array that a node takes as input: drawn anew at every training step.

    Attributes:
        name: Its name in the graph.
        stream: Name of its random stream: by the layer's place in the model, not by its name,
            so that two models of one shape and seed draw the same.
        keep: Probability of a one; the array holds zeros and ones.
        shape: Shape with ``None`` for the number of samples.
        seed: A layer's own seed; ``None`` for the model's.
    """

    name: str
    stream: str
    keep: float
    shape: Shape
    seed: int | None = None


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be computed.

    Attributes:
        nodes: The nodes.
        noises: The random inputs.
        shapes: Shape of every array, ``None`` being the number of samples.
        output: The array that is the model's prediction.
    """

    nodes: tuple[Node, ...]
    noises: tuple[Noise, ...]
    shapes: Mapping[str, Shape]
    output: str

    def differentiated(self, wanted: frozenset[str]) -> frozenset[str]:
        """The arrays on a path from ``wanted`` to the loss: those whose cotangent is needed."""
        needed = set(wanted)
        for node in self.nodes:
            if any(node.inputs[name] in needed for name in node.rule.cotangents):
                needed.add(node.output)
        return frozenset(needed)


class GraphBuilder:
    """Collects nodes while layers expand.

    Args:
        parameters: Shapes of the parameters, by name.
        input_shape: Shape of ``x``, with ``None`` for the number of samples.
        training: Whether the graph is for training, where layers like Dropout differ.
    """

    def __init__(self, parameters: Mapping[str, Shape], input_shape: Shape, training: bool) -> None:
        self.training = training
        self.layer = ""
        self.position = 0
        self.output = X
        self.shapes: dict[str, Shape] = {**parameters, X: tuple(input_shape)}
        self._nodes: list[Node] = []
        self._noises: list[Noise] = []

    def apply(
        self,
        rule: Rule,
        inputs: Mapping[str, str],
        output: str,
        **options: Any,
    ) -> str:
        """Add a node; its first output is called ``layer/output``, others ``layer/output/name``.

        Returns:
            The name of the first output.

        Raises:
            ShapeError: The inputs do not fit the rule; the message names layer and rule.
        """
        main = f"{self.layer}/{output}" if self.layer != LOSS else output
        names = {
            spec.name: f"{main}/{spec.name}" if spec.auxiliary else main
            for spec in rule.signature.outputs
        }
        return self.connect(Node(rule, self.layer, dict(inputs), names, options))

    def connect(self, node: Node) -> str:
        """Add a finished node; see :meth:`apply`."""
        shapes = {name: self.shapes[array] for name, array in node.inputs.items()}
        try:
            made = node.rule.signature.infer(shapes, node.options)
        except ShapeError as error:
            raise ShapeError(
                f"Layer {node.layer!r} cannot apply rule {node.rule.name!r}: {error}"
            ) from None
        self.shapes.update((node.outputs[name], shape) for name, shape in made.items())
        self._nodes.append(node)
        return node.output

    def noise(
        self, name: str, like: str, keep: float, shape: Shape | None = None, seed: int | None = None
    ) -> str:
        """Add a random input of zeros and ones for array ``like`` and return its name.

        Args:
            name: Its name within the layer.
            like: The array whose shape it has, or is broadcast to.
            keep: Probability of a one.
            shape: The shape that is drawn, if it is not that of ``like``.
            seed: A layer's own seed; ``None`` for the model's.
        """
        array = f"{self.layer}/{name}"
        drawn = self.shapes[like] if shape is None else shape
        self._noises.append(Noise(array, f"{self.position}/{name}", keep, drawn, seed))
        self.shapes[array] = self.shapes[like]
        return array

    def finish(self, output: str) -> Graph:
        """The graph as data."""
        return Graph(tuple(self._nodes), tuple(self._noises), self.shapes, output)


class Measure(Protocol):
    """What an engine needs of a metric: sums that add up over batches."""

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """The metric's sums over one batch, float64, one-dimensional."""
        ...


@dataclass(frozen=True)
class UpdateNode:
    """One application of an update rule to the flat vector.

    Attributes:
        rule: The update rule.
        inputs: For each input of the rule the vector it takes: ``"theta"``, ``"grad"``, a state
            vector, or something that an earlier update node made.
        outputs: Likewise for its outputs.
    """

    rule: UpdateRule
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Update:
    """An optimizer as data.

    Attributes:
        nodes: Update rules, applied in order.
        states: Names of the state vectors, each as long as the trainable part of θ.
    """

    nodes: tuple[UpdateNode, ...]
    states: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Everything an engine needs to know of a model.

    Attributes:
        dtype: Float type of all arithmetic.
        layout: The flat parameter vector.
        predict: Graph of a prediction.
        evaluate: Graph of a prediction and its loss; ``None`` before ``compile()``.
        train: Graph of a training step's forward pass; ``None`` before ``compile()``.
        reduction: How per-sample losses become one number; see :func:`divisor`.
        sparse_targets: Whether targets are integer labels.
        measures: Metrics by name, each with whether sample weights apply.
        update: The optimizer.
        fusions: What the fusion pass replaced, in words.
    """

    dtype: str
    layout: Layout
    predict: Graph
    evaluate: Graph | None = None
    train: Graph | None = None
    reduction: str = "sum_over_batch_size"
    sparse_targets: bool = False
    measures: tuple[tuple[str, Measure, bool], ...] = ()
    update: Update | None = None
    fusions: tuple[str, ...] = ()

    @cached_property
    def differentiated(self) -> frozenset[str]:
        """The arrays of the training graph whose cotangent a step computes."""
        assert self.train is not None  # noqa: S101
        trainable = frozenset(slot.name for slot in self.layout if slot.trainable)
        return self.train.differentiated(trainable)


def divisor(reduction: str, weight: Array) -> float:
    """What the weighted sum of a batch's losses is divided by.

    Args:
        reduction: ``"sum_over_batch_size"`` or ``"mean"``: the number of losses, weights or not;
            ``"sum"``: 1; ``"mean_with_sample_weight"``: the sum of weights.
        weight: The weight of every loss.
    """
    if reduction == "sum":
        return 1.0
    if reduction == "mean_with_sample_weight":
        return float(np.sum(weight, dtype=np.float64)) or 1.0
    return float(max(weight.size, 1))
