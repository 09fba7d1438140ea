"""What any optimizer does around its own update rule, as update rules in a row.

Unscale the gradient, add gradients up, clip, decay the weights, (the optimizer's own rules,)
average the weights, overwrite them with their average.
"""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import update_rule


@update_rule("unscale", "grad[P] -> grad[P]")
def unscale(grad, *, loss_scale_factor):
    """Undo the scaling of the loss."""
    return grad / loss_scale_factor  # g ← g / s


@update_rule("accumulate", "grad[P] accumulated[P] -> accumulated[P]")
def accumulate(grad, accumulated):
    """Add the gradient to those of the batches before."""
    return accumulated + grad  # a ← a + g


@update_rule("mean_gradient", "accumulated[P] -> grad[P] accumulated[P]")
def mean_gradient(accumulated, *, gradient_accumulation_steps):
    """The mean of the gradients that were added up, and begin anew."""
    grad = accumulated / gradient_accumulation_steps  # g ← a / k
    accumulated = np.zeros_like(accumulated)  # a ← 0
    return grad, accumulated  # g, a


@update_rule("clip_norm", "grad[*S] -> grad[*S]")
def clip_norm(grad, *, largest):
    """Shorten a gradient that is longer than c (Pascanu et al., 2013, alg. 1)."""
    norm = np.sqrt(np.sum(grad * grad))  # n = ‖g‖
    return grad * largest / np.maximum(norm, largest)  # g ← g c / max(n, c)


@update_rule("clip_value", "grad[P] -> grad[P]")
def clip_value(grad, *, clipvalue):
    """Keep every element between −c and c."""
    return np.clip(grad, -clipvalue, clipvalue)  # g ← min(max(g, −c), c)


@update_rule("decay", "theta[P] -> theta[P]")
def decay(theta, *, weight_decay, learning_rate):
    """Shrink the weights, apart from the gradient (Loshchilov & Hutter, 2019, alg. 2)."""
    return theta - theta * weight_decay * learning_rate  # θ ← θ − θ λ η


@update_rule("moving_average", "theta[P] average[P] -> average[P]")
def moving_average(theta, average, *, mu):
    """An exponential moving average of the weights (Polyak & Juditsky, 1992, weighted)."""
    return mu * average + (1 - mu) * theta  # a ← μ a + (1 − μ) θ


@moving_average.scalar("mu")
def mu(t, ema_momentum):
    return ema_momentum * (t > 1)  # μ = 0 at the first update


@update_rule("overwrite", "average[P] -> theta[P]")
def overwrite(average):
    """Go on from the average."""
    return average  # θ ← a
