"""Areas under curves: every curve, every way to sum, with ties, constants and weights."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parity.builders import targets, weights
from tests.parity.measures import answers, assert_streams_agree, both, streamed
from tests.parity.tolerances import assert_agree

from chainrule import config, metrics
from chainrule.errors import ArgumentError, ShapeError

SHAPE = (6, 3)
CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")

every_curve = pytest.mark.parametrize("curve", CURVES)
every_summation = pytest.mark.parametrize("summation_method", SUMMATIONS)


@pytest.fixture(autouse=True)
def in_float64(float64):
    """Keras counts in the global float type."""


@every_curve
@every_summation
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_an_area_agrees_with_ties_and_constants(curve, summation_method, data):
    options = {
        "curve": curve,
        "summation_method": summation_method,
        "num_thresholds": 9,
        "multi_label": data.draw(st.booleans()),
    }
    weighted = data.draw(st.booleans())
    batches = [batch[: 3 if weighted else 2] for batch in data.draw(answers(SHAPE))]
    assert_streams_agree("AUC", options, batches)


@every_curve
@pytest.mark.parametrize("num_thresholds", [2, 3, 200])
def test_there_may_be_few_thresholds_or_many(curve, num_thresholds):
    options = {"curve": curve, "num_thresholds": num_thresholds}
    assert_streams_agree("AUC", options, [targets("yes/no", *SHAPE)])


@every_curve
@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("thresholds", [[0.25, 0.5, 0.75], [0.9, 0.2, 0.2]])
def test_thresholds_of_ones_own(curve, multi_label, thresholds):
    options = {"curve": curve, "multi_label": multi_label, "thresholds": thresholds}
    assert_streams_agree("AUC", options, [(*targets("yes/no", SHAPE[0], 3), weights(SHAPE[0]))])
    assert_agree(*(m.thresholds for m in both("AUC", **options)), "metric, float64")


@every_curve
@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("weight_shape", [None, (), (1,), (3,)], ids=str)
def test_labels_and_samples_have_weights(curve, multi_label, weight_shape):
    options = {
        "curve": curve,
        "multi_label": multi_label,
        "label_weights": [1.0, 0.0, 2.5],
        "num_thresholds": 9,
    }
    batch = targets("yes/no", SHAPE[0], 3)
    batch += () if weight_shape is None else (weights((SHAPE[0], *weight_shape)),)
    assert_streams_agree("AUC", options, [batch])


def test_logits_become_probabilities():
    y_true, p = targets("yes/no", 12, 1)
    options = {"from_logits": True}
    assert_streams_agree("AUC", options, [(y_true, np.log(p / (1 - p)) - 1)])


@pytest.mark.parametrize("shape", [(6,), (6, 1), (2, 3, 1)], ids=str)
def test_all_axes_count_alike(shape):
    y_true, y_pred = targets("yes/no", 6, 1)
    assert_streams_agree("AUC", {}, [(y_true.reshape(shape), y_pred.reshape(shape))])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_at_thresholds_round_as_in_keras(dtype):
    keras.config.set_floatx(dtype)
    p = np.arange(201).astype(dtype) / np.asarray(200, dtype)
    y_true = (np.arange(201) % 3 == 0).astype(dtype)
    options = {"num_thresholds": 101, "dtype": dtype}
    assert_streams_agree("AUC", options, [(y_true, p)], f"metric, {dtype}")


def test_the_area_of_chance_of_perfection_and_of_nothing():
    generator = np.random.default_rng(0)
    y_true, y_pred = generator.integers(0, 2, 20_000), generator.random(20_000)
    standard_error = np.sqrt(1 / 12 / 10_000 * 2)
    assert abs(metrics.AUC()(y_true, y_pred) - 0.5) < 5 * standard_error
    assert metrics.AUC()(y_true, y_true) == 1
    for options in ({}, {"curve": "PR"}, {"multi_label": True, "label_weights": [1.0, 2.0]}):
        assert metrics.AUC(**options).result() == 0


def test_a_curve_may_be_spelled_in_small_letters():
    for spelling in ("roc", "pr", "prgain"):
        assert metrics.AUC(curve=spelling).curve == keras.metrics.AUC(curve=spelling).curve.value


def test_epsilon_is_the_global_one():
    config.set_epsilon(1e-3)
    keras.config.set_epsilon(1e-3)
    try:
        made = both("AUC", num_thresholds=3)
        assert [m.thresholds for m in made] == [[-1e-3, 0.5, 1.001]] * 2
        assert_agree(*streamed(made, [(np.array([0, 1.0]), np.array([0, 1.0]))]), "metric, float64")
    finally:
        keras.config.set_epsilon(1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {"curve": "DET"},
        {"summation_method": "simpson"},
        {"num_thresholds": 1},
        {"num_labels": 3},
    ],
    ids=str,
)
def test_what_keras_refuses_is_refused(options):
    with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
        keras.metrics.AUC(**options)
    (argument,) = options
    with pytest.raises(ArgumentError, match=rf"`{argument}`.*Received: {argument}="):
        metrics.AUC(**options)


def test_what_does_not_belong_together_is_refused():
    three = np.ones((4, 3))
    with pytest.raises(ArgumentError, match=r"numbers in \[0, 1\].*Received: thresholds="):
        metrics.AUC(thresholds=[0.5, 2])
    with pytest.raises(ShapeError, match=r"shape \(N, K\).*Received: y_pred=\(4,\)"):
        metrics.AUC(multi_label=True).update_state(np.ones(4), np.ones(4))
    with pytest.raises(ShapeError, match=r"shape \(N, 2\).*Received: y_pred=\(4, 3\)"):
        metrics.AUC(multi_label=True, num_labels=2).update_state(three, three)
    with pytest.raises(ShapeError, match="Received: label_weights=2"):
        metrics.AUC(label_weights=[1, 2]).update_state(three, three)
    by_label = metrics.AUC(multi_label=True, label_weights=[1, 2])
    with pytest.raises(ShapeError, match="Received: label_weights=2"):
        by_label(three, three, weights(4))
    by_label = metrics.AUC(multi_label=True)
    by_label.update_state(three, three)
    with pytest.raises(ShapeError, match="as many outputs as before"):
        by_label.update_state(three[:, :2], three[:, :2])
