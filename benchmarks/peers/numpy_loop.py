"""A loop by hand: every buffer made once, every operation in place, parameters in one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.peer import History, Peer
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, PREDICTING, Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass
class Layer:
    """Views into the parameters and their gradient, and the layer's buffers for one batch."""

    activation: str
    kernel: Array
    bias: Array
    kernel_bar: Array
    bias_bar: Array
    y: Array
    y_bar: Array
    scratch: Array


class ThePeer(Peer):
    """The hand-written loop."""

    def __init__(self, work: Workload, data: Data) -> None:
        super().__init__(work, data)
        self.theta = np.concatenate([w.ravel() for w in data.weights])
        self.first = self.theta.copy()
        self.grad = np.zeros_like(self.theta)
        self.m, self.v, self.step_buffer = (np.zeros_like(self.theta) for _ in range(3))
        self.training = self._buffers(min(work.batch_size, work.rows))
        self.predicting = self._buffers(1 if work.action == "row" else PREDICTING)
        self.class_numbers = np.arange(work.batch_size)
        self.t = 0

    def _buffers(self, rows: int) -> tuple[Array, list[Layer]]:
        layers, at = [], 0
        for inputs, units, activation in self.work.layers:
            kernel = slice(at, at + inputs * units)
            bias = slice(kernel.stop, kernel.stop + units)
            at = bias.stop
            layers.append(
                Layer(
                    activation,
                    self.theta[kernel].reshape(inputs, units),
                    self.theta[bias],
                    self.grad[kernel].reshape(inputs, units),
                    self.grad[bias],
                    *(np.empty((rows, units), np.float32) for _ in range(3)),
                )
            )
        return np.empty((rows, self.work.widths[0]), np.float32), layers

    def reset(self) -> None:
        self.theta[...] = self.first
        self.m[...] = 0
        self.v[...] = 0
        self.t = 0

    # ------------------------------------------------------------ forward

    def _scaled(self, x: Array, buffer: Array) -> Array:
        if self.work.rescaling == 1:
            return x
        return np.multiply(x, np.float32(self.work.rescaling), out=buffer[: len(x)])

    def _forward(self, x: Array, layers: list[Layer]) -> Array:
        n = len(x)
        for layer in layers:
            y = layer.y[:n]
            np.matmul(x, layer.kernel, out=y)
            y += layer.bias
            if layer.activation == "relu":
                np.maximum(y, 0, out=y)
            elif layer.activation == "sigmoid":
                np.negative(y, out=y)
                np.exp(y, out=y)
                y += 1
                np.reciprocal(y, out=y)
            elif layer.activation == "softmax":
                y -= y.max(axis=1, keepdims=True)
                np.exp(y, out=y)
                y /= y.sum(axis=1, keepdims=True)
            x = y
        return x

    # ------------------------------------------------------------ training

    def train(self) -> History:
        work, (x, y, _) = self.work, self.data
        buffer, layers = self.training
        batches = list(work.batches())
        update = self._adam if work.optimizer == "adam" else self._sgd
        history: History = {"loss": []} | ({work.metric: []} if work.metric else {})
        for _ in range(work.epochs):
            loss = metric = 0.0
            for batch in batches:
                inputs, truth = self._scaled(x[batch], buffer), y[batch]
                outputs = self._forward(inputs, layers)
                batch_loss, batch_metric = self._loss(outputs, truth, layers[-1])
                loss += batch_loss
                metric += batch_metric
                self._backward(inputs, layers)
                update()
            history["loss"].append(loss / work.rows)
            if work.metric:
                history[work.metric].append(metric / work.rows)
        return history

    def _loss(self, y: Array, truth: Array, last: Layer) -> tuple[float, float]:
        """Sums of loss and metric over the batch; leaves ∂L/∂z of the last layer in its y_bar."""
        n = len(y)
        z_bar = last.y_bar[:n]
        if self.work.loss == "mse":
            np.subtract(y, truth, out=z_bar)
            difference = z_bar.ravel()
            loss = float(difference @ difference)
            metric = float(np.abs(difference).sum()) if self.work.metric else 0.0
            z_bar *= np.float32(2 / n)
            self._through_activation(last, n)
            return loss, metric
        picked = self.class_numbers[:n]
        np.copyto(z_bar, y)
        loss = -float(np.log(y[picked, truth]).sum())
        z_bar[picked, truth] -= 1
        z_bar *= np.float32(1 / n)
        return loss, 0.0

    @staticmethod
    def _through_activation(layer: Layer, n: int) -> None:
        y, y_bar, scratch = layer.y[:n], layer.y_bar[:n], layer.scratch[:n]
        if layer.activation == "relu":
            np.sign(y, out=scratch)
            y_bar *= scratch
        elif layer.activation == "sigmoid":
            np.subtract(1, y, out=scratch)
            scratch *= y
            y_bar *= scratch

    def _backward(self, x: Array, layers: list[Layer]) -> None:
        n = len(x)
        for below, layer in zip(reversed([None, *layers[:-1]]), reversed(layers), strict=True):
            z_bar = layer.y_bar[:n]
            inputs = x if below is None else below.y[:n]
            np.matmul(inputs.T, z_bar, out=layer.kernel_bar)
            np.add.reduce(z_bar, axis=0, out=layer.bias_bar)
            if below is not None:
                np.matmul(z_bar, layer.kernel.T, out=below.y_bar[:n])
                self._through_activation(below, n)

    def _sgd(self) -> None:
        self.grad *= np.float32(self.work.learning_rate)
        self.theta -= self.grad

    def _adam(self) -> None:
        self.t += 1
        correction = (1 - BETA_2**self.t) ** 0.5 / (1 - BETA_1**self.t)
        grad, m, v, change = self.grad, self.m, self.v, self.step_buffer
        m *= np.float32(BETA_1)
        np.multiply(grad, np.float32(1 - BETA_1), out=change)
        m += change
        v *= np.float32(BETA_2)
        grad *= grad
        grad *= np.float32(1 - BETA_2)
        v += grad
        np.sqrt(v, out=change)
        change += np.float32(EPSILON)
        np.divide(m, change, out=change)
        change *= np.float32(self.work.learning_rate * correction)
        self.theta -= change

    # ------------------------------------------------------------ answers

    def weights(self) -> list[Array]:
        _, layers = self.training
        return [array.copy() for layer in layers for array in (layer.kernel, layer.bias)]

    def predict(self, x: Array) -> Array:
        buffer, layers = self.predicting
        outputs = np.empty((len(x), self.work.widths[-1]), np.float32)
        for first in range(0, len(x), PREDICTING):
            rows = slice(first, min(first + PREDICTING, len(x)))
            outputs[rows] = self._forward(self._scaled(x[rows], buffer), layers)
        return outputs

    def predict_row(self, x: Array) -> Array:
        buffer, layers = self.predicting
        return self._forward(self._scaled(x, buffer), layers).copy()

    @classmethod
    def versions(cls) -> dict[str, Any]:
        return {"numpy": np.__version__}
