"""The random inputs of a training step, drawn alike by every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.graph import Noise
from chainrule.core.rng import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw(noise: Noise, seed: int, step: int, samples: int, dtype: Any) -> NDArray[Any]:
    """A random array, from a stream keyed by seed, name and step.

    Args:
        noise: What to draw.
        seed: The model's seed; a layer's own goes before it.
        step: Updates done so far.
        samples: Length of the samples' axis.
        dtype: Float type of the result; the numbers are drawn in float32.
    """
    generator = stream(seed if noise.seed is None else noise.seed, noise.stream, step)
    shape = [samples if axis is None else axis for axis in noise.shape]
    if noise.distribution == "normal":
        return generator.standard_normal(shape, np.float32).astype(dtype)
    return (generator.random(shape, np.float32) < noise.keep).astype(dtype)
