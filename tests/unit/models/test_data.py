"""A user's wrong data: what is said, and that nothing was trained on it."""

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule.errors import ChainruleError, DataError, ShapeError
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

X, Y = line(20)
POINTS, LABELS = blobs(20)


def with_(array, value, place):
    changed = np.array(array, dtype=object if isinstance(value, str) else float)
    changed[place] = value
    return changed


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X[:, :1], Y, ShapeError, r"first layer 'dense'\) takes `x` of shape \(N, 2\)"),
        (X[0], Y, ShapeError, r"add the samples' axis: x\[None\]"),
        (X, Y[:7], DataError, "`x` has 20, `y` has 7"),
        (X[:0], Y[:0], DataError, "There are no samples"),
        ([[1, 2], [3]], [1, 2], DataError, "unequal length"),
        (
            with_(X, np.nan, (3, 1)),
            Y,
            DataError,
            r"`x` must be finite: rows \[3\] hold nan.*\(1,\)",
        ),
        (with_(X, np.inf, (4, 0)), Y, DataError, r"rows \[4\] hold inf"),
        (X, with_(Y, np.nan, (5, 0)), DataError, r"`y` must be finite: rows \[5\]"),
        (with_(X, "abc", (2, 0)), Y, DataError, r"x\[2, 0\]='abc'"),
        (X.astype(complex), Y, DataError, "real numbers"),
        (None, Y, ChainruleError, "`x` must be given"),
        (X, None, ChainruleError, "`y` must be given"),
        (X, np.ones((20, 3)), ShapeError, r"output's shape \(N, 1\)"),
    ],
)
def test_regression_data_that_cannot_be_used(x, y, error, message):
    model = regressor()
    before = model.theta.copy()
    with pytest.raises(error, match=message):
        model.fit(x, y, verbose=0)
    assert np.array_equal(model.theta, before)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    ("loss", "y", "error", "message"),
    [
        ("sparse_categorical_crossentropy", np.eye(3)[LABELS], ShapeError, "look one-hot"),
        ("sparse_categorical_crossentropy", LABELS + 1, DataError, r"from 0 to 2.*y\[2\]=3"),
        ("sparse_categorical_crossentropy", LABELS - 1, DataError, "from 0 to 2"),
        ("sparse_categorical_crossentropy", LABELS + 0.5, DataError, "integer class numbers"),
        ("categorical_crossentropy", LABELS, ShapeError, "look like class numbers"),
        ("categorical_crossentropy", np.eye(3)[LABELS] * 2, DataError, "between 0 and 1"),
        ("mse", LABELS, ShapeError, r"output's shape \(N, 3\)"),
    ],
)
def test_labels_that_do_not_belong_to_the_loss(loss, y, error, message):
    model = Sequential([Input((4,)), Dense(3, "softmax")])
    model.compile("sgd", loss)
    with pytest.raises(error, match=message):
        model.fit(POINTS, y, verbose=0)


def test_a_row_and_a_column_of_targets_mean_the_same():
    column, row = regressor(), regressor()
    a = column.fit(X, Y, epochs=2, verbose=0).history
    b = row.fit(X, Y[:, 0], epochs=2, verbose=0).history
    assert a == b
    sparse = classifier()
    assert sparse.evaluate(POINTS, LABELS, verbose=0) == sparse.evaluate(
        POINTS, LABELS[:, None].astype(float), verbose=0
    )


def test_lists_booleans_and_single_features_are_taken():
    model = Sequential([Input((1,)), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    model.fit([0.0, 1.0, 2.0], [False, True, True], verbose=0)
    assert model.predict([3.0], verbose=0).shape == (1, 1)


def test_many_bad_rows_are_cut_short():
    x = np.full((20, 2), np.nan)
    with pytest.raises(DataError, match=r"rows \[0, 1, 2, 3, 4\] and more"):
        regressor().predict(x, verbose=0)


def test_a_bad_value_far_down_is_found_with_its_row():
    x = np.zeros((3_000_000, 2), "float32")
    x[2_900_001, 1] = np.inf
    with pytest.raises(DataError, match="2900001"):
        regressor().predict(x, verbose=0)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(7), "one number per sample"),
        (np.ones((20, 2)), "one number per sample"),
        (-np.ones(20), "not be negative"),
        (np.full(20, np.nan), "`sample_weight` must be finite"),
    ],
)
def test_weights_that_make_no_sense(weight, message):
    with pytest.raises(ChainruleError, match=message):
        regressor().fit(X, Y, sample_weight=weight, verbose=0)


def test_validation_data_are_checked_under_their_own_name():
    with pytest.raises(ShapeError, match="`validation x`"):
        regressor().fit(X, Y, validation_data=(X[:, :1], Y), verbose=0)
