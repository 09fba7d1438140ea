"""Save the model while it trains."""

from __future__ import annotations

import os
from typing import Any

from chainrule.callbacks.callback import Logs
from chainrule.callbacks.monitor import Monitor
from chainrule.errors import ArgumentError


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, at the end of epochs or every few batches.

    Args:
        filepath: Where: ``"best.safetensors"``. ``{epoch}``, counted from 1, and the logs are
            filled in: ``"{epoch:02d}-{val_loss:.2f}.safetensors"``.
        monitor: Key in the logs.
        verbose: 1 to say what happens.
        save_best_only: Whether to save only when ``monitor`` improved.
        save_weights_only: Whether to save weights alone (``….weights.safetensors``).
        mode: ``"auto"``, ``"min"`` or ``"max"``.
        save_freq: ``"epoch"``, or a number of batches.
        initial_value_threshold: A value that must be beaten for a first save.

    Raises:
        ArgumentError: ``save_freq`` is neither, or the file's extension is wrong.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        if initial_value_threshold is not None:
            self.best = initial_value_threshold
        extension = ".weights.safetensors" if save_weights_only else ".safetensors"
        if not self.filepath.endswith(extension):
            raise ArgumentError(
                f"`filepath` of ModelCheckpoint must end in {extension!r}.", filepath=self.filepath
            )
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise ArgumentError(
                "`save_freq` must be 'epoch' or a positive number of batches.", save_freq=save_freq
            )
        self._epoch, self._batches = 0, 0
        if save_freq != "epoch":  # only then must the engine stop at every batch
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(logs)

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches % int(self.save_freq) == 0:
            self._save(logs)

    def _save(self, logs: Logs | None) -> None:
        path = self.filepath.format(epoch=self._epoch + 1, **(logs or {}))
        told = f"\nEpoch {self._epoch + 1}:"
        if not self.save_best_only:
            self._say(f"{told} saving model to {path}")
            self._write(path)
            return
        current: Any = self.current(logs, "Can save best model only,")
        if current is None:
            return
        if self.improved(current, self.best):
            best = f"{self.best:.5f}" if self.best == self.best else "none"
            self._say(
                f"{told} {self.monitor} improved from {best} to {current:.5f}, "
                f"saving model to {path}"
            )
            self.best = current
            self._write(path)
        else:
            self._say(f"{told} {self.monitor} did not improve from {self.best:.5f}")

    def _write(self, path: str) -> None:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _say(self, text: str) -> None:
        if self.verbose:
            print(text)
