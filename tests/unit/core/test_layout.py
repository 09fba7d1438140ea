import numpy as np
import pytest

from chainrule.core.layout import Layout, Slot

LAYOUT = Layout(
    [Slot("a/kernel", (2, 3)), Slot("a/bias", (3,)), Slot("b/kernel", (3, 1), trainable=False)]
)


def test_views_share_memory_with_the_vector():
    theta = np.arange(12.0)
    views = LAYOUT.views(theta)
    views["a/bias"][:] = -1
    assert theta[6:9].tolist() == [-1, -1, -1]
    assert {name: view.shape for name, view in views.items()} == {
        "a/kernel": (2, 3),
        "a/bias": (3,),
        "b/kernel": (3, 1),
    }


def test_every_index_has_the_name_of_its_weight():
    theta = np.arange(12)
    for index in range(12):
        name, _, place = LAYOUT.name_of(index).partition("[")
        where = tuple(int(axis) for axis in place[:-1].split(","))
        assert LAYOUT.views(theta)[name][where] == index
    with pytest.raises(IndexError):
        LAYOUT.name_of(12)


def test_the_trainable_part_comes_first():
    assert LAYOUT.trainable == slice(0, 9)
    split = Layout([Slot("a", (2,)), Slot("b", (1,), trainable=False), Slot("c", (2,))])
    assert split.trainable == slice(0, 4)
    assert [slot.name for slot in split] == ["a", "b", "c"]
    theta = np.arange(5)
    views = {name: view.tolist() for name, view in split.views(theta).items()}
    assert views == {"a": [0, 1], "b": [4], "c": [2, 3]}
    assert [split.name_of(i) for i in range(5)] == ["a[0]", "a[1]", "c[0]", "c[1]", "b[0]"]
    assert split.moved == Layout([Slot("a", (2,)), Slot("c", (2,))])


def test_nothing_trainable_is_an_empty_index():
    frozen = Layout([Slot("a", (2,), trainable=False)])
    assert np.zeros(2)[frozen.trainable].size == 0
    assert Layout([]).size == 0
