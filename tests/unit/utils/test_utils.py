import random

import numpy as np
import pytest

from chainrule.core import rng
from chainrule.errors import ArgumentError, DataError
from chainrule.utils import (
    PyDataset,
    clear_session,
    pack_x_y_sample_weight,
    set_random_seed,
    to_categorical,
)


def test_to_categorical():
    assert to_categorical([0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert to_categorical([[1], [0]], 3).shape == (2, 3)
    assert to_categorical([]).shape == (0, 0)
    assert to_categorical([1]).dtype == np.float32


@pytest.mark.parametrize("labels", [[0, 3], [-1], [0.5]])
def test_to_categorical_refuses_what_is_no_class(labels):
    with pytest.raises(DataError):
        to_categorical(labels, 3)


def test_one_seed_seeds_python_and_numpy_too():
    drawn = []
    for _ in range(2):
        set_random_seed(3)
        drawn.append((random.random(), np.random.rand()))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, None, True])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(ArgumentError, match="seed"):
        set_random_seed(seed)


def test_weights_without_targets_are_not_dropped():
    with pytest.raises(ArgumentError, match="needs `y`"):
        pack_x_y_sample_weight([1], None, [2])


def test_clearing_the_session_keeps_the_seed():
    drawn = []
    for clear in (lambda: None, clear_session):
        set_random_seed(5)
        clear()
        drawn.append(rng.fresh_seed())
    assert drawn[0] == drawn[1]


def test_a_data_set_need_not_call_its_base():
    class Quick(PyDataset):
        def __init__(self):
            pass

        def __len__(self):
            return 1

    assert (Quick().workers, Quick().num_batches) == (1, 1)
