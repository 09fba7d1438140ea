import numpy as np
import pytest

from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.glass import SURFACES, descend
from chainrule.optimizers import SGD, Adam


def test_a_path_is_what_the_optimizer_does_to_the_point():
    surface, optimizer = SURFACES["rosenbrock"], Adam(0.1)
    point = np.array([-1.0, 2.0])
    points = [point.copy()]
    for _ in range(5):
        optimizer.apply([surface.gradient(point)], [point])
        points.append(point.copy())
    path = descend("rosenbrock", Adam(0.1), 5, start=(-1, 2))
    assert np.array_equal(path.points, points)
    assert path.name == "adam"


def test_a_path_begins_where_the_function_says():
    path = descend(SURFACES["beale"], "sgd", 1, name="mine")
    assert tuple(path.points[0]) == SURFACES["beale"].start
    assert path.name == "mine"


def test_a_path_that_runs_away_ends_with_finite_numbers():
    path = descend("valley", SGD(1.0), 1000)
    assert 2 < len(path.points) < 50
    assert np.isfinite(path.points).all()


def test_wrong_arguments_are_named():
    with pytest.raises(UnknownNameError, match="rosenbrock"):
        descend("rosenbrok", "sgd")
    with pytest.raises(ArgumentError, match=r"must be \(x, y\)"):
        descend("bowl", "sgd", start=(1, 2, 3))
