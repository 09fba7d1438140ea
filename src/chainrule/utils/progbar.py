"""A progress bar for loops of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.core.bar import WIDTH, Bar
from chainrule.errors import ArgumentError


class Progbar:
    """Keras' bar where a line can be redrawn; one plain line at the end where it cannot.

    Values are shown as their means over the steps so far, weighted by the steps since the update
    before, unless they are stateful. ``finalize=True`` shows what is given with it. (Keras does
    that at the last step of a loop in any case, so that the mean is lost.)

    Args:
        target: Steps of the loop; ``None`` if nobody knows.
        width: Cells of the bar.
        verbose: 0 silent; 1 the bar; 2 one line at the end.
        interval: Seconds between redraws, at least.
        stateful_metrics: Names of values to show as they come; the others are averaged.
        stateless_metrics: Instead: names of values to average; the others are shown as they come.
        unit_name: What a step is called.

    Raises:
        ArgumentError: Both kinds of names were given.

    Example:
        >>> bar = Progbar(3, verbose=2)
        >>> for loss in (4.0, 2.0, 3.0):
        ...     bar.add(1, [("loss", loss)])  # doctest: +ELLIPSIS
        3/3 - 0s - ... - loss: 3.0000
    """

    def __init__(
        self,
        target: int | None,
        width: int = WIDTH,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError(
                "Give either `stateful_metrics` or `stateless_metrics`.",
                stateful_metrics=stateful_metrics,
                stateless_metrics=stateless_metrics,
            )
        self.target = target
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._bar = Bar(target, verbose, width=width, interval=interval, unit=unit_name)
        self._sums: dict[str, tuple[float, int]] = {}

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Tell how far the loop is.

        Args:
            current: Steps done.
            values: ``(name, value)`` of what to show; arrays are shown as their means.
            finalize: Whether the loop is over; by default, whether ``current`` reaches ``target``.
        """
        steps = max(current - self._bar.done, 1)
        for name, value in values or ():
            total, count = self._sums.get(name, (0.0, 0))
            if finalize or not self._averaged(name):
                total, count = float(np.mean(value)), 1
            else:
                total, count = total + steps * float(np.mean(value)), count + steps
            self._sums[name] = total, count
        shown = {name: total / count for name, (total, count) in self._sums.items()}
        over = self.target is not None and current >= self.target
        if over if finalize is None else finalize:
            self._bar.finish(shown, current)
        else:
            self._bar.update(current, shown)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Tell that ``n`` more steps are done; see :meth:`update`."""
        self.update(self._bar.done + n, values)

    def _averaged(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in (self.stateful_metrics or ())
