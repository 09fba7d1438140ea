"""All numbers of a forward pass at one point, a sample a row, with what is claimed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.handwritten.chain import Chain
from chainrule.glass.handwritten.holdings import Place
from chainrule.glass.handwritten.network import Claim, Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scene:
    """One point.

    Attributes:
        chain: The network.
        point: Parameters and data.
        claim: The gradients that it claims.
        y: Targets, one row a sample, one column an output.
    """

    chain: Chain
    point: Point
    claim: Claim
    y: Array

    @cached_property
    def _passed(self) -> tuple[list[Array], list[Array]]:
        return self.chain.run(self.point.values, self.point.x)

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(self._passed[1][0])

    def z(self, layer: int) -> Array:
        """Pre-activation of a layer, from 1."""
        return self._passed[0][layer - 1]

    def a(self, layer: int) -> Array:
        """Activation of a layer; 0 for the input."""
        return self._passed[1][layer]

    def w(self, layer: int) -> Array:
        """Weights of a layer as [inputs, outputs]."""
        link = self.chain.links[layer - 1]
        return link.weights(self.point.values[link.kernel])

    def moved(self, layer: int) -> Array | None:
        """Its weights after the step, if they were moved and kept their shape."""
        link = self.chain.links[layer - 1]
        if self.claim.moved is None:
            return None
        new = self.claim.moved[link.kernel]
        if new.shape != np.shape(self.point.values[link.kernel]):
            return None
        return link.weights(new)

    def kernel_claim(self, layer: int) -> Array:
        """The claimed gradient of a layer's weights as [inputs, outputs]."""
        link = self.chain.links[layer - 1]
        return link.weights(self.claim.gradients[link.kernel])

    def bias_claim(self, layer: int) -> Array:
        """The claimed gradient of a layer's bias: [outputs], or as it came if that is no bias."""
        link = self.chain.links[layer - 1]
        assert link.bias is not None  # noqa: S101
        claimed = self.claim.gradients[link.bias]
        if claimed.size == self.z(layer).shape[1]:
            return claimed.reshape(-1)
        return claimed.T if self.chain.axes == "columns" else claimed


def targets(chain: Chain, y: Array, outputs: int) -> Array:
    """Targets as [samples, outputs]: of class numbers, ones at their places."""
    found = np.asarray(y)
    labels = found.reshape(-1) if found.ndim < 2 or 1 in found.shape else None
    whole = labels is not None and np.array_equal(labels, labels.astype(np.int64))
    if labels is not None and outputs > 1 and whole and len(labels) != outputs:
        return np.eye(outputs)[labels.astype(np.int64)]
    if labels is not None and outputs > 1 and whole and found.dtype.kind in "iu":
        return np.eye(outputs)[labels.astype(np.int64)]
    return chain.rows(found, outputs)


Values = Mapping[Place, Any]
