"""RMSprop: steps divided by the root of a moving average of squared gradients."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, fraction, positive


@update_rule("rmsprop", "grad[P] v[P]:positive -> step[P] v[P]")
def rmsprop(grad, v, *, learning_rate, rho, epsilon):
    """The step of RMSprop (Tieleman & Hinton, 2012, lecture 6e), ε inside the root."""
    v = rho * v + (1 - rho) * grad * grad  # v ← ρ v + (1 − ρ) g²
    step = learning_rate * grad / np.sqrt(v + epsilon)  # s = η g / √(v + ε)
    return step, v  # s, v


@update_rule("rmsprop_centered", "grad[P] mean[P]:unit v[P]:positive -> step[P] mean[P] v[P]")
def rmsprop_centered(grad, mean, v, *, learning_rate, rho, epsilon):
    """The step of centred RMSprop (Graves, 2013, eqs. 38-41): divided by a standard deviation."""
    mean = rho * mean + (1 - rho) * grad  # m ← ρ m + (1 − ρ) g
    v = rho * v + (1 - rho) * grad * grad  # v ← ρ v + (1 − ρ) g²
    variance = np.maximum(v - mean * mean, 0)  # σ² = max(v − m², 0): rounding may make it less
    step = learning_rate * grad / np.sqrt(variance + epsilon)  # s = η g / √(σ² + ε)
    return step, mean, v  # s, m, v


@update_rule("descend", "theta[P] step[P] -> theta[P]")
def descend(theta, step):
    """Take the step."""
    return theta - step  # θ ← θ − s


@update_rule("descend_with_momentum", "theta[P] step[P] velocity[P] -> theta[P] velocity[P]")
def descend_with_momentum(theta, step, velocity, *, momentum):
    """Take the step, and part of the steps before."""
    velocity = momentum * velocity + step  # b ← β b + s
    theta = theta - velocity  # θ ← θ − b
    return theta, velocity  # θ, b


class RMSprop(Optimizer):
    """RMSprop, optionally centred, optionally with momentum.

    Args:
        learning_rate: Step size η.
        rho: ρ: how slowly the average of squared gradients forgets.
        momentum: β in [0, 1).
        epsilon: ε, inside the root as in Keras (PyTorch adds it outside).
        centered: Whether to divide by the standard deviation rather than the root mean square.
            (Keras gives NaN where rounding makes a variance negative; here it is 0 then.)
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[Common],
    ) -> None:
        own = {
            "rho": fraction("rho", rho),
            "momentum": fraction("momentum", momentum),
            "epsilon": positive("epsilon", epsilon),
            "centered": bool(centered),
        }
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        first = rmsprop_centered if self.hyperparameters["centered"] else rmsprop
        return first, descend_with_momentum if self.hyperparameters["momentum"] else descend
