"""What a peer does: it makes ready, trains from the first weights, and predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from benchmarks.workloads import Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

History = dict[str, list[float]]
"""Means over each epoch: ``"loss"``, and the workload's metric if it has one."""


class Peer(ABC):
    """One peer with one workload.

    Making it builds the network and puts the data into the peer's own kind of array (images stay
    bytes); neither is timed, but for workloads that begin with the process. Everything is float32.

    Attributes:
        history: What the last training recorded.
        note: How its work differs from ours, or what its time means; empty if there is nothing
            to say.
        differs: Whether it cannot do quite the same work, so that its loss is not to be compared.
    """

    note = ""
    differs = False

    def __init__(self, work: Workload, data: Data) -> None:
        self.history: History = {}
        self.work = work
        self.data = data

    def prepare(self) -> None:  # noqa: B027 - most have nothing to do
        """Compile and warm up, for the timed calls to come; timed on its own."""

    def reset(self) -> None:  # noqa: B027 - some begin anew in train()
        """Go back to the first weights; not timed."""

    @abstractmethod
    def train(self) -> History:
        """Train from the first weights: ``work.epochs`` passes in the rows' order."""

    @abstractmethod
    def weights(self) -> list[Array]:
        """The weights as they are: kernel (inputs, units), bias (units,), kernel, …"""

    @abstractmethod
    def predict(self, x: Array) -> Array:
        """The outputs for many rows, NumPy in and NumPy out."""

    def predict_row(self, x: Array) -> Array:
        """The outputs for one row, in the peer's quickest way."""
        return self.predict(x)

    @classmethod
    @abstractmethod
    def versions(cls) -> dict[str, Any]:
        """The packages that did the work, and threads where the peer tells their number."""
