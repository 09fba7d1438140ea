"""fit() with an optimizer of the whole batch: one iteration an epoch, the same callbacks."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks import CallbackList
from chainrule.core.console import say
from chainrule.core.graph import LOSS
from chainrule.core.interrupts import Interrupts
from chainrule.errors import ArgumentError
from chainrule.models.data import Data
from chainrule.models.empirical_loss import ROWS, EmpiricalLoss
from chainrule.models.feeding import ArrayFeed
from chainrule.optimizers import FullBatch
from chainrule.optimizers.full_batch.point import Iterate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]


class InterruptibleLoss(EmpiricalLoss):
    """A loss that lets Ctrl-C through between two evaluations: the weights are whole then."""

    interrupts: Interrupts

    def gradient(self, theta: Any = None) -> tuple[float, Array]:
        self.interrupts.check()
        return super().gradient(theta)


def descend(
    model: Model,
    training: Data,
    hooks: CallbackList,
    epochs: range,
    rows: int | None,
    validate: Callable[[int], dict[str, Any]],
    interrupts: Interrupts,
    announces: bool,
) -> dict[str, Any]:
    """Train until the last epoch, or until the optimizer or a callback has enough.

    The weights after each epoch are those that its logs are about. Where a callback writes other
    weights, the method begins anew from them.

    Args:
        model: A model that is compiled with an optimizer of the whole batch.
        training: Checked data.
        hooks: The callbacks.
        epochs: The numbers of the epochs, from 0.
        rows: Samples whose gradients are computed at once.
        validate: From the number of an epoch to the entries of its validation.
        interrupts: Keeps Ctrl-C until it may come.
        announces: Whether to say what was decided.

    Returns:
        The last epoch's logs.

    Raises:
        KeyboardInterrupt: Ctrl-C came; the weights are those of the iteration before.
    """
    optimizer = model.optimizer
    assert isinstance(optimizer, FullBatch)  # noqa: S101  (as the caller saw)
    loss = InterruptibleLoss(model.plan, training, model.theta, model._engine, rows or ROWS)
    loss.interrupts = interrupts
    if announces and loss.parts > 1:
        say(
            f"{type(optimizer).__name__} looks at all {loss.samples} samples in each iteration: "
            f"their gradients are added up in {loss.parts} parts."
        )
    if model._watch is not None:
        model._watch.trains_on(training)
    optimizer.stopped = ""
    logs: dict[str, Any] = {}
    iterates = _iterates(model, optimizer, loss)
    for epoch in epochs:
        hooks.on_epoch_begin(epoch, {})
        hooks.on_train_batch_begin(0, {})
        iterate = next(iterates)
        logs = _measured(model, training, iterate)
        hooks.on_train_batch_end(0, logs)
        logs = dict(sorted({**logs, **validate(epoch)}.items()))
        hooks.on_epoch_end(epoch, logs)
        interrupts.check()
        if iterate.stopped:
            _end(optimizer, iterate, epoch, announces)
        if iterate.stopped or model.stop_training:
            break
    return logs


def check_whole(model: Model, optimizer: FullBatch, training: Any, steps: int | None) -> None:
    """Refuse what has no one loss of all samples.

    Raises:
        ArgumentError: The data are made batch by batch, an epoch shall not be one step, or a layer
            needs mini-batches.
    """
    name, instead = type(optimizer).__name__, "an optimizer of mini-batches, such as Adam"
    if not isinstance(training, Data):
        raise ArgumentError(
            f"{name} looks at all samples before each step: give arrays, or use {instead}.",
            x=type(training).__name__,
        )
    if steps is not None:
        raise ArgumentError(
            f"{name} does one step an epoch, on all samples.", steps_per_epoch=steps
        )
    graph = model.plan.train
    assert graph is not None  # noqa: S101  (it is compiled)
    noisy = sorted({noise.name.split("/")[0] for noise in graph.noises})
    moving = sorted({array.split("/")[0] for array in graph.assigned})
    if noisy or moving:
        why = "draw random numbers" if noisy else "learn averages from mini-batches"
        raise ArgumentError(
            f"{name} compares losses of different weights, and while training layers "
            f"{noisy or moving} {why}. Drop them, or use {instead}.",
            layers=noisy or moving,
        )


def _iterates(model: Model, optimizer: FullBatch, loss: EmpiricalLoss) -> Iterator[Iterate]:
    """The point after each iteration, written into the model's weights.

    The evaluation of the first point is counted with the first iteration's. If it is the last
    already, that iteration does nothing.
    """
    theta = model.theta[model.layout.trainable]
    while True:
        found = optimizer.iterates(loss, theta.astype(np.float64))
        first = next(found)
        for number, iterate in enumerate(itertools.chain([first], found)):
            if number == 0 and not iterate.stopped:
                continue
            theta[...] = iterate.theta
            written = theta.copy()
            optimizer.steps += 1
            yield _counted(iterate, first) if number == 1 else iterate
            if not np.array_equal(theta, written):  # a callback's weights
                break


def _counted(iterate: Iterate, first: Iterate) -> Iterate:
    evaluations = iterate.numbers["evaluations"] + first.numbers["evaluations"]
    numbers = {**iterate.numbers, "evaluations": evaluations}
    return Iterate(
        iterate.theta, iterate.loss, iterate.gradient, numbers, iterate.stopped, iterate.failed
    )


def _measured(model: Model, training: Data, iterate: Iterate) -> dict[str, Any]:
    """An epoch's logs: the loss, metrics of the training data, and what the step was like."""
    logs: dict[str, Any] = {**iterate.numbers, "gradient_norm": iterate.gradient_norm}
    if model.plan.measurements or model.plan.tracked:
        silent = CallbackList(None, model=model)
        logs |= model._evaluate(ArrayFeed(training, min(training.rows, ROWS)), silent)
    return logs | {LOSS: iterate.loss}


def _end(optimizer: FullBatch, iterate: Iterate, epoch: int, announces: bool) -> None:
    """Keep, and say, why training ended."""
    optimizer.stopped = iterate.stopped
    text = f"{type(optimizer).__name__} ended in epoch {epoch + 1}: {iterate.stopped}."
    if iterate.failed:
        warnings.warn(f"{text} The model has the best weights found.", RuntimeWarning, stacklevel=5)
    elif announces:
        say(text)
