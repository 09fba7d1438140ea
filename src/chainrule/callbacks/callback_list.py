"""The list that calls every callback at every hook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chainrule.callbacks.callback import BATCH_HOOKS, HOOKS, RUN_HOOKS, Callback, Logs
from chainrule.callbacks.history import History
from chainrule.callbacks.progress import ProgbarLogger


class CallbackList(Callback):
    """Calls a hook on every callback in turn; a hook that a callback lacks is passed over.

    At each hook all callbacks get one dictionary of logs, sorted by name: what one adds, those
    after it see, and the caller's is left as it was. History and bar come last.

    Args:
        callbacks: The user's callbacks: one, or a list, which may hold lists.
        add_history: Whether to add a :class:`History` if there is none.
        add_progbar: Whether to add a :class:`ProgbarLogger` if there is none.
        model: The model being trained.
        own: Callbacks of the library itself, called after the user's.
        **params: What callbacks find in ``params``.

    Attributes:
        callbacks: All of them, in the order of the calls.
        watches_batches: Whether any of the user's must be called at each batch.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        *,
        own: Iterable[Any] = (),
        **params: Any,
    ) -> None:
        given = list(_flat(callbacks))
        self.watches_batches = any(map(_watches_batches, given))
        self.callbacks = [*given, *own]
        for wanted, kind in ((add_history, History), (add_progbar, ProgbarLogger)):
            if wanted and not any(isinstance(callback, kind) for callback in self.callbacks):
                self.callbacks.append(kind())
        self.set_model(model)
        self.set_params(params)

    def set_model(self, model: Any) -> None:
        """Give all callbacks their model; nothing happens without one."""
        if model is not None:
            super().set_model(model)
            self._call("set_model", model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Give all callbacks their parameters; nothing happens without any."""
        if params:
            super().set_params(params)
            self._call("set_params", params)

    def interrupt(self) -> None:
        """Let bars end a half-drawn line."""
        for callback in self.callbacks:
            if isinstance(callback, ProgbarLogger):
                callback.interrupt()

    def _call(self, method: str, *arguments: Any, **options: Any) -> None:
        for callback in self.callbacks:
            found = getattr(callback, method, None)
            if found is not None:
                found(*arguments, **options)


def _forwarded(hook: str) -> Callable[..., None]:
    """The method that passes a hook on, as Keras does: ``logs`` of a batch go by keyword."""

    def run(self: CallbackList, logs: Logs | None = None) -> None:
        self._call(hook, dict(sorted((logs or {}).items())))

    def epoch(self: CallbackList, epoch: int, logs: Logs | None = None) -> None:
        self._call(hook, epoch, dict(sorted((logs or {}).items())))

    def batch(self: CallbackList, batch: int, logs: Logs | None = None) -> None:
        self._call(hook, batch, logs=dict(sorted((logs or {}).items())))

    return run if hook in RUN_HOOKS else batch if hook in BATCH_HOOKS else epoch


for _hook in HOOKS:
    setattr(CallbackList, _hook, _forwarded(_hook))


def _flat(callbacks: Any) -> Iterator[Any]:
    if isinstance(callbacks, CallbackList):
        callbacks = callbacks.callbacks
    if isinstance(callbacks, list | tuple):
        for callback in callbacks:
            yield from _flat(callback)
    elif callbacks is not None:
        yield callbacks


def _watches_batches(callback: Any) -> bool:
    """Whether a batch hook is overridden, in the class or on the object, and needs each batch."""
    return getattr(callback, "every_batch", True) and any(
        getattr(getattr(callback, hook, None), "__func__", getattr(callback, hook, None))
        not in (None, getattr(Callback, hook))
        for hook in BATCH_HOOKS
    )
