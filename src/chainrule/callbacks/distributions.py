"""How weights, gradients and activations of each layer are spread, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from chainrule.callbacks.callback import Callback, Logs
from chainrule.callbacks.looking import by_layer, look
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Kind = Literal["weights", "gradients", "activations"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What is recorded."""
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""How a layer's numbers are summed up: so much of them is below."""
MOST = 20_000
"""Of more numbers, about so many are looked at, evenly spaced; the smallest and largest always."""


class DistributionRecorder(Callback):
    """Records after each epoch how each layer's numbers are spread, on a batch of training data.

    Kernel and bias of a layer count together; the gradient is that of the batch's loss before the
    next step; activations are what leaves a layer. Kept are seven numbers for each layer and kind
    (:data:`QUANTILES`), however large the layer is. ``chainrule.plots.plot_distributions`` draws
    them.

    Args:
        every: Look after every so many epochs.
        rows: Samples that are looked at.

    Attributes:
        epochs: Those that were looked at, from 1.
        record: For each kind, for each layer, the quantiles at each look.

    Raises:
        ArgumentError: A number is no whole number from 1.
    """

    def __init__(self, every: int = 1, rows: int = 256) -> None:
        for name, number in (("every", every), ("rows", rows)):
            if not isinstance(number, int) or number < 1:
                raise ArgumentError(f"`{name}` must be a whole number from 1.", **{name: number})
        self.every, self.rows = every, rows
        self.epochs: list[int] = []
        self.record: dict[Kind, dict[str, list[Array]]] = {kind: {} for kind in KINDS}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epochs, self.record = [], {kind: {} for kind in KINDS}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if (epoch + 1) % self.every:
            return
        plan, run, arrays = self.model._watch.sample(self.rows)
        values, gradient = look(plan, run, arrays)
        self.epochs.append(epoch + 1)
        self._note("weights", by_layer(plan, run.theta[plan.layout.trainable]))
        self._note("gradients", by_layer(plan, gradient))
        leaving = plan.train.layer_outputs().items()
        self._note("activations", {layer: [values[array]] for layer, array in leaving})

    def _note(self, kind: Kind, arrays: Mapping[str, Iterable[Array]]) -> None:
        for layer, parts in arrays.items():
            numbers = np.concatenate([part.ravel() for part in parts])
            self.record[kind].setdefault(layer, []).append(quantiles(numbers))


def quantiles(numbers: Array) -> Array:
    """:data:`QUANTILES` of some numbers, in float64; all NaN if one is, or if there are none."""
    if not numbers.size or np.isnan(numbers).any():
        return np.full(len(QUANTILES), np.nan)
    some = numbers[:: max(numbers.size // MOST, 1)]
    inner = np.quantile(some.astype(np.float64), QUANTILES[1:-1], method="nearest")
    return np.array([numbers.min(), *inner, numbers.max()], np.float64)
