"""Random initial weights whose size follows from a weight's shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.initializers.initializer import Initializer
from chainrule.initializers.random import cut_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal cut at ±2."""

Mode = Literal["fan_in", "fan_out", "fan_avg"]
Distribution = Literal["truncated_normal", "untruncated_normal", "uniform"]
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class VarianceScaling(Initializer):
    """Variance ``scale / fan``, so that signals keep their size from layer to layer.

    Args:
        scale: Numerator of the variance.
        mode: Which fan: ``"fan_in"``, the inputs of a unit, ``"fan_out"``, the outputs, or
            ``"fan_avg"``, their mean.
        distribution: ``"truncated_normal"`` (or ``"normal"``): cut at 2 standard deviations and
            widened by 1/0.88, so that the variance is right; ``"untruncated_normal"``;
            ``"uniform"``: between ± √(3 scale / fan).
        seed: As for :class:`Initializer`.
        input_axes: The axes of a weight whose lengths, multiplied, are the inputs of a unit;
            ``None`` for those of :func:`fans`.
        output_axes: Likewise the outputs. (Keras ignores one without the other.)

    Raises:
        ArgumentError: ``scale`` is not positive, ``mode`` or ``distribution`` is another, or
            only one of the axes is given.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: Mode = "fan_in",
        distribution: Distribution = "truncated_normal",
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        kind = str(distribution).lower()
        kind = "truncated_normal" if kind == "normal" else kind
        if not scale > 0:
            raise ArgumentError("`scale` must be greater than 0.", scale=scale)
        if mode not in MODES:
            raise ArgumentError(f"`mode` must be one of {MODES}.", mode=mode)
        if kind not in DISTRIBUTIONS:
            raise ArgumentError(
                f"`distribution` must be one of {DISTRIBUTIONS}.", distribution=distribution
            )
        if (input_axes is None) != (output_axes is None):
            raise ArgumentError(
                "Give `input_axes` and `output_axes`, or neither.",
                input_axes=input_axes,
                output_axes=output_axes,
            )
        self.scale, self.mode, self.distribution = scale, mode, kind
        self.input_axes, self.output_axes = input_axes, output_axes

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out}.get(self.mode, (fan_in + fan_out) / 2)
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return generator.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return generator.normal(0, math.sqrt(variance), shape)
        return cut_normal(shape, generator) * (math.sqrt(variance) / TRUNCATED_STDDEV)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **self._shared_config(),
        }

    def _shared_config(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Preset(VarianceScaling):
    """Variance scaling with fixed scale, mode and distribution."""

    preset: ClassVar[tuple[float, Mode, Distribution]]

    def __init__(
        self,
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.preset, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        return self._shared_config()


class GlorotUniform(_Preset):
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot & Bengio, 2010, eq. 16)."""

    preset = 1.0, "fan_avg", "uniform"


class GlorotNormal(_Preset):
    """Truncated normal with variance 2 / (fan_in + fan_out) (Glorot & Bengio, 2010, eq. 12)."""

    preset = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_Preset):
    """Uniform with variance 2 / fan_in (He et al., 2015, eq. 10)."""

    preset = 2.0, "fan_in", "uniform"


class HeNormal(_Preset):
    """Truncated normal with variance 2 / fan_in (He et al., 2015, eq. 10)."""

    preset = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Preset):
    """Uniform with variance 1 / fan_in (LeCun et al., 1998, eq. 16)."""

    preset = 1.0, "fan_in", "uniform"


class LecunNormal(_Preset):
    """Truncated normal with variance 1 / fan_in (LeCun et al., 1998, eq. 16)."""

    preset = 1.0, "fan_in", "truncated_normal"


def fans(
    shape: tuple[int, ...],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Inputs and outputs of one unit; leading axes are a convolution's receptive field.

    Raises:
        ShapeError: ``shape`` has no such axis.
    """
    if input_axes is not None and output_axes is not None:
        if any(not -len(shape) <= axis < len(shape) for axis in (*input_axes, *output_axes)):
            raise ShapeError(
                "`input_axes` and `output_axes` must be axes of the weight.",
                shape=shape,
                input_axes=input_axes,
                output_axes=output_axes,
            )
        lengths = (math.prod(shape[a] for a in axes) for axes in (input_axes, output_axes))
        fan_in, fan_out = map(float, lengths)
        return fan_in, fan_out
    if not shape:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)
