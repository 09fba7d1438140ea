"""Save the model while it trains."""

from __future__ import annotations

import math
import os

from chainrule.callbacks.callback import Logs
from chainrule.callbacks.monitor import Monitor
from chainrule.core.console import say
from chainrule.errors import ArgumentError


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, at the end of epochs or every few batches.

    Args:
        filepath: Where: ``"best.safetensors"``. ``{epoch}``, counted from 1, and the logs are
            filled in: ``"{epoch:02d}-{val_loss:.2f}.safetensors"``; so is ``{batch}``, from 1 too,
            where ``save_freq`` is a number.
        monitor: Key in the logs.
        verbose: 1 to say what happens.
        save_best_only: Whether to save only when ``monitor`` improved; while it is not in the logs,
            a warning is given and the model saved.
        save_weights_only: Whether to save weights alone (``….weights.safetensors``).
        mode: ``"auto"``, ``"min"`` or ``"max"``.
        save_freq: ``"epoch"``, or a number of batches.
        initial_value_threshold: A value that must be beaten for a first save.

    Raises:
        ArgumentError: ``save_freq`` is neither, the file's extension is wrong, or, in training, the
            name has a place for what is not in the logs.
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
            self._save({"batch": batch + 1, **(logs or {})})

    def _save(self, logs: Logs | None) -> None:
        path = self._path(logs or {})
        if not self._wanted(logs, path):
            return
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        self._say(f"finished saving model to {path}")

    def _path(self, logs: Logs) -> str:
        known = {"epoch": self._epoch + 1, **logs}
        try:
            return self.filepath.format(**known)
        except (KeyError, IndexError, ValueError) as error:
            raise ArgumentError(
                f"`filepath` of ModelCheckpoint can name {', '.join(known)}. {error!r}.",
                filepath=self.filepath,
            ) from None

    def _wanted(self, logs: Logs | None, path: str) -> bool:
        """Whether to save, having said so."""
        if not self.save_best_only:
            self._say(f"saving model to {path}")
            return True
        current = self.current(logs, "Can save best model only with {monitor} available.")
        if current is None:
            return True
        best = "None" if math.isnan(self.best) else f"{self.best:.5f}"
        if not self.improved(current, self.best):
            self._say(f"{self.monitor} did not improve from {best}")
            return False
        self._say(f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _say(self, text: str) -> None:
        if self.verbose > 0:
            say(f"\nEpoch {self._epoch + 1}: {text}")
