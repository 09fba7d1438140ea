"""The gated linear unit: one half of the last axis decides how much of the other passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.core.rule import Function, Rule, rule
from chainrule.core.shapes import Axes, Shape, Signature, Spec
from chainrule.errors import ArgumentError, ShapeError


class Twofold(Spec):
    """An array whose last axis is twice as long as its name says."""

    def shape(self, axes: Axes, options: Mapping[str, Any] = {}) -> Shape:
        *rest, half = super().shape(axes, options)
        return (*rest, None if half is None else 2 * half)


class HalvingSignature(Signature):
    """Shapes of a rule whose one input is :class:`Twofold`."""

    def bound(self, shapes: Mapping[str, Shape]) -> Axes:
        """What the axis names stand for.

        Raises:
            ShapeError: The last axis cannot be halved.
        """
        ((name, shape),) = shapes.items()
        if not shape or (shape[-1] is not None and shape[-1] % 2):
            raise ShapeError(
                f"The last axis of {name} must be even: it is split into two halves.",
                **{name: tuple(shape)},
            )
        *rest, last = shape
        return super().bound({name: (*rest, None if last is None else last // 2)})


class HalvingRule(Rule):
    """The rule of ``glu``: in its shape text K is half the length of the input's last axis."""

    def __init__(self, name: str, shapes: str, forward: Function, **settings: Any) -> None:
        super().__init__(name, shapes, forward, **settings)
        inputs = tuple(Twofold(*spec) for spec in self.signature.inputs)
        self.signature = HalvingSignature(shapes, inputs, self.signature.outputs)

    def __call__(self, z: Any, axis: int = -1) -> Any:
        """The gated halves of an array.

        Raises:
            ArgumentError: ``axis`` is not the last; Keras splits any.
            ShapeError: The last axis is of odd length.
        """
        z = self.array(self.inputs[0], z)
        if axis not in (-1, z.ndim - 1):
            raise ArgumentError(f"{self.name} splits the last axis only.", axis=axis)
        self.signature.bound({self.inputs[0]: z.shape})
        return super().__call__(z)


@rule("glu", "z[*N,K] -> y[*N,K]", kind=HalvingRule)
def glu(z):
    """The gated linear unit (Dauphin et al., 2017, eq. 1): half as many outputs as inputs."""
    a = z[..., : z.shape[-1] // 2]  # a: the first half
    b = z[..., z.shape[-1] // 2 :]  # b: the second half
    e = np.exp(-np.abs(b))  # e = e^(−|b|)
    return a * (np.where(b >= 0, 1, e) / (1 + e))  # y = a σ(b)


@glu.wrt("z")
def glu_wrt_z(z, y_bar):
    a = z[..., : z.shape[-1] // 2]  # a: the first half
    b = z[..., z.shape[-1] // 2 :]  # b: the second half
    e = np.exp(-np.abs(b))  # e = e^(−|b|)
    a_bar = y_bar * (np.where(b >= 0, 1, e) / (1 + e))  # ā = ȳ σ(b)
    b_bar = y_bar * a * (e / np.square(1 + e))  # b̄ = ȳ a σ(b) σ(−b)
    return np.concatenate([a_bar, b_bar], axis=-1)  # ∂L/∂z = [ā, b̄]
