"""What a training run recorded, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.callbacks.callback import Callback, Logs


class History(Callback):
    """Returned by ``fit``, and the model's ``history``. Used again, it goes on with its record.

    Attributes:
        history: For each loss and metric its value at every epoch; keys sorted, training before
            validation (``val_…``), as in Keras.
        epoch: The epochs, from 0.
        epochs: For each key of ``history`` the epochs that have a value: with
            ``validation_freq``, not all.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.epochs: dict[str, list[int]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.model is not None:
            self.model.history = self

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.extend([epoch], {name: [value] for name, value in (logs or {}).items()})

    def extend(self, epochs: Sequence[int], columns: Mapping[str, Sequence[float]]) -> None:
        """Record several epochs at once: for each name their values."""
        epochs = list(epochs)  # numbers that all lists share
        self.epoch.extend(epochs)
        for name, values in columns.items():
            self.history.setdefault(name, []).extend(values)
            self.epochs.setdefault(name, []).extend(epochs)

    def plot(self, metrics: str | Sequence[str] | None = None, ax: Any = None) -> Any:
        """Draw loss and metrics over the epochs; see :func:`chainrule.plots.plot_history`.

        Args:
            metrics: Which, without ``val_``; by default the loss, then all others.
            ax: The Axes to draw on, or one for each metric; a new figure by default.

        Returns:
            The Axes; of several metrics an array of them.

        Raises:
            UnknownNameError: There is no such metric.
            ImportError: matplotlib is not installed.
        """
        from chainrule.report.curves import plot_history

        return plot_history(self, metrics, ax)
