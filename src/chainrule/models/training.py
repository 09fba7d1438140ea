"""fit(): one training loop for all engines."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks import CallbackList, History
from chainrule.callbacks.progress import Progress
from chainrule.core.interrupts import Interrupts
from chainrule.core.plan import LOSS
from chainrule.core.rng import stream
from chainrule.engines.base import Sums
from chainrule.errors import ArgumentError
from chainrule.models import data as user_data
from chainrule.models.data import Data
from chainrule.models.evaluation import BATCH_SIZE, Evaluable, positive_integer, verbosity
from chainrule.models.pacing import stretches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Trainable(Evaluable):
    """What a model can learn.

    Attributes:
        history: What the last ``fit`` recorded.
        stop_training: Set by a callback to end ``fit`` after the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: History | None = None
        self.stop_training = False

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
    ) -> History:
        """Train.

        Args:
            x: Inputs, one row per sample; bytes stay bytes and are converted batch by batch.
            y: Targets.
            batch_size: Samples per update; 32 by default. The last batch may be smaller.
            epochs: The last epoch's number, counted from 1.
            verbose: 0 silent, 1 (and ``"auto"``) a bar, 2 one line per epoch.
            callbacks: A list of callbacks.
            validation_split: Fraction of the samples to validate on: the last ones, before any
                shuffling.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)``; goes before the split.
            shuffle: Whether to draw a new order of samples every epoch.
            class_weight: Weight by class number; multiplies ``sample_weight``.
            sample_weight: One weight per sample. The loss is Σ wₙ ℓₙ / batch size.
            initial_epoch: How many epochs are done already.
            steps_per_epoch: Batches in an epoch; the next epoch goes on where one stopped.
            validation_steps: Batches to validate on.
            validation_batch_size: Samples per batch of validation.
            validation_freq: Validate every so many epochs, or at these epochs, counted from 1.

        Returns:
            The record of the run. The training loss is a mean over the epoch, measured while the
            weights change.

        Raises:
            StateError: ``compile()`` was not called.
            ShapeError, DataError: The data do not fit the model; see :mod:`chainrule.models.data`.
            KeyboardInterrupt: Ctrl-C came; raised at the end of the batch, with whole weights.
        """
        batch_size = positive_integer("batch_size", batch_size or BATCH_SIZE)
        training, validation = self._prepare_fit(
            x, y, sample_weight, class_weight, validation_split, validation_data
        )
        batches = math.ceil(len(training.x) / batch_size)
        steps = batches
        if steps_per_epoch is not None:
            steps = min(positive_integer("steps_per_epoch", steps_per_epoch), batches)
            if steps_per_epoch > batches:
                warnings.warn(
                    f"`steps_per_epoch` is {steps_per_epoch}, but the data make {batches} batches.",
                    stacklevel=2,
                )
        progress = Progress(verbosity(verbose), steps, epochs)
        self.history = History()
        hooks = CallbackList(
            callbacks,
            own=(progress, self.history),
            model=self,
            verbose=verbosity(verbose),
            epochs=epochs,
            steps=steps,
        )
        feed = _Order(self, len(training.x), batch_size, shuffle)
        self.stop_training = False
        hooks.on_train_begin({})
        logs: dict[str, float] = {}
        try:
            with Interrupts() as interrupts:
                for epoch in range(initial_epoch, epochs):
                    hooks.on_epoch_begin(epoch, {})
                    logs = self._epoch(training, batch_size, steps, feed, hooks, interrupts)
                    if validation is not None and _due(epoch, validation_freq):
                        size = validation_batch_size or batch_size
                        found = self._evaluate(validation, size, validation_steps, hooks)
                        logs |= {f"val_{name}": value for name, value in found.items()}
                        logs = dict(sorted(logs.items()))
                    _warn_if_diverged(logs, epoch)
                    hooks.on_epoch_end(epoch, logs)
                    interrupts.check()
                    if self.stop_training:
                        break
        except KeyboardInterrupt:
            progress.interrupt()
            raise
        hooks.on_train_end(logs)
        return self.history

    def _prepare_fit(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Mapping[Any, float] | None,
        validation_split: float,
        validation_data: Any,
    ) -> tuple[Data, Data | None]:
        training, validation = self._data(x, y, sample_weight), None
        if validation_data is not None:
            validation = self._validation(validation_data)
        elif validation_split:
            training, validation = user_data.split(training, validation_split)
        return self._weighted(training, class_weight), validation

    def _weighted(self, data: Data, class_weight: Mapping[Any, float] | None) -> Data:
        assert self.loss is not None  # noqa: S101  (it made the data ready)
        return user_data.weighted_by_class(data, class_weight, self.loss)

    def _validation(self, validation_data: Any) -> Data:
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            raise ArgumentError(
                "`validation_data` must be (x, y) or (x, y, sample_weight).",
                type=type(validation_data).__name__,
            )
        x, y, *weight = validation_data
        return self._data(x, y, *weight, prefix="validation ")

    def _epoch(
        self,
        training: Data,
        batch_size: int,
        steps: int,
        feed: _Order,
        hooks: CallbackList,
        interrupts: Interrupts,
    ) -> dict[str, float]:
        sums = Sums()
        logs: dict[str, float] = {}
        for first, last in stretches(steps, hooks.watches_batches):
            hooks.on_train_batch_begin(first, {})
            for order in feed.take(last - first):
                part = self._train(training, order, batch_size)
                sums.add(part.samples, part.loss, part.measures)
            logs = self._logs(sums)
            hooks.on_train_batch_end(last - 1, logs)
            interrupts.check()
            if self.stop_training:
                break
        return logs

    def _train(self, training: Data, order: Array, batch_size: int) -> Sums:
        program, run = self._engine_program(), self._run()
        optimizer = self._ready().optimizer
        count = math.ceil(len(order) / batch_size)
        scalars = optimizer.scalars(run.step + 1, count)
        try:
            return program.train(run, *training, order, batch_size, scalars)
        finally:
            optimizer.iterations = run.step

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[Any, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update on one batch; returns this batch's loss and metrics, as ``evaluate`` does."""
        batch = self._weighted(self._data(x, y, sample_weight), class_weight)
        rows = np.arange(len(batch.x))
        return self._result(self._logs(self._train(batch, rows, len(rows))), return_dict)


class _Order:
    """The rows of the coming batches: an order per pass over the data, drawn when it begins."""

    def __init__(self, model: Trainable, rows: int, batch_size: int, shuffle: bool) -> None:
        self._model, self._rows, self._batch_size = model, rows, batch_size
        self._shuffle = shuffle
        self._left = np.arange(0)

    def take(self, batches: int) -> Iterator[Array]:
        """Row numbers of the next ``batches`` batches, in one piece per pass over the data."""
        while batches:
            if not len(self._left):
                self._left = self._draw()
            taken, self._left = np.split(self._left, [batches * self._batch_size])
            batches -= math.ceil(len(taken) / self._batch_size)
            yield taken

    def _draw(self) -> Array:
        rows = np.arange(self._rows)
        if not self._shuffle:
            return rows
        optimizer = self._model.optimizer
        step = optimizer.iterations if optimizer else 0
        return stream(self._model.seed or 0, "shuffle", step).permutation(rows)


def _due(epoch: int, frequency: int | Iterable[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % positive_integer("validation_freq", frequency) == 0
    return epoch + 1 in frequency


def _warn_if_diverged(logs: Mapping[str, float], epoch: int) -> None:
    if not math.isfinite(logs[LOSS]):
        warnings.warn(
            f"The loss became {logs[LOSS]} in epoch {epoch + 1}: training diverged and the weights "
            "are no longer usable. A smaller learning rate usually helps.",
            RuntimeWarning,
            stacklevel=3,
        )
