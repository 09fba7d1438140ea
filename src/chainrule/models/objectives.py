"""What ``compile()`` was given, and what it means for each output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chainrule import losses, metrics, optimizers
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError

BY_TARGETS = ("crossentropy", "ce")
"""Names of a loss whose kind the targets decide."""


class Objective(NamedTuple):
    """What ``compile()`` says of one output.

    Attributes:
        name: Prefix of its entries in the logs; ``""`` if it is the only output.
        loss: Its loss, if it has one.
        scale: What its loss is multiplied by in the sum.
        metrics: Its metrics, each with whether sample weights apply.
    """

    name: str
    loss: losses.Loss | None
    scale: float | None
    metrics: tuple[tuple[metrics.Metric, bool], ...]

    def key(self, prefix: str) -> str:
        """The name of its targets, weights or loss: ``"y_true"``, or ``"y_true/age"``."""
        return f"{prefix}/{self.name}" if self.name else prefix


class Compiled(NamedTuple):
    """What ``compile()`` was given.

    Attributes:
        optimizer: The optimizer.
        loss: A loss, a list or a dictionary of them; a name of :data:`BY_TARGETS` is kept as long
            as targets must say which it is.
        loss_weights: Factors of the losses: ``None``, a number, a list or a dictionary.
        metrics: A list, or one list per output.
        weighted_metrics: Likewise.
    """

    optimizer: optimizers.Optimizer
    loss: Any
    loss_weights: Any
    metrics: Any
    weighted_metrics: Any

    def losses(self, outputs: Sequence[str]) -> list[Any]:
        """The loss of each output; one for all if only one is given."""
        if isinstance(self.loss, list | tuple | Mapping):
            return per_output("loss", self.loss, outputs)
        return [self.loss] * len(outputs)

    def measured(self, outputs: Sequence[str]) -> list[str]:
        """The outputs that have a loss or a metric, and so need targets."""
        columns = zip(
            outputs,
            self.losses(outputs),
            _metrics("metrics", self.metrics, outputs),
            _metrics("weighted_metrics", self.weighted_metrics, outputs),
            strict=True,
        )
        return [name for name, loss, *lists in columns if loss is not None or any(lists)]

    def decided(
        self, outputs: Sequence[str], shapes: Sequence[Shape], y_shapes: Mapping[str, Any]
    ) -> Compiled:
        """The same with every ``"crossentropy"`` of the kind that fits output and targets."""
        found = self.losses(outputs)
        if not any(loss in BY_TARGETS for loss in found if isinstance(loss, str)):
            return self
        for place, (name, shape) in enumerate(zip(outputs, shapes, strict=True)):
            if isinstance(found[place], str) and name in y_shapes:
                found[place] = losses.get(crossentropy_kind(shape, y_shapes[name]))
        return self._replace(loss=found if len(found) > 1 else found[0])

    def objectives(self, outputs: Sequence[str], shapes: Sequence[Shape]) -> list[Objective]:
        """What to minimize and measure, output by output.

        Raises:
            ArgumentError: A list or dictionary does not fit the outputs, or a metric needs class
                numbers and its output's targets are none.
        """
        scales = self.loss_weights
        if isinstance(scales, int | float):
            scales = [scales] * len(outputs)
        columns = zip(
            outputs,
            shapes,
            self.losses(outputs),
            per_output("loss_weights", scales, outputs),
            _metrics("metrics", self.metrics, outputs),
            _metrics("weighted_metrics", self.weighted_metrics, outputs),
            strict=True,
        )
        single = len(outputs) == 1
        return [
            Objective(
                "" if single else name,
                None if isinstance(loss, str) else loss,
                None if scale is None else float(scale),
                tuple(
                    (_metric(metric, loss, shape), weighted)
                    for metrics_, weighted in ((plain, False), (weighed, True))
                    for metric in metrics_
                ),
            )
            for name, shape, loss, scale, plain, weighed in columns
        ]


def crossentropy_kind(output_shape: Shape, y_shape: tuple[int, ...]) -> str:
    """Which cross-entropy fits an output and targets."""
    if output_shape[-1] == 1:
        return "binary_crossentropy"
    one_hot = len(y_shape) == len(output_shape) and y_shape[-1] != 1
    return "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"


def resolved_loss(loss: Any) -> Any:
    """Losses for names, in a list or dictionary as well; see :data:`BY_TARGETS` for the rest."""
    if isinstance(loss, list | tuple):
        return [resolved_loss(one) for one in loss]
    if isinstance(loss, Mapping) and "class_name" not in loss:
        return {name: resolved_loss(one) for name, one in loss.items()}
    return loss if loss is None or loss in BY_TARGETS else losses.get(loss)


def checked_metrics(argument: str, value: Any) -> Any:
    """``value``, if it is a list or dictionary of metrics that exist.

    Raises:
        ArgumentError: It is no list, tuple or dictionary.
        UnknownNameError: A name is unknown.
    """
    if value is None:
        return None
    if not isinstance(value, list | tuple | Mapping):
        raise ArgumentError(
            f"Expected `{argument}` argument to be a list, tuple or dictionary: [{value!r}].",
            **{argument: value},
        )
    entries = value.values() if isinstance(value, Mapping) else value
    for entry in entries:
        for metric in entry if isinstance(entry, list | tuple) else [entry]:
            if metric is not None:
                metrics.get(metric, sparse=False, outputs=1)
    return value


def per_output(argument: str, value: Any, outputs: Sequence[str]) -> list[Any]:
    """A list or dictionary as one entry per output.

    Raises:
        ArgumentError: It has another length, or names an output that does not exist.
    """
    if value is None:
        return [None] * len(outputs)
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - set(outputs))
        if unknown:
            raise ArgumentError(
                f"`{argument}` names outputs that the model does not have. Its outputs are "
                f"{list(outputs)}.",
                **{argument: unknown},
            )
        return [value.get(name) for name in outputs]
    entries = list(value) if isinstance(value, list | tuple) else [value]
    if len(entries) != len(outputs):
        raise ArgumentError(
            f"`{argument}` needs one entry for each of the outputs {list(outputs)}.",
            **{argument: value},
        )
    return entries


def _metrics(argument: str, value: Any, outputs: Sequence[str]) -> list[list[Any]]:
    """The metrics of each output as a list."""
    if len(outputs) == 1 and isinstance(value, list | tuple):
        nested = any(isinstance(entry, list | tuple) for entry in value)
        return [[metric for entry in value for metric in entry] if nested else list(value)]
    found = per_output(argument, value, outputs)
    return [
        [] if entry is None else list(entry) if isinstance(entry, list | tuple) else [entry]
        for entry in found
    ]


def _metric(metric: Any, loss: Any, shape: Shape) -> metrics.Metric:
    sparse = isinstance(loss, losses.Loss) and loss.sparse
    found = metrics.get(metric, sparse, shape[-1] if shape else None)
    if found.sparse and not sparse:
        raise ArgumentError(
            f"Metric {found.name!r} needs class numbers, but loss "
            f"{getattr(loss, 'name', loss)!r} has targets of the predictions' shape.",
            metric=found.name,
        )
    return found
