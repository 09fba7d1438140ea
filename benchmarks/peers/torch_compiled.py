"""PyTorch with torch.compile: the eager loop around compiled forward and backward passes.

Compiling the optimizer's step too made it slower than the fused optimizers are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from benchmarks.peers import torch_eager
from benchmarks.workloads import Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class ThePeer(torch_eager.ThePeer):
    """The eager peer with its functions of a batch compiled; needs a C++ compiler."""

    def __init__(self, work: Workload, data: Data) -> None:
        super().__init__(work, data)
        # A whole batch and the short last one are two programs, each for one shape.
        self.forward = torch.compile(super().forward, dynamic=False)
        self.outputs = torch.compile(super().outputs, dynamic=False)

    def prepare(self) -> None:
        work, x, y = self.work, self.x, self.y
        if work.trains:
            for size in filter(
                None, (min(work.batch_size, work.rows), work.rows % work.batch_size)
            ):
                self.step(x[:size], y[:size])
        elif work.action == "row":
            self.predict_row(self.data.x)
        else:
            self.predict(self.data.x)
