"""What a reader sees: names, shapes, counts and configurations."""

import numpy as np
import pytest
from tests.parity.builders import LIBRARIES, lesson


def image_net(library):
    """Every kind of layer, some of them twice."""
    layers = library.layers
    return library.Sequential(
        [
            library.Input((6, 6)),
            layers.Rescaling(1 / 255, offset=-0.5),
            layers.Flatten(),
            layers.Dense(12, activation="relu", kernel_initializer="he_normal"),
            layers.Dropout(0.2, seed=1),
            layers.Dense(7, use_bias=False, trainable=False),
            layers.Activation("tanh"),
            layers.Dropout(0.5, noise_shape=(None, 1)),
            layers.Dense(10, "softmax", name="scores"),
        ]
    )


def sequence_net(library):
    return library.Sequential([library.Input((5, 3)), library.layers.Dense(4)], name="steps")


def deferred_net(library):
    """A net that is told its input by the first layer."""
    model = library.Sequential()
    model.add(library.layers.Dense(3, activation="sigmoid"))
    model.add(library.layers.Dense(1))
    model.build((None, 2))
    return model


every_net = pytest.mark.parametrize(
    "build", [image_net, sequence_net, deferred_net], ids=lambda build: build.__name__
)


@every_net
def test_names_are_given_as_by_keras(build):
    for _ in range(2):  # the second model counts on
        ours, theirs = map(build, LIBRARIES)
        assert ours.name == theirs.name
        assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]


@pytest.mark.parametrize(
    "name",
    ["Dense", "MyDense", "Dense2D", "HTTPLayer", "LayerX", "A", "RNN", "SelfAttentionV2", "My_own"],
)
def test_names_of_classes_become_those_of_keras(name):
    made = []
    for library in LIBRARIES:
        layer = type(name, (library.layers.Layer,), {})
        made.append([layer().name, layer().name])
    assert made[0] == made[1]


@every_net
def test_shapes_and_counts_are_those_of_keras(build):
    ours, theirs = map(build, LIBRARIES)
    assert ours.input_shape == theirs.input_shape
    assert ours.output_shape == theirs.output_shape
    assert ours.count_params() == theirs.count_params()
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        assert mine.output_shape == other.output.shape
        assert mine.input_shape == other.input.shape
        assert mine.count_params() == other.count_params()


@every_net
def test_weights_are_in_the_order_of_keras(build):
    ours, theirs = map(build, LIBRARIES)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert [slot.name for slot in ours.layout] == [
        weight.path.removeprefix(f"{theirs.name}/") for weight in theirs.weights
    ]
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        assert [w.shape for w in mine.get_weights()] == [w.shape for w in other.get_weights()]
    theirs.set_weights(ours.get_weights())
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        for weight, its in zip(mine.get_weights(), other.get_weights(), strict=True):
            assert np.array_equal(weight, its)


def plain(config):
    """Entries that can be compared: objects by their class, tuples as lists."""
    config = {key: value for key, value in config.items() if key != "dtype"}  # a policy in Keras
    for key, value in config.items():
        if isinstance(value, dict):
            config[key] = value["class_name"]
        elif isinstance(value, tuple):
            config[key] = list(value)
    return config


@every_net
def test_configurations_of_layers_are_those_of_keras(build):
    ours, theirs = map(build, LIBRARIES)
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        assert plain(mine.get_config()).items() <= plain(other.get_config()).items()


@every_net
def test_a_configuration_has_the_entries_of_keras(build):
    ours, theirs = (build(library).get_config() for library in LIBRARIES)
    assert set(ours) <= set(theirs)
    assert ours["name"] == theirs["name"]
    assert tuple(ours["build_input_shape"]) == tuple(theirs["build_input_shape"])
    for config in (ours, theirs):  # Keras adds an InputLayer when it builds
        config["layers"] = [layer for layer in config["layers"] if "Input" not in str(layer)]
    assert [layer["class_name"] for layer in ours["layers"]] == [
        layer["class_name"] for layer in theirs["layers"]
    ]


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_a_history_shows_the_parameters_of_the_run(verbose, capsys):
    problem = lesson()
    ours, theirs = problem.twins().fit(problem.x, problem.y, epochs=2, verbose=verbose)
    assert repr(ours.params) == repr(theirs.params)
    assert repr(ours.epoch) == repr(theirs.epoch)


def table(model, width):
    """The lines of the summary, without those that Keras does not have."""
    texts = []
    model.summary(line_length=width, print_fn=lambda text, **_: texts.append(text))
    lines = "\n".join(texts).splitlines()
    return [line.rstrip() for line in lines if line and "Activations per sample" not in line]


@every_net
@pytest.mark.parametrize("width", [76, 88])
def test_the_summary_is_that_of_keras(build, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    ours, theirs = map(build, LIBRARIES)
    assert table(ours, width) == table(theirs, width)


@pytest.mark.parametrize(
    "make", [lambda k: k.layers.Dense(3, name="d"), deferred_net], ids=["layer", "model"]
)
def test_representations_are_those_of_keras(make):
    ours, theirs = map(make, LIBRARIES)
    assert repr(ours) == repr(theirs)
