"""What engines rely on: sums that are flat, float64, and add up over batches and workers."""

import math
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import metrics
from chainrule.errors import ShapeError

K = 3
AT_RATE = {
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
    "PrecisionAtRecall": "recall",
    "RecallAtPrecision": "precision",
}


def made():
    """Every metric of targets and predictions, with default options and with some others."""
    others = [
        metrics.AUC(multi_label=True, curve="PR"),
        metrics.Precision(thresholds=[0.2, 0.7]),
        metrics.Recall(top_k=1, class_id=2),
        metrics.FBetaScore(average="weighted", beta=2.0),
        metrics.R2Score(class_aggregation=None),
        metrics.SparseCategoricalCrossentropy(ignore_class=0),
        metrics.MeanMetricWrapper(metrics.huber, delta=0.1),
    ]
    for kind in dict.fromkeys(metrics.METRICS.values()):
        name = kind.__name__
        if name not in ("Mean", "Sum", "MeanMetricWrapper"):
            others.append(kind(**{AT_RATE[name]: 0.5} if name in AT_RATE else {}))
    return others


METRICS = made()
every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda m: type(m).__name__)


def batch(metric, samples, seed=0, weighted=True, dtype=np.float64):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, K, samples)
    y_pred = generator.uniform(0.05, 0.95, (samples, K)).astype(dtype)
    y_true = labels if metric.sparse else np.eye(K, dtype=dtype)[labels]
    return y_true, y_pred, generator.uniform(0.1, 2, samples) if weighted else None


@every_metric
@pytest.mark.parametrize("weighted", [False, True])
@settings(max_examples=10, deadline=None)
@given(sizes=st.lists(st.integers(0, 7), min_size=1, max_size=4).filter(any))
def test_sums_of_parts_are_the_sums_of_the_whole(metric, weighted, sizes):
    y_true, y_pred, weight = batch(metric, sum(sizes), weighted=weighted)
    parts = [
        metric.sums(y_true[a:b], y_pred[a:b], None if weight is None else weight[a:b])
        for a, b in zip(np.cumsum([0, *sizes[:-1]]), np.cumsum(sizes), strict=True)
    ]
    whole = metric.sums(y_true, y_pred, weight)
    np.testing.assert_allclose(sum(parts), whole, rtol=1e-12, atol=1e-12)
    streamed = deepcopy(metric)
    streamed.update_state(y_true, y_pred, weight)
    np.testing.assert_allclose(streamed.result(), metric.value(whole), rtol=1e-6, atol=1e-7)


@every_metric
def test_sums_are_flat_and_in_float64_for_any_float_type(metric):
    for dtype in (np.float32, np.float64):
        found = metric.sums(*batch(metric, 5, dtype=dtype))
        assert (found.dtype, found.ndim) == (np.float64, 1)


@every_metric
def test_nothing_is_changed_by_measuring(metric):
    given = batch(metric, 6)
    before = deepcopy(given)
    metric.sums(*given)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@every_metric
def test_strides_do_not_matter(metric):
    y_true, y_pred, weight = batch(metric, 6)
    strided = [np.repeat(array, 2, axis=0)[::2] for array in (y_true, y_pred, weight)]
    strided[1] = np.asfortranarray(strided[1])
    np.testing.assert_allclose(metric.sums(*strided), metric.sums(y_true, y_pred, weight))


@every_metric
def test_a_value_is_a_number_or_an_array_of_them(metric):
    found = metric.value(metric.sums(*batch(metric, 6)))
    assert isinstance(found, float) or (found.dtype == np.float64 and found.ndim == 1)


@every_metric
def test_of_no_sums_at_all_the_value_is_that_of_a_fresh_metric(metric):
    value = metric.value(np.zeros(0))
    np.testing.assert_array_equal(value, deepcopy(metric).result())
    assert np.all(value == 0) or (isinstance(metric, metrics.R2Score) and np.all(np.isnan(value)))


@every_metric
def test_all_weights_doubled_change_no_mean(metric):
    y_true, y_pred, weight = batch(metric, 8)
    once, twice = (metric.value(metric.sums(y_true, y_pred, factor * weight)) for factor in (1, 2))
    counts = ("Positives", "Negatives")
    factor = 2 if type(metric).__name__.endswith(counts) else 1
    np.testing.assert_allclose(twice, factor * np.asarray(once), rtol=1e-6)


@every_metric
def test_a_weight_of_zero_is_a_sample_that_is_not_there(metric):
    y_true, y_pred, weight = batch(metric, 8)
    weight[::2] = 0
    left = metric.sums(y_true[1::2], y_pred[1::2], weight[1::2])
    if isinstance(metric, metrics.R2Score):
        left[-K:] *= 2  # how many numbers there were, weights or not
    np.testing.assert_allclose(metric.sums(y_true, y_pred, weight), left, atol=1e-12)


@every_metric
def test_what_is_no_number_raises_nothing(metric):
    y_true, y_pred, weight = batch(metric, 4)
    fresh = deepcopy(metric)
    fresh.update_state(y_true, np.full_like(y_pred, math.nan), weight)
    fresh.result()


@every_metric
def test_targets_of_another_shape_are_refused(metric):
    y_true, y_pred, _ = batch(metric, 4)
    with pytest.raises(ShapeError):
        metric.sums(y_true[:3], y_pred, None)


@every_metric
def test_weights_that_fit_no_axis_are_refused(metric):
    y_true, y_pred, _ = batch(metric, 4)
    with pytest.raises(ShapeError, match=r"`sample_weight` must.*Received: sample_weight=\(5,\)"):
        metric.sums(y_true, y_pred, np.ones(5))


def test_the_number_of_outputs_stays():
    score = metrics.F1Score()
    score.update_state(np.eye(3), np.eye(3))
    with pytest.raises(ShapeError, match="as many outputs as before"):
        score.update_state(np.eye(2), np.eye(2))
    score.reset_state()
    score.update_state(np.eye(2), np.eye(2))
    np.testing.assert_allclose(score.result(), [1, 1], rtol=1e-6)
