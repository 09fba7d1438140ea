"""hessian(), its products, eigenvalues and condition number."""

import builtins

import numpy as np
import pytest
from tests.builders import blobs, line, regressor

from chainrule import rule
from chainrule.errors import ArgumentError, NoCurvatureError, ShapeError, StateError
from chainrule.layers import Dense, Input, Layer
from chainrule.models import Sequential
from chainrule.optimizers import NewtonCG
from chainrule.utils import set_random_seed


def exact(units=3):
    """A regression in float64 with a curved loss."""
    set_random_seed(1)
    layers = [Dense(units, "tanh", dtype="float64"), Dense(1, dtype="float64")]
    model = Sequential([Input((2,)), *layers])
    model.compile("adam", "mse")
    return model


def wide():
    """More parameters than all eigenvalues are computed of."""
    return exact(60)


def turned(model, x, y, v, step=1e-5):
    """The gradient's change along v, by central differences."""
    ahead, behind = (model.gradient_at(x, y, model.theta + s * step * v)[1] for s in (1, -1))
    return (ahead - behind) / (2 * step)


class TestHessian:
    def test_it_is_how_the_gradient_turns(self):
        model, (x, y) = exact(), line()
        hessian = model.hessian(x, y)
        numeric = np.array([turned(model, x, y, axis) for axis in np.eye(13)])
        assert hessian.shape == (13, 13)
        assert hessian.dtype == np.float64
        np.testing.assert_array_equal(hessian, hessian.T)
        np.testing.assert_allclose(hessian, numeric, atol=1e-8)

    def test_products_are_of_the_same_matrix(self):
        model, (x, y) = exact(), line()
        v = np.random.default_rng(0).normal(size=13)
        product = model.hessian_vector_product(x, y, v)
        np.testing.assert_allclose(product, model.hessian(x, y) @ v, rtol=1e-12)
        np.testing.assert_allclose(product, turned(model, x, y, v), atol=1e-7)

    def test_of_linear_regression_it_is_known(self):
        model = Sequential([Input((2,)), Dense(1, dtype="float64")])
        model.compile("sgd", "mse")
        x, y = line()
        rows = np.column_stack([x, np.ones(len(x))])
        np.testing.assert_allclose(model.hessian(x, y), 2 * rows.T @ rows / len(x), rtol=1e-12)
        np.testing.assert_allclose(
            model.empirical_loss(x, y).gauss_newton(), model.hessian(x, y), rtol=1e-12
        )

    def test_weights_and_parts_of_rows_count_as_in_the_loss(self):
        model, (x, y) = exact(), line()
        weight = np.linspace(0, 2, 50)
        whole = model.hessian(x, y, sample_weight=weight)
        numeric = np.array(
            [
                (
                    model.gradient_at(x, y, model.theta + 1e-5 * a, weight)[1]
                    - model.gradient_at(x, y, model.theta - 1e-5 * a, weight)[1]
                )
                / 2e-5
                for a in np.eye(13)
            ]
        )
        np.testing.assert_allclose(whole, numeric, atol=1e-8)
        parts = model.empirical_loss(x, y, weight, batch_size=7)
        np.testing.assert_allclose(parts.hessian(), whole, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(
            parts.gauss_newton(),
            model.empirical_loss(x, y, weight).gauss_newton(),
            rtol=1e-10,
            atol=1e-14,
        )

    def test_a_model_in_float32_has_it_in_float64(self):
        model, (x, y) = regressor(), line()
        theta = model.theta.astype(np.float64)
        twin = regressor()
        hessian = model.hessian(x, y)
        assert hessian.dtype == np.float64
        np.testing.assert_array_equal(hessian, twin.hessian(x, y, theta))
        np.testing.assert_array_equal(model.theta, theta)

    def test_frozen_weights_have_no_part_in_it(self):
        model = Sequential([Input((4,)), Dense(5, "tanh", trainable=False), Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        assert model.hessian(*blobs()).shape == (18, 18)

    def test_gauss_newton_is_the_hessian_where_the_fit_is_perfect(self):
        model, (x, _) = exact(), line()
        y = model.predict(x, verbose=0)
        loss = model.empirical_loss(x, y)
        np.testing.assert_allclose(loss.gauss_newton(), loss.hessian(), atol=1e-12)

    def test_gauss_newton_has_the_penalties_of_weights(self):
        set_random_seed(1)
        layer = Dense(3, "tanh", kernel_regularizer="l2", dtype="float64")
        model = Sequential([Input((2,)), layer, Dense(1, dtype="float64")])
        model.compile("sgd", "mse")
        x, _ = line()
        loss = model.empirical_loss(x, model.predict(x, verbose=0))
        np.testing.assert_allclose(loss.gauss_newton(), loss.hessian(), atol=1e-12)
        assert np.linalg.eigvalsh(loss.hessian())[0] >= -1e-12

    def test_what_does_not_fit_is_refused(self):
        model, (x, y) = exact(), line()
        with pytest.raises(ShapeError, match=r"`v` must have shape \(13,\)"):
            model.hessian_vector_product(x, y, np.ones(12))
        with pytest.raises(ShapeError, match=r"\(13,\)"):
            model.hessian(x, y, np.ones(12))
        with pytest.raises(StateError, match="compile"):
            Sequential([Input((2,)), Dense(1)]).hessian(x, y)


class TestEigenvalues:
    @pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
    @pytest.mark.parametrize("make", [exact, wide])
    def test_they_are_those_of_the_hessian(self, which, make):
        model, (x, y) = make(), line()
        values = np.linalg.eigvalsh(model.hessian(x, y))
        order = {"largest": values, "smallest": -values, "magnitude": np.abs(values)}[which]
        wanted = np.sort(values[np.argsort(order)[-3:]])[::-1]
        found = model.hessian_eigenvalues(x, y, 3, which)
        np.testing.assert_allclose(found, wanted, atol=1e-9 * np.abs(values).max())

    def test_of_many_parameters_they_come_from_products(self, monkeypatch):
        model, (x, y) = wide(), line()

        def unwanted(*args):
            raise AssertionError

        monkeypatch.setattr("chainrule.models.second_order.SecondOrder.hessian", unwanted)
        assert model.hessian_eigenvalues(x, y, 2).shape == (2,)

    def test_without_scipy_it_is_said_what_to_install(self, monkeypatch):
        real = builtins.__import__

        def without(name, *args, **kwargs):
            if name.startswith("scipy"):
                raise ImportError(name)
            return real(name, *args, **kwargs)

        model, (x, y) = wide(), line()
        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(ArgumentError, match=r"pip install 'chainrule\[science\]'"):
            model.hessian_eigenvalues(x, y)

    def test_arguments_out_of_range_are_refused(self):
        model, (x, y) = exact(), line()
        with pytest.raises(ArgumentError, match="`k` must be between 1 and 13"):
            model.hessian_eigenvalues(x, y, 14)
        with pytest.raises(ArgumentError, match="`which`"):
            model.hessian_eigenvalues(x, y, 1, "LM")

    def test_the_condition_number(self):
        model, (x, y) = exact(), line()
        sizes = np.abs(np.linalg.eigvalsh(model.hessian(x, y)))
        assert model.condition_number(x, y) == pytest.approx(sizes.max() / sizes.min())

    def test_of_a_flat_direction_it_is_infinite(self):
        model = Sequential([Input((2,)), Dense(1, use_bias=False, dtype="float64")])
        model.compile("sgd", "mse")
        x, y = line()
        x[:, 1] = 0
        assert model.condition_number(x, y) == float("inf")


def layer_of(made):
    """A layer that applies one element-wise rule."""

    class Applied(Layer):
        def expand(self, graph, x):
            return graph.apply(made, {"z": x}, "y")

    return Applied()


class TestRulesOfOnesOwn:
    def model(self, made):
        set_random_seed(0)
        model = Sequential([Input((2,)), Dense(3), layer_of(made), Dense(1)])
        model.compile(NewtonCG(), "mse", engine="numpy")
        return model

    def test_one_that_keeps_to_known_functions_has_second_derivatives(self):
        @rule("bump", "z[*S] -> y[*S]")
        def bump(z):
            return np.exp(-np.square(z)) + z.clip(-1, 1)  # y = exp(−z²) + min(max(z, −1), 1)

        @bump.wrt("z")
        def bump_wrt_z(z, y_bar):
            inside = (z > -1) & (z < 1)
            return y_bar * (inside - 2 * z * np.exp(-np.square(z)))  # ∂L/∂z

        set_random_seed(0)
        layers = [Dense(3, dtype="float64"), layer_of(bump), Dense(1, dtype="float64")]
        model = Sequential([Input((2,)), *layers])
        model.compile("sgd", "mse", engine="numpy")
        x, y = line()
        numeric = np.array([turned(model, x, y, axis) for axis in np.eye(13)])
        np.testing.assert_allclose(model.hessian(x, y), numeric, atol=1e-8)

    @pytest.mark.parametrize(
        ("body", "what"),
        [
            (lambda z: np.sinc(z), "the derivative of `np.sinc` is not known"),
            (lambda z: z.cumprod(axis=-1), "the derivative of an array's `.cumprod` is not known"),
            (lambda z: z % 1.0, "unsupported operand"),
            (lambda z: np.asarray(z.tolist()), "`.tolist` is not known"),
        ],
    )
    def test_one_that_does_not_is_named_with_the_function(self, body, what):
        made = rule("strange", "z[*S] -> y[*S]")(renamed(body))
        made.wrt("z")(renamed_wrt(lambda z, y_bar: y_bar))
        x, y = line()
        with pytest.raises(NoCurvatureError) as caught:
            self.model(made).hessian(x, y)
        message = str(caught.value)
        assert message.startswith("Rule 'strange' of layer 'applied")
        assert "in strange, " in message
        assert what in message

    def test_fit_says_so_too(self):
        made = rule("strange", "z[*S] -> y[*S]")(renamed(lambda z: np.sinc(z)))
        made.wrt("z")(renamed_wrt(lambda z, y_bar: y_bar))
        with pytest.raises(NoCurvatureError, match=r"np\.sinc"):
            self.model(made).fit(*line(), verbose=0)


def renamed(function):
    function.__name__ = "strange"
    return function


def renamed_wrt(function):
    function.__name__ = "strange_wrt_z"
    return function
