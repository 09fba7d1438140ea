"""Stop when a metric no longer improves."""

from __future__ import annotations

import math
from typing import Any

from chainrule.callbacks.callback import Logs
from chainrule.callbacks.monitor import Monitor
from chainrule.core.console import say


class EarlyStopping(Monitor):
    """Stops training after ``patience`` epochs without improvement.

    Args:
        monitor: Key in the logs.
        min_delta: A smaller change than this is no improvement.
        patience: Epochs to wait.
        verbose: 1 to say so.
        mode: ``"auto"``, ``"min"`` or ``"max"``.
        baseline: A value that must be beaten for waiting to start anew.
        restore_best_weights: Whether to end with the weights of the best epoch.
        start_from_epoch: Epochs to let pass first.

    Attributes:
        stopped_epoch: The epoch of the stop, from 0; 0 if there was none.
        best_epoch: The best epoch, from 0.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best = math.nan
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.current(logs, _MISSING)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self.improved(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improved(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                best = self.best_epoch + 1
                say(f"Restoring model weights from the end of the best epoch: {best}.")
            self.model.set_weights(self.best_weights)


_MISSING = (
    "Early stopping conditioned on metric `{monitor}` which is not available. "
    "Available metrics are: {names}"
)
