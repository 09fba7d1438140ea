"""What must hold for any input: finite values, and identities of the mathematics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chainrule.activations import ACTIVATIONS, sigmoid, softmax, tanh
from chainrule.losses import (
    sigmoid_binary_crossentropy,
    softmax_crossentropy,
    softmax_sparse_crossentropy,
)
from chainrule.testing.conformance import cotangents, outputs

EXTREMES = [0.0, -0.0, 1e-30, -1e-30, 1.0, -1.0, 88.0, -104.0, 710.0, -746.0, 1e4, -1e4]

logits = arrays(np.float64, (3, 4), elements=st.sampled_from(EXTREMES) | st.floats(-1e4, 1e4))
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


LIMITS = {
    "exponential": (
        lambda largest: np.log(largest) - 0.01,
        "eᶻ is larger than the largest float above 88.7 in float32, above 709.7 in float64",
    ),
    "selu": (lambda largest: largest / 1.06, "λ z is larger than the largest float"),
    "log_softmax": (
        lambda largest: largest / 2,
        "the difference of two z is larger than the largest float",
    ),
}
"""Activations that by nature overflow: the largest magnitude of z, and why.

All others, and all derivatives, are finite for every finite z.
"""

OPTIONS = {
    "relu": [{}, {"negative_slope": 0.2, "max_value": 6.0, "threshold": 1.0}],
    "threshold": [{"threshold": 0.5, "default_value": -1.0}],
}


def whole_range(dtype):
    """Numbers of a float type: any, and those at its ends, at kinks and where e^z ends."""
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, 1e-30, 0.5, 1, 3, 6, 88, 104, 710, 746, 1e4]
    sizes += [np.sqrt(info.max), info.max / 2, np.nextafter(info.max, dtype(0)), info.max]
    any_number = st.floats(width=info.bits, allow_nan=False, allow_infinity=False)
    return any_number | st.sampled_from([dtype(sign * size) for size in sizes for sign in (1, -1)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS.names)
@given(data=st.data())
def test_activations_and_their_derivatives_are_finite_for_any_finite_input(name, dtype, data):
    rule = ACTIVATIONS[name]
    z = data.draw(arrays(dtype, (3, 4), elements=whole_range(dtype)))
    if name in LIMITS:
        limit = dtype(LIMITS[name][0](np.finfo(dtype).max))
        z = np.clip(z, -limit, limit)
    for options in OPTIONS.get(name, [{}]):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            y = rule.forward(z, **options)
            (bar,) = cotangents(rule, {"z": z}, options, np.ones_like(y)).values()
        assert np.all(np.isfinite(y))
        assert np.all(np.isfinite(bar))


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_are_where_activations_overflow(name):
    largest = np.finfo(np.float64).max
    limit = LIMITS[name][0](largest)
    z = np.array([[1.05 * limit, -1.05 * limit]])
    with np.errstate(over="ignore"):
        assert not np.all(np.isfinite(ACTIVATIONS[name].forward(z)))


CROSSENTROPIES = [
    sigmoid_binary_crossentropy,
    softmax_crossentropy,
    softmax_sparse_crossentropy,
]


@dtypes
@pytest.mark.parametrize("rule", CROSSENTROPIES, ids=str)
@given(z=logits, labels=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_fused_losses_are_finite_and_their_gradient_is_p_minus_t(rule, dtype, z, labels):
    z, hot = z.astype(dtype), np.eye(4, dtype=dtype)[labels]
    y_true = np.array(labels) if "label" in rule.signature.text else hot
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        made = outputs(rule, {"z": z, "y_true": y_true}, {})
        (bar,) = cotangents(rule, {"z": z, "y_true": y_true}, {}, np.ones(3, dtype)).values()
    assert np.all(np.isfinite(made["losses"]))
    assert np.all(made["losses"] >= 0)
    share = 4 if rule is sigmoid_binary_crossentropy else 1
    assert np.array_equal(bar, (made["p"] - hot) / dtype_of(share, dtype))


def dtype_of(number, dtype):
    return np.dtype(dtype).type(number)


@given(z=logits, shift=st.floats(-100, 100))
def test_softmax_ignores_a_common_shift_and_sums_to_one(z, shift):
    np.testing.assert_allclose(softmax.forward(z + shift), softmax.forward(z), atol=1e-10)
    np.testing.assert_allclose(softmax.forward(z).sum(axis=-1), 1, rtol=1e-14)


@given(z=logits)
def test_symmetries(z):
    np.testing.assert_allclose(sigmoid.forward(-z), 1 - sigmoid.forward(z), atol=1e-15)
    np.testing.assert_array_equal(tanh.forward(-z), -tanh.forward(z))
    np.testing.assert_allclose(2 * sigmoid.forward(2 * z) - 1, tanh.forward(z), atol=1e-15)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_equal_logits_cost_log_k_whatever_their_size(scale):
    z = np.full((1, 7), scale)
    loss, _ = softmax_sparse_crossentropy.forward(z, np.array([3]))
    np.testing.assert_allclose(loss, np.log(7), rtol=1e-15)
    loss, _ = softmax_crossentropy.forward(z, np.eye(7)[[3]])
    np.testing.assert_allclose(loss, np.log(7), rtol=1e-15)


@given(z=logits, order=st.permutations(range(3)))
def test_permuted_samples_permute_losses(z, order):
    labels = np.array([0, 1, 2])
    loss, p = softmax_sparse_crossentropy.forward(z, labels)
    moved, q = softmax_sparse_crossentropy.forward(z[order], labels[order])
    np.testing.assert_array_equal(moved, loss[order])
    np.testing.assert_array_equal(q, p[order])
