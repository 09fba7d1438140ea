"""Dual numbers: what is computed with them carries its derivative."""

import numpy as np
import pytest

from chainrule.core.dual import FUNCTIONS, Dual, UnknownFunctionError, holds_dual, value_of
from chainrule.core.dual_numpy import CONSTANT, LINEAR, PRODUCTS, SLOPES
from chainrule.core.dual_numpy import namespace as np_of_duals

GENERATOR = np.random.default_rng(0)
X, V = GENERATOR.uniform(0.2, 0.8, (3, 4)), GENERATOR.normal(size=(3, 4))
OTHER = GENERATOR.uniform(0.3, 0.9, (3, 4))
SQUARE = GENERATOR.normal(size=(4, 4))


def check(function):
    """A function's derivative along V at X, against central differences."""
    made, step = function(Dual(X, V), np_of_duals), 1e-6
    np.testing.assert_array_equal(value_of(made), function(X, np))
    numeric = (function(X + step * V, np) - function(X - step * V, np)) / (2 * step)
    np.testing.assert_allclose(made.change, numeric, rtol=1e-7, atol=1e-9)
    assert np.shape(made.change) == np.shape(made.value)


@pytest.mark.parametrize("name", SLOPES)
def test_elementwise_functions(name):
    check(lambda x, xp: getattr(xp, name)(x))


ARGUMENTS = {
    "reshape": ((4, 3),),
    "swapaxes": (0, 1),
    "moveaxis": (0, 1),
    "expand_dims": (1,),
    "broadcast_to": ((2, 3, 4),),
    "repeat": (2, 1),
    "tile": ((2, 1),),
    "roll": (1, 1),
    "take": ([2, 0], 0),
    "take_along_axis": (np.array([[1], [0], [3]]), 1),
}
PAIRED = ("concatenate", "stack")


@pytest.mark.parametrize("name", [n for n in LINEAR if n not in PAIRED])
def test_linear_functions(name):
    check(lambda x, xp: getattr(xp, name)(x, *ARGUMENTS.get(name, ())))


@pytest.mark.parametrize("name", PAIRED)
def test_functions_of_lists_of_which_not_all_change(name):
    check(lambda x, xp: getattr(xp, name)([x, OTHER, x * x], axis=-1))


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    options = {"tensordot": {"axes": 1}}.get(name, {})
    right = {"matmul": SQUARE, "dot": SQUARE, "tensordot": SQUARE}.get(name, OTHER)
    check(lambda x, xp: getattr(xp, name)(x, right, **options))
    if name not in ("vdot", "outer", "inner"):
        check(lambda x, xp: getattr(xp, name)(SQUARE, x.T, **options))
    else:
        check(lambda x, xp: getattr(xp, name)(x, x * x, **options))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, xp: x + OTHER - 2 * x,
        lambda x, xp: OTHER - x,
        lambda x, xp: x * x * OTHER,
        lambda x, xp: OTHER * x / (x + 1),
        lambda x, xp: 1 / x,
        lambda x, xp: x**3 + x**-0.5 + x**0,
        lambda x, xp: 2.0**x + x**x,
        lambda x, xp: -abs(+x - 0.5),
        lambda x, xp: x @ SQUARE @ x.T,
        lambda x, xp: SQUARE @ x.T,
        lambda x, xp: x[1:, ::2] * x[0, 0],
        lambda x, xp: x[np.array([2, 0])],
        lambda x, xp: xp.where(OTHER > 0.6, x, x * x),
        lambda x, xp: xp.where(x > 0.5, 1.0, x),
        lambda x, xp: xp.maximum(x, OTHER) + xp.minimum(0.5, x),
        lambda x, xp: xp.clip(x, 0.3, 0.7) + xp.clip(x, None, 0.5),
        lambda x, xp: xp.max(x, axis=1, keepdims=True) * xp.min(x),
        lambda x, xp: xp.max(x, axis=0, initial=0.7),
        lambda x, xp: xp.sort(x, axis=-1) * OTHER,
        lambda x, xp: xp.hypot(x, OTHER) + xp.logaddexp(x, 2 * x),
        lambda x, xp: xp.einsum("ij,kj->ik", x, x),
        lambda x, xp: xp.add.reduceat(x, [0, 2], axis=0),
        lambda x, xp: xp.array([x[0, 0], 2.0, x[1, 1]]),
        lambda x, xp: xp.asarray(x) + x.astype(np.float64).sum(axis=0) + x.mean(),
        lambda x, xp: x.reshape(-1) * x.reshape(12) + x.reshape((12,)) * x.reshape(3, 4).ravel(),
        lambda x, xp: xp.sum(x * xp.sign(x - 0.5) + xp.floor(3 * x) * x, axis=(0, 1)),
    ],
)
def test_arithmetic_and_the_other_functions(function):
    check(function)


def test_equal_numbers_share_the_derivative_of_their_maximum():
    x, ones = Dual(np.array([1.0, 2.0]), np.array([1.0, 1.0])), np.array([1.0, 1.0])
    np.testing.assert_array_equal(np_of_duals.maximum(x, ones).change, [0.5, 1.0])
    np.testing.assert_array_equal(np_of_duals.minimum(x, ones).change, [0.5, 0.0])
    twice = Dual(np.array([3.0, 3.0]), np.array([1.0, 5.0]))
    assert np_of_duals.max(twice).change == 3.0


@pytest.mark.parametrize("name", [n for n in CONSTANT if n not in ("searchsorted", "full_like")])
def test_what_does_not_change_is_a_plain_array(name):
    arguments = (0.5,) if name == "heaviside" else ()
    made = getattr(np_of_duals, name)(Dual(X, V), *arguments)
    assert not holds_dual(made)
    np.testing.assert_array_equal(made, getattr(np, name)(X, *arguments))


def test_comparisons_are_of_values():
    x = Dual(X, V)
    for made, wanted in (
        (x < OTHER, X < OTHER),
        (x >= x, X >= X),
        (x < OTHER, OTHER > X),
        (x == 0.5, X == 0.5),
        (x != OTHER, X != OTHER),
        (x <= 0.5, X <= 0.5),
    ):
        np.testing.assert_array_equal(made, wanted)
    assert bool(Dual(np.float64(1.0), 0.0))
    assert len(x) == 3


def test_integers_made_of_them_are_plain():
    made = Dual(X, V).astype(np.int64)
    assert type(made) is np.ndarray


def test_on_plain_arrays_the_namespace_is_numpy():
    assert np_of_duals.float64 is np.float64
    assert np_of_duals.pi == np.pi
    np.testing.assert_array_equal(np_of_duals.sinc(X), np.sinc(X))
    assert np_of_duals.finfo(np.float32) == np.finfo(np.float32)


@pytest.mark.parametrize(
    ("use", "what"),
    [
        (lambda x: np_of_duals.sinc(x), r"`np\.sinc` is not known"),
        (lambda x: np_of_duals.multiply.reduceat(x, [0]), r"`np\.multiply\.reduceat`"),
        (lambda x: x.cumprod(), r"`\.cumprod` is not known"),
        (lambda x: np.asarray(x), "leaves NumPy's functions"),
        (lambda x: np.exp(x), "Dual"),
        (lambda x: float(x), "Dual"),
    ],
)
def test_what_is_not_known_is_refused(use, what):
    with pytest.raises(TypeError, match=what):
        use(Dual(X, V))
    assert issubclass(UnknownFunctionError, TypeError)


def test_every_function_has_a_test():
    tested = {*SLOPES, *LINEAR, *PRODUCTS, *CONSTANT}
    others = {
        *("where", "maximum", "minimum", "clip", "max", "min", "sort", "hypot", "logaddexp"),
        *("einsum", "asarray", "array", "power"),
    }
    aliases = {
        *("absolute", "fabs", "amax", "amin", "float_power"),
        *("add", "subtract", "multiply", "divide", "true_divide"),
    }
    assert set(FUNCTIONS) == tested | others | aliases
