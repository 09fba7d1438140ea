"""fit(): one training loop for all engines."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule.callbacks import CallbackList, History
from chainrule.core.graph import LOSS
from chainrule.core.interrupts import Interrupts
from chainrule.core.rng import stream
from chainrule.engines.base import Sums
from chainrule.errors import ArgumentError
from chainrule.models import data as user_data
from chainrule.models.data import Data
from chainrule.models.evaluation import (
    BATCH_SIZE,
    Evaluable,
    begun,
    check_alone,
    positive_integer,
    verbosity,
)
from chainrule.models.feeding import (
    ArrayFeed,
    BatchFeed,
    Feed,
    Kept,
    Permutation,
    Stretch,
    makes_batches,
    warn_of_the_end,
)
from chainrule.models.pacing import stretches
from chainrule.models.recorder import Call
from chainrule.models.watch import Watch
from chainrule.optimizers import FullBatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.breakdown import Breakdown
    from chainrule.models.model import Model

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
        self._watch: Watch | None = None

    @property
    def breakdown(self) -> Breakdown | None:
        """The first step of the last ``fit`` that lost a number: where, why, and what avoids it.

        ``None`` if all numbers were finite.
        """
        return self._watch.breakdown if self._watch else None

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
            x: Inputs, one row per sample; bytes stay bytes and are converted batch by batch, and
                files mapped into memory are read batch by batch. Of several inputs a list or
                dictionary of arrays. A ``PyDataset``, an iterable or a generator gives batches
                ``(x, y[, sample_weight])`` itself.
            y: Targets; of several outputs a list or dictionary.
            batch_size: Samples per update; 32 by default. The last batch may be smaller. With an
                optimizer of the whole batch, the samples whose gradients are computed at once:
                1024 by default.
            epochs: The last epoch's number, counted from 1.
            verbose: 0 silent, 1 (and ``"auto"``) a bar, 2 one line per epoch.
            callbacks: A list of callbacks.
            validation_split: Fraction of the samples to validate on: the last ones, before any
                shuffling.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)``, or what makes batches of
                them; goes before the split.
            shuffle: Whether to draw a new order of samples (of a dataset's batches) every epoch.
            class_weight: Weight by class number; multiplies ``sample_weight``.
            sample_weight: One weight per sample. The loss is Σ wₙ ℓₙ / batch size.
            initial_epoch: How many epochs are done already.
            steps_per_epoch: Batches in an epoch; the next epoch goes on where one stopped. By
                default a pass over the data.
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
        history = History()
        draw = self._permuted if shuffle else lambda count, later=0: None
        training, validation = self._prepare_fit(
            (x, y, sample_weight), class_weight, validation_split, validation_data, batch_size
        )
        whole = self._check_compiled().optimizer
        if isinstance(whole, FullBatch):
            from chainrule.models.descent import check_whole, descend  # not before it must

            check_whole(cast("Model", self), whole, training, steps_per_epoch)
        size = training.rows if isinstance(whole, FullBatch) else batch_size
        feed = self._training_feed(training, class_weight, size, draw, steps_per_epoch)
        if validation_steps is None and hasattr(validation, "__next__"):
            validation = Kept(validation)  # every epoch is measured on the same batches
        hooks = CallbackList(
            callbacks,
            add_progbar=True,
            own=[history],
            model=self,
            verbose=verbosity(verbose),
            epochs=epochs,
            steps=feed.steps,
        )

        def validated(epoch: int) -> dict[str, Any]:
            if validation is None or not _due(epoch, validation_freq):
                return {}
            size = validation_batch_size or batch_size
            checked = self._validation_feed(validation, size, validation_steps)
            return {f"val_{name}": value for name, value in self._evaluate(checked, hooks).items()}

        self.history, self.stop_training = history, False
        watch = self._watch = Watch(cast("Model", self))
        hooks.on_train_begin({})
        logs: dict[str, Any] = {}
        try:
            with Interrupts() as interrupts:
                left = range(initial_epoch, epochs)
                watched = callbacks or validation is not None or verbosity(verbose)
                if isinstance(whole, FullBatch):
                    model, shown = cast("Model", self), bool(verbosity(verbose))
                    logs = descend(
                        model, training, hooks, left, batch_size, validated, interrupts, shown
                    )
                    left = range(0)
                elif not watched and isinstance(feed, ArrayFeed) and feed.is_whole:
                    logs = self._unwatched(feed, history, left, interrupts, watch)
                    left = range(0)
                for epoch in left:
                    if epoch == initial_epoch:
                        begun(feed)
                    elif not feed.begin_epoch():
                        warn_of_the_end(steps_per_epoch)
                        break
                    hooks.on_epoch_begin(epoch, {})
                    logs = self._epoch(feed, hooks, interrupts, epoch)
                    logs = dict(sorted({**logs, **validated(epoch)}.items()))
                    hooks.on_epoch_end(epoch, logs)
                    feed.end_epoch()
                    interrupts.check()
                    if self.stop_training:
                        break
        except KeyboardInterrupt:
            hooks.interrupt()
            raise
        if not isinstance(whole, FullBatch):  # which keeps no weights that are not finite
            watch.end(self._engine_program())
        self._finish_training()
        hooks.on_train_end(logs)
        return history

    def _prepare_fit(
        self,
        given: tuple[Any, Any, Any],
        class_weight: Mapping[Any, float] | None,
        validation_split: float,
        validation_data: Any,
        batch_size: int | None,
    ) -> tuple[Any, Any]:
        """Checked training data, or what makes batches of them; and likewise for validation."""
        self._check_compiled()
        self._warn_if_frozen_since()
        if makes_batches(given[0]):
            y, weight, split = given[1], given[2], validation_split or None
            check_alone(y=y, sample_weight=weight, validation_split=split)
            return given[0], validation_data
        positive_integer("batch_size", batch_size or BATCH_SIZE)
        training = self._data(*given)
        if validation_data is None and validation_split:
            training, validation = user_data.split(training, validation_split)
            return self._weighted(training, class_weight), validation
        return self._weighted(training, class_weight), self._validation(validation_data)

    def _warn_if_frozen_since(self) -> None:
        """Say which layers were frozen or unfrozen since ``compile()``, which has yet to see it."""
        if not self.built:
            return
        seen = {slot.name: slot.trainable for slot in self.layout}
        changed = [
            layer.name
            for layer in self.topology.operations
            if any(weight.slot.trainable != seen[weight.slot.name] for weight in layer.declared)
        ]
        if changed:
            warnings.warn(
                f"`trainable` of layers {changed} has changed since the model was compiled. Call "
                "`compile()` again before `fit()`, so that the change takes effect.",
                stacklevel=4,
            )

    def _validation(self, validation_data: Any) -> Any:
        """Checked data of ``validation_data``, unless it makes batches."""
        if validation_data is None or makes_batches(validation_data):
            return validation_data
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            raise ArgumentError(
                "`validation_data` must be (x, y) or (x, y, sample_weight).",
                type=type(validation_data).__name__,
            )
        return self._data(*validation_data, prefix="validation ")

    def _training_feed(
        self,
        training: Any,
        class_weight: Mapping[Any, float] | None,
        batch_size: int | None,
        permuted: Permutation,
        steps: int | None,
    ) -> Feed:
        steps = None if steps is None else positive_integer("steps_per_epoch", steps)
        if not isinstance(training, Data):

            def prepared(x: Any, y: Any, weight: Any) -> Data:
                return self._weighted(self._data(x, y, weight), class_weight)

            return BatchFeed(training, prepared, permuted, steps)
        return ArrayFeed(training, batch_size or BATCH_SIZE, permuted, steps)

    def _validation_feed(self, validation: Any, batch_size: int | None, steps: int | None) -> Feed:
        if isinstance(validation, Data):
            size = positive_integer("validation_batch_size", batch_size or BATCH_SIZE)
            return ArrayFeed(validation, size, steps=steps)
        if isinstance(validation, tuple | list):  # beside a source of batches, not checked before
            return self._validation_feed(self._validation(validation), batch_size, steps)
        return self._feed((validation, None, None), None, steps, prefix="validation ")

    def _weighted(self, data: Data, class_weight: Mapping[Any, float] | None) -> Data:
        loss, *others = self._check_compiled().losses(self.output_names)
        return user_data.weighted_by_class(data, class_weight, None if others else loss)

    def _permuted(self, count: int, later: int = 0) -> Array:
        """A new order, from the stream of this step, or of one so much later."""
        step = self.optimizer.steps if self.optimizer else 0
        return stream(self.seed or 0, "shuffle", step + later).permutation(np.arange(count))

    def _epoch(
        self, feed: Feed, hooks: CallbackList, interrupts: Interrupts, epoch: int
    ) -> dict[str, Any]:
        sums = Sums()
        logs: dict[str, Any] = {}
        for first, last in stretches(feed.steps, hooks.watches_batches):
            hooks.on_train_batch_begin(first, {})
            done = first
            for stretch in feed.take(last - first):
                sums.add(self._train(stretch, 1, epoch, done))
                done += stretch.batches
            if done == first:
                break
            logs = self._logs(sums)
            hooks.on_train_batch_end(done - 1, logs)
            interrupts.check()
            if self.stop_training or done < last:
                break
        if self._watch and logs:
            self._watch.epochs([logs[LOSS]], epoch)
        return logs

    def _unwatched(
        self,
        feed: ArrayFeed,
        history: History,
        epochs: range,
        interrupts: Interrupts,
        watch: Watch,
    ) -> dict[str, Any]:
        """Epochs that nobody watches: many in one call of the engine, recorded afterwards."""
        logs: dict[str, Any] = {}
        for first, last in stretches(len(epochs), False):
            sums = self._train(feed.passes(last - first), last - first, epochs[first])
            columns = self._columns(sums)
            history.extend(epochs[first:last], columns)
            watch.epochs(sums.mean_losses, epochs[first])
            logs = {name: values[-1] for name, values in columns.items()}
            interrupts.check()
        return logs

    def _train(self, stretch: Stretch, passes: int = 1, epoch: int = 0, batch: int = 0) -> Sums:
        """Hand batches to the engine; epoch and batch, from 0, are those of the first."""
        program, run = self._engine_program(), self._run()
        optimizer = self._ready().optimizer
        arrays, order, batch_size = stretch.data.arrays, stretch.order, stretch.batch_size
        steps = math.ceil(len(order) / passes / batch_size) * passes
        scalars = optimizer.scalars(run.step + 1, steps)
        if self._watch:
            self._watch.before(run, Call(stretch, scalars, passes, epoch + 1, batch + 1))
        try:
            sums = program.train(run, arrays, order, batch_size, scalars, passes)
        finally:
            optimizer.steps = run.step
        if self._watch:
            self._watch.after(sums, program)
        return sums

    def _finish_training(self) -> None:
        """Put averaged weights in place, if the optimizer keeps them."""
        optimizer = self._check_compiled().optimizer
        optimizer.finalize_variable_values(self.theta[self.layout.trainable])

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[Any, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update on one batch; returns this batch's loss and metrics, as ``evaluate`` does.

        Raises:
            ArgumentError: The optimizer is one of the whole batch.
        """
        if isinstance(optimizer := self._check_compiled().optimizer, FullBatch):
            raise ArgumentError(
                f"{type(optimizer).__name__} needs the loss at several points for one step: use "
                "`fit`, which does one iteration an epoch."
            )
        batch = self._weighted(self._data(x, y, sample_weight), class_weight)
        sums = self._train(Stretch(batch, np.arange(batch.rows), batch.rows))
        return self._result(self._logs(sums), return_dict)


def _due(epoch: int, frequency: int | Iterable[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % positive_integer("validation_freq", frequency) == 0
    return epoch + 1 in frequency
