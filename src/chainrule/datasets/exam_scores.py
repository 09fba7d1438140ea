"""Exam scores made from hours of study and of sleep: y = 5 · study + 2 · sleep + 40."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Split = tuple[NDArray[Any], NDArray[Any]]

feature_names = ("study", "sleep")
"""Names of the columns of ``x``."""


def load_data(n: int = 1000, seed: int = 812, test_split: float = 0.2) -> tuple[Split, Split]:
    """Draw students: hours uniform between 1 and 8, scores out of 100.

    Args:
        n: Number of students.
        seed: Another seed draws others.
        test_split: Fraction of them kept for testing: the last ones.

    Returns:
        ``(x_train, y_train), (x_test, y_test)`` in float64: hours divided by the largest of their
        column (over both parts), shape (…, 2); scores divided by 100, shape (…, 1).

    Raises:
        ArgumentError: There are fewer than 2 students, or one part would be empty.
    """
    test = round(n * test_split) if 0 < test_split < 1 else 0
    if n < 2 or not 0 < test < n:
        raise ArgumentError("Both parts need students.", n=n, test_split=test_split)
    hours = np.random.default_rng(seed).uniform(1, 8, (n, 2))
    x = hours / hours.max(axis=0)
    # Not a matrix product: BLAS would round it differently from machine to machine.
    study, sleep = hours[:, :1], hours[:, 1:]
    y = (5 * study + 2 * sleep + 40) / 100
    return (x[: n - test], y[: n - test]), (x[n - test :], y[n - test :])
