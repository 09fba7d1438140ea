"""Layers that look at data before training: the same statistics and boundaries as Keras."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras.src.layers.preprocessing import discretization, normalization
from tests.parity.builders import LIBRARIES, Twins, assert_same_history
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule.errors import ArgumentError, StateError

NO_TENSORFLOW = SimpleNamespace(
    data=SimpleNamespace(Dataset=type("Dataset", (), {})), is_tensor=lambda value: False
)


@pytest.fixture(autouse=True)
def without_tensorflow(monkeypatch):
    """Keras' ``adapt`` asks whether data are TensorFlow's, and fails where that is missing."""
    for module in (discretization, normalization):
        monkeypatch.setattr(module, "tf", NO_TENSORFLOW)


GENERATOR = np.random.default_rng(0)
TABLE = GENERATOR.normal(3, 2, (50, 4))
BOX = GENERATOR.normal(-1, 3, (20, 2, 3, 4))

# ---------------------------------------------------------------- normalization

ADAPTED = {
    "array": lambda x: x,
    "batches": lambda x: [x[:16], x[16:]],
    "batches of one length": lambda x: np.split(x, 5),
    "pairs": lambda x: [(x[:7], None), (x[7:], None)],
}


def normalizations(**options):
    return [library.layers.Normalization(**options) for library in LIBRARIES]


@pytest.mark.parametrize("data", ADAPTED)
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(
    ("x", "axis"),
    [(TABLE, -1), (TABLE, None), (BOX, -1), (BOX, 2), (BOX, (1, 3)), (BOX, [-1, -3]), (BOX, None)],
    ids=lambda value: value.shape if hasattr(value, "shape") else str(value),
)
def test_normalization_adapts_as_in_keras(x, axis, invert, data, float64):
    layers = normalizations(axis=axis, invert=invert)
    for layer in layers:
        layer.adapt(ADAPTED[data](x))
    ours, theirs = layers
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_agree(mine, other, "layer", "a statistic")
    assert_agree(ours(x), theirs(x), "layer", "output")


def test_normalization_takes_lists_and_generators():
    whole, by_rows, drawn = (chainrule.layers.Normalization() for _ in range(3))
    whole.adapt(TABLE)
    by_rows.adapt(TABLE.tolist())
    drawn.adapt(batch for batch in np.split(TABLE, 10))
    for layer in (by_rows, drawn):
        for mine, other in zip(layer.get_weights(), whole.get_weights(), strict=True):
            assert np.allclose(mine, other, rtol=1e-6)


def test_normalization_forgets_what_it_adapted_to_before(float64):
    ours, theirs = normalizations()
    for layer in (ours, theirs):
        layer.adapt(TABLE + 7)
        layer.adapt(TABLE)
    assert_agree(ours.get_weights()[0], theirs.get_weights()[0], "layer", "mean")


def test_a_constant_feature_becomes_zero(float64):
    x = np.hstack([TABLE[:, :1], np.full((50, 1), 3.0)])
    ours, theirs = normalizations()
    for layer in (ours, theirs):
        layer.adapt(x)
    assert_agree(ours(x), theirs(x), "layer")
    assert not ours(x)[:, 1].any()


def test_an_adapted_layer_keeps_its_statistics_in_a_model(float64):
    def build(library):
        layer = library.layers.Normalization()
        layer.adapt(TABLE)
        return library.Sequential([library.Input((4,)), layer, library.layers.Dense(1)])

    twins = Twins(build, optimizer="sgd", loss="mse")
    y = TABLE[:, :1]
    assert_same_history(*twins.fit(TABLE, y, batch_size=25, epochs=2), "history, float64")
    twins.assert_same_weights("weights, float64")
    assert np.allclose(twins.ours.layers[0].get_weights()[0], TABLE.mean(axis=0))


REFUSED = {
    "a mean without a variance": (lambda k: k.layers.Normalization(mean=1.0), None),
    "shapes that differ": (
        lambda k: k.layers.Normalization(mean=[1.0, 2], variance=[1.0, 2, 3]),
        None,
    ),
    "more axes than are kept": (
        lambda k: k.layers.Normalization(mean=np.ones((2, 4)), variance=np.ones((2, 4))),
        BOX,
    ),
    "a mean of another length": (
        lambda k: k.layers.Normalization(mean=[1.0, 2], variance=[1.0, 2]),
        TABLE,
    ),
    "an axis that is not there": (lambda k: k.layers.Normalization(axis=4), TABLE),
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(name):
    make, x = REFUSED[name]
    for library in LIBRARIES:
        with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
            make(library)(x)


def test_both_refuse_data_that_do_not_fit():
    for layer in normalizations():
        layer.adapt(TABLE)
        with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
            layer.adapt(TABLE[:, :3])
        with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
            layer.adapt([])


@pytest.mark.parametrize(
    "data",
    [5, ["a"], np.zeros(()), np.zeros((0, 4)), iter([])],
    ids=["number", "text", "no axes", "no rows", "nothing"],
)
def test_ours_says_what_it_cannot_adapt_to(data):
    with pytest.raises(ArgumentError, match="normalization"):
        chainrule.layers.Normalization(name="normalization").adapt(data)
    with pytest.raises(ArgumentError, match="given"):
        chainrule.layers.Normalization(mean=1.0, variance=1.0).adapt(TABLE)


# ---------------------------------------------------------------- discretization

DATA = {
    "random": [GENERATOR.normal(size=(500, 3))],
    "few": [GENERATOR.normal(size=7)],
    "constant": [np.full(300, 2.0)],
    "ties": [GENERATOR.integers(0, 4, 1000)],
    "batches": [GENERATOR.normal(size=(size, 2)) for size in (300, 17, 290)],
    "batches of ties": [GENERATOR.integers(0, 9, size) for size in (700, 290, 31)],
    "a size that rounds": [GENERATOR.normal(size=2900)],
}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("epsilon", [0.01, 0.1, 1e-3])
@pytest.mark.parametrize("bins", [1, 3, 10])
def test_discretization_finds_the_boundaries_of_keras(data, bins, epsilon):
    found = []
    for library in LIBRARIES:
        layer = library.layers.Discretization(num_bins=bins, epsilon=epsilon)
        layer.adapt(DATA[data] if len(DATA[data]) > 1 else DATA[data][0])
        found.append(layer.bin_boundaries)
    assert found[0] == found[1]


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_an_adapted_discretization_gives_the_bins_of_keras(mode):
    x = DATA["batches"][0]
    ours, theirs = (k.layers.Discretization(num_bins=4, output_mode=mode) for k in LIBRARIES)
    for layer in (ours, theirs):
        layer.adapt(x)
    assert np.array_equal(ours(x), np.asarray(theirs(x)))


def test_adapting_again_forgets_and_steps_limit():
    ours, theirs = (k.layers.Discretization(num_bins=4) for k in LIBRARIES)
    for layer in (ours, theirs):
        layer.adapt(DATA["random"][0] + 3)
        layer.adapt(DATA["batches"], steps=2)
    assert ours.bin_boundaries == theirs.bin_boundaries


def test_boundaries_belong_to_the_bin_above():
    ours, theirs = (k.layers.Discretization([-1.0, 0.0, 2.5]) for k in LIBRARIES)
    x = np.array([[-2.0, -1.0, -0.5, 0.0, 2.0, 2.5, 9.0]])
    assert np.array_equal(ours(x), np.asarray(theirs(x)))


def test_discretization_says_what_is_wrong():
    layers = chainrule.layers
    for library in LIBRARIES:
        for options in ({}, {"bin_boundaries": [1.0], "num_bins": 2}, {"num_bins": -1}):
            with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
                library.layers.Discretization(**options)
        with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
            library.layers.Discretization([1.0], output_mode="hot")
        with pytest.raises(ValueError):  # noqa: PT011  (Keras' messages are its own)
            library.layers.Discretization([1.0]).adapt(TABLE)
    with pytest.raises(StateError, match="adapt"):
        layers.Discretization(num_bins=3)(TABLE)
    with pytest.raises(ArgumentError, match="no data"):
        layers.Discretization(num_bins=3).adapt(iter([]))


# ---------------------------------------------------------------- numbers without further axes


def test_one_number_for_each_sample_is_a_row_of_its_own():
    """Keras takes them for the numbers of one sample; with an axis of their own they agree."""
    numbers = np.array([2, 0, 1, 2])
    for mode in ("multi_hot", "count", "one_hot"):
        ours = chainrule.layers.CategoryEncoding(3, output_mode=mode)
        theirs = keras.layers.CategoryEncoding(3, output_mode=mode)
        assert np.array_equal(ours(numbers), np.asarray(theirs(numbers[:, None])))
