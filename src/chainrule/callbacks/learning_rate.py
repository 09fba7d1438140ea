"""Change the learning rate while training goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.callbacks.callback import Callback, Logs
from chainrule.callbacks.monitor import Monitor
from chainrule.core.console import say
from chainrule.errors import ArgumentError


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch.

    ``learning_rate`` is put into the logs, and so into the history.

    Args:
        schedule: A function of the epoch, from 0, and the learning rate so far, or of the epoch
            alone, that gives the new one as a float. Which of the two is told by its signature;
            Keras tries, and takes a ``TypeError`` inside the function for a missing argument.
        verbose: 1 to say what happens.

    Raises:
        ArgumentError: In training: ``schedule`` gives no float.
        TypeError: In training: the optimizer's learning rate is a schedule, which cannot be set.

    Example:
        >>> from chainrule.callbacks import LearningRateScheduler
        >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        arguments: tuple[Any, ...] = (epoch, float(optimizer.learning_rate))
        if not _takes(self.schedule, *arguments):
            arguments = (epoch,)
        rate = self.schedule(*arguments)
        if not isinstance(rate, float | np.floating):
            raise ArgumentError(
                "The output of the `schedule` function should be a float.",
                **{f"schedule({', '.join(map(str, arguments))})": rate},
            )
        optimizer.learning_rate = rate
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _log_rate(self.model, logs)


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by ``factor`` after ``patience`` epochs without improvement.

    ``learning_rate``, as it was in the epoch, is put into the logs, and so into the history.
    Unlike Keras', an argument of another name is an error.

    Args:
        monitor: Key in the logs.
        factor: New learning rate over old, less than 1.
        patience: Epochs to wait.
        verbose: 1 to say what happens.
        mode: ``"auto"``, ``"min"`` or ``"max"``.
        min_delta: A smaller change than this is no improvement.
        cooldown: Epochs after a reduction in which waiting does not begin.
        min_lr: The learning rate never gets below this.

    Attributes:
        wait: Epochs without improvement so far.
        cooldown_counter: Epochs of cooling down still to come.

    Raises:
        ArgumentError: ``factor`` is not at least 0 and less than 1.
        TypeError: In training: the optimizer's learning rate is a schedule, which cannot be set.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            raise ArgumentError(
                "`factor` of ReduceLROnPlateau must be at least 0 and less than 1.", factor=factor
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = float("nan")
        self.wait, self.cooldown_counter = 0, 0

    def in_cooldown(self) -> bool:
        """Whether the last reduction was too short a time ago."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _log_rate(self.model, logs)
        current = self.current(logs, _MISSING)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improved(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        old = float(optimizer.learning_rate)
        if old <= self.min_lr:
            return
        optimizer.learning_rate = new = max(old * self.factor, self.min_lr)
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")


_MISSING = (
    "Learning rate reduction is conditioned on metric `{monitor}` which is not available. "
    "Available metrics are: {names}."
)


def _log_rate(model: Any, logs: Logs | None) -> None:
    if logs is not None:
        logs["learning_rate"] = float(model.optimizer.learning_rate)


def _takes(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether a function can be called with these; assumed where its signature is not known."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return True
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
