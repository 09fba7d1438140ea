import numpy as np
import pytest
from tests.builders import classifier, every_layer, line, regressor

from chainrule import config
from chainrule.errors import ArgumentError, ShapeError, StateError, UnknownNameError
from chainrule.layers import Activation, Dense, Dropout, Flatten, Input
from chainrule.models import Sequential
from chainrule.utils import set_random_seed


def test_names_shapes_and_counts_are_those_of_keras():
    model = Sequential([Input((28, 28)), Flatten(), Dense(128, "relu"), Dropout(0.2), Dense(10)])
    assert model.name == "sequential"
    assert [layer.name for layer in model.layers] == ["flatten", "dense", "dropout", "dense_1"]
    assert [layer.output_shape for layer in model.layers] == [
        (None, 784),
        (None, 128),
        (None, 128),
        (None, 10),
    ]
    assert model.count_params() == 101_770
    assert [weight.shape for weight in model.get_weights()] == [
        (784, 128),
        (128,),
        (128, 10),
        (10,),
    ]


@pytest.mark.parametrize(
    "first",
    [
        lambda: [Input((2,)), Dense(3)],
        lambda: [Input(shape=2), Dense(3)],
        lambda: [Input(batch_shape=(None, 2)), Dense(3)],
        lambda: [Dense(3, input_dim=2)],
        lambda: [Dense(3, input_shape=(2,))],
        lambda: [Activation("relu", input_shape=(2,)), Dense(3)],
    ],
)
def test_the_input_shape_can_be_said_in_every_way_of_keras(first):
    model = Sequential(first())
    assert model.built
    assert model.count_params() == 9


def test_a_model_without_input_shape_is_built_by_its_data():
    model = Sequential([Dense(3), Dense(1)])
    assert not model.built
    with pytest.raises(StateError, match="not built"):
        model.get_weights()
    model.compile("sgd", "mse")
    x, y = line()
    model.fit(x, y, verbose=0)
    assert model.input_shape == (None, 2)


def test_dense_works_on_the_last_axis_of_any_rank():
    model = Sequential([Input((5, 3)), Dense(2)])
    x = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
    kernel, _ = model.get_weights()
    assert model.output_shape == (None, 5, 2)
    np.testing.assert_allclose(model.predict(x, verbose=0), x @ kernel, rtol=1e-5)


def test_weights_are_views_of_one_vector():
    model = regressor()
    kernel = model.layers[0].kernel
    model.theta[:] = 0
    assert not kernel.any()
    kernel[0, 1] = 5
    assert model.layout.name_of(int(np.flatnonzero(model.theta)[0])) == "dense/kernel[0, 1]"


def test_set_weights_is_all_or_nothing():
    model = regressor()
    before = model.theta.copy()
    wrong = [np.ones_like(weight) for weight in model.get_weights()]
    wrong[-1] = np.ones(7)
    with pytest.raises(ShapeError, match="dense_1/bias must have shape"):
        model.set_weights(wrong)
    with pytest.raises(ShapeError, match="needs 4 arrays"):
        model.set_weights(wrong[:2])
    assert np.array_equal(model.theta, before)


def test_add_and_pop_keep_the_weights_of_the_other_layers():
    model = Sequential([Input((2,)), Dense(3)])
    kernel = model.get_weights()[0]
    model.add(Dense(1))
    assert np.array_equal(model.get_weights()[0], kernel)
    assert model.pop().name == "dense_1"
    assert np.array_equal(model.get_weights()[0], kernel)
    with pytest.raises(StateError, match="no layers"):
        Sequential().pop()


def test_config_round_trip_rebuilds_the_structure():
    model = every_layer()
    again = Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.layout == model.layout


def test_same_seed_same_bits_another_seed_other_bits():
    thetas = [classifier(seed=seed).theta for seed in (1, 1, 2)]
    assert np.array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])


def test_two_models_of_one_seed_begin_differently():
    set_random_seed(0)
    first, second = (Sequential([Dense(3, input_dim=2)]).get_weights()[0] for _ in range(2))
    assert not np.array_equal(first, second)


def test_the_float_type_is_global_or_given_by_a_layer():
    assert regressor().dtype == "float32"
    assert Sequential([Dense(1, input_dim=2, dtype="float64")]).dtype == "float64"
    assert Sequential([Dense(1, input_dim=2, dtype=np.float64)]).dtype == "float64"
    config.set_floatx("float64")
    model = regressor()
    assert model.theta.dtype == np.float64
    assert model.predict(np.ones((1, 2)), verbose=0).dtype == np.float64
    with pytest.raises(ArgumentError, match="one dtype"):
        Sequential([Dense(1, input_dim=2, dtype="float64"), Dense(1, dtype="float32")])


def test_frozen_layers_stay_and_the_others_learn():
    model = classifier()
    model.layers[0].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(np.ones((8, 4)), np.zeros(8), epochs=3, verbose=0)
    after = model.get_weights()
    assert all(np.array_equal(b, a) for b, a in zip(before[:2], after[:2], strict=True))
    assert not np.array_equal(before[2], after[2])
    model.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    assert model.layout.trainable_size == 0
    model.fit(np.ones((8, 4)), np.zeros(8), verbose=0)
    assert all(np.array_equal(b, a) for b, a in zip(after, model.get_weights(), strict=True))


def test_get_layer_by_name_and_place():
    model = classifier()
    assert model.get_layer("dense_1") is model.get_layer(index=1) is model.layers[1]
    with pytest.raises(UnknownNameError, match=r"No such layer.*'dense', 'dense_1'"):
        model.get_layer("nope")
    with pytest.raises(ArgumentError, match="2 layers"):
        model.get_layer(index=5)
    with pytest.raises(ArgumentError, match="either"):
        model.get_layer()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "`units` must be a positive integer. Received: units=0"),
        (lambda: Dense(2.5), "`units`"),
        (lambda: Dense(2, unit=3), "Unrecognized keyword arguments passed to Dense"),
        (lambda: Dense(2, "sigmod"), "Did you mean 'sigmoid'"),
        (lambda: Dense(2, activation=np.tanh), "no derivative"),
        (lambda: Dense(2, kernel_initializer="glorot"), "initializer"),
        (lambda: Dense(2, dtype="float16"), "must be one of 'float32', 'float64'"),
        (lambda: Dense(2, input_dim=0), "positive integers"),
        (lambda: Dense(2, name="a/b"), "without '/'"),
        (lambda: Dropout(1.0), "`rate`"),
        (lambda: Input(), "`shape`"),
        (lambda: Sequential([Input((2,)), "dense"]), "Only layers"),
        (lambda: Sequential([Dense(1, name="a"), Dense(1, name="a")]), "different names"),
        (lambda: Sequential([Dense(1), Input((2,))]), "must come first"),
        (lambda: Sequential([Dense(1)]).build(), "not built"),
        (lambda: Sequential([Input((2,)), Dense(1, "softmax")]), "softmax over one unit"),
        (
            lambda: Sequential([Input((2,)), Dense(3, "softmax"), Activation("softmax")]),
            "softmax of layer 'dense",
        ),
        (lambda: Sequential([Input(()), Dense(1)]), "needs inputs of shape"),
    ],
)
def test_a_wrong_argument_is_named_with_what_came(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_layer_that_no_longer_fits_is_named():
    dense = Dense(3, name="head")
    Sequential([Input((2,)), dense])
    with pytest.raises(ShapeError, match="Layer 'head' cannot apply rule 'dense'"):
        Sequential([Input((5,)), dense])
