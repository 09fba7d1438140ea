"""scikit-learn's MLPClassifier and MLPRegressor, begun at the given weights."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.peer import History, Peer
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, PREDICTING, Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FOREVER = 2**31
"""Epochs without progress before it stops early."""
STEADY = 0.1
"""Learning rate for SGD where the output layer is linear: at the workload's rate it diverges."""


class ThePeer(Peer):
    """fit() with warm_start, so that it goes on from the weights it was given.

    Its squared loss is half of ours, hence twice the learning rate for SGD and half of ε for Adam:
    then the updates are the same.
    """

    def __init__(self, work: Workload, data: Data) -> None:
        super().__init__(work, data)
        half = work.loss == "mse"
        rate = work.learning_rate * (2 if half and work.optimizer == "sgd" else 1)
        if work.output == "sigmoid":
            self.note, self.differs = "its output layer is linear", True
            rate = STEADY if work.optimizer == "sgd" else rate
        hidden = {"relu": "relu", "sigmoid": "logistic"}[work.hidden]
        self.model = (MLPRegressor if work.loss == "mse" else MLPClassifier)(
            hidden_layer_sizes=work.widths[1:-1],
            activation=hidden,
            solver=work.optimizer,
            alpha=0.0,
            batch_size=min(work.batch_size, work.rows),
            learning_rate_init=rate,
            momentum=0.0,
            max_iter=1,
            shuffle=False,
            random_state=0,
            tol=0.0,
            warm_start=True,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON / (2 if half else 1),
            n_iter_no_change=FOREVER,
        )
        warnings.simplefilter("ignore")  # that it has not converged
        self._make_weights()
        self.reset()

    def _make_weights(self) -> None:
        """Let it make its arrays by a fit of a few rows, among which all classes must be."""
        x, y = np.zeros((self.work.widths[-1], self.work.widths[0]), np.float32), self._targets
        y = y[: len(x)] if self.work.loss == "mse" else np.arange(len(x))
        self.model.fit(x, y)
        self.model.set_params(max_iter=self.work.epochs)

    @property
    def _targets(self) -> Array:
        return self.data.y.ravel()

    def reset(self) -> None:
        self.model.coefs_ = [w.copy() for w in self.data.weights[::2]]
        self.model.intercepts_ = [w.copy() for w in self.data.weights[1::2]]
        self.model.loss_curve_ = []

    def train(self) -> History:
        self.model.fit(self._scaled(self.data.x), self._targets)
        factor = 2 if self.work.loss == "mse" else 1
        return {"loss": [factor * float(loss) for loss in self.model.loss_curve_]}

    def _scaled(self, x: Array) -> Array:
        """Bytes to float32: it has no layer for that."""
        scale = np.float32(self.work.rescaling)
        return x if scale == 1 else np.multiply(x, scale)

    def weights(self) -> list[Array]:
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]

    def predict(self, x: Array) -> Array:
        parts = range(0, len(x), PREDICTING)
        return np.concatenate([self.predict_row(x[at : at + PREDICTING]) for at in parts])

    def predict_row(self, x: Array) -> Array:
        x = self._scaled(x)
        if self.work.loss == "mse":
            return self.model.predict(x).reshape(len(x), -1)
        return self.model.predict_proba(x)

    @classmethod
    def versions(cls) -> dict[str, Any]:
        return {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
