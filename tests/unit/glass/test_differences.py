"""Central differences: what a kink is, and what only looks like one."""

import numpy as np
import pytest

from chainrule.glass.differences import STEP, central_difference


@pytest.mark.parametrize("shift", [0.0, 0.01 * STEP, 0.105 * STEP, 0.3 * STEP, -0.9 * STEP])
def test_a_kink_within_the_step_is_one(shift):
    _, kinks = central_difference(lambda x: float(np.abs(x - shift).sum()), np.array([0.0, 1.0]))
    assert kinks.tolist() == [True, False]


def test_strong_curvature_is_no_kink():
    """Rosenbrock's function near the ridge of its valley: f″ is 620, f′ only -3.6."""
    slopes, kinks = central_difference(
        lambda x: float(0.84 * ((1 - x) ** 2 + 100 * (-1.845 - x**2) ** 2).sum()),
        np.array([-0.00316]),
    )
    x = -0.00316
    exact = 0.84 * (2 * (x - 1) - 400 * x * (-1.845 - x**2))
    assert not kinks.any()
    assert slopes[0] == pytest.approx(exact, rel=1e-8)
