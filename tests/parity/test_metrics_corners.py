"""Metrics that are the mean of a value per sample: shapes, ties and corners."""

import numpy as np
import pytest
from tests.parity.builders import targets, weights
from tests.parity.measures import BATCHES, MEANS, assert_streams_agree, both, streamed
from tests.parity.tolerances import assert_agree

from chainrule import losses

KINDS = {name: kind for name, _, kind in MEANS}
"""The targets that each metric takes."""

ELEMENTWISE = ("Accuracy", "BinaryAccuracy", "RootMeanSquaredError")
"""Those of which Keras takes a value per number, not a mean over the last axis."""

OF_NUMBERS = ("MeanSquaredError", "MeanAbsoluteError", "LogCoshError")

rows_and_columns = pytest.mark.parametrize(
    ("true_shape", "pred_shape"),
    [(true, pred) for true in ((-1,), (-1, 1)) for pred in ((-1,), (-1, 1))],
    ids=["row, row", "row, column", "column, row", "column, column"],
)


@pytest.mark.parametrize("name", [*OF_NUMBERS, *ELEMENTWISE])
@rows_and_columns
def test_a_row_and_a_column_of_one_output_are_the_same_samples(name, true_shape, pred_shape):
    assert_streams_agree(name, {}, _of_one_output(name, true_shape, pred_shape))


@pytest.mark.parametrize("name", ELEMENTWISE)
@rows_and_columns
def test_a_row_and_a_column_are_weighted_alike(name, true_shape, pred_shape):
    batches = _of_one_output(name, true_shape, pred_shape)
    assert_streams_agree(name, {}, [(t, p, weights(len(t))) for t, p in batches])


def _of_one_output(name, true_shape, pred_shape):
    drawn = (targets(KINDS[name], n, 1, seed=n) for n in BATCHES)
    return [(y_true.reshape(true_shape), y_pred.reshape(pred_shape)) for y_true, y_pred in drawn]


@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if kind == "class numbers"])
@pytest.mark.parametrize("shape", [(5,), (5, 1)], ids=str)
@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32"])
def test_class_numbers_may_be_a_column_and_of_any_type(name, shape, dtype):
    labels, y_pred = targets("class numbers", 5, 6)
    assert_streams_agree(name, {}, [(labels.reshape(shape).astype(dtype), y_pred)])


@pytest.mark.parametrize("name", [n for n in KINDS if n.endswith("CategoricalAccuracy")])
@pytest.mark.parametrize("y_pred", [[[0.5, 0.5, 0.1]], [[0.2, 0.2, 0.2]], [[0.1, 0.4, 0.4]]])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_ties_are_broken_as_in_keras(name, y_pred, label):
    y_true = np.eye(3)[[label]] if KINDS[name] == "one-hot" else np.array([label])
    options = {"k": 2} if "TopK" in name else {}
    assert_streams_agree(name, options, [(y_true, np.array(y_pred))])


def test_the_likeliest_classes_may_come_as_numbers_in_order():
    y_true, y_pred = np.array([2, 0, 1, 3]), np.array([[2, 1, 0], [1, 2, 0], [3, 1, 0], [0, 1, 2]])
    for k in (1, 2, 3):
        options = {"k": k, "from_sorted_ids": True}
        assert_streams_agree("SparseTopKCategoricalAccuracy", options, [(y_true, y_pred)])


@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_that_is_not_there_is_never_right(label):
    y_true, y_pred = np.array([label, 0]), np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    assert_streams_agree("SparseCategoricalAccuracy", {}, [(y_true, y_pred)])
    assert both("SparseTopKCategoricalAccuracy", k=3)[0](y_true, y_pred) == 0.5


@pytest.mark.parametrize("p", [0.5, np.nextafter(0.5, 1), 0.3, 0.7])
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_a_prediction_at_the_threshold_is_a_no(p, threshold):
    for dtype in ("float32", "float64"):
        batch = (np.ones((1, 1), dtype), np.full((1, 1), p, dtype))
        options = {"threshold": threshold, "dtype": dtype}
        assert_streams_agree("BinaryAccuracy", options, [batch], f"metric, {dtype}")


@pytest.mark.parametrize("threshold", [-1.5, 0, 2])
def test_a_threshold_may_be_one_of_logits(threshold):
    y_true, y_pred = np.array([[1.0, 0, 1, 0]]), np.array([[-2.0, -1.0, 0.0, 3.0]])
    assert_streams_agree("BinaryAccuracy", {"threshold": threshold}, [(y_true, y_pred)])


@pytest.mark.parametrize("name", ["Hinge", "SquaredHinge"])
@pytest.mark.parametrize("targets_of", [(-1.0, 1.0), (0.0, 1.0)], ids=str)
def test_hinges_take_either_kind_of_no(name, targets_of):
    y_true = np.array([[targets_of[k] for k in (0, 1, 1, 0)]])
    y_pred = np.array([[-2.0, 0.3, 1.5, 0.4]])
    assert_streams_agree(name, {}, [(y_true, y_pred)])


@pytest.mark.parametrize("from_logits", [False, True])
def test_an_ignored_class_does_not_count(from_logits):
    options = {"ignore_class": -1, "from_logits": from_logits}
    labels, y_pred = targets("class numbers", (4, 5), 3)
    labels[:, ::2] = -1
    steps = weights((4, 5)) + 0.1
    name = "SparseCategoricalCrossentropy"
    assert_streams_agree(name, options, [(labels, y_pred, steps)])
    ours = both(name, **options)[0](labels, y_pred)
    loss = losses.SparseCategoricalCrossentropy(**options, dtype="float64")(labels, y_pred)
    assert_agree(ours, loss, "metric, float64")  # Keras, without weights, has another number


@pytest.mark.parametrize("name", ["CosineSimilarity", "PearsonCorrelation"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_vectors_may_lie_along_any_axis(name, axis):
    assert_streams_agree(name, {"axis": axis}, [targets("numbers", (4, 5), 3)])


@pytest.mark.parametrize("name", ["PearsonCorrelation", "ConcordanceCorrelation"])
def test_what_is_constant_correlates_as_in_keras(name):
    for y_true, y_pred in (([[1.0, 1.0]], [[0.0, 2.0]]), ([[3.0, 1.0]], [[2.0, 2.0]])):
        ours, theirs = streamed(both(name), [(np.array(y_true), np.array(y_pred))])
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)  # equal NaN included
