"""One number from the losses of all samples."""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import rule


@rule("weighted_mean", "losses[*N] weight[*N] divisor[] -> y[]")
def weighted_mean(losses, weight, divisor):
    """One number from the losses of all samples."""
    return np.sum(losses * weight) / divisor  # L = Σₙ wₙ ℓₙ / d


@weighted_mean.wrt("losses")
def weighted_mean_wrt_losses(weight, divisor, y_bar):
    return y_bar * weight / divisor  # ∂L/∂ℓₙ = L̄ · wₙ / d
