"""Nodes that name a rule and its inputs, and the builder through which layers write them.

Every array of a training step has one name, which says whose it is: ``"dense/kernel"``,
``"dense/z"``, ``"loss"``. A layer that is called twice has its second call's arrays under
``"dense@1/"``, its weights under ``"dense/"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from chainrule.core.rule import Rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError

X, Y_TRUE, WEIGHT, LOSS = "x", "y_true", "sample_weight", "loss"
"""Names of the arrays that come from outside, and of the loss. A model of several inputs has
``"x/left"``, one of several outputs ``"y_true/age"``, ``"sample_weight/age"``, ``"loss/age"``."""

Distribution = Literal["bernoulli", "normal"]


class Node(NamedTuple):
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
    options: Mapping[str, Any] = {}

    @property
    def output(self) -> str:
        """The name of the first output: the one that derivatives flow into."""
        return self.outputs[self.rule.outputs[0]]


class Noise(NamedTuple):
    """A random array that a node takes as input: drawn anew at every training step.

    Attributes:
        name: Its name in the graph.
        stream: Name of its random stream: by the layer's place in the model, not by its name,
            so that two models of one shape and seed draw the same.
        shape: Shape with ``None`` for the number of samples.
        distribution: ``"bernoulli"``: zeros and ones; ``"normal"``: mean 0, variance 1.
        keep: Probability of a one.
        seed: A layer's own seed; ``None`` for the model's.
    """

    name: str
    stream: str
    shape: Shape
    distribution: Distribution = "bernoulli"
    keep: float = 0.5
    seed: int | None = None


class Penalty(NamedTuple):
    """What a regularizer adds to the loss.

    Attributes:
        rule: From an array to a number.
        name: What the number is called: by the weight or the layer.
        array: The array: a weight, or a layer's output.
        options: The rule's options.
        per_sample: Whether it is divided by the number of samples, as for a layer's output.
    """

    rule: Rule
    name: str
    array: str
    options: Mapping[str, Any]
    per_sample: bool = False


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be computed.

    Attributes:
        nodes: The nodes.
        noises: The random inputs.
        shapes: Shape of every array, ``None`` being the number of samples.
        outputs: The arrays that are the model's predictions.
        assigned: For parameters that a training step moves without a gradient (moving averages),
            the array with the new value.
        bounds: For arrays that hold class numbers, though nothing needs them as integers, how
            many classes there are.
    """

    nodes: tuple[Node, ...]
    noises: tuple[Noise, ...]
    shapes: Mapping[str, Shape]
    outputs: tuple[str, ...]
    assigned: Mapping[str, str] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """The first prediction."""
        return self.outputs[0]

    def differentiated(self, wanted: frozenset[str]) -> frozenset[str]:
        """The arrays on a path from ``wanted`` to the loss: those whose cotangent is needed."""
        needed = set(wanted)
        for node in self.nodes:
            if any(node.inputs[name] in needed for name in node.rule.cotangents):
                needed.add(node.output)
        return frozenset(needed)

    def label_counts(self) -> dict[str, int]:
        """Arrays from outside that are read as class numbers, each with the number of classes.

        Raises:
            ArgumentError: One is read as class numbers and as measurements.
        """
        made = {name for node in self.nodes for name in node.outputs.values()}
        counts: dict[str, int] = {}
        numbers: dict[str, str] = {}
        for node in self.nodes:
            axes = node.rule.signature.bound({n: self.shapes[a] for n, a in node.inputs.items()})
            for spec in node.rule.signature.inputs:
                array = node.inputs[spec.name]
                if array in made:
                    continue
                if spec.domain == "label":
                    counts[array] = min(axes[spec.bound], counts.get(array, axes[spec.bound]))
                else:
                    numbers[array] = node.layer
        for array in counts:
            if array in numbers:
                raise ArgumentError(
                    f"Layer {numbers[array]!r} reads {array!r} as measurements, another layer as "
                    "class numbers. Give each an Input of its own.",
                    array=array,
                )
        return counts

    def layer_outputs(self) -> dict[str, str]:
        """For each use of a layer (``"dense"``, ``"dense@1"``) the array that leaves it, in order.

        A layer that writes no node here, as Dropout in a prediction, has none.
        """
        inside = set(self.assigned.values())
        made = [node.output for node in self.nodes if node.layer != LOSS]
        return {
            array.rpartition("/")[0]: array
            for array in (*made, *self.outputs)  # the last one of each counts
            if self.shapes[array][:1] == (None,) and array not in inside
        }

    def maker(self, array: str) -> Node | None:
        """The node whose first output is ``array``."""
        return next((node for node in self.nodes if node.output == array), None)


class GraphBuilder:
    """Collects nodes while layers expand.

    Args:
        parameters: Shapes of the parameters, by name.
        inputs: Shapes of the arrays from outside, with ``None`` for the number of samples.
        training: Whether the graph is for training, where layers like Dropout differ.
    """

    def __init__(
        self, parameters: Mapping[str, Shape], inputs: Mapping[str, Shape], training: bool
    ) -> None:
        self.training = training
        self.shapes: dict[str, Shape] = {**parameters, **inputs}
        self.penalties: list[Penalty] = []
        self.assigned: dict[str, str] = {}
        self.bounds: dict[str, int] = {}
        self._nodes: list[Node] = []
        self._noises: list[Noise] = []
        self.enter("", 0)

    def enter(self, layer: str, place: int, call: int = 0) -> None:
        """Begin the nodes of a layer.

        Args:
            layer: The layer's name; ``""`` for arrays whose name has no prefix.
            place: The layer's place in the model, which names its random streams.
            call: How often the layer was called before in this graph.
        """
        self.layer = layer
        self._prefix = f"{layer}@{call}/" if call else f"{layer}/" if layer else ""
        self._stream = f"{place}@{call}" if call else f"{place}"

    def apply(self, rule: Rule, inputs: Mapping[str, str], output: str, **options: Any) -> str:
        """Add a node; its first output is called ``layer/output``, others ``layer/output/name``.

        Returns:
            The name of the first output.

        Raises:
            ShapeError: The inputs do not fit the rule; the message names layer and rule.
        """
        main = f"{self._prefix}{output}"
        names = {
            spec.name: f"{main}/{spec.name}" if spec.auxiliary else main
            for spec in rule.signature.outputs
        }
        shapes = {name: self.shapes[array] for name, array in inputs.items()}
        try:
            made = rule.signature.infer(shapes, {**rule.options, **options})
        except ShapeError as error:
            raise ShapeError(
                f"Layer {self.layer or LOSS!r} cannot apply rule {rule.name!r}: {error}"
            ) from None
        self.shapes.update((names[name], shape) for name, shape in made.items())
        self._nodes.append(Node(rule, self.layer or LOSS, dict(inputs), names, options))
        return main

    def noise(
        self,
        name: str,
        like: str,
        distribution: Distribution = "bernoulli",
        keep: float = 0.5,
        shape: Shape | None = None,
        seed: int | None = None,
    ) -> str:
        """Add a random input for array ``like`` and return its name.

        Args:
            name: Its name within the layer.
            like: The array whose shape it has, or is broadcast to.
            distribution: See :class:`Noise`.
            keep: Probability of a one.
            shape: The shape that is drawn, if it is not that of ``like``.
            seed: A layer's own seed; ``None`` for the model's.
        """
        array = f"{self._prefix}{name}"
        drawn = self.shapes[like] if shape is None else shape
        stream = f"{self._stream}/{name}"
        self._noises.append(Noise(array, stream, drawn, distribution, keep, seed))
        self.shapes[array] = self.shapes[like]
        return array

    def state(self, parameter: str) -> str:
        """The array that holds a parameter's present value: itself, or what was assigned to it."""
        return self.assigned.get(parameter, parameter)

    def assign(self, parameter: str, array: str) -> None:
        """Let a training step set a parameter that has no gradient, as a moving average."""
        self.assigned[parameter] = array

    def bound(self, array: str, classes: int) -> None:
        """Say that an array holds class numbers from 0 to ``classes - 1``."""
        self.bounds[array] = min(classes, self.bounds.get(array, classes))

    def penalize(
        self, rule: Rule, array: str, options: Mapping[str, Any], per_sample: bool = False
    ) -> None:
        """Let a regularizer's number be added to the loss; see :class:`Penalty`."""
        name = f"{self._prefix}activity" if per_sample else array
        self.penalties.append(Penalty(rule, name, array, dict(options), per_sample))

    def finish(self, outputs: Iterable[str]) -> Graph:
        """The graph as data."""
        return Graph(
            tuple(self._nodes),
            tuple(self._noises),
            self.shapes,
            tuple(outputs),
            self.assigned,
            self.bounds,
        )
