"""Validate, and save, with the moving averages of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.callbacks.callback import Callback, Logs
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SwapEMAWeights(Callback):
    """Puts the averages of the weights in their place while the model is evaluated.

    The optimizer must average (``use_ema=True``; Polyak and Juditsky, 1992). The weights are kept
    in a vector of their own meanwhile. Before the first step there are no averages and nothing is
    put anywhere. Unlike with Keras', the weights are back after ``predict`` too, and a training
    that ends early ends with the averages.

    Args:
        swap_on_epoch: Whether to keep the averages in place from the end of an epoch to the
            beginning of the next, so that callbacks after this one, a :class:`ModelCheckpoint`
            say, meet them.

    Raises:
        ArgumentError: In training: the optimizer does not average.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._weights: NDArray[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._weights = None  # a fit that is over has left the averages in place

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put_weights()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put_averages()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put_weights()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put_weights()

    def _put_averages(self) -> None:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ArgumentError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer.",
                optimizer=optimizer,
            )
        if self._weights is None and optimizer.steps:
            trainable = self._trainable()
            self._weights = trainable.copy()
            trainable[:] = optimizer.state["average"]

    def _put_weights(self) -> None:
        if self._weights is not None:
            self._trainable()[:] = self._weights
            self._weights = None

    def _trainable(self) -> NDArray[Any]:
        """A view of the weights that training moves: the first part of the model's vector."""
        return self.model.theta[: self.model.layout.trainable_size]
