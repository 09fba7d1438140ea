"""The hooks: moments of a run at which a callback is called."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any]

BATCH_HOOKS = tuple(
    f"on_{mode}batch_{end}"
    for mode in ("", "train_", "test_", "predict_")
    for end in ("begin", "end")
)
EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
RUN_HOOKS = tuple(
    f"on_{run}_{end}" for run in ("train", "test", "predict") for end in ("begin", "end")
)
HOOKS = (*RUN_HOOKS, *EPOCH_HOOKS, *BATCH_HOOKS)


class Callback:
    """Base of the callbacks, with Keras' hooks.

    Any object with these methods serves as a callback. A callback that overrides a batch hook is
    called at every batch; while none does, an engine may run many batches in one go.

    Attributes:
        model: The model being trained.
        params: ``{"verbose": …, "epochs": …, "steps": …}``.
        every_batch: Whether batch hooks, where overridden, need each batch: if not, they are
            content with the last of many.
    """

    model: Any = None
    params: dict[str, Any] = {}  # noqa: RUF012  (Keras' attribute; replaced, never changed)
    every_batch: bool = True

    def set_model(self, model: Any) -> None:
        """Called once before training."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once before training."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch; ``epoch`` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; ``logs`` has losses and metrics of both."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training batch; calls :meth:`on_batch_begin`."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training batch; ``logs`` has the means of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of :meth:`on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of :meth:`on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation or a validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation or a validation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction."""
