"""The model as data: the plan that engines read, and nothing else of a model.

Layers and losses write the nodes of its graphs (:mod:`chainrule.core.graph`), an optimizer its
update; engines never see a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from chainrule.core.graph import Graph
from chainrule.core.layout import Layout
from chainrule.core.rule import UpdateRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Measure(Protocol):
    """What an engine needs of a metric: sums that add up over batches.

    Attributes:
        direction: ``"up"`` where larger is better, ``"down"`` where smaller is, ``None`` where
            that is not known.
    """

    direction: str | None

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """The metric's sums over one batch, float64, one-dimensional."""
        ...

    def sums_of_passes(
        self, y_true: Array, y_pred: Array, weight: Array | None, passes: int
    ) -> Array:
        """The sums of so many equal parts, one in each row."""
        ...


@dataclass(frozen=True)
class UpdateNode:
    """One application of an update rule: to whole flat vectors, or to one variable's part of them.

    Attributes:
        rule: The update rule.
        inputs: For each input of the rule the array it takes: ``"theta"``, ``"grad"``, a state
            vector, or something that an earlier node of its row made.
        outputs: Likewise for its outputs.
        options: Options of the rule that stay the same; the others come anew at every step.
        variable: The variable whose parts it takes and makes, each in its shape; ``None`` for
            the flat vectors as they are.
        when: The scalar that says at which steps the node is applied; ``None`` for all.
    """

    rule: UpdateRule
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    variable: str | None = None
    when: str | None = None

    @cached_property
    def scalars(self) -> tuple[str, ...]:
        """The options that come anew at every step."""
        return tuple(option for option in self.rule.options if option not in self.options)


class State(NamedTuple):
    """A vector that an optimizer keeps from step to step.

    Attributes:
        layout: Where each variable's part lies, by the variable's name. Not all variables have
            one, and it may have another shape than the variable.
        start: What every element is before the first step.
    """

    layout: Layout
    start: float = 0.0


@dataclass(frozen=True)
class Update:
    """An optimizer as data.

    Attributes:
        nodes: Update rules, applied in order.
        states: The state vectors by name.
        layout: The layout of ``theta`` and ``grad``: the part of θ that training moves.
        loss_scale: What the loss is multiplied by before it is differentiated; the nodes divide
            the gradient by it again.
    """

    nodes: tuple[UpdateNode, ...]
    states: Mapping[str, State]
    layout: Layout
    loss_scale: float = 1.0

    @cached_property
    def rows(self) -> tuple[tuple[str | None, tuple[UpdateNode, ...]], ...]:
        """Neighbouring nodes that are applied at the same steps: ``when``, and the nodes."""
        grouped = groupby(self.nodes, key=lambda node: node.when)
        return tuple((when, tuple(nodes)) for when, nodes in grouped)

    def layout_of(self, array: str) -> Layout:
        """Where each variable's part lies in a vector."""
        return self.states[array].layout if array in self.states else self.layout


class Head(NamedTuple):
    """One output that has a loss, by the names of its arrays.

    Attributes:
        output: The prediction.
        y_true: The targets.
        sample_weight: The user's weights, one per sample, if there are any.
        weight: The weight of every loss.
        divisor: What the weighted sum of losses is divided by.
        losses: One loss per sample.
        loss: The one number made of them.
        reduction: How it is made; see :func:`divisor`.
        ignored: A class number whose samples do not count.
    """

    output: str
    y_true: str
    sample_weight: str
    weight: str
    divisor: str
    losses: str
    loss: str
    reduction: str
    ignored: int | None = None


class Measurement(NamedTuple):
    """A metric at work.

    Attributes:
        name: Its key in the logs.
        measure: The metric.
        output: The prediction it looks at.
        y_true: The targets.
        sample_weight: The user's weights, if they apply.
    """

    name: str
    measure: Measure
    output: str
    y_true: str
    sample_weight: str | None = None


@dataclass(frozen=True)
class Plan:
    """Everything an engine needs to know of a model.

    Attributes:
        dtype: Float type of all arithmetic.
        layout: The flat parameter vector.
        inputs: The arrays that are the model's inputs.
        predict: Graph of a prediction.
        evaluate: Graph of a prediction and its loss; ``None`` before ``compile()``.
        train: Graph of a training step's forward pass; ``None`` before ``compile()``.
        heads: The outputs that have a loss.
        tracked: Losses of single outputs that are logged: key in the logs, and array.
        measurements: The metrics.
        update: The optimizer.
        fusions: What the fusion pass replaced, in words.
    """

    dtype: str
    layout: Layout
    inputs: tuple[str, ...]
    predict: Graph
    evaluate: Graph | None = None
    train: Graph | None = None
    heads: tuple[Head, ...] = ()
    tracked: tuple[tuple[str, str], ...] = ()
    measurements: tuple[Measurement, ...] = ()
    update: Update | None = None
    fusions: tuple[str, ...] = ()

    @cached_property
    def differentiated(self) -> frozenset[str]:
        """The arrays of the training graph whose cotangent a step computes."""
        assert self.train is not None  # noqa: S101
        trainable = frozenset(slot.name for slot in self.layout if slot.trainable)
        return self.train.differentiated(trainable)

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """The arrays from outside that hold class numbers, each with the number of classes."""
        return (self.train or self.predict).label_counts()


def divisor(reduction: str, weight: Array, valid: int | None = None) -> float:
    """What the weighted sum of a batch's losses is divided by.

    Args:
        reduction: ``"sum_over_batch_size"`` or ``"mean"``: the number of losses, weights or not;
            ``"sum"``: 1; ``"mean_with_sample_weight"``: the sum of weights.
        weight: The weight of every loss.
        valid: How many losses count, if not all.
    """
    if reduction == "sum":
        return 1.0
    if reduction == "mean_with_sample_weight":
        return float(np.sum(weight, dtype=np.float64)) or 1.0
    return float(max(weight.size if valid is None else valid, 1))


def weighting(
    head: Head, shape: tuple[int, ...], labels: Array, weight: Array | None, dtype: Any
) -> tuple[Array, float]:
    """The weight of every loss of a batch, and what their weighted sum is divided by.

    Args:
        head: The output.
        shape: Shape of its losses; ``()`` where one loss is that of the whole batch.
        labels: The targets, which may be class numbers that do not count.
        weight: One weight per sample, shape (N,), or one per loss; ``None`` for all 1.
        dtype: Float type of the result.
    """
    if weight is None:
        weights = np.ones(shape, dtype)
    elif shape:
        column = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
        weights = np.broadcast_to(column.astype(dtype, copy=False), shape)
    else:  # Σₙ wₙ ℓ / d with one ℓ for all
        weights = np.asarray(weight.sum() / divisor(head.reduction, weight), dtype)
    if head.ignored is not None:
        counted = labels != head.ignored
        weights = weights * counted
        return weights, divisor(head.reduction, weights, int(np.count_nonzero(counted)))
    return weights, divisor(head.reduction, weights) if shape else 1.0
