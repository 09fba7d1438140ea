"""The strong Wolfe line search."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.optimizers.full_batch.line_search import LineSearch, Trial
from chainrule.optimizers.full_batch.point import Point

EPS = np.finfo(float).eps
PARABOLA = (lambda a: (a - 3) ** 2, lambda a: 2 * (a - 3))
MORE_THUENTE = (  # More & Thuente (1994), equation 5.1, β = 2
    lambda a: -a / (a * a + 2),
    lambda a: (a * a - 2) / (a * a + 2) ** 2,
)
WALL = (  # no number beyond 1
    lambda a: -math.log(1 - a) - 5 * a if a < 1 else math.nan,
    lambda a: 1 / (1 - a) - 5 if a < 1 else math.nan,
)
WAVES = (lambda a: a * a / 50 - math.sin(a), lambda a: a / 25 - math.cos(a))


def search(function, flat=0.9, precision=EPS):
    """A search along a function of α, and the list of steps it tried."""
    value, slope = function
    tried = []

    def trial(step):
        return Trial(
            step, Point(np.array([step]), value(step), np.array([slope(step)])), slope(step)
        )

    def along(step):
        tried.append(step)
        return trial(step)

    return LineSearch(along, trial(0.0), flat, precision), tried


def is_good(function, step, flat):
    value, slope = function
    fell = value(step) <= value(0) + 1e-4 * step * slope(0)
    return fell and abs(slope(step)) <= flat * abs(slope(0))


@given(
    function=st.sampled_from([PARABOLA, MORE_THUENTE, WALL, WAVES]),
    first=st.floats(1e-4, 1e4),
    flat=st.sampled_from([0.01, 0.1, 0.4, 0.9]),
)
def test_a_found_step_meets_both_conditions_wherever_the_search_begins(function, first, flat):
    searching, tried = search(function, flat)
    found = searching.find(first)
    assert is_good(function, found.step, flat)
    assert tried[0] == first
    assert searching.evaluations == len(tried) <= 30


def test_a_good_first_step_is_taken_at_once():
    searching, tried = search(PARABOLA)
    assert searching.find(1.0).step == 1.0
    assert tried == [1.0]


def test_a_parabola_is_solved_by_its_second_step():
    searching, tried = search(PARABOLA, flat=1e-6)
    assert searching.find(100.0).step == pytest.approx(3.0)
    assert len(tried) <= 3


def test_a_loss_that_is_no_number_is_stepped_back_from():
    searching, _ = search(WALL, flat=0.1)
    found = searching.find(50.0)
    assert 0 < found.step < 1
    assert math.isfinite(found.point.loss)


def test_there_is_no_step_where_the_slope_lies():
    searching, _ = search((lambda a: a, lambda a: -1.0))
    assert searching.find(1.0) is None


def test_a_loss_without_a_floor_ends_with_the_farthest_step_tried():
    searching, tried = search((lambda a: -a, lambda a: -1.0))
    found = searching.find(1.0)
    assert found.step == max(tried)
    assert len(tried) <= 30


@pytest.mark.parametrize(("precision", "accepted"), [(1e-7, True), (1e-16, False)])
def test_where_losses_differ_by_rounding_slopes_decide(precision, accepted):
    # The loss is rounded up by one spacing of float32 everywhere but at the start.
    function = (lambda a: 1.0 + (1e-7 if a else 0.0), lambda a: 1e-4 * (a - 1))
    searching, _ = search(function, precision=precision)
    assert (searching.find(1.0) is not None) == accepted
