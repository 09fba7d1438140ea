"""Metrics that are written as in Keras, by ``update_state`` and ``result``, made to add up.

The sums of such a metric are what one batch changes in its state. That is right only if a batch
changes the state by the same amount whatever came before, which is checked.
"""

from __future__ import annotations

import copy
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.metrics.base import Metric, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Replay(Metric):
    """A metric of one's own, run on a copy: each batch from a state that was just reset.

    Args:
        metric: The metric, which stays as it is.
    """

    def __init__(self, metric: Metric) -> None:
        super().__init__(metric.name, metric.dtype)
        self.direction, self.sparse = metric.direction, metric.sparse
        self.original = metric
        self._copy = copy.deepcopy(metric)
        self._shapes: list[tuple[int, ...]] = []
        self._adds_up = False

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """What the batch changes in the state.

        Raises:
            ArgumentError: A second time it changes something else: the metric does not add up.
        """
        batch = (y_true, y_pred, weight)
        self._copy.reset_state()
        change = self._change(batch)
        if not self._adds_up and np.any(change):
            again = self._change(batch)
            if not np.allclose(again, change, rtol=1e-5, atol=1e-8 * np.abs(change).max()):
                raise ArgumentError(
                    f"What `update_state` of metric {self.name!r} adds for a batch must not depend "
                    "on the batches before; override `sums` and `value` instead.",
                    first=change,
                    second=again,
                )
            self._adds_up = True
        return change

    def value(self, sums: Array) -> Value:
        """The ``result`` of the state that has changed by ``sums``."""
        self._copy.reset_state()
        if sums.size:
            sizes = [int(np.prod(shape)) for shape in self._shapes]
            parts = np.split(sums, np.cumsum(sizes)[:-1])
            changes = [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]
            _write(self._copy, _added(_read(self._copy), changes))
        with np.errstate(all="ignore"):  # 0/0 of a metric that has seen nothing
            found = np.asarray(self._copy.result(), np.float64)
        return found if found.ndim else float(found)

    def _change(self, batch: tuple[Any, Any, Any]) -> Array:
        before = _read(self._copy)
        y_true, y_pred, weight = batch
        self._copy.update_state(y_true, y_pred, sample_weight=weight)
        after = _read(self._copy)
        if len(after) != len(before):  # it made its variables only now
            self._copy.reset_state()
            return self._change(batch)
        self._shapes = [part.shape for part in after]
        changes = (a - b if b.size else a for a, b in zip(after, before, strict=True))
        return np.concatenate([change.ravel() for change in changes])

    def get_config(self) -> dict[str, Any]:
        """That of the metric itself."""
        return self.original.get_config()


def runs_by_update(kind: type[Metric]) -> bool:
    """Whether the last word in a class is ``update_state`` or ``result``, not sums and value."""
    for base in kind.__mro__:
        own = vars(base).keys()
        if {"update_state", "result"} & own:
            by_sums = "update_state" not in own or {"sums", "values"} & own
            return not (by_sums and ("result" not in own or "value" in own))
        if {"sums", "values", "value"} & own:
            return False
    return False


def _read(metric: Metric) -> list[Array]:
    """The state: what was added so far, the variables, and the state of metrics held within."""
    own = [metric._sums, *(variable.value for variable in metric._variables)]
    return [*own, *chain.from_iterable(_read(held) for held in metric.held)]


def _write(metric: Metric, state: list[Array]) -> list[Array]:
    """Set the state; returns what is left of the list."""
    metric._sums, *rest = state
    for variable in metric._variables:
        variable.assign(rest.pop(0))
    for held in metric.held:
        rest = _write(held, rest)
    return rest


def _added(state: list[Array], changes: list[Array]) -> list[Array]:
    return [s + c if s.size else c for s, c in zip(state, changes, strict=True)]
