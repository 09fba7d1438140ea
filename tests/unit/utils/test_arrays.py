import numpy as np
import pytest

from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.utils import normalize, pad_sequences


def test_vectors_get_length_1_along_any_axis():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert normalize(x).tolist() == [[0.6, 0.8], [0, 0]]
    assert normalize(x, axis=0).tolist() == [[1, 1], [0, 0]]
    assert normalize([3, 4], order=1) == pytest.approx([3 / 7, 4 / 7])
    assert normalize(np.float32([3, 4])).dtype == np.float32


@pytest.mark.parametrize("axis", [2, -3, None, 0.5])
def test_an_axis_that_does_not_exist(axis):
    with pytest.raises(ArgumentError, match="axis"):
        normalize(np.ones((2, 2)), axis=axis)


def test_only_numbers_have_a_length():
    with pytest.raises(DataError, match="real numbers"):
        normalize(["a"])


def test_sequences_are_cut_and_filled_up():
    assert pad_sequences([[1], [2, 3, 4]], maxlen=2).tolist() == [[0, 1], [3, 4]]
    assert pad_sequences([[1], []], padding="post", value=9).tolist() == [[1], [9]]
    assert pad_sequences([[1, 2]], maxlen=0).shape == (1, 0)
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[], np.ones((2, 3))]).shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("sequences", "options", "error"),
    [
        ([[1]], {"maxlen": -1}, ArgumentError),
        ([[1]], {"padding": "left"}, ArgumentError),
        ([[1]], {"value": "a", "dtype": "int64"}, ArgumentError),
        ([1], {}, DataError),
        ([[[1, 2]], [[3]]], {}, ShapeError),
    ],
)
def test_what_cannot_be_padded(sequences, options, error):
    with pytest.raises(error, match="Received: "):
        pad_sequences(sequences, **options)
