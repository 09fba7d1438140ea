"""Losses and their derivatives are finite wherever mathematics lets them be, for any float."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import chainrule.losses
from chainrule.core.rule import RULES
from chainrule.losses import LossRule
from chainrule.testing.conformance import cotangents, outputs

SAMPLES, K = SHAPE = (3, 4)
"""Samples and outputs of every prediction here."""


@dataclass(frozen=True)
class Limit:
    """Beyond which predictions a loss or its derivative is no finite number.

    Attributes:
        range: In words: M is the largest float, K the number of outputs.
        reason: What is too large beyond.
        beyond: From M, targets and predictions of one sample beyond the limit.
        low: From M, the least prediction within.
        high: The largest.
        least: What the largest of a sample must be, if they are not all 0.
        options: Options with which ``beyond`` is beyond the limit.
    """

    range: str
    reason: str
    beyond: Callable[[float], tuple[Any, list[float]]]
    low: Callable[[float], float] = lambda m: -m
    high: Callable[[float], float] = lambda m: m
    least: Callable[[float], float] = lambda m: 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


def root(m):
    """√(M / K), and room for targets of a few units."""
    return 0.99 * np.sqrt(m / K)


SQUARES = {
    "range": "|p − t| ≤ √(M / K)",
    "reason": "squares are added up before their mean is taken",
    "low": lambda m: -root(m),
    "high": root,
}

SHARES = {
    "range": "p ≥ 0; of a sample the largest p is 0, or at least K / (ε M)",
    "reason": "the derivative of p / Σ p is 1 / Σ p; negative numbers could add up to 0",
    "low": lambda m: 0.0,
    "least": lambda m: K * 1e7 / m,
}

ONE_HOT = [1.0, 0.0, 0.0, 0.0]

LIMITS = {
    "mean_squared_error": Limit(**SQUARES, beyond=lambda m: ([0.0] * K, [2.1 * root(m)] * K)),
    "squared_hinge": Limit(**SQUARES, beyond=lambda m: ([-1.0] * K, [2.1 * root(m)] * K)),
    "mean_absolute_percentage_error": Limit(
        "|p − t| ≤ M max(|t|, ε) / 100",
        "the percentage itself",
        lambda m: ([0.0] * K, [m * 1.1e-9] * K),
        lambda m: -m * 0.9e-9,
        lambda m: m * 0.9e-9,
    ),
    "huber": Limit(
        "|p − t| ≤ M / max(1, δ)",
        "the loss is δ |p − t|",
        lambda m: ([0.0] * K, [m / 2] * K),
        options={"delta": 1e3},
    ),
    "categorical_hinge": Limit(
        "|p| ≤ M / 2",
        "two scores differ by up to 2 |p|",
        lambda m: (ONE_HOT, [-0.6 * m, 0.6 * m, 0.0, 0.0]),
        lambda m: -m / 2,
        lambda m: m / 2,
    ),
    "poisson": Limit(
        "p > −ε",
        "a negative number has no logarithm",
        lambda m: ([1.0] * K, [-2e-7] * K),
        lambda m: 0.0,
    ),
    **{
        name: Limit(**SHARES, beyond=lambda m: (ONE_HOT, [0.1 / m] * K))
        for name in ("categorical_crossentropy", "categorical_focal_crossentropy")
    },
    "sparse_categorical_crossentropy": Limit(**SHARES, beyond=lambda m: (0, [0.1 / m] * K)),
    **{
        name: Limit(
            "p ≥ 0",
            "negative numbers could make the denominator 0",
            lambda m, p=p: ([0.0] * K, [p, 0.0, 0.0, 0.0]),
            lambda m: 0.0,
        )
        for name, p in (
            ("dice", -1e-7),
            ("dice_per_sample", -1e-7),
            ("tversky", -2e-7),
            ("tversky_per_sample", -2e-7),
        )
    },
}
"""Where a rule stops for a reason that no other formula for it would avoid."""

HERE = chainrule.losses.__name__
FUSED = {fused.name: fused for rule in RULES.values() for fused in rule.fusions.values()}
LOSS_RULES = {
    name: rule
    for name, rule in RULES.items()
    if isinstance(rule, LossRule) and rule.__module__.startswith(HERE)
} | FUSED

every_rule = pytest.mark.parametrize("rule", LOSS_RULES.values(), ids=LOSS_RULES)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])

OPTIONS = {
    "gamma": [0.0, 0.5, 1.0, 2.0, 5.0],
    "label_smoothing": [0.0, 0.1, 1.0],
    "apply_class_balancing": [False, True],
    "delta": [1e-3, 1.0],
    "q": [0.01, 0.5, 0.99],
}
"""Values of options worth trying."""


def extremes(dtype):
    """Numbers at the ends of a float type's range, and at clips and kinks."""
    info = np.finfo(dtype)
    sizes = [0.0, info.smallest_subnormal, info.tiny, 1e-30, 1e-9, 1e-7, 0.5, 1 - 1e-7, 1.0, 2.0]
    sizes += [20.0, 88.0, 104.0, 710.0, 746.0, 1e4, 1e10, 1e18, np.sqrt(info.max), info.max / 2]
    sizes = [*map(float, sizes), float(info.max)]
    return sizes + [-size for size in sizes]


def predictions(rule, dtype):
    """Arrays of floats within the rule's limits."""
    limit = LIMITS.get(rule.name)
    m = float(np.finfo(dtype).max)
    numbers = st.sampled_from(extremes(dtype)) | st.floats(-50, 50) | st.floats(0, 1)
    made = arrays(np.float64, SHAPE, elements=numbers)
    if limit is None:
        return made.map(lambda p: p.astype(dtype))
    return made.map(
        lambda p: within(np.clip(p, limit.low(m), limit.high(m)), limit.least(m), dtype)
    )


def within(p, least, dtype):
    """The predictions, with those of a sample 0 if none is large enough."""
    return np.where(p.max(axis=-1, keepdims=True) < least, 0, p).astype(dtype)


def targets(rule, dtype):
    """Targets that a loss takes."""
    spec = next(spec for spec in rule.signature.inputs if spec.name == "y_true")
    if spec.domain == "label":
        return st.lists(st.integers(0, K - 1), min_size=SAMPLES, max_size=SAMPLES).map(np.array)
    if spec.domain == "unit" or rule.name == "categorical_hinge":
        hot = st.lists(st.integers(0, K - 1), min_size=SAMPLES, max_size=SAMPLES)
        soft = st.just(np.full(SHAPE, 1 / K, dtype)) if spec.domain == "unit" else st.nothing()
        return hot.map(lambda labels: np.eye(K, dtype=dtype)[labels]) | soft
    if "hinge" in rule.name:
        return arrays(dtype, SHAPE, elements=st.sampled_from([-1.0, 1.0]))
    numbers = st.sampled_from([0.0, 0.5, 1.0, 2.0])
    return arrays(dtype, SHAPE, elements=numbers)


def options(rule):
    """Options of the rule, of those in :data:`OPTIONS`."""
    tried = {name: st.sampled_from(OPTIONS[name]) for name in rule.options if name in OPTIONS}
    axis = {"axis": st.just((1,))} if rule.name.endswith("per_sample") else {}
    return st.fixed_dictionaries(tried | axis)


def losses_and_gradient(rule, y_true, y_pred, given):
    """The losses and ∂ Σ losses / ∂ predictions."""
    named = {name: y_true if name == "y_true" else y_pred for name in rule.inputs}
    made = outputs(rule, named, given)["losses"]
    (gradient,) = cotangents(rule, named, given, np.ones_like(made)).values()
    return made, gradient


@dtypes
@every_rule
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_losses_and_gradients_are_finite(rule, dtype, data):
    y_pred = data.draw(predictions(rule, dtype))
    y_true = data.draw(targets(rule, dtype))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        made, gradient = losses_and_gradient(rule, y_true, y_pred, data.draw(options(rule)))
    assert made.dtype == gradient.dtype == dtype
    assert np.all(np.isfinite(made))
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("name", ["cosine_similarity", "mean_squared_logarithmic_error"])
@dtypes
@given(data=st.data())
def test_targets_may_be_as_extreme_where_they_are_not_subtracted(name, dtype, data):
    drawn = arrays(dtype, SHAPE, elements=st.sampled_from(extremes(dtype)))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        made = losses_and_gradient(RULES[name], data.draw(drawn), data.draw(drawn), {})
    assert all(np.all(np.isfinite(numbers)) for numbers in made)


@dtypes
def test_a_percentage_of_the_largest_targets(dtype):
    m = np.finfo(dtype).max
    y_true, y_pred = np.array([[m, -m, m]]), np.array([[-m, m, m]])
    with np.errstate(over="raise", invalid="raise"):
        made, gradient = losses_and_gradient(
            RULES["mean_absolute_percentage_error"], y_true, y_pred, {}
        )
    np.testing.assert_allclose(made, [400 / 3], rtol=1e-6)
    assert np.all(np.isfinite(gradient))


@dtypes
@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_is_one(name, dtype):
    rule, m = LOSS_RULES[name], float(np.finfo(dtype).max)
    y_true, y_pred = LIMITS[name].beyond(m)
    y_true = np.array([y_true]) if isinstance(y_true, int) else np.array([y_true], dtype)
    given = {**LIMITS[name].options} | ({"axis": (1,)} if name.endswith("per_sample") else {})
    with np.errstate(all="ignore"):
        made = losses_and_gradient(rule, y_true, np.array([y_pred], dtype), given)
    assert not all(np.all(np.isfinite(numbers)) for numbers in made)


UNCLIPPED = {
    name: rule
    for name, rule in LOSS_RULES.items()
    if "epsilon" not in rule.options and "generalized" not in name
}
"""Rules whose formula has no bound that is rounded to the float type."""


@pytest.mark.parametrize("rule", UNCLIPPED.values(), ids=UNCLIPPED)
@given(data=st.data())
def test_what_is_finite_is_also_right(rule, data):
    """float64 has room to spare for all float32 numbers."""
    y_pred = data.draw(predictions(rule, "float32"))
    if rule.name.startswith("softmax"):  # differences stop at half the largest float
        y_pred = y_pred / 4
    y_true = data.draw(targets(rule, "float32"))
    given = data.draw(options(rule))
    narrow = losses_and_gradient(rule, y_true, y_pred, given)
    wide = y_true if y_true.dtype.kind == "i" else y_true.astype(np.float64)
    exact = losses_and_gradient(rule, wide, y_pred.astype(np.float64), given)
    for ours, right in zip(narrow, exact, strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1e-3, 1e-9, 1e-30])
def test_the_log_cosh_of_a_small_error_is_half_its_square(size):
    made = RULES["log_cosh"].forward(np.zeros((1, 1)), np.full((1, 1), size))
    assert 0 <= made[0] <= size**2
    if size > 1e-10:
        np.testing.assert_allclose(made, size**2 / 2, rtol=1e-5)


@dtypes
def test_zeros_are_a_probability_of_zero_for_every_class(dtype):
    hot = np.eye(K, dtype=dtype)[:SAMPLES]
    zeros = np.zeros(SHAPE, dtype)
    made, gradient = losses_and_gradient(RULES["categorical_crossentropy"], hot, zeros, {})
    np.testing.assert_allclose(made, -np.log(1e-7), rtol=1e-6)
    assert not gradient.any()
