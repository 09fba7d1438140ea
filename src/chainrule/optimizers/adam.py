"""Adam and AdamW: a moving average of gradients over the root of one of their squares."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.errors import ArgumentError
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, Undecayed, fraction, positive


@update_rule("adam", "theta[P] grad[P] m[P] v[P]:positive -> theta[P] m[P] v[P]")
def adam(theta, grad, m, v, *, step_size, beta_1, beta_2, epsilon):
    """Adam (Kingma & Ba, 2015), in the form at the end of its section 2."""
    m = m + (1 - beta_1) * (grad - m)  # m ← m + (1 − β₁)(g − m)
    v = v + (1 - beta_2) * (grad * grad - v)  # v ← v + (1 − β₂)(g² − v)
    theta = theta - step_size * m / (np.sqrt(v) + epsilon)  # θ ← θ − α m / (√v + ε)
    return theta, m, v  # θ, m, v


@update_rule(
    "amsgrad",
    "theta[P] grad[P] m[P] v[P]:positive v_max[P]:positive -> theta[P] m[P] v[P] v_max[P]",
)
def amsgrad(theta, grad, m, v, v_max, *, step_size, beta_1, beta_2, epsilon):
    """Adam whose denominator never shrinks (Reddi et al., 2018, alg. 2)."""
    m = m + (1 - beta_1) * (grad - m)  # m ← m + (1 − β₁)(g − m)
    v = v + (1 - beta_2) * (grad * grad - v)  # v ← v + (1 − β₂)(g² − v)
    v_max = np.maximum(v_max, v)  # v̂ ← max(v̂, v)
    theta = theta - step_size * m / (np.sqrt(v_max) + epsilon)  # θ ← θ − α m / (√v̂ + ε)
    return theta, m, v, v_max  # θ, m, v, v̂


@adam.scalar("step_size")
@amsgrad.scalar("step_size")
def step_size(t, learning_rate, beta_1, beta_2):
    return learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)  # α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)


class Adam(Optimizer):
    """Adam, optionally AMSGrad.

    Args:
        learning_rate: Step size η.
        beta_1: β₁: how slowly the average of gradients forgets.
        beta_2: β₂: how slowly the average of squared gradients forgets.
        epsilon: ε, added to the root of the uncorrected average (the paper's ε-hat), as in Keras;
            PyTorch adds its ε, 1e-8, after the bias correction.
        amsgrad: Whether the denominator never shrinks.
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[Common],
    ) -> None:
        own = {
            "beta_1": fraction("beta_1", beta_1),
            "beta_2": fraction("beta_2", beta_2),
            "epsilon": positive("epsilon", epsilon),
            "amsgrad": bool(amsgrad),
        }
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        return (amsgrad,) if self.hyperparameters["amsgrad"] else (adam,)


class AdamW(Adam):
    """Adam with decoupled decay of the weights (Loshchilov & Hutter, 2019).

    Every weight decays, biases too, unless ``exclude_from_weight_decay`` names it. The share is
    λ η, as in PyTorch; the paper has λ alone.

    Args:
        learning_rate: Step size η.
        weight_decay: λ.
        beta_1: As for :class:`Adam`, as are the next three.
        beta_2: See above.
        epsilon: See above.
        amsgrad: See above.
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[Undecayed],
    ) -> None:
        if weight_decay is None:
            raise ArgumentError("AdamW needs a `weight_decay`; or use Adam.", weight_decay=None)
        adam = (learning_rate, beta_1, beta_2, epsilon, amsgrad)
        super().__init__(*adam, weight_decay=weight_decay, **common)
