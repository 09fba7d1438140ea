"""How the losses of several outputs, and what regularizers add, become the one number L."""

from __future__ import annotations

import numpy as np  # noqa: F401  (rules are rebound to other namespaces by this name)

from chainrule.core.rule import rule


@rule("scaled", "x[] -> y[]")
def scaled(x, *, scale=1.0):
    """The first term of the sum."""
    return scale * x  # y = λ x


@scaled.wrt("x")
def scaled_wrt_x(y_bar, *, scale=1.0):
    return scale * y_bar  # ∂L/∂x = λ ȳ


@rule("total", "total[] term[] -> y[]")
def total(total, term, *, scale=1.0):
    """The sum so far, and one more term."""
    return total + scale * term  # y = s + λ x


@total.wrt("total")
def total_wrt_total(y_bar):
    return y_bar  # ∂L/∂s = ȳ


@total.wrt("term")
def total_wrt_term(y_bar, *, scale=1.0):
    return scale * y_bar  # ∂L/∂x = λ ȳ


@rule("per_sample", "y[] x[N,*S] -> mean[]")
def per_sample(y, x):
    """What a regularizer makes of a batch's activations x, per sample."""
    return y / max(x.shape[0], 1)  # m = y / N


@per_sample.wrt("y")
def per_sample_wrt_y(x, mean_bar):
    return mean_bar / max(x.shape[0], 1)  # ∂L/∂y = m̄ / N
