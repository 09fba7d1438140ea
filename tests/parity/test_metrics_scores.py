"""F-scores and R²: metrics with a number per class or output."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.parity.builders import targets
from tests.parity.measures import answers, assert_streams_agree, both, stream_of

from chainrule import metrics
from chainrule.errors import ArgumentError, ShapeError

SHAPE = (6, 3)
AVERAGES = (None, "micro", "macro", "weighted")
AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@pytest.fixture(autouse=True)
def in_float64(float64):
    """Keras sums R² in the global float type."""


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("threshold", [None, 0.5])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_an_f_score_agrees_with_ties_and_constants(average, threshold, data):
    options = {
        "average": average,
        "threshold": threshold,
        "beta": data.draw(st.sampled_from([0.5, 1.0, 2.0])),
    }
    weighted = data.draw(st.booleans())
    batches = [batch[: 3 if weighted else 2] for batch in data.draw(answers(SHAPE))]
    assert_streams_agree("FBetaScore", options, batches)


@pytest.mark.parametrize("average", AVERAGES)
def test_f1_is_the_f_score_of_beta_1(average):
    options = {"average": average}
    batches = stream_of("one-hot", ())
    assert_streams_agree("F1Score", options, batches)
    assert_streams_agree("FBetaScore", options, batches)


def test_a_row_of_nearly_zeros_says_no():
    y_true, y_pred = np.eye(3), np.array([[0, 0, 0], [1e-9, 1e-10, 0], [0, 0, 2e-9]])
    assert_streams_agree("F1Score", {}, [(y_true, y_pred)])


numbers = st.integers(-4, 4).map(lambda k: k / 2)
"""Few and exact, so that a variance of 0 is 0 in whatever order it is added up."""


@pytest.mark.parametrize("class_aggregation", AGGREGATIONS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_r2_agrees_with_constants(class_aggregation, data):
    options = {"class_aggregation": class_aggregation}
    batch = st.tuples(*(arrays(np.float64, SHAPE, elements=numbers) for _ in range(2)))
    batches = data.draw(st.lists(batch, min_size=1, max_size=3))
    ours, theirs = both("R2Score", **options)
    for y_true, y_pred in batches:
        weight = data.draw(arrays(np.float64, SHAPE[:1], elements=st.sampled_from([0.5, 1, 2.0])))
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, weight)
        np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=1e-12)


@pytest.mark.parametrize("class_aggregation", AGGREGATIONS)
@pytest.mark.parametrize("missed_by", [0.0, 0.5])
def test_targets_that_are_all_equal(class_aggregation, missed_by):
    y_true = np.array([[2.0, 1], [2, 3], [2, 5]])
    ours, theirs = both("R2Score", class_aggregation=class_aggregation)
    for metric in (ours, theirs):
        metric.update_state(y_true, y_true + missed_by)
    np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=1e-12)


@pytest.mark.parametrize("weight_shape", [None, (), (1,), (4,)], ids=str)
@pytest.mark.parametrize("class_aggregation", AGGREGATIONS)
def test_r2_is_weighted(class_aggregation, weight_shape):
    options = {"class_aggregation": class_aggregation}
    assert_streams_agree("R2Score", options, stream_of("numbers", weight_shape))


@pytest.mark.parametrize("num_regressors", [1, 2, 4])
def test_r2_is_adjusted_for_regressors(num_regressors):
    options = {"num_regressors": num_regressors}
    assert_streams_agree("R2Score", options, [targets("numbers", 6, 1)])
    assert_streams_agree("R2Score", options, [targets("numbers", 6, 3)])


@pytest.mark.parametrize("num_regressors", [5, 6])
def test_too_many_regressors_are_not_adjusted_for(num_regressors):
    batch = targets("numbers", 6, 1)
    options = {"num_regressors": num_regressors}
    with pytest.warns(UserWarning, match="R2"):
        assert_streams_agree("R2Score", options, [batch])
    with pytest.warns(UserWarning, match=f"more than {num_regressors + 1} numbers, not 6"):
        found = metrics.R2Score(**options)(*batch)
    assert found == metrics.R2Score()(*batch)


@pytest.mark.parametrize("name", ["F1Score", "FBetaScore", "R2Score"])
def test_rows_and_sequences_are_refused(name):
    for shape in ((4,), (2, 3, 4)):
        ours, theirs = both(name)
        with pytest.raises(ValueError, match="2D inputs"):
            theirs.update_state(np.ones(shape), np.ones(shape))
        with pytest.raises(ShapeError, match=r"shape \(N, K\).*Received: y_pred="):
            ours.update_state(np.ones(shape), np.ones(shape))


def test_nothing_seen_is_what_a_reset_metric_of_keras_gives():
    batch = targets("one-hot", 5, 3)
    for name, options in (("F1Score", {"average": "macro"}), ("R2Score", {})):
        ours, theirs = both(name, **options)
        theirs.update_state(*batch)
        theirs.reset_state()
        np.testing.assert_equal(ours.result(), float(theirs.result()))
    assert metrics.F1Score().result().tolist() == [0.0]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("FBetaScore", {"average": "mean"}),
        ("FBetaScore", {"beta": -1.0}),
        ("FBetaScore", {"beta": "2"}),
        ("F1Score", {"threshold": 0.0}),
        ("F1Score", {"threshold": 1.5}),
        ("F1Score", {"threshold": "half"}),
        ("R2Score", {"class_aggregation": "mean"}),
        ("R2Score", {"num_regressors": -1}),
    ],
    ids=str,
)
def test_what_keras_refuses_is_refused(name, options):
    with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
        getattr(keras.metrics, name)(**options)
    (argument,) = options
    with pytest.raises(ArgumentError, match=rf"`{argument}` must.*Received: {argument}="):
        getattr(metrics, name)(**options)
