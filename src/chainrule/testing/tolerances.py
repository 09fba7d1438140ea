"""All tolerances of the test suite, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Tolerance:
    """How far two computations of one thing may be apart.

    Attributes:
        relative: Times the largest magnitude of the expected array.
        reason: Why this much.
    """

    relative: float
    reason: str


TOLERANCES = {
    "differences": Tolerance(
        1e-7,
        "central differences in float64: h² + ε/h ≈ 1e-10 per element, times sums of 1e2 terms",
    ),
    "float64": Tolerance(1e-12, "the same sums in another order: u √K with K ≤ 1e4, u = 1e-16"),
    "float32": Tolerance(
        2e-5, "the same sums in another order: u √K with K ≤ 1e4, u = 6e-8, twice"
    ),
    "engines": Tolerance(
        1e-10,
        "tens of float64 updates by two engines whose sums run in another order: 1e-15 each, times "
        "what normalization over a few samples makes of it",
    ),
    "curve": Tolerance(1e-5, "losses in float32 after hundreds of updates: rounding accumulates"),
}


def assert_close(actual: Any, expected: Any, tolerance: str, what: str) -> None:
    """Compare arrays; the error is measured against the largest expected magnitude (at least 1).

    Raises:
        AssertionError: They are further apart than the tolerance, or one is not finite.
    """
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, not {expected.shape}"
    if not actual.size:
        return
    scale = max(1.0, float(np.abs(expected).max()))
    error = np.abs(actual - expected)
    worst = np.unravel_index(int(np.nanargmax(error)), error.shape) if error.size else ()
    bound = TOLERANCES[tolerance].relative * scale
    assert bool(np.all(error <= bound)), (
        f"{what}: at {[int(i) for i in worst]} got {actual[worst]!r}, not {expected[worst]!r}; "
        f"apart by {error[worst]:.3g}, allowed {bound:.3g} ({TOLERANCES[tolerance].reason})"
    )
