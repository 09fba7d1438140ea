"""Adafactor: Adam's denominator from one number per row and one per column of a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

import numpy as np

from chainrule.core.layout import Layout
from chainrule.core.plan import UpdateNode
from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, positive


@update_rule("adafactor", "theta[*S] grad[*S] v[*S]:positive -> theta[*S] v[*S]")
def adafactor(theta, grad, v, *, step_size, beta_2, epsilon_1, epsilon_2, clip_threshold):
    """Adafactor (Shazeer & Stern, 2018, alg. 5): vectors and single numbers."""
    squares = grad * grad + epsilon_1  # G = g² + ε₁
    v = beta_2 * v + (1 - beta_2) * squares  # v ← β₂ v + (1 − β₂) G
    step = grad / np.sqrt(v)  # u = g / √v
    step = step / np.maximum(1, np.sqrt(np.mean(step * step)) / clip_threshold)  # u ← u/max(1,ū/d)
    scale = np.maximum(epsilon_2, np.sqrt(np.mean(theta * theta)))  # s = max(ε₂, rms θ)
    theta = theta - scale * step_size * step  # θ ← θ − s ρ u
    return theta, v  # θ, v


@update_rule(
    "adafactor_factored",
    "theta[*S,I,O] grad[*S,I,O] row[*S,I]:positive column[*S,O]:positive "
    "-> theta[*S,I,O] row[*S,I] column[*S,O]",
)
def adafactor_factored(
    theta, grad, row, column, *, step_size, beta_2, epsilon_1, epsilon_2, clip_threshold
):
    """Adafactor (Shazeer & Stern, 2018, alg. 4): the last two axes are factored."""
    squares = grad * grad + epsilon_1  # G = g² + ε₁
    row = beta_2 * row + (1 - beta_2) * np.mean(squares, axis=-1)  # r ← β₂ r + (1 − β₂) meanⱼ G
    column = beta_2 * column + (1 - beta_2) * np.mean(squares, axis=-2)  # c ← β₂c + (1−β₂) meanᵢ G
    share = row / np.mean(row, axis=-1, keepdims=True)  # q = r / meanᵢ r
    v = share[..., None] * column[..., None, :]  # v = q cᵀ
    step = grad / np.sqrt(v)  # u = g / √v
    step = step / np.maximum(1, np.sqrt(np.mean(step * step)) / clip_threshold)  # u ← u/max(1,ū/d)
    scale = np.maximum(epsilon_2, np.sqrt(np.mean(theta * theta)))  # s = max(ε₂, rms θ)
    theta = theta - scale * step_size * step  # θ ← θ − s ρ u
    return theta, row, column  # θ, r, c


@adafactor.scalar("step_size")
@adafactor_factored.scalar("step_size")
def step_size(t, learning_rate):
    return np.minimum(learning_rate, 1 / np.sqrt(t))  # ρ = min(η, 1 / √t)


@adafactor.scalar("beta_2")
@adafactor_factored.scalar("beta_2")
def beta_2(t, beta_2_decay):
    return 1 - t**beta_2_decay  # β₂ = 1 − tᵏ


class Adafactor(Optimizer):
    """Adafactor: Adam for large models, without momentum and with little state.

    Args:
        learning_rate: Step size η, relative to the root mean square of a variable's weights.
        beta_2_decay: k < 0: how fast the averages of squares learn to remember.
        epsilon_1: ε₁, added to squared gradients.
        epsilon_2: ε₂: the least that a variable's root mean square counts for.
        clip_threshold: d: the largest root mean square of a step; apart from the other clippings.
        relative_step: Changes nothing, as in Keras, where η is at most 1 / √t in any case. (In
            the paper it says whether η or 1 / √t is used.)
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Unpack[Common],
    ) -> None:
        own = {
            "beta_2_decay": float(beta_2_decay),
            "epsilon_1": positive("epsilon_1", epsilon_1),
            "epsilon_2": positive("epsilon_2", epsilon_2),
            "clip_threshold": positive("clip_threshold", clip_threshold),
            "relative_step": bool(relative_step),
        }
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        return (adafactor, adafactor_factored)

    def own_nodes(self, layout: Layout) -> Iterator[UpdateNode]:
        for slot in layout:
            factored = len(slot.shape) >= 2
            yield self.node(adafactor_factored if factored else adafactor, slot.name)
