"""Keras, on the backend that KERAS_BACKEND names: Sequential, compile, fit, predict."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from benchmarks.peers.peer import History, Peer
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, PREDICTING, Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class ThePeer(Peer):
    """What a user writes, but for one thing: see :meth:`__init__`."""

    def __init__(self, work: Workload, data: Data) -> None:
        """Make the model.

        Many epochs of one batch are given to it as one epoch of many: the same updates without
        its cost of beginning and ending an epoch, which would be most of the time.
        """
        super().__init__(work, data)
        self.epochs, self.x, self.y = work.epochs, data.x, data.y
        if work.trains and work.rows <= work.batch_size and work.epochs > 1:
            self.note = "its epochs are joined to one"
            self.epochs, times = 1, (work.epochs, 1)
            self.x, self.y = np.tile(data.x, times), np.tile(data.y, times)
        self.model = keras.Sequential([keras.Input((work.widths[0],))])
        if work.rescaling != 1:
            self.model.add(keras.layers.Rescaling(work.rescaling))
        for _, units, activation in work.layers:
            self.model.add(keras.layers.Dense(units, activation))
        rate = work.learning_rate
        self.optimizer = (
            keras.optimizers.SGD(rate)
            if work.optimizer == "sgd"
            else keras.optimizers.Adam(rate, BETA_1, BETA_2, EPSILON)
        )
        metrics = [work.metric] if work.metric else None
        self.model.compile(self.optimizer, loss=work.loss, metrics=metrics)
        self.optimizer.build(self.model.trainable_variables)
        self.first_state = [np.array(v) for v in self.optimizer.variables]
        self.model.set_weights(data.weights)

    def prepare(self) -> None:
        if self.work.trains:
            size = self.work.batch_size
            rows = size + self.work.rows % size  # a whole batch and a short one: both are compiled
            self.model.fit(self.x[:rows], self.y[:rows], size, verbose=0, shuffle=False)
        else:
            self.predict(self.data.x)

    def reset(self) -> None:
        self.model.set_weights(self.data.weights)
        for variable, value in zip(self.optimizer.variables, self.first_state, strict=True):
            variable.assign(value)

    def train(self) -> History:
        result = self.model.fit(
            self.x, self.y, self.work.batch_size, self.epochs, verbose=0, shuffle=False
        )
        return result.history

    def weights(self) -> list[Array]:
        return self.model.get_weights()

    def predict(self, x: Array) -> Array:
        return self.model.predict(x, PREDICTING, verbose=0)

    def predict_row(self, x: Array) -> Array:
        return np.asarray(self.model.predict_on_batch(x))

    @classmethod
    def versions(cls) -> dict[str, Any]:
        backend = keras.backend.backend()
        return {"keras": keras.__version__, backend: sys.modules[backend].__version__}
