import numpy as np
import pytest

from chainrule.errors import ArgumentError, DataError
from chainrule.utils import set_random_seed, split_dataset

X, Y = np.arange(10), np.arange(10) * 2


def test_an_array_is_cut_into_views():
    left, right = split_dataset(X, left_size=0.8)
    assert left.tolist() == list(range(8))
    assert right.tolist() == [8, 9]
    assert left.base is X


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [((3, None), (3, 7)), ((None, 0.25), (8, 2)), ((3, 0.2), (3, 2)), ((0.1, 0.9), (1, 9))],
)
def test_sizes(sizes, lengths):
    left, right = split_dataset(X, *sizes)
    assert (len(left), len(right)) == lengths
    assert (left[0], right[-1]) == (0, 9)


def test_the_structure_is_kept():
    left, right = split_dataset(({"a": X, "b": [Y]}, Y), 4)
    assert left[0]["b"][0].tolist() == left[1].tolist() == [0, 2, 4, 6]
    assert right[0]["a"].tolist() == [4, 5, 6, 7, 8, 9]
    assert [type(part) for part in (left, left[0], left[0]["b"])] == [tuple, dict, list]


def test_shuffling_keeps_samples_together_and_loses_none():
    left, right = split_dataset([X, Y], 0.5, shuffle=True, seed=1)
    assert np.array_equal(2 * left[0], left[1])
    assert sorted([*left[0], *right[0]]) == X.tolist()
    assert left[0].tolist() != X[:5].tolist()


def test_without_a_seed_the_order_follows_that_of_python():
    orders = []
    for _ in range(2):
        set_random_seed(4)
        orders.append(split_dataset(X, 0.5, shuffle=True)[0].tolist())
    orders.append(split_dataset(X, 0.5, shuffle=True)[0].tolist())
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(
    ("sizes", "match"),
    [
        ((), "At least one"),
        ((0,), "left_size"),
        ((10,), "left_size"),
        ((None, 1.5), "right_size"),
        ((True,), "left_size"),
        ((6, 6), "10 samples together"),
        ((0.6, 0.6), "exceed 1"),
        ((0.01,), "empty"),
    ],
)
def test_sizes_out_of_range(sizes, match):
    with pytest.raises(ArgumentError, match=match):
        split_dataset(X, *sizes)


@pytest.mark.parametrize(
    "dataset",
    [[1, 2], "ab", [], (X, Y[:5]), np.float64(3)],
    ids=["numbers", "text", "nothing", "unequal", "a number"],
)
def test_what_is_no_data_set(dataset):
    with pytest.raises(DataError, match="dataset"):
        split_dataset(dataset, 0.5)
