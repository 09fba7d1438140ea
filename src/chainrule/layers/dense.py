"""The fully connected layer: every output is a weighted sum of every input."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import activations
from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


@rule("dense", "x[*N,I] kernel[I,O] bias[O] -> z[*N,O]")
def dense(x, kernel, bias):
    """The pre-activation of a fully connected layer."""
    return x @ kernel + bias  # z = x W + b


@dense.wrt("x")
def dense_wrt_x(kernel, z_bar):
    return z_bar @ kernel.T  # ∂L/∂x = z̄ Wᵀ


@dense.wrt("kernel")
def dense_wrt_kernel(x, kernel, z_bar):
    rows = x.reshape(-1, kernel.shape[0])  # one row per sample (and place)
    rows_bar = z_bar.reshape(-1, kernel.shape[1])  # one row per sample (and place)
    return rows.T @ rows_bar  # ∂L/∂W = xᵀ z̄


@dense.wrt("bias")
def dense_wrt_bias(bias, z_bar):
    return np.sum(z_bar.reshape(-1, bias.shape[0]), axis=0)  # ∂L/∂b = Σₙ z̄ₙ


@rule("matmul", "x[*N,I] kernel[I,O] -> z[*N,O]")
def matmul(x, kernel):
    """The pre-activation of a fully connected layer without bias."""
    return x @ kernel  # z = x W


matmul.wrt("x")(dense_wrt_x)
matmul.wrt("kernel")(dense_wrt_kernel)


class Dense(Layer):
    """A fully connected layer: ``activation(x @ kernel + bias)`` over the last axis.

    Args:
        units: Number of outputs.
        activation: Name or rule; ``None`` for linear.
        use_bias: Whether there is a bias.
        kernel_initializer: How the kernel (inputs, units) begins.
        bias_initializer: How the bias (units,) begins.
        kernel_regularizer: What the kernel adds to the loss.
        bias_regularizer: What the bias adds to the loss.
        activity_regularizer: What the output adds to the loss, per sample.
        kernel_constraint: What is done to the kernel after every update.
        bias_constraint: What is done to the bias after every update.
        **kwargs: See :class:`Layer`.

    Raises:
        ArgumentError: ``units`` is not a positive integer, or softmax is over one unit.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if isinstance(units, bool) or not isinstance(units, int | np.integer) or units < 1:
            raise ArgumentError(
                f"Layer {self.name!r}: `units` must be a positive integer.", units=units
            )
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.treat("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.treat("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ShapeError(
                f"Layer {self.name!r} (Dense) needs inputs of shape (samples, …, features) with a "
                "known number of features.",
                input_shape=input_shape,
            )
        self.add_weight((input_shape[-1], self.units), name="kernel")
        if self.use_bias:
            self.add_weight((self.units,), name="bias")

    def expand(self, graph: GraphBuilder, x: str) -> str:
        inputs = {"x": x, "kernel": self.weight_name("kernel")}
        if self.use_bias:
            z = graph.apply(dense, inputs | {"bias": self.weight_name("bias")}, "z")
        else:
            z = graph.apply(matmul, inputs, "z")
        if self.activation is activations.linear:
            return z
        return graph.apply(self.activation, {self.activation.inputs[0]: z}, "a")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }
