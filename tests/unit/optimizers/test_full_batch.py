"""The methods themselves, on functions with known minima."""

import itertools

import numpy as np
import pytest

from chainrule import optimizers
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.optimizers import (
    BFGS,
    LBFGS,
    SGD,
    ConjugateGradient,
    Function,
    GaussNewton,
    GradientDescent,
    LevenbergMarquardt,
    Newton,
    NewtonCG,
    schedules,
)
from chainrule.optimizers.full_batch.point import Point
from chainrule.optimizers.full_batch.quasi_newton import _Learned, _Remembered

ALL = [
    GradientDescent(0.02),
    GradientDescent(line_search=True),
    ConjugateGradient(),
    Newton(),
    Newton(damping=None),
    NewtonCG(),
    GaussNewton(),
    BFGS(),
    LBFGS(),
]
every = pytest.mark.parametrize("method", ALL, ids=repr)
careful = pytest.mark.parametrize("method", [m for m in ALL if m not in (ALL[0], ALL[4])], ids=repr)
"""Those that look whether the loss falls."""

JACOBIAN = np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 1.0], [0.5, 0.5, 2.0]])
TARGET = np.array([1.0, 2.0, 3.0, 4.0])
BEST = np.linalg.lstsq(JACOBIAN, TARGET, rcond=None)[0]


def squares(theta):
    residuals = JACOBIAN @ theta - TARGET
    return float(residuals @ residuals), 2 * JACOBIAN.T @ residuals


BOWL = Function(squares, lambda theta: 2 * JACOBIAN.T @ JACOBIAN, lambda theta: JACOBIAN)
SADDLE = Function(
    lambda x: (
        float(x[0] ** 2 - x[1] ** 2 + x[1] ** 4),
        np.array([2 * x[0], -2 * x[1] + 4 * x[1] ** 3]),
    ),
    lambda x: np.array([[2.0, 0.0], [0.0, -2.0 + 12 * x[1] ** 2]]),
)
CLIFF = Function(  # no number where x ≤ 0
    lambda x: (float(x[0] - np.log(x[0])), 1 - 1 / x) if x[0] > 0 else (np.nan, np.array([np.nan])),
    lambda x: np.array([[1 / x[0] ** 2]]),
)


def run(method, problem, start, most=3000):
    return list(itertools.islice(method.iterates(problem, np.array(start, float)), most))


@every
def test_least_squares_are_solved(method):
    *_, last = run(method, BOWL, [0, 0, 0])
    assert last.stopped == "no element of the gradient is larger than gtol=1e-05"
    np.testing.assert_allclose(last.theta, BEST, atol=1e-5)


@careful
def test_losses_only_fall(method):
    found = [iterate.loss for iterate in run(method, BOWL, [5, -3, 8])]
    assert np.all(np.diff(found) <= 1e-14 * np.abs(found[:-1]))


@pytest.mark.parametrize("method", [Newton(), Newton(damping=None), GaussNewton()], ids=repr)
def test_methods_that_know_the_curvature_need_few_steps_for_a_quadratic(method):
    most = {"Newton": 3, "GaussNewton": 8}[type(method).__name__]
    assert len(run(method, BOWL, [5, -3, 8])) - 1 <= most


def test_conjugate_gradients_need_as_many_steps_as_variables():
    assert len(run(ConjugateGradient(), BOWL, [5, -3, 8])) - 1 <= 5


def test_textbook_newton_walks_to_the_saddle_and_the_damped_one_past_it():
    start = [0.5, 0.1]
    *_, pure = run(Newton(damping=None), SADDLE, start)
    np.testing.assert_allclose(pure.theta, [0, 0], atol=1e-5)
    *_, damped = run(Newton(), SADDLE, start)
    np.testing.assert_allclose(damped.theta, [0, np.sqrt(0.5)], atol=1e-5)
    assert damped.loss == pytest.approx(-0.25)
    *_, free = run(NewtonCG(), SADDLE, start)
    np.testing.assert_allclose(np.abs(free.theta), [0, np.sqrt(0.5)], atol=1e-5)


def test_newton_tells_the_lowest_curvature():
    first, second, *_ = run(Newton(), SADDLE, [0.5, 0.1])
    assert "lowest_curvature" not in first.numbers
    assert second.numbers["lowest_curvature"] == pytest.approx(-2 + 12 * 0.01)


@pytest.mark.parametrize(
    "method", [GradientDescent(9, line_search=True), BFGS(), LBFGS(), ConjugateGradient(), Newton()]
)
def test_no_step_leads_to_where_the_loss_is_no_number(method):
    found = run(method, CLIFF, [8.0])
    assert all(np.isfinite(iterate.loss) for iterate in found)
    assert found[-1].theta[0] == pytest.approx(1.0, abs=1e-4)


class TestEnds:
    def test_gtol(self):
        found = run(BFGS(gtol=0.5), BOWL, [5, -3, 8])
        assert found[-1].gradient_norm <= 0.5 < found[-2].gradient_norm
        assert "gtol=0.5" in found[-1].stopped

    def test_ftol(self):
        found = run(GradientDescent(0.02, ftol=1e-3), BOWL, [5, -3, 8])
        falls = -np.diff([iterate.loss for iterate in found])
        scale = np.maximum([iterate.loss for iterate in found[:-1]], 1)
        assert falls[-1] <= 1e-3 * scale[-1]
        assert np.all(falls[:-1] > 1e-3 * scale[:-1])
        assert "ftol=0.001" in found[-1].stopped

    @every
    def test_a_minimum_is_left_as_it_is(self, method):
        (only,) = run(method, BOWL, BEST)
        assert only.stopped
        assert not only.failed

    def test_a_step_too_long_ends_with_the_best_point(self):
        steep = Function(lambda x: (float(np.exp(x[0] ** 2)), 2 * x * np.exp(x[0] ** 2)))
        with np.errstate(over="ignore", invalid="ignore"):
            found = run(GradientDescent(0.6), steep, [1.2])
        last = found[-1]
        assert last.failed
        assert "learning rate 0.6" in last.stopped
        assert last.loss == min(iterate.loss for iterate in found)
        assert np.isfinite(last.theta).all()

    @pytest.mark.parametrize("method", [BFGS(), LBFGS(), ConjugateGradient()], ids=repr)
    def test_a_gradient_that_lies_is_a_failed_search(self, method):
        liar = Function(lambda x: (float(x @ x), -2 * x))
        *_, last = run(method, liar, [1.0, 2.0])
        assert last.failed
        assert last.stopped == "the line search found no step that lowers the loss"
        np.testing.assert_array_equal(last.theta, [1.0, 2.0])

    def test_a_singular_hessian_ends_textbook_newton(self):
        flat = Function(lambda x: (float(x[0]), np.array([1.0, 0.0])), lambda x: np.zeros((2, 2)))
        *_, last = run(Newton(damping=None), flat, [1.0, 2.0])
        assert last.failed
        assert "no inverse" in last.stopped

    def test_what_rounding_hides_is_no_failure(self):
        coarse = Function(lambda x: (1.0 + float(x[0] ** 2) * 1e-18, 2e-18 * x))
        *_, last = run(BFGS(gtol=0), coarse, [1.0])
        assert not last.failed
        assert last.stopped == "what is left to gain is lost in the rounding of the loss"

    def test_a_start_that_is_no_number_is_said(self):
        (only,) = run(BFGS(), CLIFF, [-1.0])
        assert only.failed
        assert "not finite at the beginning" in only.stopped


class TestSteps:
    def test_gradient_descent_without_a_search_takes_its_rate(self):
        first, second, *_ = run(GradientDescent(0.02), BOWL, [5, -3, 8])
        np.testing.assert_allclose(second.theta, first.theta - 0.02 * first.gradient)
        assert second.numbers == {"step_length": 0.02, "evaluations": 1}

    def test_the_step_length_and_the_evaluations_are_told(self):
        calls = []
        counted = Function(lambda x: (calls.append(1), squares(x))[1])
        found = run(BFGS(), counted, [5, -3, 8])
        assert sum(iterate.numbers["evaluations"] for iterate in found) == len(calls)
        assert all(iterate.numbers["step_length"] > 0 for iterate in found[1:])

    @pytest.mark.parametrize("kind", [_Learned, lambda: _Remembered(3)])
    def test_quasi_newton_methods_have_learned_their_latest_step(self, kind):
        # The secant equation: H y = s, so that the direction for a gradient y is −s.
        direction, generator = kind(), np.random.default_rng(0)
        points = [Point(x, *squares(x)) for x in generator.normal(size=(4, 3))]
        for before, after in itertools.pairwise(points):
            direction.learn(before, after)
            moved, turned = after.theta - before.theta, after.gradient - before.gradient
            np.testing.assert_allclose(direction.towards(Point(moved, 0.0, turned)), -moved)
        assert direction.forget()
        np.testing.assert_array_equal(direction.towards(points[0]), -points[0].gradient)
        assert not direction.forget()

    def test_what_a_method_needs_must_be_given(self):
        plain = Function(squares)
        for method, missing in ((Newton(), "second"), (GaussNewton(), "jacobian")):
            with pytest.raises(ArgumentError, match=f"Received: {missing}=None"):
                run(method, plain, [5, -3, 8])

    def test_bfgs_refuses_more_variables_than_its_matrix_may_have(self):
        large = Function(lambda x: (float(x @ x) / 2, x.copy()))
        with pytest.raises(ArgumentError, match=r"use LBFGS.*Received: parameters=20001"):
            run(BFGS(), large, np.full(20_001, 0.9))


class TestAmongOptimizers:
    @pytest.mark.parametrize("name", optimizers.FULL_BATCH.names)
    def test_names_and_configurations(self, name):
        made = optimizers.get(name)
        assert type(made) is type(optimizers.get(type(made).__name__))
        again = optimizers.deserialize(optimizers.serialize(made))
        assert repr(again) == repr(made)
        assert again.get_config() == made.get_config()

    def test_configurations_keep_what_was_given(self):
        made = [
            GradientDescent(schedules.ExponentialDecay(0.3, 10, 0.5), line_search=True, ftol=1e-3),
            LBFGS(memory=3, gtol=1e-7, name="mine"),
            Newton(damping=None),
            GaussNewton(damping=0.1),
        ]
        for one in made:
            config = optimizers.deserialize(optimizers.serialize(one)).get_config()
            assert config == one.get_config()
        assert made[1].get_config() == {"name": "mine", "memory": 3, "gtol": 1e-7, "ftol": 2.2e-9}

    def test_levenberg_marquardt_is_another_name(self):
        assert LevenbergMarquardt is GaussNewton
        assert isinstance(optimizers.get("LevenbergMarquardt"), GaussNewton)
        assert isinstance(optimizers.get("levenbergmarquardt"), GaussNewton)

    def test_arguments_out_of_range_are_refused(self):
        for make in (
            lambda: BFGS(gtol=-1),
            lambda: LBFGS(memory=0),
            lambda: GaussNewton(damping=0),
            lambda: Newton(damping=-1),
            lambda: GradientDescent(-0.1),
        ):
            with pytest.raises(ArgumentError, match="Received:"):
                make()
        with pytest.raises(UnknownNameError, match="Did you mean 'bfgs'"):
            optimizers.get("bgfs")

    def test_they_have_no_learning_rate_to_set_but_gradient_descent(self):
        for method in (BFGS(), Newton(), GaussNewton()):
            assert method.learning_rate == 1.0
            with pytest.raises(ArgumentError, match="finds its own step lengths"):
                method.learning_rate = 0.1
        method = GradientDescent(0.1)
        method.learning_rate = 0.2
        assert method.learning_rate == 0.2

    def test_they_cannot_be_applied_to_a_gradient(self):
        with pytest.raises(ArgumentError, match="use `fit`"):
            BFGS().apply([np.ones(2)], [np.ones(2)])
        SGD(0.1).apply([np.ones(2)], [np.ones(2)])  # as others can
