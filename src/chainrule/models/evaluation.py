"""evaluate() and predict(): a model with its weights as they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks import CallbackList
from chainrule.callbacks.progress import Progress
from chainrule.core.plan import LOSS
from chainrule.engines.base import Sums
from chainrule.errors import ArgumentError
from chainrule.models import data as user_data
from chainrule.models.compiled import Compilable
from chainrule.models.data import Data
from chainrule.models.pacing import stretches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BATCH_SIZE = 32
"""Samples in a batch where none is given, as in Keras."""


class Evaluable(Compilable):
    """What a model can do without changing."""

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
        batch_size = positive_integer("batch_size", batch_size or BATCH_SIZE)
        testing = self._data(x, y, sample_weight)
        progress = Progress(verbosity(verbose), _steps(testing.x, batch_size, steps))
        hooks = CallbackList(
            callbacks, model=self, verbose=verbosity(verbose), steps=progress.steps
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
        batch_size = positive_integer("batch_size", batch_size or BATCH_SIZE)
        array = self._inputs(x)
        user_data.check_lengths(x=array)
        count = _steps(array, batch_size, steps)
        progress = Progress(verbosity(verbose), count)
        hooks = CallbackList(callbacks, model=self, verbose=verbosity(verbose), steps=count)
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

    # ------------------------------------------------------------ shared with training

    def _data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        prefix: str = "",
    ) -> Data:
        """Check data; build the model by it if need be."""
        self._check_compiled()
        x = self._inputs(x, f"{prefix}x")
        y = user_data.numbers(y, f"{prefix}y")
        loss = self._ready(y.shape).loss
        assert loss is not None  # noqa: S101  (compiled_plan has checked)
        user_data.check_lengths(**{f"{prefix}x": x, f"{prefix}y": y})
        y = user_data.targets(y, loss, self.output_shape, f"{prefix}y")
        return Data(x, y, user_data.weights(sample_weight, len(x)))

    def _inputs(self, x: Any, name: str = "x") -> Array:
        if not self.built and self._input_shape is None and self._layers:
            self.build(user_data.numbers(x, name).shape)
        shape = self.input_shape  # of a built model, which therefore has layers
        owner = f"Model {self.name!r} (first layer {self.layers[0].name!r})"
        return user_data.inputs(x, shape, owner, name)

    def _logs(self, sums: Sums) -> dict[str, float]:
        """Loss and metrics by name, sorted by name as Keras sorts them."""
        names = self.metrics_names[1:]
        found = {n: m.value(sums.measures[n]) for n, m in zip(names, self._metrics, strict=True)}
        found[LOSS] = sums.mean_loss
        return dict(sorted(found.items()))

    def _result(self, logs: dict[str, float], return_dict: bool) -> Any:
        if return_dict:
            return logs
        values = [logs[name] for name in self.metrics_names]
        return values if len(values) > 1 else values[0]


def verbosity(verbose: Any) -> int:
    """``"auto"``, 0, 1 or 2 as a number.

    Raises:
        ArgumentError: It is something else.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ArgumentError("`verbose` must be 'auto', 0, 1 or 2.", verbose=verbose)
    return 1 if verbose == "auto" else int(verbose)


def positive_integer(argument: str, value: Any) -> int:
    """``value``, if it is an integer of at least 1.

    Raises:
        ArgumentError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"`{argument}` must be a positive integer.", **{argument: value})
    return int(value)


def _steps(x: Array, batch_size: int, steps: int | None) -> int:
    batches = math.ceil(len(x) / batch_size)
    return batches if steps is None else min(positive_integer("steps", steps), batches)
