"""Parameters as attributes of objects: tensors with gradients, layers with weights and biases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.update_rules.holding import ALL, Holder, Kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.glass.update_rules.calling import Call, Trial

    Array = NDArray[Any]


class Tensor:
    """An array with its gradient beside it.

    Args:
        data: The array.
    """

    def __init__(self, data: Array) -> None:
        self.data = data
        self.grad: Array | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.data.shape

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None


class Tensors(Kept):
    """All parameters in a list of objects with ``data`` and ``grad``."""

    words = "a list of objects with .data and .grad in the constructor"

    def handed(self, params: dict[str, Array], key: str) -> Any:
        if self._kept is None:
            self._names = tuple(params)
            self._kept = [Tensor(array) for array in params.values()]
        return self._kept

    def step(
        self,
        calls: Mapping[str, Call],
        params: dict[str, Array],
        grads: dict[str, Array],
        t: int,
        trial: Trial,
    ) -> dict[str, Array]:
        (call,) = calls.values()
        tensors = self._kept or []
        for tensor, name in zip(tensors, self._names, strict=True):
            tensor.grad = grads[name]
        call({"step": t, "parameters": tensors, "parameter": tensors})
        return {name: t.data for name, t in zip(self._names, tensors, strict=True)}


class Layer:
    """Weights and biases with their gradients beside them.

    Args:
        weights: The kernel.
        biases: The bias.
    """

    def __init__(self, weights: Array, biases: Array) -> None:
        self.weights, self.biases = weights, biases
        self.dweights, self.dbiases = np.zeros_like(weights), np.zeros_like(biases)


class Layers(Holder):
    """Two parameters at a time, as attributes of a layer."""

    words = "a layer with .weights, .biases, .dweights and .dbiases"

    def keys(self, params: Mapping[str, Array]) -> tuple[str, ...]:
        names = list(params)
        self._layers = [
            (kernel, bias, Layer(params[kernel], params[bias]))
            for kernel, bias in zip(names[::2], names[1::2], strict=True)
        ]
        return (ALL,)

    def zeros(self, params: Mapping[str, Array], key: str, value: float = 0.0) -> Any:
        return None

    def step(
        self,
        calls: Mapping[str, Call],
        params: dict[str, Array],
        grads: dict[str, Array],
        t: int,
        trial: Trial,
    ) -> dict[str, Array]:
        (call,) = calls.values()
        for kernel, bias, layer in self._layers:
            layer.dweights, layer.dbiases = grads[kernel], grads[bias]
        _called_if_there(call.owner, "pre_update_params")
        for _, _, layer in self._layers:
            call({"layer": layer, "step": t})
        _called_if_there(call.owner, "post_update_params")
        return {
            name: array
            for kernel, bias, layer in self._layers
            for name, array in ((kernel, layer.weights), (bias, layer.biases))
        }


def _called_if_there(owner: Any, name: str) -> None:
    if callable(method := getattr(owner, name, None)):
        method()
