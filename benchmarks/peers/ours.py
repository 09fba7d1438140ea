"""chainrule by its public names: Sequential, compile, fit, predict, and calling a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import chainrule
from benchmarks.peers.peer import History, Peer
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, PREDICTING, Data, Workload
from chainrule.layers import Dense, Input, Rescaling
from chainrule.models import Sequential
from chainrule.optimizers import SGD, Adam, Optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class ThePeer(Peer):
    """What a user writes; a new model for every run."""

    def __init__(self, work: Workload, data: Data) -> None:
        super().__init__(work, data)
        self.reset()

    def reset(self) -> None:
        work = self.work
        self.model = Sequential([Input((work.widths[0],))])
        if work.rescaling != 1:
            self.model.add(Rescaling(work.rescaling))
        for _, units, activation in work.layers:
            self.model.add(Dense(units, activation))
        metrics = [work.metric] if work.metric else None
        self.model.compile(self._optimizer(), loss=work.loss, metrics=metrics)
        self.model.set_weights(self.data.weights)

    def _optimizer(self) -> Optimizer:
        rate = self.work.learning_rate
        return SGD(rate) if self.work.optimizer == "sgd" else Adam(rate, BETA_1, BETA_2, EPSILON)

    def train(self) -> History:
        work, data = self.work, self.data
        result = self.model.fit(
            data.x, data.y, work.batch_size, work.epochs, verbose=0, shuffle=False
        )
        return result.history

    def weights(self) -> list[Array]:
        return self.model.get_weights()

    def predict(self, x: Array) -> Array:
        return self.model.predict(x, PREDICTING, verbose=0)

    def predict_row(self, x: Array) -> Array:
        return self.model(x)

    @classmethod
    def versions(cls) -> dict[str, Any]:
        return {"chainrule": chainrule.__version__}
