"""What callbacks that watch a metric share: which way is better, and whether it is there."""

from __future__ import annotations

import math
import warnings
from typing import Any

from chainrule.callbacks.callback import Callback, Logs
from chainrule.errors import ArgumentError


class Monitor(Callback):
    """Base of the callbacks that watch one entry of the logs.

    Args:
        monitor: Key in the logs: ``"val_loss"``.
        mode: ``"min"``, ``"max"``, or ``"auto"``: losses and errors down, accuracies up.
        min_delta: A smaller change than this is no improvement.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ArgumentError("`mode` must be 'auto', 'min' or 'max'.", mode=mode)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best = math.nan

    @property
    def upward(self) -> bool:
        """Whether larger is better.

        Raises:
            ArgumentError: The mode is ``"auto"`` and the metric is not one of the model's.
        """
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        direction = getattr(self.model, "directions", {"loss": "down"}).get(name)
        if direction is not None:
            return bool(direction == "up")
        raise ArgumentError(
            f"{type(self).__name__} cannot tell whether larger is better; give `mode`.",
            monitor=self.monitor,
            mode=self.mode,
        )

    def improved(self, current: float, best: float) -> bool:
        """Whether ``current`` is better than ``best`` by more than ``min_delta``."""
        if math.isnan(best):
            return True
        return current - self.min_delta > best if self.upward else current + self.min_delta < best

    def current(self, logs: Logs | None, missing: str) -> Any:
        """The watched value; ``None``, with a warning, if the logs lack it.

        Args:
            logs: The logs.
            missing: The warning, with places for ``{monitor}`` and ``{names}`` of the logs.
        """
        logs = logs or {}
        value = logs.get(self.monitor)
        if value is None:
            names = ",".join(logs)
            warnings.warn(missing.format(monitor=self.monitor, names=names), stacklevel=3)
        return value
