"""Layers called on arrays before there is a model, and what both libraries refuse."""

import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES

import chainrule
from chainrule.errors import ArgumentError, DataError, ShapeError, StateError

ROW, TABLE = np.ones((4, 6)), np.ones((4, 3, 5))

every_library = pytest.mark.parametrize("library", LIBRARIES, ids=["ours", "theirs"])

# ---------------------------------------------------------------- weights of a layer alone


@every_library
def test_weights_come_with_the_first_call_and_stay_in_a_model(library):
    layer = library.layers.Dense(3)
    assert not layer.built
    assert list(layer.weights) == []
    with pytest.raises(AttributeError):
        _ = layer.kernel
    first = np.asarray(layer(ROW))
    assert layer.built
    assert [w.shape for w in layer.get_weights()] == [(6, 3), (3,)]
    kernel = layer.get_weights()[0]
    assert (np.asarray(layer.kernel - kernel) == 0).all()
    assert np.allclose(first, ROW @ kernel, atol=1e-5)
    model = library.Sequential([library.Input((6,)), layer])
    assert np.array_equal(model.get_weights()[0], kernel)
    model.set_weights([2 * kernel, np.ones(3)])
    assert np.allclose(layer(ROW), ROW @ (2 * kernel) + 1, atol=1e-5)
    assert layer.count_params() == 21


@every_library
def test_build_may_be_called_by_hand(library):
    for layer, shape in (
        (library.layers.Dense(3), (None, 6)),
        (library.layers.BatchNormalization(), (None, 3, 6)),
        (library.layers.GroupNormalization(2), [None, 6]),
        (library.layers.Dropout(0.5), (4, 6)),
        (library.layers.Add(), [(None, 6), (None, 6)]),
    ):
        layer.build(shape)
        assert layer.built
        before = layer.get_weights()
        x = [ROW, ROW] if layer.name.startswith("add") else np.ones((4, *shape[1:]))
        layer(x)
        for one, two in zip(before, layer.get_weights(), strict=True):
            assert np.array_equal(one, two)


@every_library
def test_what_may_be_asked_only_of_a_built_layer(library):
    with pytest.raises(ValueError, match=r"n[o']t built"):
        library.layers.Dense(3).count_params()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_have_the_float_type_of_the_layer(dtype):
    for given in (ROW, ROW.astype(np.float32), ROW.astype(np.uint8), ROW.tolist()):
        assert chainrule.layers.Dense(2, dtype=dtype)(given).dtype == dtype
    layer = chainrule.layers.ReLU()
    chainrule.Sequential([chainrule.Input((6,)), layer, chainrule.layers.Dense(1, dtype=dtype)])
    assert chainrule.layers.Dense(2, dtype=dtype)(layer(ROW)).dtype == dtype


def test_a_layer_computes_in_the_float_type_of_its_model():
    layer = chainrule.layers.Dense(2)
    last = chainrule.layers.Dense(1, dtype="float64")
    chainrule.Sequential([chainrule.Input((6,)), layer, last])
    assert layer.kernel.dtype == "float64"
    assert layer(ROW).dtype == "float64"


@every_library
def test_trainable_decides_what_training_moves(library):
    layer = library.layers.BatchNormalization()
    layer.build((None, 6))
    counts = []
    for trainable in (True, False, True):
        layer.trainable = trainable
        counts.append((len(layer.trainable_weights), len(layer.non_trainable_weights)))
    assert counts == [(2, 2), (0, 4), (2, 2)]
    x = np.random.default_rng(0).normal(size=(8, 6))
    before = layer.get_weights()[2]
    layer(x, training=False)
    assert np.array_equal(layer.get_weights()[2], before)
    layer(x, training=True)
    assert not np.array_equal(layer.get_weights()[2], before)


def test_the_weights_that_training_moves_come_first():
    class Odd(chainrule.layers.Identity):
        def build(self, input_shape):
            self.add_weight((1,), "zeros", trainable=False, name="still")
            self.add_weight((2,), "ones", name="moved")

    layer = Odd()
    layer.build((None, 3))
    assert [w.shape for w in layer.weights] == [(2,), (1,)]
    assert (layer.still.tolist(), layer.moved.tolist()) == ([0], [1, 1])
    layer.trainable = False
    assert [w.shape for w in layer.weights] == [(2,), (1,)]


def test_an_embedding_begins_with_the_table_it_is_given():
    table = np.arange(6.0).reshape(3, 2)
    for given in (table, [table], table.tolist()):
        layer = chainrule.layers.Embedding(3, 2, weights=given)
        assert np.array_equal(layer([[2, 0]]), [[[4, 5], [0, 1]]])
    with pytest.raises(ShapeError, match="input_dim, output_dim"):
        chainrule.layers.Embedding(4, 2, weights=table)


def test_rms_normalization_works_along_any_axes(float64):
    """Keras' fails along others than the last."""
    x = np.random.default_rng(0).normal(size=(4, 2, 3, 5))
    y = chainrule.layers.RMSNormalization(axis=(1, 3))(x)
    power = np.mean(np.square(x), axis=(1, 3), keepdims=True)
    assert np.allclose(y, x / np.sqrt(power + 1e-6), rtol=1e-12)


# ---------------------------------------------------------------- errors

WRONG_ARGUMENTS = {
    "units": lambda k: k.Dense(0),
    "units (a float)": lambda k: k.Dense(2.5),
    "units (a text)": lambda k: k.Dense("2"),
    "an unknown argument": lambda k: k.Dense(2, unit=3),
    "trainable": lambda k: k.Dense(2, trainable="no"),
    "input_dim": lambda k: k.Embedding(0, 2),
    "output_dim": lambda k: k.Embedding(3, -1),
    "max_value": lambda k: k.ReLU(max_value=-1.0),
    "negative_slope": lambda k: k.ReLU(negative_slope=None),
    "threshold": lambda k: k.ReLU(threshold=-0.1),
    "negative_slope of LeakyReLU": lambda k: k.LeakyReLU(-0.2),
    "rate": lambda k: k.Dropout(1.5),
    "rate of AlphaDropout": lambda k: k.AlphaDropout(-0.1),
    "rate of GaussianDropout": lambda k: k.GaussianDropout(-0.1),
    "stddev": lambda k: k.GaussianNoise(-1.0),
    "noise_shape": lambda k: k.Dropout(0.5, noise_shape=(None, 0)),
    "noise_shape (a text)": lambda k: k.Dropout(0.5, noise_shape="all"),
    "seed": lambda k: k.Dropout(0.5, seed=-1),
    "target_shape": lambda k: k.Reshape((-1, -1)),
    "target_shape (negative)": lambda k: k.Reshape((3, -2)),
    "dims": lambda k: k.Permute((1, 3)),
    "dims (twice)": lambda k: k.Permute((1, 1)),
    "n": lambda k: k.RepeatVector(0),
    "n (a float)": lambda k: k.RepeatVector(2.0),
    "data_format": lambda k: k.Flatten("channels"),
    "groups": lambda k: k.GroupNormalization(0),
    "axis of LayerNormalization": lambda k: k.LayerNormalization(axis="last"),
    "axis of UnitNormalization": lambda k: k.UnitNormalization(axis=1.5),
    "renorm clipping": lambda k: k.BatchNormalization(renorm=True, renorm_clipping={"r": 1}),
    "synchronized": lambda k: k.BatchNormalization(synchronized=True),
    "num_tokens": lambda k: k.CategoryEncoding(),
    "num_tokens (0)": lambda k: k.CategoryEncoding(0),
    "output_mode": lambda k: k.CategoryEncoding(3, output_mode="int"),
    "axes": lambda k: k.Dot((1, 2, 3)),
    "axes (a text)": lambda k: k.Dot("1"),
    "axes (a float)": lambda k: k.Dot((1.0, 2)),
    "shape": lambda k: k.InputLayer(),
    "shape and batch_shape": lambda k: k.InputLayer((3,), batch_shape=(None, 3)),
    "name": lambda k: k.Dense(2, name="a/b"),
    "activation": lambda k: k.Dense(2, "softmux"),
    "initializer": lambda k: k.Dense(2, kernel_initializer="best"),
}

WRONG_INPUTS = {
    "Dense on no features": lambda k: k.Dense(2)(np.ones(4)),
    "Dense on other features": lambda k: twice(k.Dense(2), ROW, ROW[:, :5]),
    "Reshape to another size": lambda k: k.Reshape((4,))(ROW),
    "Reshape to no multiple": lambda k: k.Reshape((-1, 4))(ROW),
    "Permute of other axes": lambda k: k.Permute((2, 1))(ROW),
    "RepeatVector of a table": lambda k: k.RepeatVector(2)(TABLE),
    "GroupNormalization of too few": lambda k: k.GroupNormalization(32)(ROW),
    "GroupNormalization in unequal groups": lambda k: k.GroupNormalization(4)(ROW),
    "LayerNormalization along no axis": lambda k: k.LayerNormalization(axis=2)(ROW),
    "BatchNormalization along no axis": lambda k: k.BatchNormalization(axis=3)(TABLE),
    "UnitNormalization along no axis": lambda k: k.UnitNormalization(axis=2)(ROW),
    "Add of one array": lambda k: k.Add()(ROW),
    "Add of other shapes": lambda k: k.Add()([ROW, ROW[:, :4]]),
    "Add of other samples": lambda k: k.Add()([ROW, ROW[:2]]),
    "Subtract of three": lambda k: k.Subtract()([ROW, ROW, ROW]),
    "Subtract of one": lambda k: k.Subtract()([ROW]),
    "Concatenate of other ranks": lambda k: k.Concatenate()([ROW, TABLE]),
    "Concatenate of other shapes": lambda k: k.Concatenate()([TABLE, TABLE[:, :2]]),
    "Concatenate of one array": lambda k: k.Concatenate()(ROW),
    "Dot of other lengths": lambda k: k.Dot(1)([ROW, ROW[:, :4]]),
    "Dot along the samples": lambda k: k.Dot(0)([ROW, ROW]),
    "Dot of three": lambda k: k.Dot(1)([ROW, ROW, ROW]),
}


def twice(layer, first, second):
    layer(first)
    return layer(second)


@pytest.mark.parametrize("name", WRONG_ARGUMENTS)
def test_wrong_arguments_are_refused_by_both(name):
    make = WRONG_ARGUMENTS[name]
    with pytest.raises((ValueError, TypeError, OverflowError)):
        make(keras.layers)
    with pytest.raises(ArgumentError, match="Received: "):
        make(chainrule.layers)


@pytest.mark.parametrize("name", WRONG_INPUTS)
def test_wrong_inputs_are_refused_by_both(name):
    call = WRONG_INPUTS[name]
    with pytest.raises((ValueError, TypeError, IndexError)):
        call(keras.layers)
    kind = name.split()[0]
    layer = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).strip("_")
    with pytest.raises(ArgumentError, match=f"'{layer}'.*Received: "):
        call(chainrule.layers)


UNKNOWN_LENGTH = {
    "Flatten": lambda k: k.Flatten(),
    "Reshape": lambda k: k.Reshape((-1,)),
    "GroupNormalization": lambda k: k.GroupNormalization(1),
    "LayerNormalization": lambda k: k.LayerNormalization(axis=1),
    "UnitNormalization": lambda k: k.UnitNormalization(axis=(1, 2)),
    "Normalization": lambda k: k.Normalization(),
    "PReLU": lambda k: k.PReLU(shared_axes=1),
    "Dot": lambda k: lambda x: k.Dot(2)([x, x]),
    "Concatenate": lambda k: lambda x: k.Concatenate(1)([x, x]),
    "Add": lambda k: lambda x: k.Add()([x, chainrule.Input((1, 5))]),
}


@pytest.mark.parametrize("name", UNKNOWN_LENGTH)
def test_layers_that_need_known_lengths_say_so(name):
    with pytest.raises(ShapeError, match="known"):
        UNKNOWN_LENGTH[name](chainrule.layers)(chainrule.Input((None, 5)))


def test_a_length_may_be_unknown_where_nothing_depends_on_it(float64):
    """The same layers on arrays of two lengths."""
    layers = chainrule.layers
    x = chainrule.Input((None, 5))
    y = layers.LayerNormalization()(layers.Dense(3, "relu")(x))
    y = layers.Concatenate()([layers.BatchNormalization()(y), layers.Softmax()(x)])
    model = chainrule.Model(x, layers.Add()([y, layers.UnitNormalization()(y)]))
    long = np.random.default_rng(0).normal(size=(4, 7, 5))
    assert model.output_shape == (None, None, 8)
    parts = model.predict(long[:, :2], verbose=0)
    assert np.allclose(model.predict(long, verbose=0)[:, :2], parts, rtol=1e-12)


@pytest.mark.parametrize("numbers", [[[5]], [[-1]], [[0.5]], [[np.nan]]], ids=str)
@pytest.mark.parametrize("name", ["Embedding", "CategoryEncoding"])
def test_class_numbers_must_be_integers_in_range(name, numbers):
    layers = {"Embedding": (5, 2), "CategoryEncoding": (5,)}
    with pytest.raises(DataError, match="integers from 0 to 4"):
        getattr(chainrule.layers, name)(*layers[name])(np.array(numbers))


def test_more_errors_of_ours():
    layers = chainrule.layers
    with pytest.raises(ArgumentError, match="symbols and arrays"):
        layers.Add()([ROW, chainrule.Input((6,))])
    with pytest.raises(ShapeError, match="samples' axis"):
        layers.Dense(2)(1.0)
    with pytest.raises(ShapeError, match="noise_shape"):
        layers.Dropout(0.5, noise_shape=(None, 5))(ROW, training=True)
    with pytest.raises(ArgumentError, match="samples' axis is 0"):
        layers.Softmax(axis=0)(ROW)
    with pytest.raises(ArgumentError, match="shared_axes"):
        layers.PReLU(shared_axes=[2])(ROW)
    with pytest.raises(ArgumentError, match="mask_zero"):
        layers.Embedding(3, 2, mask_zero=True)
    with pytest.raises(ArgumentError, match="sparse"):
        layers.CategoryEncoding(3, sparse=True)
    with pytest.raises(ArgumentError, match="momentum"):
        layers.BatchNormalization(momentum=2)
    with pytest.raises(ArgumentError, match="must be one integer"):
        layers.BatchNormalization(axis=[1])
    with pytest.raises(ArgumentError, match="numbers"):
        layers.Rescaling("half")
    with pytest.raises(ShapeError, match="last axes"):
        layers.Rescaling([1.0, 2.0])(ROW)
    with pytest.raises(ArgumentError, match="NumPy type"):
        layers.InputLayer((3,), dtype="word")
    with pytest.raises(StateError, match="not built"):
        _ = layers.Dense(3).input_shape
