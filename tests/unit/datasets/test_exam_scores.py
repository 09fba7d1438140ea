"""The lesson's data: a plane over two columns, scaled."""

import numpy as np
import pytest

from chainrule.datasets import exam_scores
from chainrule.errors import ArgumentError


def test_shapes_and_types():
    (x_train, y_train), (x_test, y_test) = exam_scores.load_data()
    arrays = (x_train, y_train, x_test, y_test)
    assert [a.shape for a in arrays] == [(800, 2), (800, 1), (200, 2), (200, 1)]
    assert {a.dtype.name for a in arrays} == {"float64"}
    assert exam_scores.feature_names == ("study", "sleep")


def test_a_score_is_five_times_study_and_twice_sleep_and_forty():
    (x_train, y_train), (x_test, y_test) = exam_scores.load_data()
    x, y = np.r_[x_train, x_test], np.r_[y_train, y_test]
    assert x.max(axis=0).tolist() == [1, 1]
    assert (x > 1 / 8).all()
    plane, residual, _, _ = np.linalg.lstsq(np.c_[x, np.ones(1000)], y, rcond=None)
    assert residual < 1e-24  # a thousand squared roundings of numbers near 1, u = 1e-16
    per_hour = plane[:2, 0] * 100 / [5, 2]  # x is in units of the longest study and sleep
    assert ((per_hour > 7.9) & (per_hour < 8)).all()
    assert plane[2, 0] == pytest.approx(0.4)


def test_a_seed_names_the_students():
    (x, _), _ = exam_scores.load_data(50, seed=1)
    (same, _), _ = exam_scores.load_data(50, seed=1)
    (others, _), _ = exam_scores.load_data(50, seed=2)
    assert np.array_equal(x, same)
    assert not np.array_equal(x, others)


@pytest.mark.parametrize(("n", "test_split", "test"), [(10, 0.5, 5), (10, 0.24, 2), (2, 0.5, 1)])
def test_the_last_students_are_for_testing(n, test_split, test):
    (x_train, y_train), (x_test, y_test) = exam_scores.load_data(n, test_split=test_split)
    assert (len(x_train), len(y_train)) == (n - test, n - test)
    assert (len(x_test), len(y_test)) == (test, test)


@pytest.mark.parametrize(
    ("n", "test_split"),
    [(1, 0.5), (0, 0.5), (-5, 0.5), (10, 0), (10, 1), (10, -0.5), (10, 0.01), (10, np.nan)],
)
def test_both_parts_need_students(n, test_split):
    with pytest.raises(ArgumentError, match="Both parts need students"):
        exam_scores.load_data(n, test_split=test_split)
