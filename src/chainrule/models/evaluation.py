"""evaluate() and predict(): a model with its weights as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks import CallbackList
from chainrule.core.console import is_interactive_logging_enabled
from chainrule.core.graph import LOSS, WEIGHT, Y_TRUE
from chainrule.engines.base import Sums
from chainrule.errors import ArgumentError
from chainrule.models import data as user_data
from chainrule.models.compiled import Compilable
from chainrule.models.data import Data
from chainrule.models.feeding import ArrayFeed, BatchFeed, Feed, Stretch, makes_batches
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
            x: Inputs: an array; of several inputs a list or dictionary of them; or a
                ``PyDataset``, an iterable or a generator of batches ``(x, y[, sample_weight])``.
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
        self._check_compiled()
        feed = self._feed((x, y, sample_weight), batch_size, steps)
        hooks = CallbackList(
            callbacks, add_progbar=True, model=self, verbose=verbosity(verbose), steps=feed.steps
        )
        return self._result(self._evaluate(feed, hooks), return_dict)

    def _evaluate(self, feed: Feed, hooks: CallbackList) -> dict[str, Any]:
        sums = Sums()
        begun(feed)
        hooks.on_test_begin({})
        logs: dict[str, Any] = {}
        for first, last in stretches(feed.steps, hooks.watches_batches):
            hooks.on_test_batch_begin(first, {})
            done = first
            for stretch in feed.take(last - first):
                data = self._rows(stretch)
                part = self._engine_program().evaluate(self._run(), data, stretch.batch_size)
                sums.add(part)
                done += stretch.batches
            if done == first:
                break
            logs = self._logs(sums)
            hooks.on_test_batch_end(done - 1, logs)
            if done < last:
                break
        feed.end_epoch()
        hooks.on_test_end(logs)
        return logs

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's output for every row of ``x``.

        Args:
            x: Inputs, as in :meth:`evaluate`.
            batch_size: Rows computed at once; 32 by default.
            verbose: 0 silent, 1 (and ``"auto"``) a bar, 2 one line.
            steps: Batches to predict.
            callbacks: A list of callbacks.

        Returns:
            An array of the model's dtype with one row per row of ``x``; of several outputs a list
            of arrays, or a dictionary if the model was made with one.
        """
        feed = self._feed((x, None, None), batch_size, steps, targets=False)
        hooks = CallbackList(
            callbacks, add_progbar=True, model=self, verbose=verbosity(verbose), steps=feed.steps
        )
        parts = []
        begun(feed)
        hooks.on_predict_begin({})
        for first, last in stretches(feed.steps, hooks.watches_batches):
            hooks.on_predict_batch_begin(first, {})
            done = first
            for stretch in feed.take(last - first):
                parts.append(self._predicted(self._rows(stretch), stretch.batch_size))
                done += stretch.batches
            if done == first:
                break
            hooks.on_predict_batch_end(done - 1, {"outputs": self._structured(parts[-1])})
            if done < last:
                break
        feed.end_epoch()
        hooks.on_predict_end({})
        return self._structured([np.concatenate(part) for part in zip(*parts, strict=True)])

    def _predicted(self, data: Mapping[str, Array], batch_size: int) -> tuple[Array, ...]:
        return self._engine_program().predict(self._run(), data, batch_size)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch, as ``evaluate`` returns them."""
        batch = self._data(x, y, sample_weight)
        sums = self._engine_program().evaluate(self._run(), batch.arrays, batch.rows)
        return self._result(self._logs(sums), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Predictions for one batch."""
        data = self._inputs(x)
        return self._structured(self._predicted(data.arrays, max(data.rows, 1)))

    # ------------------------------------------------------------ shared with training

    if TYPE_CHECKING:  # what the other half gives

        @property
        def input_names(self) -> list[str]: ...
        def _structured(self, outputs: Any) -> Any: ...
        def _build_for(self, x: Any) -> None: ...

    def _feed(
        self,
        given: tuple[Any, Any, Any],
        batch_size: int | None,
        steps: int | None,
        *,
        prefix: str = "",
        targets: bool = True,
    ) -> Feed:
        """Batches of a user's arrays, or of what makes batches, in their own order."""
        x, y, sample_weight = given
        steps = None if steps is None else positive_integer("steps", steps)
        if not makes_batches(x):
            size = positive_integer("batch_size", batch_size or BATCH_SIZE)
            data = self._data(x, y, sample_weight, prefix=prefix) if targets else self._inputs(x)
            user_data.check_lengths(**{f"{prefix}x": range(data.rows)})
            return ArrayFeed(data, size, steps=steps)
        check_alone(y=y, sample_weight=sample_weight)

        def prepared(x: Any, y: Any, weight: Any) -> Data:
            made = self._data(x, y, weight, prefix=prefix) if targets else self._inputs(x)
            user_data.check_lengths(**{f"{prefix}x": range(made.rows)})
            return made

        return BatchFeed(x, prepared, steps=steps)

    def _rows(self, stretch: Stretch) -> Mapping[str, Array]:
        """A stretch's arrays; a slice of them where the rows follow each other."""
        order = stretch.order
        return stretch.data.take(slice(int(order[0]), int(order[-1]) + 1)).arrays

    def _data(self, x: Any, y: Any, sample_weight: Any = None, *, prefix: str = "") -> Data:
        """Check data; build the model by it if need be."""
        self._check_compiled()
        inputs = self._inputs(x, f"{prefix}x")
        arrays, shapes = dict(inputs.arrays), {}
        if y is None:
            raise ArgumentError(f"`{prefix}y` must be given.", **{f"{prefix}y": None})
        outputs = self.output_names
        needed = self._check_compiled().measured(outputs)
        given = user_data.named(y, outputs, f"{prefix}y", needed)
        label = {n: f"{prefix}y" if len(outputs) == 1 else f"{prefix}y[{n!r}]" for n in outputs}
        given = {
            n: user_data.numbers(a, label[n])
            for n, a in given.items()
            if a is not None or n in needed
        }
        shapes = {name: array.shape for name, array in given.items()}
        compiled = self._ready(shapes)
        weights = self._weights_by_output(sample_weight, outputs)
        lengths = {f"{prefix}x": range(inputs.rows)}
        for name, loss, shape in zip(
            outputs, compiled.losses(outputs), self._output_shapes(), strict=True
        ):
            key = f"/{name}" if len(outputs) > 1 else ""
            if name not in given:
                continue
            lengths[label[name]] = given[name]
            user_data.check_lengths(**lengths)
            arrays[f"{Y_TRUE}{key}"] = user_data.targets(given[name], loss, shape, label[name])
            weight = user_data.weights(
                weights.get(name),
                inputs.rows,
                shape[:-1] or (None,),
                "sample_weight" if len(outputs) == 1 else f"sample_weight[{name!r}]",
            )
            if weight is not None:
                arrays[f"{WEIGHT}{key}"] = weight
        return Data(arrays, inputs.rows)

    def _weights_by_output(self, sample_weight: Any, outputs: list[str]) -> dict[str, Any]:
        """Weights of each output's samples; one array serves all outputs."""
        if sample_weight is None:
            return {}
        several = isinstance(sample_weight, list | tuple) and not all(
            map(np.isscalar, sample_weight)
        )
        if isinstance(sample_weight, Mapping) or (several and len(outputs) > 1):
            return user_data.named(sample_weight, outputs, "sample_weight", [])
        return dict.fromkeys(outputs, sample_weight)

    def _inputs(self, x: Any, name: str = "x") -> Data:
        if not self.built:
            self._build_for(x)
        names = self.input_names
        labels = {
            **self.prediction_plan.predict.bounds,
            **(self._plan or self.prediction_plan).labels,
        }
        arrays, lengths, owner = {}, {}, f"Model {self.name!r}"
        shapes = zip(names, self.prediction_plan.inputs, strict=True)
        given = user_data.named(x, names, name)
        for input_name, array in shapes:
            label = name if len(names) == 1 else f"{name}[{input_name!r}]"
            where = f"{owner} (first layer {self._first_layer(array)!r})"
            shape = self.prediction_plan.predict.shapes[array]
            arrays[array] = user_data.inputs(given[input_name], shape, where, label)
            if array in labels:
                arrays[array] = user_data.labels(arrays[array], labels[array], where, label)
            lengths[label] = arrays[array]
        if len(arrays) > 1:
            user_data.check_lengths(**lengths)
        return Data(arrays, len(next(iter(arrays.values()))))

    def _first_layer(self, array: str) -> str:
        """The layer that reads an input."""
        symbol = self.topology.inputs[self.prediction_plan.inputs.index(array)]
        readers = (c.layer.name for c in self.topology.calls if symbol in c.inputs)
        return next(readers, symbol.name)

    def _logs(self, sums: Sums) -> dict[str, Any]:
        """Loss and metrics by name, sorted by name as Keras sorts them."""
        return {name: values[0] for name, values in self._columns(sums).items()}

    def _columns(self, sums: Sums) -> dict[str, list[Any]]:
        """Loss and metrics of each pass, by name."""
        assert self._plan is not None  # noqa: S101  (what made the sums)
        found: dict[str, list[Any]] = {LOSS: sums.mean_losses.tolist()}
        for m, metric in zip(self._plan.measurements, self.metrics, strict=True):
            found[m.name] = [metric.value(one) for one in sums.measures[m.name]]
        for name, _ in self._plan.tracked:
            totals, counts = sums.measures[name].T
            found[name] = (totals / counts).tolist()
        return dict(sorted(found.items()))

    def _result(self, logs: dict[str, Any], return_dict: bool) -> Any:
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
    if verbose == "auto":
        return 1 if is_interactive_logging_enabled() else 2
    return int(verbose)


def positive_integer(argument: str, value: Any) -> int:
    """``value``, if it is an integer of at least 1.

    Raises:
        ArgumentError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"`{argument}` must be a positive integer.", **{argument: value})
    return int(value)


def begun(feed: Feed) -> None:
    """Begin a pass.

    Raises:
        ArgumentError: There is nothing in it.
    """
    if not feed.begin_epoch():
        raise ArgumentError("`x` made no batches: a generator can be read only once.", batches=0)


def check_alone(**arguments: Any) -> None:
    """What cannot be given beside batches that somebody else makes.

    Raises:
        ArgumentError: Something is.
    """
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        raise ArgumentError(
            f"Where `x` makes the batches, they hold targets and weights too: drop `{given[0]}`.",
            given=given,
        )
