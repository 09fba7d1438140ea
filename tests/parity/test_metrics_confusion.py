"""True and false positives and negatives, and what is made of them."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parity.builders import LIBRARIES, targets, weights
from tests.parity.measures import (
    AT_RATE,
    COUNTS,
    SHARES,
    answers,
    assert_streams_agree,
    both,
    stream_of,
)

from chainrule import metrics
from chainrule.errors import ArgumentError, ShapeError

THRESHOLDS = {
    "one half": None,
    "one": 0.3,
    "a list of one": [0.625],
    "several, in no order": [0.9, 0.125, 0.5],
    "the same twice": [0.5, 0.25, 0.5],
    "even": [0.0, 0.25, 0.5, 0.75, 1.0],
}
SHAPE = (6, 3)

any_thresholds = pytest.mark.parametrize("thresholds", THRESHOLDS.values(), ids=THRESHOLDS)


@pytest.fixture(autouse=True)
def in_float64(float64):
    """Keras counts in the global float type."""


@pytest.mark.parametrize("name", [*COUNTS, *SHARES])
@any_thresholds
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_counts_agree_with_ties_and_constants(name, thresholds, data):
    weighted = data.draw(st.booleans())
    batches = [batch[: 3 if weighted else 2] for batch in data.draw(answers(SHAPE))]
    assert_streams_agree(name, {"thresholds": thresholds}, batches)


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 1},
        {"top_k": 2},
        {"top_k": 3, "thresholds": 0.5},
        {"class_id": 0},
        {"class_id": 2, "thresholds": [0.25, 0.75]},
        {"top_k": 2, "class_id": 1},
    ],
    ids=str,
)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_the_largest_and_one_class(name, options, data):
    weighted = data.draw(st.booleans())
    batches = [batch[: 3 if weighted else 2] for batch in data.draw(answers(SHAPE))]
    assert_streams_agree(name, options, batches)


@pytest.mark.parametrize("name", AT_RATE)
@pytest.mark.parametrize("num_thresholds", [1, 2, 9, 200])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_the_best_rate_where_another_is_high_enough(name, num_thresholds, data):
    bound = data.draw(st.sampled_from([0.0, 0.25, 0.5, 2 / 3, 0.9, 1.0]))
    class_id = data.draw(st.sampled_from([None, 1]))
    options = {AT_RATE[name]: bound, "num_thresholds": num_thresholds, "class_id": class_id}
    assert_streams_agree(name, options, data.draw(answers(SHAPE)))


@pytest.mark.parametrize("name", ["FalsePositives", "Recall"])
@pytest.mark.parametrize("thresholds", [None, [0.0, 0.5, 1.0]], ids=str)
@pytest.mark.parametrize("weight_shape", [None, (), (1,), (4,)], ids=str)
def test_weights_are_of_samples_or_of_answers(name, thresholds, weight_shape):
    batches = stream_of("yes/no", weight_shape)
    assert_streams_agree(name, {"thresholds": thresholds}, batches)


@pytest.mark.parametrize("name", ["TrueNegatives", "Precision"])
@pytest.mark.parametrize("weight_shape", [None, (4, 5), (4, 5, 3)], ids=str)
def test_sequences_are_weighted_by_step(name, weight_shape):
    batch = targets("yes/no", (4, 5), 3)
    batch += () if weight_shape is None else (weights(weight_shape),)
    assert_streams_agree(name, {}, [batch])


def test_a_weight_of_a_sample_is_that_of_all_its_steps():
    y_true, y_pred = targets("yes/no", (4, 4), 3)  # Keras gives the weights to the steps
    by_sample = weights(4)
    by_step = np.repeat(by_sample[:, None], 4, axis=1)
    assert metrics.TruePositives()(y_true, y_pred, by_sample) == pytest.approx(
        metrics.TruePositives()(y_true, y_pred, by_step)
    )


@pytest.mark.parametrize("shapes", [((-1,), (-1, 1)), ((-1, 1), (-1,)), ((-1,), (-1,))], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_row_and_a_column_are_the_same_samples(shapes, weighted):
    y_true, y_pred = targets("yes/no", 6, 1)
    batch = (y_true.reshape(shapes[0]), y_pred.reshape(shapes[1]))
    assert_streams_agree("Precision", {}, [(*batch, weights(6)) if weighted else batch])


def test_predictions_of_any_size():
    y_true, y_pred = np.array([1, 0, 1, 0.0]), np.array([-3.0, -1.0, 2.0, 5.0])
    for name in SHARES:
        for thresholds in (None, 1.0, [0.0, 0.5, 1.0]):
            assert_streams_agree(name, {"thresholds": thresholds}, [(y_true, y_pred)])


@pytest.mark.parametrize("name", [*COUNTS, *SHARES, *AT_RATE])
def test_nothing_seen_or_forgotten_is_zero(name):
    options = {AT_RATE[name]: 0.5} if name in AT_RATE else {}
    for metric in both(name, **options):
        assert float(metric.result()) == 0
        metric.update_state([1.0, 0.0], [0.2, 0.8])
        metric.reset_state()
        assert float(metric.result()) == 0


def test_several_thresholds_give_an_array_also_of_nothing():
    assert metrics.Precision(thresholds=[0.2, 0.4]).result().tolist() == [0.0, 0.0]


def test_the_second_of_a_class_is_numbered():
    for library in LIBRARIES:
        names = [library.metrics.Precision().name, library.metrics.Precision().name]
        assert names == ["precision", "precision_1"]
        assert library.metrics.TruePositives().name == "true_positives"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Precision", {"thresholds": 1.5}),
        ("Precision", {"thresholds": [0.5, -0.1]}),
        ("TruePositives", {"thresholds": [None]}),
        ("SensitivityAtSpecificity", {"specificity": -0.1}),
        ("SpecificityAtSensitivity", {"sensitivity": 1.1}),
        ("PrecisionAtRecall", {"recall": 2}),
        ("RecallAtPrecision", {"precision": -1}),
        ("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 0}),
    ],
    ids=str,
)
def test_what_keras_refuses_is_refused(name, options):
    with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
        getattr(keras.metrics, name)(**options)
    argument = list(options)[-1]
    with pytest.raises(ArgumentError, match=rf"`{argument}` must.*Received: {argument}="):
        getattr(metrics, name)(**options)


def test_what_does_not_belong_together_is_refused():
    precision = metrics.Precision(class_id=3)
    with pytest.raises(ArgumentError, match=r"`class_id` must be a place.*Received: class_id=3"):
        precision.update_state(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="class_id"):
        precision.update_state(np.ones(2), np.ones(2))
    with pytest.raises(ShapeError, match=r"one shape.*y_true=\(2,\), y_pred=\(2, 3\)"):
        metrics.Recall().update_state(np.ones(2), np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"`sample_weight` must.*Received: sample_weight=\(3,\)"):
        metrics.Recall().update_state(np.ones((2, 3)), np.ones((2, 3)), np.ones(3))
