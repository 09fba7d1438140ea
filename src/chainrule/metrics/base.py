"""What all metrics share: sums that add up over batches, and the number made of them.

A metric never keeps predictions. It turns a batch into a few sums and, at the end, the sums into
its value; so metrics stream, and sums from several workers can be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule import config, losses
from chainrule.core.names import unique_name
from chainrule.core.registry import Registry
from chainrule.errors import ShapeError
from chainrule.metrics.shapes import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.metrics.variables import Variable

    Array = NDArray[Any]

Value = Any
"""A Python float, or an array where a metric has several numbers (one per threshold, class)."""


class Metric:
    """Base of the metrics; a metric of your own overrides one of three things.

    * ``values(y_true, y_pred)``: one value per sample, of which the metric is the weighted mean;
    * ``sums(y_true, y_pred, weight)`` and ``value(sums)``: any sums that add up over batches;
    * ``update_state(y_true, y_pred, sample_weight=None)`` and ``result()`` over variables from
      :meth:`add_variable`, as in Keras. They must add up over batches too, which is checked.

    Args:
        name: The key under which logs and ``History`` show the metric; by default its own, or
            one made of the class name: ``"auc"``, then ``"auc_1"``, …
        dtype: Float type that targets and predictions are converted to; the global one by
            default. Sums are always float64. (In Keras' base class, ``dtype`` comes first.)

    Attributes:
        direction: ``"up"`` where larger is better, ``"down"`` where smaller is, ``None`` where
            that is not known: what ``mode="auto"`` of callbacks reads.
        sparse: Whether targets are class numbers.
    """

    default_name: ClassVar[str | None] = None
    direction: str | None = None
    sparse: bool = False

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or self.default_name or unique_name(type(self).__name__)
        self.dtype = None if dtype is None else config.float_name("dtype", dtype)
        self._sums: Array = np.zeros(0)
        self._variables: list[Variable] = []

    # ------------------------------------------------------------ what engines read

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value per sample, shape (N, …)."""
        raise NotImplementedError(
            f"Metric {type(self).__name__} must define `values`, or `sums` and `value`."
        )

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """What adds up over batches, float64, one-dimensional: here ``[Σ w·value, Σ w]``."""
        return mean_sums(self.values(y_true, y_pred), weight)

    def sums_of_passes(
        self, y_true: Array, y_pred: Array, weight: Array | None, passes: int
    ) -> Array:
        """:meth:`sums` of so many equal parts, (E, S); without weights all values at once."""
        if weight is None and type(self).sums is Metric.sums:
            values = np.asarray(self.values(y_true, y_pred), np.float64)
            if values.ndim:
                by_pass = _by_sample(values).reshape(passes, -1)
                counts = np.full(passes, by_pass.shape[1], np.float64)
                return np.stack([by_pass.sum(axis=1), counts], axis=1)
        size = len(y_pred) // passes
        parts = [slice(at, at + size) for at in range(0, passes * size, size)]
        weights = [None if weight is None else weight[part] for part in parts]
        pairs = zip(parts, weights, strict=True)
        return np.stack([self.sums(y_true[p], y_pred[p], w) for p, w in pairs])

    def value(self, sums: Array) -> Value:
        """The metric from its sums over all batches; 0 where there were none, as in Keras."""
        return float(sums[0] / sums[1]) if sums.size and sums[1] else 0.0

    # ------------------------------------------------------------ what one calls by hand

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: Targets, of the shape of ``y_pred`` (class numbers: without its last axis).
            y_pred: Predictions, (N, …, K) or (N,).
            sample_weight: One weight for all, one per sample, or one per step of each.

        Raises:
            ShapeError: These do not belong together.
        """
        p = np.asarray(y_pred, dtype=self.dtype or config.floatx())
        t = np.asarray(y_true, dtype=np.int64 if self.sparse else p.dtype)
        t, p = losses.reconcile(t, p, self.sparse)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        with np.errstate(all="ignore"):  # what is no number shows in the result
            self._add(self.sums(t, p, weight))

    def result(self) -> Value:
        """The metric of everything added since the last reset."""
        return self.value(self._sums)

    def reset_state(self) -> None:
        """Forget what was added; variables become zeros."""
        self._sums = np.zeros(0)
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def __call__(self, *args: Any, **kwargs: Any) -> Value:
        """Add a batch and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def _add(self, sums: Array) -> None:
        if self._sums.size and self._sums.shape != sums.shape:
            raise ShapeError(
                f"Metric {self.name!r} must get as many outputs as before; reset_state() forgets.",
                sums=sums.size,
                before=self._sums.size,
            )
        self._sums = self._sums + sums if self._sums.size else sums

    # ------------------------------------------------------------ state as in Keras

    def add_variable(
        self,
        shape: tuple[int, ...] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "sum",
        name: str | None = None,
    ) -> Variable:
        """A float64 variable for an ``update_state`` of your own.

        Args:
            shape: Its shape.
            initializer: Name of, or an initializer for, its first value.
            dtype: Kept for Keras' signature, as is ``aggregation``.
            aggregation: See ``dtype``.
            name: Shown by its ``repr``.
        """
        from chainrule.metrics.variables import Variable

        variable = Variable(shape, initializer, name)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: tuple[int, ...] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Keras' older name of :meth:`add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """What :meth:`add_variable` made, here and in metrics that this one holds."""
        return [*self._variables, *(v for held in self.held for v in held.variables)]

    @property
    def held(self) -> list[Metric]:
        """The metrics among the attributes of this one."""
        return [value for value in vars(self).values() if isinstance(value, Metric)]

    @property
    def _direction(self) -> str | None:
        """Keras' name of ``direction``, which metrics of one's own set there."""
        return self.direction

    @_direction.setter
    def _direction(self, direction: str | None) -> None:
        self.direction = direction

    # ------------------------------------------------------------ description

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """A metric from :meth:`get_config`, of this library or of Keras."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}>"


METRICS: Registry[type[Metric]] = Registry("metric")
"""The classes by name: ``"mean_squared_error"``, ``"MeanSquaredError"``, ``"mse"``, ``"MSE"``."""


def mean_sums(values: Any, weight: Array | None) -> Array:
    """``[Σ w·v, Σ w]`` over samples, in float64.

    A sample's own value is the mean over its further axes, weighted if there are weights as
    fine as that; so samples of different length weigh the same.

    Args:
        values: Shape (N, …), or a single number.
        weight: Shape of the leading axes of ``values``; one number is every sample's weight
            (Keras gives the whole batch that weight, however many samples there are).

    Raises:
        ShapeError: The weights do not fit.
    """
    values = np.asarray(values, np.float64)
    if weight is None:
        return np.array([_by_sample(values).sum(), len(values) if values.ndim else 1.0])
    weight = losses.match_rank(np.asarray(weight, np.float64), values.shape)
    finest = max(weight.ndim, min(values.ndim, 1))
    values = values.mean(axis=tuple(range(finest, values.ndim)))
    weight = spread(weight, values.shape)
    return np.array([_by_sample(values * weight).sum(), _by_sample(weight).sum()])


def _by_sample(values: Array) -> Array:
    found: Array = values.mean(axis=tuple(range(1, values.ndim)))
    return found
