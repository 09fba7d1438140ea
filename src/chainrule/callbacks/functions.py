"""A callback made of functions, without a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.callbacks.callback import HOOKS, Callback
from chainrule.errors import ArgumentError

Hook = Callable[..., object]


class LambdaCallback(Callback):
    """Calls a function at each hook that was given one.

    Functions take what the hooks of :class:`Callback` take: ``(epoch, logs)`` for epochs,
    ``(batch, logs)`` with ``logs`` by keyword for batches, ``(logs)`` for the others.

    Args:
        on_epoch_begin: Called before each epoch.
        on_epoch_end: Called after each epoch.
        on_train_begin: Called before the first epoch.
        on_train_end: Called after the last one.
        on_train_batch_begin: Called before each training batch.
        on_train_batch_end: Called after each training batch.
        **kwargs: Functions for the other hooks, by their names.

    Raises:
        ArgumentError: There is no hook of that name (Keras takes any name and never calls it), or
            what was given for it is no function.
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **kwargs: Hook,
    ) -> None:
        given: dict[str, Any] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for hook, function in given.items():
            if hook not in HOOKS:
                raise ArgumentError(f"A callback's hooks are {', '.join(HOOKS)}.", hook=hook)
            if function is None:
                continue
            if not callable(function):
                raise ArgumentError(f"`{hook}` must be a function.", **{hook: function})
            setattr(self, hook, function)
