"""JAX in its strongest form: one compiled program that scans over all batches of all epochs.

Data are arguments of the program, not constants in it; the weights' memory is given to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.peer import History, Peer
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, PREDICTING, Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softmax": lambda z: z,  # the loss takes logits
    "linear": lambda z: z,
}


class ThePeer(Peer):
    """jit and lax.scan."""

    def __init__(self, work: Workload, data: Data) -> None:
        super().__init__(work, data)
        if work.trains:
            self.x, self.y = jnp.asarray(data.x), jnp.asarray(data.y)
        self.run: Any = jax.jit(partial(_train, work), donate_argnums=0)
        self.answer: Any = jax.jit(partial(_predictions, work))
        self.reset()

    def reset(self) -> None:
        self.theta = [jnp.array(w) for w in self.data.weights]  # a copy: the run is given it

    def prepare(self) -> None:
        if self.work.trains:
            self.run = self.run.lower(self.theta, self.x, self.y).compile()
        else:
            self.answer = self.answer.lower(self.theta, self.data.x).compile()
            self.predict(self.data.x)

    def train(self) -> History:
        self.theta, losses, metrics = self.run(self.theta, self.x, self.y)
        history = {"loss": np.asarray(losses).tolist()}
        if self.work.metric:
            history[self.work.metric] = np.asarray(metrics).tolist()
        jax.block_until_ready(self.theta)
        return history

    def weights(self) -> list[Array]:
        return [np.asarray(w) for w in self.theta]

    def predict(self, x: Array) -> Array:
        return np.asarray(self.answer(self.theta, x))

    @classmethod
    def versions(cls) -> dict[str, Any]:
        return {"jax": jax.__version__}


def _logits(work: Workload, theta: list[Any], x: Any) -> Any:
    y = x if work.rescaling == 1 else x.astype(jnp.float32) * np.float32(work.rescaling)
    for (_, _, activation), kernel, bias in zip(work.layers, theta[::2], theta[1::2], strict=True):
        y = ACTIVATIONS[activation](y @ kernel + bias)
    return y


def _probabilities(work: Workload, theta: list[Any], x: Any) -> Any:
    y = _logits(work, theta, x)
    return jax.nn.softmax(y) if work.output == "softmax" else y


def _predictions(work: Workload, theta: list[Any], x: Any) -> Any:
    """Many rows in parts, whose hidden units stay in the cache."""
    if len(x) <= PREDICTING:
        return _probabilities(work, theta, x)
    return jax.lax.map(partial(_probabilities, work, theta), x, batch_size=PREDICTING)


def _loss(theta: list[Any], work: Workload, x: Any, truth: Any) -> Any:
    """Mean loss of a batch; sums of loss and metric over it."""
    y = _logits(work, theta, x)
    if work.loss == "mse":
        loss = jnp.mean(jnp.square(y - truth))
    else:
        loss = -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), truth[:, None], axis=1))
    metric = jnp.sum(jnp.abs(y - truth)) if work.metric else jnp.float32(0)
    return loss, jnp.stack([loss * len(x), metric])


def _step(work: Workload, state: Any, batch: Any) -> Any:
    theta, m, v, t = state
    grads, sums = jax.grad(_loss, has_aux=True)(theta, work, *batch)
    t, rate = t + 1, work.learning_rate
    if work.optimizer == "sgd":
        theta = [w - rate * g for w, g in zip(theta, grads, strict=True)]
        return (theta, m, v, t), sums
    m = [BETA_1 * a + (1 - BETA_1) * g for a, g in zip(m, grads, strict=True)]
    v = [BETA_2 * a + (1 - BETA_2) * g * g for a, g in zip(v, grads, strict=True)]
    rate = rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    theta = [w - rate * a / (jnp.sqrt(b) + EPSILON) for w, a, b in zip(theta, m, v, strict=True)]
    return (theta, m, v, t), sums


def _train(work: Workload, theta: list[Any], x: Any, y: Any) -> Any:
    """The weights after all epochs; mean loss and metric of each."""
    step = partial(_step, work)
    count = work.rows // work.batch_size
    cut = count * work.batch_size
    batches = [a[:cut].reshape(count, work.batch_size, *a.shape[1:]) for a in (x, y)]
    rest = x[cut:], y[cut:]

    def epoch(state: Any, _: Any) -> Any:
        state, sums = jax.lax.scan(step, state, batches)
        total = sums.sum(axis=0)
        if work.rows > cut:
            state, last = step(state, rest)
            total = total + last
        return state, total / work.rows

    moments = [jnp.zeros_like(w) for w in theta] if work.optimizer == "adam" else []
    state = (theta, moments, moments, jnp.float32(0))
    (theta, *_), means = jax.lax.scan(epoch, state, length=work.epochs)
    return theta, means[:, 0], means[:, 1]
