"""Keep the weights along the way: the path that an optimizer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.callbacks.callback import Callback, Logs
from chainrule.errors import ArgumentError, StateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class PathRecorder(Callback):
    """Keeps a copy of the weights at the start and after every so many epochs or batches.

    It may be drawn on a loss surface: ``landscape(model, x, y, "pca", path=recorder)``. Used for
    another ``fit``, it begins anew.

    Args:
        every: How many epochs (or batches) are between two copies.
        unit: ``"epoch"`` or ``"batch"``. Recording batches brings the engine back after each.
        name: Shown beside the path; the optimizer's name if not given.

    Attributes:
        name: See above.
        batches: How many batches were trained on before each copy, counted over all epochs.
    """

    def __init__(
        self,
        every: int = 1,
        unit: Literal["epoch", "batch"] = "epoch",
        name: str | None = None,
    ) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ArgumentError("`every` must be a positive integer.", every=every)
        if unit not in ("epoch", "batch"):
            raise ArgumentError("`unit` must be 'epoch' or 'batch'.", unit=unit)
        self.every = every
        self.unit = unit
        self.every_batch = unit == "batch"
        self._given = name
        self.name = name or ""
        self.batches: list[int] = []
        self._points: list[Array] = []
        self._done = 0

    @property
    def points(self) -> Array:
        """The copies of all the model's parameters: shape (T, ``model.theta.size``).

        Raises:
            StateError: Nothing was recorded.
        """
        if not self._points:
            raise StateError("Nothing is recorded yet: give the recorder to `fit(callbacks=…)`.")
        return np.array(self._points)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.name = self._given or self.model.optimizer.name
        self._points, self.batches, self._done = [], [], 0
        self._keep()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.unit == "epoch":
            self._count()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.unit == "batch":
            self._count()

    def _count(self) -> None:
        self._done += 1
        if self._done % self.every == 0:
            self._keep()

    def _keep(self) -> None:
        self._points.append(self.model.theta.copy())
        self.batches.append(self.model.optimizer.steps)
