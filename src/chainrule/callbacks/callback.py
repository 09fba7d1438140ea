"""The hooks, and the list that calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Logs = Mapping[str, Any]

_BATCH_HOOKS = tuple(
    f"on_{mode}batch_{end}"
    for mode in ("", "train_", "test_", "predict_")
    for end in ("begin", "end")
)


class Callback:
    """Base of the callbacks, with Keras' hooks.

    Any object with these methods serves as a callback. A callback that overrides a batch hook is
    called at every batch; while none does, an engine may run many batches in one go.

    Attributes:
        model: The model being trained.
        params: ``{"verbose": …, "epochs": …, "steps": …}``.
    """

    model: Any = None
    params: dict[str, Any] = {}  # noqa: RUF012  (Keras' attribute; replaced, never changed)

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
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training batch; ``logs`` has the means of the epoch so far."""
        self.on_batch_end(batch, logs)

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


class CallbackList:
    """Calls a hook on every callback in turn; a hook that a callback lacks is passed over.

    Args:
        callbacks: The user's callbacks.
        own: Callbacks of the library itself, which are content with fewer calls.
        model: The model being trained.
        **params: What callbacks find in ``params``.
    """

    def __init__(
        self, callbacks: Any = None, own: Iterable[Any] = (), model: Any = None, **params: Any
    ) -> None:
        if callbacks is None:
            callbacks = []
        given = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
        self.watches_batches = any(map(_watches_batches, given))
        self.callbacks = [*given, *own]
        for callback in self.callbacks:
            _call(callback, "set_params", params)
            _call(callback, "set_model", model)

    def __getattr__(self, hook: str) -> Any:
        if not hook.startswith("on_"):
            raise AttributeError(hook)

        def call(*arguments: Any) -> None:
            for callback in self.callbacks:
                _call(callback, hook, *arguments)

        return call


def _call(callback: Any, method: str, *arguments: Any) -> None:
    found = getattr(callback, method, None)
    if found is not None:
        found(*arguments)


def _watches_batches(callback: Any) -> bool:
    """Whether a batch hook is overridden, in the class or on the object."""
    return any(
        getattr(getattr(callback, hook, None), "__func__", getattr(callback, hook, None))
        not in (None, getattr(Callback, hook))
        for hook in _BATCH_HOOKS
    )
