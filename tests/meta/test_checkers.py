"""The checkers are checked: a planted fault must be found."""

import numpy as np
import pytest

from chainrule.core.rule import Rule, UpdateRule
from chainrule.glass.differences import central_difference
from chainrule.testing import assert_close, check_rule, check_update_rule


def double(x):
    return 2 * x  # y = 2 x


def made(derivative, forward=double, shapes="x[*S] -> y[*S]"):
    rule = Rule("planted", shapes, forward)
    rule.wrt("x")(derivative)
    return rule


def right(y_bar):
    return 2 * y_bar  # ∂L/∂x = 2 ȳ


def nearly_right(y_bar):
    return 2.001 * y_bar  # ∂L/∂x = 2 ȳ


def wrong_sign(y_bar):
    return -2 * y_bar  # ∂L/∂x = 2 ȳ


def summed(y_bar):
    return 2 * np.sum(y_bar)  # ∂L/∂x = 2 ȳ


def widened(y_bar):
    return y_bar * np.full(1, 2.0)  # ∂L/∂x = 2 ȳ


def spoiling(x, y_bar):
    return np.multiply(y_bar, 2, out=x)  # ∂L/∂x = 2 ȳ


def without_equation(y_bar):
    return 2 * y_bar


def square(x):
    return x * x  # y = x²


def of_transposed(x, y_bar):
    return 2 * x.T * y_bar  # ∂L/∂x = 2 x ȳ


def test_the_right_derivative_passes():
    check_rule(made(right))


@pytest.mark.parametrize(
    ("derivative", "message"),
    [
        (nearly_right, "against differences"),
        (wrong_sign, "against differences"),
        (summed, "shape"),
        (widened, "float64 from float32"),
        (spoiling, "changed its input"),
        (without_equation, "no equation"),
    ],
)
def test_a_wrong_one_is_caught_and_named(derivative, message):
    with pytest.raises(AssertionError, match=message):
        check_rule(made(derivative))


def test_a_transposed_derivative_is_caught_on_a_square_input():
    rule = made(of_transposed, square, "x[I,O] -> y[I,O]")
    with pytest.raises(AssertionError, match="against differences"):
        check_rule(rule, {"I": 3, "O": 3})


def test_a_kink_is_not_blamed():
    def rectify(x):
        return np.maximum(x - 1, 0) + np.abs(x - 1)  # y = max(x − 1, 0) + |x − 1|

    def slope(x, y_bar):
        return y_bar * (np.sign(x - 1) + (x > 1))  # ∂L/∂x = ȳ (sign(x − 1) + [x > 1])

    rule = made(slope, rectify)
    x = np.array([1.0, -2.0, 3.0, 0.5])
    slopes, kinks = central_difference(lambda x: float(np.sum(rectify(x))), x)
    assert kinks.tolist() == [True, False, False, False]
    assert_close(np.where(kinks, 0, slopes), [0, -1, 2, -1], "differences", "slopes")
    check_rule(rule, {"*S": (4, 5)})


def by_the_first(theta, grad, *, learning_rate):
    return theta - learning_rate * grad / grad[:1]  # θ ← θ − η g / g₁


def by_the_norm(theta, grad, *, learning_rate):
    return theta - learning_rate * grad / np.sqrt(np.sum(grad * grad))  # θ ← θ − η g / ‖g‖


def of_rows(theta, grad, *, learning_rate):
    return theta - learning_rate * np.mean(grad, axis=-1)  # θ ← θ − η meanⱼ g


def in_place(theta, grad, *, learning_rate):
    return np.subtract(theta, learning_rate * grad, out=theta)  # θ ← θ − η g


def in_float64(theta, grad, *, learning_rate):
    return theta - np.full(1, learning_rate) * grad  # θ ← θ − η g


def unexplained(theta, grad, *, learning_rate):
    return theta - learning_rate * grad


def updating(forward, shapes="theta[P] grad[P] -> theta[P]"):
    return UpdateRule("planted", shapes, forward)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (by_the_first, "theta of a part"),
        (by_the_norm, "theta of a part"),
        (in_place, "changed its input theta"),
        (in_float64, "float64 from float32"),
        (unexplained, "no equation"),
    ],
)
def test_a_wrong_update_rule_is_caught_and_named(forward, message):
    with pytest.raises(AssertionError, match=message):
        check_update_rule(updating(forward))


def test_an_update_rule_of_whole_variables_may_mix_their_elements():
    check_update_rule(updating(by_the_norm, "theta[*S] grad[*S] -> theta[*S]"))


def test_an_update_rule_of_whole_variables_must_keep_its_shapes():
    wrong = updating(of_rows, "theta[I] grad[I,O] -> theta[I,O]")
    with pytest.raises(AssertionError, match=r"shape \(3,\), not \(3, 5\)"):
        check_update_rule(wrong)


def test_a_nan_is_never_close():
    with pytest.raises(AssertionError):
        assert_close([np.nan, 1.0], [1.0, 1.0], "float32", "x")
