"""Models of symbols: what they refuse, what they share, copies of them."""

import copy
import pickle

import numpy as np
import pytest
from tests.builders import every_layer, regressor

from chainrule.errors import ArgumentError, DataError, ShapeError, StateError
from chainrule.layers import Add, Average, Concatenate, Dense, Dropout, Embedding, Input
from chainrule.layers.layer import Layer
from chainrule.models import Model, Sequential, clone_model, model_from_json
from chainrule.utils import set_random_seed

X = np.random.default_rng(0).normal(size=(12, 4))
Y = X[:, :2]


@pytest.fixture(autouse=True)
def seeded():
    set_random_seed(0)


def two_inputs(**compile_args):
    a, b = Input((4,), name="a"), Input((3,), name="b")
    h = Concatenate()([a, b])
    outputs = [Dense(1, name="size")(h), Dense(3, "softmax", name="kind")(h)]
    model = Model([a, b], outputs)
    given = {"loss": ["mse", "sparse_categorical_crossentropy"], **compile_args}
    model.compile("sgd", **given)
    return model


GOOD_X = [X, X[:, :3]]
GOOD_Y = [X[:, :1], np.arange(12) % 3]


# ------------------------------------------------------------ graphs that are none


def _other_input():
    x, y = Input((2,), name="x"), Input((2,), name="y")
    return Model(x, Add()([x, y]))


def _unused_input():
    x, y = Input((2,), name="x"), Input((2,), name="y")
    return Model([x, y], Dense(1)(x))


def _same_input_twice():
    x = Input((2,), name="x")
    return Model([x, x], Dense(1)(x))


def _two_of_one_name():
    x = Input((2,))
    return Model(x, Dense(1, name="a")(Dense(1, name="a")(x)))


def _symbols_and_arrays():
    return Add()([Input((2,)), np.ones((1, 2))])


def _model_on_symbols_and_arrays():
    return two_inputs()([Input((4,)), np.ones((1, 3))])


def _nested_too_few():
    return two_inputs()(Input((4,)))


def _nested_wrong_shape():
    return two_inputs()([Input((4,)), Input((5,))])


def _shapes_that_do_not_fit():
    return Add()([Input((2,)), Input((3,))])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_other_input, "depend on 'y', which is not among the inputs.*inputs=.'x'"),
        (_unused_input, "No output depends on input 'y'"),
        (_same_input_twice, "comes twice"),
        (_two_of_one_name, "different names.*layer='a'"),
        (_symbols_and_arrays, "symbols and arrays together"),
        (_model_on_symbols_and_arrays, "symbols and arrays together"),
        (_nested_too_few, r"`inputs` must be a list of 2 arrays.*\['a', 'b'\]"),
        (_nested_wrong_shape, "Layer 'size' cannot apply rule 'dense'"),
        (_shapes_that_do_not_fit, "must have one shape.*2.*3"),
        (lambda: Model(Input((2,)), np.ones(3)), "`outputs` must be what"),
        (lambda: Model([np.ones(3)], Dense(1)(Input((2,)))), "`inputs` must be what"),
        (lambda: Model(Input((2,)), None), "`outputs` must be what"),
        (lambda: Model().build(), "needs `inputs` and `outputs`, or a class with `call`"),
        (lambda: Model(Input((2,)), {"a": [Dense(1)(Input((2,)))]}), "`outputs` must be what"),
    ],
)
def test_what_is_no_graph_is_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


# ------------------------------------------------------------ data that do not fit


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X, GOOD_Y, ArgumentError, r"`x` must be a list of 2 arrays.*'a', 'b'.*ndarray"),
        ([X], GOOD_Y, ArgumentError, r"len\(x\)=1"),
        ({"a": X}, GOOD_Y, ArgumentError, r"`x` must be .*keys=\['a'\]"),
        ({"a": X, "b": X[:, :3], "c": X}, GOOD_Y, ArgumentError, "keys=.*'c'"),
        ([X, X], GOOD_Y, ShapeError, r"`x\['b'\]` of shape \(N, 3\).*\(12, 4\)"),
        ([X, X[:5, :3]], GOOD_Y, DataError, r"`x\['a'\]` has 12, `x\['b'\]` has 5"),
        ([X, np.full((12, 3), np.nan)], GOOD_Y, DataError, r"`x\['b'\]` must be finite"),
        (GOOD_X, X[:, :1], ArgumentError, "`y` must be a list of 2 arrays.*'size', 'kind'"),
        (GOOD_X, GOOD_Y[:1], ArgumentError, r"len\(y\)=1"),
        (GOOD_X, {"size": X[:, :1]}, ArgumentError, r"`y` must be.*keys=\['size'\]"),
        (GOOD_X, [None, GOOD_Y[1]], ArgumentError, r"`y\['size'\]` must be given"),
        (GOOD_X, [X, GOOD_Y[1]], ShapeError, r"`y\['size'\]` of the output's shape \(N, 1\)"),
        (GOOD_X, [X[:7, :1], GOOD_Y[1]], DataError, r"`x` has 12, `y\['size'\]` has 7"),
        (GOOD_X, [X[:, :1], np.full(12, 3)], DataError, r"from 0 to 2.*y\['kind'\]\[0\]=3"),
        (GOOD_X, None, ArgumentError, "`y` must be given"),
    ],
)
def test_data_are_named_by_input_and_output(x, y, error, message):
    model = two_inputs()
    before = model.theta.copy()
    with pytest.raises(error, match=message):
        model.fit(x, y, verbose=0)
    with pytest.raises(error, match=message):
        model.train_on_batch(x, y)
    assert np.array_equal(before, model.theta)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"sizes": np.ones(12)}, r"`sample_weight` must be.*'sizes'"),
        ([np.ones(12)] * 3, r"len\(sample_weight\)=3"),
        ([np.ones(12), np.ones(5)], r"`sample_weight\['kind'\]` must have one number per sample"),
        ([np.ones(12), -np.ones(12)], r"`sample_weight\['kind'\]` must not be negative"),
        (np.ones((12, 2)), r"one number per sample"),
    ],
)
def test_weights_are_named_by_output(weight, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        two_inputs().fit(GOOD_X, GOOD_Y, sample_weight=weight, verbose=0)


def test_weights_of_classes_need_a_single_output():
    with pytest.raises(ArgumentError, match="single output"):
        two_inputs().fit(GOOD_X, GOOD_Y, class_weight={0: 1.0}, verbose=0)
    model = Sequential([Input((4,)), Dense(3, "softmax", name="kind")])
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy"})
    model.fit(X, {"kind": GOOD_Y[1]}, class_weight={0: 1.0}, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": ["mse"]}, r"`loss` needs one entry for each of the outputs \['size', 'kind'\]"),
        ({"loss": {"sizes": "mse"}}, r"`loss` names outputs.*loss=\['sizes'\]"),
        ({"loss_weights": [1.0]}, "`loss_weights` needs one entry"),
        ({"loss_weights": {"sizes": 1.0}}, "`loss_weights` names outputs"),
        ({"metrics": {"sizes": ["mae"]}}, "`metrics` names outputs"),
        ({"metrics": [["mae"]]}, "`metrics` needs one entry"),
        ({"metrics": [["sparse_categorical_accuracy"], []]}, "needs class numbers"),
    ],
)
def test_compile_names_outputs_and_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        two_inputs(**arguments)


# ------------------------------------------------------------ layers in several models


def test_training_one_model_is_seen_by_another_with_the_same_layers():
    x = Input((4,))
    shared = Dense(3, "tanh")
    first, second = Model(x, Dense(2)(shared(x))), Model(x, Dense(2)(shared(x)))
    for model in (first, second):
        model.compile("adam", "mse")
    for _ in range(2):
        for model in (first, second):
            kernel = shared.kernel.copy()
            model.fit(X, Y, verbose=0)
            assert not np.array_equal(kernel, shared.kernel)
            assert np.array_equal(first.get_weights()[0], second.get_weights()[0])
    features = Model(x, shared(x))
    seen = features.predict(X, verbose=0)
    np.testing.assert_allclose(seen, np.tanh(X @ shared.kernel + shared.bias), atol=1e-6)


def test_training_a_model_leaves_what_it_does_not_share():
    x = Input((4,))
    shared = Dense(3, "tanh")
    first, second = Model(x, Dense(2)(shared(x))), Model(x, Dense(2)(shared(x)))
    first.compile("sgd", "mse")
    before = second.get_weights()
    first.fit(X, Y, verbose=0)
    after = second.get_weights()
    assert [np.array_equal(b, a) for b, a in zip(before, after, strict=True)] == [
        False,
        False,
        True,
        True,
    ]


def test_setting_the_weights_of_one_model_sets_those_of_the_other():
    base = Sequential([Input((4,)), Dense(3)])
    model = Sequential([base, Dense(2)])
    base.set_weights([np.ones((4, 3)), np.zeros(3)])
    assert np.array_equal(model.get_weights()[0], np.ones((4, 3)))
    model.theta[:] = 5
    assert np.array_equal(base.get_weights()[0], np.full((4, 3), 5))


def test_a_layer_called_twice_adds_up_both_gradients():
    x = Input((4,))
    shared = Dense(4, use_bias=False)
    model = Model(x, shared(shared(x)))
    model.compile("sgd", "mse")
    kernel = shared.kernel.astype(float)
    error = 2 * (X @ kernel @ kernel - X) / X.size
    gradient = (X @ kernel).T @ error + X.T @ (error @ kernel.T)
    model.fit(X, X, batch_size=12, verbose=0)
    np.testing.assert_allclose(shared.kernel, kernel - 0.01 * gradient, atol=1e-6)


def test_every_use_of_a_dropout_layer_draws_its_own_mask():
    from chainrule.engines.noise import draw

    x = Input((4,))
    drop = Dropout(0.5)
    model = Model(x, Add()([drop(x), drop(x)]))
    model.compile("sgd", "mse")
    first, second = model.plan.train.noises
    masks = [draw(noise, 0, 0, 50, "float32") for noise in (first, second)]
    assert not np.array_equal(*masks)


def test_inner_layers_keep_their_own_outputs():
    base = Sequential([Input((4,)), Dense(3, name="inner"), Dense(2)])
    x = Input((4,))
    Model(x, Average()([base(x), base(x)]))
    Sequential([base, Dense(1)])
    features = Model(base.input, base.get_layer("inner").output)
    assert features.output_shape == (None, 3)


def test_embeddings_of_one_input_and_numbers_of_another():
    words, sizes = Input((3,), name="words", dtype="int32"), Input((2,), name="sizes")
    flat = Dense(2)(Concatenate()([Embedding(5, 2)(words), Embedding(5, 2)(words)]))
    assert flat.shape == (None, 3, 2)
    model = Model([words, sizes], [flat, Dense(1)(sizes)])
    made = model.predict([np.ones((2, 3), int), np.ones((2, 2))], verbose=0)
    assert [one.shape for one in made] == [(2, 3, 2), (2, 1)]
    with pytest.raises(DataError, match=r"from 0 to 4 as `x\['words'\]`"):
        model.predict([np.full((2, 3), 5), np.ones((2, 2))], verbose=0)


def test_freezing_after_compile_is_warned_of():
    model = regressor()
    x, y = np.ones((8, 2)), np.ones((8, 1))
    model.layers[0].trainable = False
    with pytest.warns(UserWarning, match=r"`trainable` of layers \['dense'\] has changed"):
        model.fit(x, y, verbose=0)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)


# ------------------------------------------------------------ copies


@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_a_copy_goes_on_as_the_model_would(copied):
    set_random_seed(0)
    model = two_inputs(metrics={"kind": ["accuracy"]}, loss_weights=[0.5, 2.0])
    model.fit(GOOD_X, GOOD_Y, epochs=2, verbose=0)
    twin = copied(model)
    assert np.array_equal(model.theta, twin.theta)
    assert not np.shares_memory(model.theta, twin.theta)
    assert twin.layers[2] is not model.layers[2]
    one, other = (m.fit(GOOD_X, GOOD_Y, epochs=2, verbose=0).history for m in (model, twin))
    assert one == other
    assert np.array_equal(model.theta, twin.theta)


def test_a_copy_of_a_model_that_was_not_compiled():
    model = every_layer()
    twin = copy.deepcopy(model)
    assert not twin.compiled
    assert twin.get_config() == model.get_config()


def test_a_model_that_is_not_built_cannot_be_copied():
    with pytest.raises(StateError, match="not built"):
        copy.deepcopy(Sequential([Dense(3)]))


class Doubled(Layer):
    """A layer of a user's own."""

    def expand(self, graph, x):
        from chainrule.layers.rescaling import rescaling

        return graph.apply(rescaling, {"x": x}, "y", scale=2.0)


def test_copies_and_clones_know_the_classes_of_their_layers():
    model = Sequential([Input((4,)), Doubled(), Dense(1)])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), clone_model(model)):
        assert type(twin.layers[0]) is Doubled
    custom = {"Doubled": Doubled}
    assert type(model_from_json(model.to_json(), custom).layers[0]) is Doubled


def test_clone_function_makes_every_layer():
    def changed(layer):
        if isinstance(layer, Dense):
            return Dense(layer.units, "relu", name=layer.name)
        return type(layer).from_config(layer.get_config())

    x = Input((4,))
    model = Model(x, Add()([Dense(4)(x), Dense(4)(x)]))
    clone = clone_model(model, clone_function=changed)
    assert [layer.activation.name for layer in clone.layers[1:3]] == ["relu", "relu"]
    line = clone_model(Sequential([Sequential([Input((4,)), Dense(3)]), Dense(1)]), changed)
    assert [layer.activation.name for layer in line.layers] == ["relu", "relu"]
    with pytest.raises(ArgumentError, match="must give a layer"):
        clone_model(regressor(), clone_function=lambda layer: None)
