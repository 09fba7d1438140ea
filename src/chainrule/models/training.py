"""compile, fit, evaluate and predict: one loop for all engines."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import losses, metrics, optimizers
from chainrule.callbacks import CallbackList, History
from chainrule.callbacks.progress import Progress
from chainrule.core.interrupts import Interrupts
from chainrule.core.plan import LOSS, Plan
from chainrule.core.rng import stream
from chainrule.core.shapes import Shape
from chainrule.engines.base import Program, Run, Sums
from chainrule.errors import ArgumentError, StateError
from chainrule.models import data as user_data
from chainrule.models.data import Data
from chainrule.models.lowering import Compiled, compiled_plan
from chainrule.models.pacing import stretches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.core.layout import Layout
    from chainrule.layers.layer import Layer

    Array = NDArray[Any]

BATCH_SIZE = 32
"""Samples in a batch where none is given, as in Keras."""


class Trainable:
    """The training half of a model. The other half says what the layers and parameters are.

    Attributes:
        history: What the last ``fit`` recorded.
        stop_training: Set by a callback to end ``fit`` after the batch.
    """

    name: str
    seed: int | None
    _layers: list[Layer]
    _input_shape: Shape | None

    if TYPE_CHECKING:  # what the other half gives

        @property
        def built(self) -> bool: ...
        @property
        def base(self) -> Plan: ...
        @property
        def layout(self) -> Layout: ...
        @property
        def theta(self) -> Array: ...
        @property
        def input_shape(self) -> Shape: ...
        @property
        def output_shape(self) -> Shape: ...
        def build(self, input_shape: Any = None) -> None: ...
        def _build(self, input_shape: Shape) -> None: ...

    def __init__(self) -> None:
        self.history: History | None = None
        self.stop_training = False
        self._compiled: Compiled | None = None
        self._forget_plan()

    def _forget_plan(self) -> None:
        self._plan: Plan | None = None
        self._metrics: tuple[metrics.Metric, ...] = ()
        self._program: Program | None = None

    # ------------------------------------------------------------ compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how to train.

        Args:
            optimizer: Name or :class:`Optimizer`.
            loss: Name or :class:`Loss`. ``"crossentropy"`` (or ``"ce"``) is resolved by the output.
            loss_weights: For models of several outputs; must be ``None``.
            metrics: List of names or :class:`Metric`; sample weights do not apply to these.
            weighted_metrics: List of those to which sample weights apply.
            run_eagerly: Kept for Keras' signature, as are the next three: nothing to choose here.
            steps_per_execution: See above; the loop paces itself.
            jit_compile: See above.
            auto_scale_loss: See above.

        Raises:
            UnknownNameError: A name is unknown; the message has the nearest.
            ArgumentError: ``metrics`` is no list, or loss and output do not belong together.
        """
        if loss_weights is not None:
            raise ArgumentError("`loss_weights` needs several outputs.", loss_weights=loss_weights)
        self._compiled = Compiled(
            optimizers.get(optimizer),
            None if loss is None else self._loss(loss),
            _listed("metrics", metrics),
            _listed("weighted_metrics", weighted_metrics),
        )
        for metric in (*self._compiled.metrics, *self._compiled.weighted_metrics):
            _check_metric(metric)
        self._forget_plan()
        if self.built:
            assert self._input_shape is not None  # noqa: S101
            self._build(self._input_shape)  # layers may have been frozen since
            if self._compiled.loss is not None:
                self._ready()

    def _loss(self, identifier: Any) -> losses.Loss:
        if identifier in ("crossentropy", "ce"):
            sparse = "sparse_categorical_crossentropy"
            return losses.get("binary_crossentropy" if self._outputs() == 1 else sparse)
        return losses.get(identifier)

    def _outputs(self) -> int | None:
        return self.output_shape[-1] if self.built else getattr(self._layers[-1], "units", None)

    @property
    def compiled(self) -> bool:
        """Whether ``compile()`` was called."""
        return self._compiled is not None

    @property
    def optimizer(self) -> optimizers.Optimizer | None:
        """The optimizer, with its state."""
        return self._compiled.optimizer if self._compiled else None

    @property
    def loss(self) -> losses.Loss | None:
        """The loss."""
        return self._compiled.loss if self._compiled else None

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The metrics, in the order of ``compile()``."""
        return list(self._metrics)

    @property
    def metrics_names(self) -> list[str]:
        """What ``evaluate`` returns, in order: ``["loss", "accuracy"]``."""
        return [LOSS, *(metric.name for metric in self._metrics)]

    @property
    def plan(self) -> Plan:
        """The compiled model as data: what engines read."""
        self._ready()
        assert self._plan is not None  # noqa: S101
        return self._plan

    def _ready(self) -> Compiled:
        """Finish plan and program, once shapes are known."""
        if self._compiled is None:
            raise StateError(f"You must call `compile()` before training model {self.name!r}.")
        if self._plan is None:
            loss = self._compiled.loss
            sparse = loss is not None and loss.sparse
            assert self._input_shape is not None  # noqa: S101
            self._plan, self._metrics = compiled_plan(
                self._layers, self.base, self._input_shape, self._compiled, sparse
            )
            self._program = None
        return self._compiled

    def _engine_program(self) -> Program:
        from chainrule.engines.numpy import NumpyEngine

        if self._program is None:
            self._program = NumpyEngine().build(self._plan or self.base)
        return self._program

    def _run(self) -> Run:
        """Parameters and optimizer state, as an engine takes them."""
        seed = self.seed or 0
        if self._compiled is None or self._plan is None:
            return Run(self.theta, {}, 0, seed)
        optimizer = self._compiled.optimizer
        assert self._plan.update is not None  # noqa: S101
        optimizer.allocate(self._plan.update.states, self.layout.trainable_size, self._plan.dtype)
        return Run(self.theta, optimizer.state, optimizer.iterations, seed)

    # ------------------------------------------------------------ fit

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
        batch_size = _positive("batch_size", batch_size or BATCH_SIZE)
        training, validation = self._prepare_fit(
            x, y, sample_weight, class_weight, validation_split, validation_data
        )
        batches = math.ceil(len(training.x) / batch_size)
        steps = batches
        if steps_per_epoch is not None:
            steps = min(_positive("steps_per_epoch", steps_per_epoch), batches)
            if steps_per_epoch > batches:
                warnings.warn(
                    f"`steps_per_epoch` is {steps_per_epoch}, but the data make {batches} batches.",
                    stacklevel=2,
                )
        progress = Progress(_verbosity(verbose), steps, epochs)
        self.history = History()
        hooks = CallbackList(
            callbacks,
            own=(progress, self.history),
            model=self,
            verbose=_verbosity(verbose),
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
        training = self._data(x, y, sample_weight, class_weight)
        if validation_data is None:
            return (
                user_data.split(training, validation_split)
                if validation_split
                else (training, None)
            )
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            raise ArgumentError(
                "`validation_data` must be (x, y) or (x, y, sample_weight).",
                type=type(validation_data).__name__,
            )
        x, y, *weight = validation_data
        return training, self._data(x, y, *weight, prefix="validation ")

    def _data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[Any, float] | None = None,
        *,
        prefix: str = "",
    ) -> Data:
        """Check data; build the model by it if need be."""
        if self._compiled is None:
            raise StateError(f"You must call `compile()` before using model {self.name!r}.")
        x = self._inputs(x, f"{prefix}x")
        loss = self._ready().loss
        assert loss is not None  # noqa: S101  (compiled_plan has checked)
        user_data.check_lengths(
            **{f"{prefix}x": x, f"{prefix}y": user_data.numbers(y, f"{prefix}y")}
        )
        y = user_data.targets(y, loss, self.output_shape, f"{prefix}y")
        return Data(x, y, user_data.weights(sample_weight, class_weight, y, loss))

    def _inputs(self, x: Any, name: str = "x") -> Array:
        if not self.built and self._input_shape is None and self._layers:
            self.build(user_data.numbers(x, name).shape)
        shape = self.input_shape
        first = next(
            (layer for layer in self._layers if layer.name != "input_layer"), self._layers[0]
        )
        array = user_data.inputs(
            x, shape, f"Model {self.name!r} (first layer {first.name!r})", name
        )
        return array

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

    def _logs(self, sums: Sums) -> dict[str, float]:
        """Loss and metrics by name, sorted by name as Keras sorts them."""
        found = {metric.name: metric.value(sums.measures[metric.name]) for metric in self._metrics}
        found[LOSS] = sums.mean_loss
        return dict(sorted(found.items()))

    # ------------------------------------------------------------ evaluate and predict

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics with the weights as they are.

        Args:
            x: Inputs.
            y: Targets.
            batch_size: Samples per batch; 32 by default.
            verbose: 0 silent, 1 (and ``"auto"``) a bar, 2 one line.
            sample_weight: One weight per sample.
            steps: Batches to look at.
            callbacks: A list of callbacks.
            return_dict: Whether to return a dictionary.

        Returns:
            ``[loss, *metrics]`` in the order of :attr:`metrics_names`; just the loss if there are
            no metrics; or a dictionary.
        """
        batch_size = _positive("batch_size", batch_size or BATCH_SIZE)
        testing = self._data(x, y, sample_weight)
        progress = Progress(_verbosity(verbose), _steps(testing.x, batch_size, steps))
        hooks = CallbackList(
            callbacks, model=self, verbose=_verbosity(verbose), steps=progress.steps
        )
        logs = self._evaluate(testing, batch_size, steps, hooks, progress)
        return self._result(logs, return_dict)

    def _evaluate(
        self,
        testing: Data,
        batch_size: int,
        steps: int | None,
        hooks: CallbackList,
        progress: Progress | None = None,
    ) -> dict[str, float]:
        program, run, sums = self._engine_program(), self._run(), Sums()
        count = _steps(testing.x, batch_size, steps)
        hooks.on_test_begin({})
        logs: dict[str, float] = {}
        for first, last in stretches(count, hooks.watches_batches):
            hooks.on_test_batch_begin(first, {})
            rows = slice(first * batch_size, last * batch_size)
            part = program.evaluate(run, *testing.take(rows), batch_size)
            sums.add(part.samples, part.loss, part.measures)
            logs = self._logs(sums)
            hooks.on_test_batch_end(last - 1, logs)
            if progress is not None:
                progress.advance(last, logs)
        if progress is not None:
            progress.finish(logs)
        hooks.on_test_end(logs)
        return logs

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Array:
        """The model's output for every row of ``x``.

        Args:
            x: Inputs.
            batch_size: Rows computed at once; 32 by default.
            verbose: 0 silent, 1 (and ``"auto"``) a bar, 2 one line.
            steps: Batches to predict.
            callbacks: A list of callbacks.

        Returns:
            An array of the model's dtype with one row per row of ``x``.
        """
        batch_size = _positive("batch_size", batch_size or BATCH_SIZE)
        array = self._inputs(x)
        user_data.check_lengths(x=array)
        count = _steps(array, batch_size, steps)
        progress = Progress(_verbosity(verbose), count)
        hooks = CallbackList(callbacks, model=self, verbose=_verbosity(verbose), steps=count)
        program, run, parts = self._engine_program(), self._run(), []
        hooks.on_predict_begin({})
        for first, last in stretches(count, hooks.watches_batches):
            hooks.on_predict_batch_begin(first, {})
            rows = array[first * batch_size : last * batch_size]
            parts.append(program.predict(run, rows, batch_size))
            hooks.on_predict_batch_end(last - 1, {"outputs": parts[-1]})
            progress.advance(last)
        progress.finish()
        hooks.on_predict_end({})
        return np.concatenate(parts)

    # ------------------------------------------------------------ one batch

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[Any, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update on one batch; returns this batch's loss and metrics, as ``evaluate`` does.

        (Keras 3 returns means over all calls since ``reset_metrics``.)
        """
        batch = self._data(x, y, sample_weight, class_weight)
        rows = np.arange(len(batch.x))
        return self._result(self._logs(self._train(batch, rows, len(rows))), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch, as ``evaluate`` returns them."""
        batch = self._data(x, y, sample_weight)
        sums = self._engine_program().evaluate(self._run(), *batch, len(batch.x))
        return self._result(self._logs(sums), return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """Predictions for one batch."""
        array = self._inputs(x)
        return self._engine_program().predict(self._run(), array, max(len(array), 1))

    def _result(self, logs: dict[str, float], return_dict: bool) -> Any:
        if return_dict:
            return logs
        values = [logs[name] for name in self.metrics_names]
        return values if len(values) > 1 else values[0]


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


def _listed(argument: str, value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ArgumentError(
            f"Expected `{argument}` argument to be a list or tuple: [{value!r}].",
            **{argument: value},
        )
    return tuple(value)


def _check_metric(metric: Any) -> None:
    """Find an unknown name now, not when training begins."""
    metrics.get(metric, sparse=False, outputs=1)


def _verbosity(verbose: Any) -> int:
    if verbose not in ("auto", 0, 1, 2):
        raise ArgumentError("`verbose` must be 'auto', 0, 1 or 2.", verbose=verbose)
    return 1 if verbose == "auto" else int(verbose)


def _positive(argument: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"`{argument}` must be a positive integer.", **{argument: value})
    return int(value)


def _steps(x: Array, batch_size: int, steps: int | None) -> int:
    batches = math.ceil(len(x) / batch_size)
    return batches if steps is None else min(_positive("steps", steps), batches)


def _due(epoch: int, frequency: int | Iterable[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _warn_if_diverged(logs: Mapping[str, float], epoch: int) -> None:
    if not math.isfinite(logs[LOSS]):
        warnings.warn(
            f"The loss became {logs[LOSS]} in epoch {epoch + 1}: training diverged and the weights "
            "are no longer usable. A smaller learning rate usually helps.",
            RuntimeWarning,
            stacklevel=3,
        )
