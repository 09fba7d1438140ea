"""The Gaussian error linear unit, exact and by a hyperbolic tangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.rule import Rule, elementwise, rule


class Gelu(Rule):
    """The rule of ``gelu``: called as a function it takes ``approximate``, as Keras' does."""

    def __call__(self, z: Any, approximate: bool = False) -> Any:
        """The exact function, or ``gelu_tanh``."""
        return gelu_tanh(z) if approximate else super().__call__(z)


@rule("gelu", "z[*S] -> y[*S]", kind=Gelu)
def gelu(z):
    """The Gaussian error linear unit (Hendrycks & Gimpel, 2016): z times P(a unit normal ≤ z).

    P comes from the rational approximations of the complementary error function by Cody (1969,
    "Rational Chebyshev approximations for the error function", coefficients as in netlib's
    CALERF): of degree 4/4 below x = 0.46875, 8/8 up to 4, 5/5 beyond. In float64 the relative
    error of y is below 4e-15 for |z| ≤ 5; further out it grows with z², as that of exp(−x²)
    does, to 1e-13.
    """
    x = np.abs(z) * 0.7071067811865476  # x = |z| / √2
    e = np.exp(-np.square(np.minimum(x, 30)))  # e = exp(−x²)

    s = np.square(np.minimum(x, 0.5))  # s = x²
    p = (0.185777706184603153 * s + 3.16112374387056560) * s + 113.864154151050156  # p = …
    p = (p * s + 377.485237685302021) * s + 3209.37758913846947  # p = Σ aᵢ sⁱ
    q = (s + 23.6012909523441209) * s + 244.024637934444173  # q = …
    q = (q * s + 1282.61652607737228) * s + 2844.23683343917062  # q = Σ bᵢ sⁱ
    near = 1 - np.minimum(x, 0.5) * p / q  # erfc x = 1 − x p / q

    m = np.clip(x, 0.46875, 4)  # m = x
    p = (2.15311535474403846e-8 * m + 0.564188496988670089) * m + 8.88314979438837594  # p = …
    p = (p * m + 66.1191906371416295) * m + 298.635138197400131  # p = …
    p = (p * m + 881.952221241769090) * m + 1712.04761263407058  # p = …
    p = (p * m + 2051.07837782607147) * m + 1230.33935479799725  # p = Σ cᵢ mⁱ
    q = (m + 15.7449261107098347) * m + 117.693950891312499  # q = …
    q = (q * m + 537.181101862009858) * m + 1621.38957456669019  # q = …
    q = (q * m + 3290.79923573345963) * m + 4362.61909014324716  # q = …
    q = (q * m + 3439.36767414372164) * m + 1230.33935480374942  # q = Σ dᵢ mⁱ
    middle = e * p / q  # erfc x = exp(−x²) p / q

    w = np.clip(x, 4, 30)  # w = x
    t = 1 / np.square(w)  # t = 1 / x²
    p = (0.0163153871373020978 * t + 0.305326634961232344) * t + 0.360344899949804439  # p = …
    p = (p * t + 0.125781726111229246) * t + 0.0160837851487422766  # p = …
    p = p * t + 0.000658749161529837803  # p = Σ fᵢ tⁱ
    q = (t + 2.56852019228982242) * t + 1.87295284992346725  # q = …
    q = (q * t + 0.527905102951428412) * t + 0.0605183413124413191  # q = …
    q = q * t + 0.00233520497626869185  # q = Σ gᵢ tⁱ
    far = e / w * (0.5641895835477563 - t * p / q)  # erfc x = exp(−x²) / x · (1/√π − t p / q)

    half = np.where(x < 0.46875, near, np.where(x < 4, middle, far)) / 2  # ½ erfc x
    return z * np.where(z < 0, half, 1 - half)  # y = z Φ(z), Φ(−|z|) = ½ erfc x


@gelu.wrt("z")
def gelu_wrt_z(z, y, y_bar):
    tiny = np.abs(z) < 1e-20  # where y / z would be of rounded numbers
    cdf = np.where(tiny, 0.5, y / np.where(tiny, 1, z))  # Φ(z) = y / z
    u = np.clip(z, -40, 40)  # u = z; beyond, φ is 0
    density = 0.3989422804014327 * np.exp(-u * u / 2)  # φ(z) = exp(−z²/2) / √(2π)
    return y_bar * (cdf + u * density)  # ∂L/∂z = ȳ · (Φ(z) + z φ(z))


gelu.elementwise = True


@elementwise("gelu_tanh")
def gelu_tanh(z):
    """GELU by a hyperbolic tangent (Hendrycks & Gimpel, 2016): Keras' ``approximate=True``.

    ½ (1 + tanh a) is computed as σ(2a), which is exact where Keras' 1 + tanh a cancels.
    """
    u = np.clip(z, -40, 40)  # u = z; beyond, σ is 0 or 1
    a = 1.5957691216057308 * (u + 0.044715 * u * u * u)  # 2a = 2 √(2/π) (z + 0.044715 z³)
    e = np.exp(-np.abs(a))  # e = e^(−|2a|)
    return z * (np.where(z >= 0, 1, e) / (1 + e))  # y = z σ(2a)


@gelu_tanh.wrt("z")
def gelu_tanh_wrt_z(z, y_bar):
    u = np.clip(z, -40, 40)  # u = z; beyond, σ is 0 or 1
    a = 1.5957691216057308 * (u + 0.044715 * u * u * u)  # 2a = 2 √(2/π) (z + 0.044715 z³)
    e = np.exp(-np.abs(a))  # e = e^(−|2a|)
    s = np.where(z >= 0, 1, e) / (1 + e)  # s = σ(2a)
    slope = 1.5957691216057308 * (1 + 0.134145 * u * u)  # (2a)' = 2 √(2/π) (1 + 3 · 0.044715 z²)
    return y_bar * (s + u * slope * e / np.square(1 + e))  # ∂L/∂z = ȳ · (s + z (2a)' s (1 − s))
