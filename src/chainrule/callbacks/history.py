"""What a training run recorded, epoch by epoch."""

from __future__ import annotations

from chainrule.callbacks.callback import Callback, Logs


class History(Callback):
    """Returned by ``fit``, and the model's ``history``. Used again, it goes on with its record.

    Attributes:
        history: For each loss and metric its value at every epoch; keys sorted, training before
            validation (``val_…``), as in Keras.
        epoch: The epochs, from 0.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.model is not None:
            self.model.history = self

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
