"""Activation functions and their derivatives, each on its line.

``sigmoid([0.0])`` evaluates one; ``get("sigmoid")`` finds one by name, as Keras does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.registry import Registry
from chainrule.core.rule import Rule, elementwise, rule
from chainrule.errors import ArgumentError


@elementwise("linear")
def linear(z):
    """The identity: pre-activations pass unchanged."""
    return z  # y = z


@linear.wrt("z")
def linear_wrt_z(y_bar):
    return y_bar  # ∂L/∂z = ȳ


@elementwise("sigmoid")
def sigmoid(z):
    """The logistic function, stable at both ends: e is never larger than 1."""
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return np.where(z >= 0, 1, e) / (1 + e)  # y = σ(z) = 1 / (1 + e⁻ᶻ)


@sigmoid.wrt("z")
def sigmoid_wrt_z(y, y_bar):
    return y_bar * y * (1 - y)  # ∂L/∂z = ȳ · y · (1 − y)


@elementwise("tanh")
def tanh(z):
    """The hyperbolic tangent."""
    return np.tanh(z)  # y = tanh(z)


@tanh.wrt("z")
def tanh_wrt_z(y, y_bar):
    return y_bar * (1 - y * y)  # ∂L/∂z = ȳ · (1 − y²)


@elementwise("relu")
def relu(z):
    """The rectifier. At its kink, z = 0, the derivative is taken to be 0, as in Keras."""
    return np.maximum(z, 0)  # y = max(z, 0)


@relu.wrt("z")
def relu_wrt_z(y, y_bar):
    return y_bar * (y > 0)  # ∂L/∂z = ȳ · [z > 0]


@rule("softmax", "z[*N,K] -> y[*N,K]")
def softmax(z):
    """Probabilities over the last axis, stable for any finite z: the largest exponent is 0."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))  # eₖ = exp(zₖ − max z)
    return e / np.sum(e, axis=-1, keepdims=True)  # yₖ = eₖ / Σⱼ eⱼ


@softmax.wrt("z")
def softmax_wrt_z(y, y_bar):
    inner = np.sum(y_bar * y, axis=-1, keepdims=True)  # s = Σⱼ ȳⱼ yⱼ
    return y * (y_bar - inner)  # ∂L/∂zₖ = yₖ (ȳₖ − s)


ACTIVATIONS: Registry[Rule] = Registry("activation function")
for _rule in (linear, sigmoid, tanh, relu, softmax):
    ACTIVATIONS.add(_rule.name, _rule)


def get(identifier: Any) -> Rule:
    """The activation for a name, a rule, or ``None`` (linear).

    Raises:
        UnknownNameError: There is no activation of that name.
        ArgumentError: A plain function was given: it has no derivative.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Rule):
        return identifier
    if callable(identifier):
        raise ArgumentError(
            "An activation must be a name or a rule; a plain function has no derivative. "
            "Make it one with chainrule.core.rule.elementwise and its .wrt.",
            activation=identifier,
        )
    return ACTIVATIONS.find(identifier)


def serialize(activation: Rule) -> str:
    """The name by which :func:`get` finds ``activation`` again."""
    return activation.name
