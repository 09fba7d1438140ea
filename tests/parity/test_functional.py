"""Models that are graphs: the same layers, weights, histories and predictions as Keras'."""

import keras
import numpy as np
import pytest
from tests.parity.builders import Twins, assert_same_history, weights
from tests.parity.graphs import GRAPHS, heads_of_a_dictionary, two_heads
from tests.parity.test_evaluation import assert_same_result
from tests.parity.tolerances import assert_agree

import chainrule

every_graph = pytest.mark.parametrize("graph", GRAPHS)

SAMPLES = 32


def points(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=(SAMPLES, *shape))


def data_for(model, samples=SAMPLES):
    """Inputs and targets of our model's shapes, in its structures."""
    generator = np.random.default_rng(0)

    def like(symbols):
        return keras.tree.map_structure(
            lambda symbol: generator.uniform(0.1, 0.9, (samples, *symbol.shape[1:])), symbols
        )

    return like(model.input), like(model.output)


def flat(model):
    """Names of a Keras model's layers, with those of models in it instead of the models."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from (n for n, k in zip(flat(layer), flat_kinds(layer), strict=True) if k)
        else:
            yield layer.name


def flat_kinds(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from (True for kind in flat_kinds(layer) if kind)
        else:
            yield not isinstance(layer, keras.layers.InputLayer)


def assert_same_predictions(ours, theirs):
    """An array, or arrays in a list or dictionary, whichever Keras gives."""
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs)
        ours, theirs = ([found[name] for name in theirs] for found in (ours, theirs))
    assert isinstance(ours, list) == isinstance(theirs, list)
    if not isinstance(theirs, list):
        ours, theirs = [ours], [theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert np.asarray(one).dtype == np.asarray(other).dtype
        assert_agree(one, other, "prediction")


@every_graph
def test_layers_and_weights_are_those_of_keras_in_the_same_order(graph):
    twins = Twins(GRAPHS[graph], loss="mse")
    ours, theirs = twins.both
    assert [layer.name for layer in ours.layers] == list(flat(theirs))
    names = ["/".join(weight.path.split("/")[-2:]) for weight in theirs.weights]
    assert [slot.name for slot in ours.layout] == names
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert ours.count_params() == theirs.count_params()
    assert ours.input_shape == theirs.input_shape
    assert ours.output_shape == theirs.output_shape


@every_graph
def test_graphs_train_and_predict_as_those_of_keras(graph):
    twins = Twins(GRAPHS[graph], optimizer="sgd", loss="mse")
    x, y = data_for(twins.ours)
    assert_same_predictions(*twins.each(lambda model: model.predict(x, batch_size=16, verbose=0)))
    ours, theirs = twins.fit(x, y, epochs=2, validation_split=0.5)
    if graph != "same output twice":  # see the test of its names
        assert_same_history(ours, theirs)
    twins.assert_same_weights()


@every_graph
def test_graphs_survive_their_configuration(graph):
    model = GRAPHS[graph](chainrule)
    x, _ = data_for(model, 8)
    for again in (
        chainrule.models.model_from_json(model.to_json()),
        type(model).from_config(model.get_config()),
        chainrule.models.clone_model(model),
    ):
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
        assert again.layout == model.layout
        assert again.get_config() == model.get_config()
        assert (again.input_names, again.output_names) == (model.input_names, model.output_names)
        assert not np.array_equal(again.theta, model.theta)
        again.set_weights(model.get_weights())
        assert_same_predictions(again.predict_on_batch(x), model.predict_on_batch(x))


# ------------------------------------------------------------ several outputs

FEATURES = points(4)
SIZES = points(1, seed=1)
KINDS = np.arange(SAMPLES) % 3
BOTH = {"size": SIZES, "kind": np.eye(3)[KINDS]}
CE = "categorical_crossentropy"
FIRST, SECOND = weights(SAMPLES), weights(SAMPLES, seed=8)

OBJECTIVES = {
    "one loss for all": ({"loss": "mse"}, {}),
    "lists": (
        {
            "loss": ["mse", CE],
            "loss_weights": [0.3, 2.0],
            "metrics": [["mse", "mae"], ["accuracy"]],
        },
        {},
    ),
    "dictionaries": (
        {
            "loss": {"kind": CE, "size": "mse"},
            "loss_weights": {"kind": 0.3, "size": 2.0},
            "metrics": {"kind": "accuracy", "size": ["mse", "mae"]},
        },
        {"validation_split": 0.5},
    ),
    "a metric for each": ({"loss": ["mse", CE], "metrics": ["mae", "accuracy"]}, {}),
    "metrics of one": ({"loss": ["mse", CE], "metrics": {"kind": ["accuracy", "mse"]}}, {}),
    "metrics with and without weights": (
        {
            "loss": ["mse", CE],
            "metrics": [["mae"], ["accuracy"]],
            "weighted_metrics": [["mae"], ["accuracy"]],
        },
        {"sample_weight": [FIRST, SECOND]},
    ),
    "weights for all": (
        {"loss": ["mse", CE], "weighted_metrics": [["mae"], None]},
        {"sample_weight": FIRST},
    ),
    "weights for one": (
        {"loss": ["mse", CE], "weighted_metrics": ["mae", "accuracy"]},
        {"sample_weight": [FIRST, None]},
    ),
    "an output without loss": (
        {"loss": ["mse", None], "metrics": [["mae"], ["accuracy"]]},
        {},
    ),
}


def assert_same_training(twins, y, **arguments):
    """Histories, weights and what the other methods return, in its form and order."""
    x = {"x": FEATURES} if isinstance(y, dict) else FEATURES
    assert_same_history(*twins.fit(x, y, epochs=2, **arguments))
    twins.assert_same_weights()
    arguments.pop("validation_split", None)
    for return_dict in (False, True):
        asked = {"batch_size": 16, "verbose": 0, "return_dict": return_dict, **arguments}
        assert_same_result(twins, "evaluate", x, y, **asked)
    first = keras.tree.map_structure(lambda array: array[:16], (x, y))
    assert_same_result(twins, "train_on_batch", *first)
    assert_same_result(twins, "test_on_batch", *first)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_several_outputs_train_as_in_keras(objective):
    compile_args, arguments = OBJECTIVES[objective]
    twins = Twins(two_heads, optimizer="sgd", **compile_args)
    assert_same_training(twins, list(BOTH.values()), **arguments)


@pytest.mark.parametrize(
    ("compile_args", "arguments"),
    [
        ({"loss": {"size": "mse", "kind": CE}, "metrics": {"size": ["mse", "mae"]}}, {}),
        ({"loss": [CE, "mse"]}, {"sample_weight": {"size": FIRST, "kind": SECOND}}),
        ({"loss": {"kind": CE}}, {}),
    ],
    ids=["dictionaries", "a list", "an output without loss"],
)
def test_outputs_of_a_dictionary_train_as_in_keras(compile_args, arguments):
    twins = Twins(heads_of_a_dictionary, optimizer="sgd", **compile_args)
    assert_same_training(twins, BOTH, **arguments)


def test_each_output_may_have_another_kind_of_targets():
    twins = Twins(
        two_heads,
        optimizer="sgd",
        loss=["mse", f"sparse_{CE}"],
        metrics=[["mae"], ["accuracy"]],
    )
    assert_same_training(twins, [SIZES[:, 0], KINDS])


def test_targets_may_be_given_for_the_outputs_with_a_loss_alone():
    twins = Twins(two_heads, optimizer="sgd", loss=["mse", None])
    assert_same_history(*twins.fit(FEATURES, [SIZES]))
    ours = chainrule_model(loss={"kind": CE})
    other = chainrule_model(loss=[None, CE])
    for model, y in ((ours, {"kind": BOTH["kind"]}), (other, [None, BOTH["kind"]])):
        model.fit(FEATURES, y, shuffle=False, verbose=0)
    assert np.array_equal(ours.theta, other.theta)


def chainrule_model(**compile_args):
    chainrule.utils.set_random_seed(1)
    model = two_heads(chainrule)
    model.compile("sgd", **compile_args)
    return model


def test_the_same_output_twice_has_two_losses_of_two_names():
    twins = Twins(GRAPHS["same output twice"], optimizer="sgd", loss=["mse", "mae"])
    ours, theirs = twins.fit(FEATURES, [FEATURES, -FEATURES], epochs=2)
    twins.assert_same_weights()
    assert_agree(ours.history["loss"], theirs.history["loss"], "history")
    assert (list(ours.history), list(theirs.history)) == (
        ["loss", "y_1_loss", "y_loss"],
        ["loss", "y_loss"],
    )


# ------------------------------------------------------------ parts of models


def test_a_model_may_end_and_begin_anywhere():
    def build(library):
        x = library.Input((4,))
        a = library.layers.Dense(4, "tanh", name="a")(x)
        b = library.layers.Dense(4, "tanh", name="b")(a)
        y = library.layers.Dense(4, name="y")(library.layers.Add()([b, x]))
        return library.Model(x, y)

    twins = Twins(build, loss="mse")
    features = twins.each(lambda m: type(m)(m.input, m.get_layer("b").output))
    assert [layer.name for layer in features[0].layers][1:] == ["a", "b"]
    assert_agree(*(m.predict_on_batch(FEATURES) for m in features), "prediction")
    both = twins.each(lambda m: type(m)(m.inputs, [m.get_layer("a").output, m.output]))
    assert_same_predictions(*(m.predict_on_batch(FEATURES) for m in both))
    rest = twins.each(
        lambda m: type(m)([m.get_layer("b").output, m.input], m.get_layer("y").output)
    )
    assert [layer.name for layer in rest[0].layers if layer.weights] == ["y"]
    assert rest[0].count_params() == rest[1].count_params()
    start = [points(4, seed=3), FEATURES]
    assert_agree(*(m.predict_on_batch(start) for m in rest), "prediction")


def test_frozen_parts_are_trained_around_as_in_keras():
    def build(library):
        base = library.Sequential([library.Input((4,)), library.layers.Dense(4, "tanh")])
        x = library.Input((4,))
        model = library.Model(x, library.layers.Dense(4)(base(x)))
        model.base = base
        return model

    twins = Twins(build, optimizer="sgd", loss="mse")
    targets = points(4, seed=4)
    before = twins.ours.get_weights()
    for trainable in (False, True):
        for model in twins.both:
            model.base.trainable = trainable
        twins.compile(optimizer="sgd", loss="mse")
        assert_same_history(*twins.fit(FEATURES, targets))
        twins.assert_same_weights()
        assert np.array_equal(before[0], twins.ours.get_weights()[0]) == (not trainable)
    assert np.array_equal(twins.ours.base.get_weights()[0], twins.ours.get_weights()[0])


def written(library):
    """A class with ``call``, its layers made in another order than they are called."""

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.last = library.layers.Dense(4)
            self.blocks = [library.layers.Dense(4, "tanh") for _ in range(2)]
            self.join = library.layers.Add()

        def call(self, inputs, training=None):
            x = inputs
            for block in self.blocks:
                x = self.join([x, block(x)])
            return self.last(x)

    net = Net()
    net(np.zeros((1, 4)))
    return net


def test_a_class_with_call_is_the_model_that_it_is_in_keras():
    twins = Twins(written, optimizer="sgd", loss="mse", metrics=["mae"])
    ours, theirs = twins.both
    assert ours.name == theirs.name == "net"
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert_same_history(*twins.fit(FEATURES, FEATURES, epochs=2, validation_split=0.5))
    twins.assert_same_weights()
    assert_same_predictions(*twins.each(lambda model: model.predict_on_batch(FEATURES)))
