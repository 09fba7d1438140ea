import numpy as np
import pytest

from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.glass import SURFACES, descend
from chainrule.optimizers import SGD, Adam, Newton


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


@pytest.mark.parametrize("name", ["bfgs", "lbfgs", "newton", "newtoncg", "conjugategradient"])
def test_optimizers_of_the_whole_batch_go_down_too(name):
    path = descend("rosenbrock", name, 300)
    assert np.allclose(path.points[-1], (1, 1), atol=1e-4)
    assert len(path.points) < 100


def test_newton_without_damping_walks_to_whatever_is_flat():
    path = descend("saddle", Newton(damping=None), 50)
    assert np.allclose(path.points[-1], SURFACES["saddle"].saddles[0], atol=1e-6)
    damped = descend("saddle", Newton(), 50)
    assert np.allclose(damped.points[-1], SURFACES["saddle"].minima[0], atol=1e-6)
