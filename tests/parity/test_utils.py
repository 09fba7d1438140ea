"""The utilities: arrays, batches, splits and the progress bar, as Keras makes them."""

import random
import re
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from keras.src.utils import dataset_utils
from keras.src.utils import progbar as their_progbar
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import assert_agree
from tests.unit.core.streams import Stream

import chainrule
from chainrule.core import bar as our_bar
from chainrule.core import console

UTILS = tuple(library.utils for library in LIBRARIES)

# ---------------------------------------------------------------- normalize

numbers = st_numpy.arrays(
    st.sampled_from([np.float64, np.float32, np.int64]),
    st_numpy.array_shapes(max_dims=3, max_side=4),
    elements=st.integers(-9, 9),
)


@given(x=numbers, axis=st.integers(-3, 2), order=st.sampled_from([1, 2, 3, np.inf]))
@settings(max_examples=200, deadline=None)
def test_any_array_is_normalized_as_by_keras(x, axis, order):
    axis = max(-x.ndim, min(axis, x.ndim - 1)) or -1  # 0 means -1 to Keras
    ours, theirs = (utils.normalize(x, axis, order) for utils in UTILS)
    assert ours.dtype == theirs.dtype
    theirs = theirs.reshape(x.shape)  # Keras gives a single vector a second axis
    assert_agree(ours, theirs, f"activation, float{8 * ours.dtype.itemsize}")


def test_the_first_axis_is_the_first_where_keras_takes_the_last():
    x = np.array([[3.0, 0.0], [4.0, 1.0]])
    ours, theirs = (utils.normalize(x, axis=0) for utils in UTILS)
    assert ours.tolist() == [[0.6, 0], [0.8, 1]]
    assert theirs.tolist() == [[0.6, 0], [4, 1]]


# ---------------------------------------------------------------- to_categorical


labels = st_numpy.arrays(np.int64, st_numpy.array_shapes(max_dims=3), elements=st.integers(0, 6))


@given(labels=labels, more=st.none() | st.integers(7, 9))
@settings(max_examples=100, deadline=None)
def test_any_labels_become_the_rows_of_keras(labels, more):
    ours, theirs = (utils.to_categorical(labels, more) for utils in UTILS)
    assert np.array_equal(ours, theirs)


# ---------------------------------------------------------------- pad_sequences

steps = st.one_of(
    st.lists(st.lists(st.integers(-99, 99), max_size=5), min_size=1, max_size=4),
    st.lists(st.lists(st.floats(-9, 9), max_size=5), min_size=1, max_size=4),
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5).map(np.array),
        min_size=1,
        max_size=4,
    ),
)


@given(
    sequences=steps,
    options=st.fixed_dictionaries(
        {
            "maxlen": st.none() | st.integers(1, 6),
            "dtype": st.sampled_from(["int32", "float32", np.float64, object]),
            "padding": st.sampled_from(["pre", "post"]),
            "truncating": st.sampled_from(["pre", "post"]),
            "value": st.sampled_from([0.0, -1, 7.5]),
        }
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_sequences_are_padded_as_by_keras(sequences, options):
    ours, theirs = (utils.pad_sequences(sequences, **options) for utils in UTILS)
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert np.array_equal(ours, theirs)


def test_texts_are_padded_as_by_keras():
    for dtype in (object, "<U9"):
        ours, theirs = (
            utils.pad_sequences([["a"], ["b", "c"]], dtype=dtype, value="-") for utils in UTILS
        )
        assert ours.tolist() == theirs.tolist() == [["-", "a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("sequences", "options", "match"),
    [
        (iter([[1]]), {}, "sequences"),
        ([[1], 2], {}, "sequences"),
        ([[1]], {"padding": "left"}, "(?i)padding"),
        ([[1]], {"truncating": "left"}, "(?i)truncating"),
        ([[1]], {"value": "a"}, "dtype"),
        ([[[1, 2]], [[1, 2, 3]]], {}, "shape"),
    ],
)
def test_what_cannot_be_padded_is_refused_by_both(sequences, options, match):
    for utils in UTILS:
        with pytest.raises(ValueError, match=match):
            utils.pad_sequences(sequences, **options)


# ---------------------------------------------------------------- split_dataset

sizes = st.one_of(st.none(), st.integers(-1, 12), st.floats(-0.5, 1.5), st.just("3"))


def outcome(split):
    """What a function gives, or that it refuses."""
    try:
        return split()
    except (TypeError, ValueError):
        return "refused"


@given(left=sizes, right=sizes, total=st.integers(0, 12))
@settings(max_examples=500, deadline=None)
def test_any_sizes_are_those_of_keras(left, right, total):
    if left is None and right is None:
        return  # Keras refuses that before it asks for sizes
    theirs = outcome(lambda: dataset_utils._rescale_dataset_split_sizes(left, right, total))
    ours = outcome(lambda: chainrule.utils.split_dataset(np.arange(total), left, right))
    if ours != "refused":
        ours = tuple(map(len, ours))
    assert ours == theirs


@given(total=st.integers(4, 30), left=st.integers(1, 2), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_a_seed_gives_the_order_of_keras(total, left, seed):
    """Keras needs TensorFlow for the rest of it, so its shuffling is written out here."""
    order = list(range(total))
    random.seed(seed)
    random.shuffle(order)
    random.seed(0)
    before = random.getstate()
    ours = chainrule.utils.split_dataset(
        np.arange(total), left, total - left - 1, shuffle=True, seed=seed
    )
    assert [part.tolist() for part in ours] == [order[:left], order[left + 1 :]]
    assert random.getstate() == before


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize("parts", [(1,), (1, 2), (1, 2, 3), ([1],), ((1,),), ([1], None)])
def test_batches_are_packed_and_unpacked_as_by_keras(parts):
    packed = [utils.pack_x_y_sample_weight(*parts) for utils in UTILS]
    assert packed[0] == packed[1]
    unpacked = [utils.unpack_x_y_sample_weight(packed[0]) for utils in UTILS]
    assert unpacked[0] == unpacked[1] == (*parts, None, None)[:3]


@pytest.mark.parametrize("data", [{"x": 1}, [1, 2], 5, None])
def test_what_is_no_tuple_is_unpacked_as_by_keras(data):
    ours, theirs = (utils.unpack_x_y_sample_weight(data) for utils in UTILS)
    assert ours == theirs


@pytest.mark.parametrize("data", [(), (1, 2, 3, 4)])
def test_too_many_parts_are_refused_by_both(data):
    for utils in UTILS:
        with pytest.raises(ValueError, match="x, y, sample_weight"):
            utils.unpack_x_y_sample_weight(data)


def data_sets(utils):
    """Data sets of both libraries: of a length, and of a number of batches or of none."""

    class Finite(utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return index, index**2

    class Counted(Finite):
        num_batches = 2

    class Endless(Finite):
        num_batches = None

    return Finite(workers=2, use_multiprocessing=False, max_queue_size=5), Counted(), Endless()


def test_data_sets_are_iterated_as_those_of_keras():
    for ours, theirs in zip(*map(data_sets, UTILS), strict=True):
        assert ours.num_batches == theirs.num_batches
        for name in ("workers", "use_multiprocessing", "max_queue_size"):
            assert getattr(ours, name) == getattr(theirs, name)
        assert [b for b, _ in zip(ours, range(5), strict=False)] == [
            b for b, _ in zip(theirs, range(5), strict=False)
        ]
        assert ours.on_epoch_begin() is theirs.on_epoch_begin() is None
        assert ours.on_epoch_end() is theirs.on_epoch_end() is None


def test_a_data_set_without_its_methods_says_so_as_in_keras():
    for utils in UTILS:
        assert utils.Sequence is utils.PyDataset
        with pytest.raises(NotImplementedError):
            utils.PyDataset()[0]
        with pytest.raises(NotImplementedError, match="num_batches"):
            _ = utils.PyDataset().num_batches


# ---------------------------------------------------------------- session and logging


def test_a_session_that_is_cleared_counts_names_anew():
    for library in LIBRARIES:
        library.utils.clear_session(free_memory=False)
        made = [library.layers.Dense(1).name for _ in range(2)]
        library.utils.clear_session()
        assert [*made, library.layers.Dense(1).name] == ["dense", "dense_1", "dense"]


def test_interactive_logging_is_switched_as_in_keras():
    for utils in UTILS:
        assert utils.is_interactive_logging_enabled()
        utils.disable_interactive_logging()
        assert not utils.is_interactive_logging_enabled()
        utils.enable_interactive_logging()
        assert utils.is_interactive_logging_enabled()


# ---------------------------------------------------------------- Progbar

COLOUR = re.compile("\x1b\\[\\d*m")


@pytest.fixture
def clock(monkeypatch):
    """One time for both bars, moved by hand; a terminal of 200 columns."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(their_progbar, "time", SimpleNamespace(time=lambda: 50 + now.seconds))
    monkeypatch.setattr(our_bar, "time", SimpleNamespace(perf_counter=lambda: 50 + now.seconds))
    monkeypatch.setattr(console, "columns", lambda: 200)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return now


def drawn(utils, clock, use, monkeypatch, **options):
    """The lines that a terminal shows one after the other."""
    clock.seconds = 0.0
    stream = Stream()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        use(utils.Progbar(**options), clock)
    text = COLOUR.sub("", stream.getvalue()).replace("\b", "")
    return [line.rstrip() for line in text.replace("\n", "\r").split("\r") if line.strip()]


def seconds_per_step(seconds, values):
    """A loop of which each step takes that long and reports the values given for it."""

    def use(bar, clock):
        for step, shown in enumerate(values):
            clock.seconds += seconds
            bar.update(step + 1, shown)

    return use


LOOPS = {
    "fast": seconds_per_step(2e-5, [[("loss", 1.0)]] * 12),
    "slow": seconds_per_step(400, [[("loss", 0.0001), ("acc", 1.0)]] * 12),
    "a minute": seconds_per_step(3.7, [[("loss", 0.0)]] * 12),
    "arrays": seconds_per_step(0.25, [[("loss", np.array([step, 2.0]))] for step in range(12)]),
    "nothing to show": seconds_per_step(0.012, [None] * 12),
    "cut short": seconds_per_step(0.5, [[("loss", float(step))] for step in range(5)]),
}


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize(
    "options",
    [
        {"target": 12, "stateful_metrics": ["loss", "acc"]},
        {"target": 12, "width": 7, "unit_name": "sample", "stateless_metrics": []},
        {"target": None, "stateful_metrics": ["loss", "acc"]},
        {"target": 120},
    ],
    ids=str,
)
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_bar_is_drawn_as_by_keras(loop, options, verbose, clock, monkeypatch):
    options = {"interval": 0, "verbose": verbose, **options}
    ours, theirs = (drawn(utils, clock, loop, monkeypatch, **options) for utils in UTILS)
    assert ours == theirs


def test_a_bar_is_not_drawn_more_often_than_that_of_keras(clock, monkeypatch):
    loop = seconds_per_step(0.25, [[("loss", 1.0)]] * 40)
    ours, theirs = (
        drawn(utils, clock, loop, monkeypatch, target=100, interval=1.0) for utils in UTILS
    )
    assert len(theirs) == len(ours) == 10
    assert [line.split("/")[0].strip() for line in ours] == list(map(str, range(4, 41, 4)))


@given(
    updates=st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 9)))),
        max_size=6,
    )
)
@settings(max_examples=100, deadline=None)
def test_means_are_those_of_keras_until_the_last_step(updates):
    with pytest.MonkeyPatch.context() as patch:
        now = SimpleNamespace(seconds=0.0)
        patch.setattr(their_progbar, "time", SimpleNamespace(time=lambda: 50 + now.seconds))
        patch.setattr(our_bar, "time", SimpleNamespace(perf_counter=lambda: 50.0))
        patch.setattr(console, "columns", lambda: 200)
        patch.setenv("TERM", "xterm")
        patch.delenv("NO_COLOR", raising=False)

        def use(bar, clock):
            for steps, values in updates:
                bar.add(steps, values)
            bar.update(99, [("b", 5.0)], finalize=True)

        ours, theirs = (drawn(utils, now, use, patch, target=100, interval=-1) for utils in UTILS)
    assert [line.split("step")[1:] for line in ours] == [line.split("step")[1:] for line in theirs]


def test_the_last_line_has_the_mean_where_keras_shows_the_last_value(clock, monkeypatch):
    use = seconds_per_step(1, [[("loss", value)] for value in (4.0, 0.0, 5.0)])
    ours, theirs = (drawn(utils, clock, use, monkeypatch, target=3, verbose=2) for utils in UTILS)
    assert ours == ["3/3 - 3s - 1s/step - loss: 3.0000"]
    assert theirs == ["3/3 - 3s - 1s/step - loss: 5.0000"]


def test_a_negative_number_is_written_as_a_positive_one_is(clock, monkeypatch):
    use = seconds_per_step(1, [[("loss", -0.5)]])
    ours, theirs = (drawn(utils, clock, use, monkeypatch, target=1, verbose=2) for utils in UTILS)
    assert (ours[0].split()[-1], theirs[0].split()[-1]) == ("-0.5000", "-5.0000e-01")


def test_values_are_averaged_or_not_but_not_both():
    for utils in UTILS:
        with pytest.raises(ValueError, match="stateless_metrics"):
            utils.Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


def test_the_defaults_are_those_of_keras():
    assert keras.utils.Progbar(3).width == our_bar.WIDTH
