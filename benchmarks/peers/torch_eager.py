"""PyTorch in eager mode: nn.Sequential, autograd, the fused optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from benchmarks.peers.peer import History, Peer
from benchmarks.workloads import BETA_1, BETA_2, EPSILON, PREDICTING, Data, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


class Rescale(nn.Module):
    """Bytes to float32."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.to(torch.float32).mul_(self.scale)


class ThePeer(Peer):
    """The loop of PyTorch's tutorials, without its avoidable costs."""

    def __init__(self, work: Workload, data: Data) -> None:
        super().__init__(work, data)
        self.x = torch.from_numpy(data.x)
        self.y = torch.from_numpy(data.y if data.y.ndim > 1 else data.y.astype(np.int64))
        self.model = self._network()
        self.loss = nn.MSELoss() if work.loss == "mse" else nn.CrossEntropyLoss()
        self.reset()

    def _network(self) -> nn.Sequential:
        parts: list[nn.Module] = []
        if self.work.rescaling != 1:
            parts.append(Rescale(self.work.rescaling))
        for inputs, units, activation in self.work.layers:
            parts.append(nn.Linear(inputs, units))
            if activation in ACTIVATIONS:
                parts.append(ACTIVATIONS[activation]())
        return nn.Sequential(*parts)  # gives logits: the loss takes them

    def reset(self) -> None:
        parameters = list(self.model.parameters())
        with torch.no_grad():
            for parameter, value in zip(parameters, self.data.weights, strict=True):
                parameter.copy_(torch.from_numpy(value.T))
        rate = self.work.learning_rate
        if self.work.optimizer == "sgd":
            self.optimizer: Any = torch.optim.SGD(parameters, rate, fused=True)
        else:
            betas = (BETA_1, BETA_2)
            self.optimizer = torch.optim.Adam(parameters, rate, betas, EPSILON, fused=True)
        self.group = self.optimizer.param_groups[0]
        self.t = 0

    def train(self) -> History:
        work = self.work
        batches = list(work.batches())
        history: History = {"loss": []} | ({work.metric: []} if work.metric else {})
        for _ in range(work.epochs):
            loss, metric = torch.zeros(()), torch.zeros(())
            for batch in batches:
                truth = self.y[batch]
                mean, outputs = self.step(self.x[batch], truth)
                loss += mean * len(truth)
                if work.metric:
                    metric += (outputs - truth).abs().sum()
            history["loss"].append(loss.item() / work.rows)
            if work.metric:
                history[work.metric].append(metric.item() / work.rows)
        return history

    def step(self, x: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One update; the batch's mean loss and its outputs."""
        self.optimizer.zero_grad()
        loss, outputs = self.forward(x, truth)
        loss.backward()
        self.t += 1
        # Its Adam adds ε after the bias correction, ours before: this makes them the same.
        self.group["eps"] = EPSILON / (1 - BETA_2**self.t) ** 0.5
        self.optimizer.step()
        return loss.detach(), outputs.detach()

    def forward(self, x: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch's mean loss and its outputs."""
        outputs = self.model(x)
        return self.loss(outputs, truth), outputs

    def weights(self) -> list[Array]:
        return [parameter.detach().numpy().T.copy() for parameter in self.model.parameters()]

    def predict(self, x: Array) -> Array:
        with torch.inference_mode():
            parts = torch.from_numpy(x).split(PREDICTING)
            return torch.cat([self.outputs(part) for part in parts]).numpy()

    def predict_row(self, x: Array) -> Array:
        with torch.inference_mode():
            return self.outputs(torch.from_numpy(x)).numpy()

    def outputs(self, x: torch.Tensor) -> torch.Tensor:
        """The network's outputs, probabilities where it has a softmax."""
        outputs = self.model(x)
        return outputs.softmax(1) if self.work.output == "softmax" else outputs

    @classmethod
    def versions(cls) -> dict[str, Any]:
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}
