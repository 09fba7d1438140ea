"""What a reader sees: names, shapes, counts and configurations."""

import inspect

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


def branches_net(library):
    """Two inputs, three outputs, branches that join again, a frozen layer."""
    layers = library.layers
    wide, deep = library.Input((4,), name="wide"), library.Input((3,), name="deep")
    h = layers.BatchNormalization(name="norm")(layers.Dense(5, "relu", name="first")(deep))
    frozen = layers.Dense(5, trainable=False, name="frozen")(h)
    joined = layers.Concatenate(name="joined")([wide, layers.Add(name="sum")([h, frozen])])
    one, two = layers.Dense(1, name="one")(joined), layers.Dense(2, "softmax", name="two")(joined)
    return library.Model([wide, deep], [one, two, h], name="branches")


def shared_net(library):
    """A layer called three times, one on the same input twice, and an output of two uses."""
    layers = library.layers
    left, right = library.Input((4,), name="left"), library.Input((4,), name="right")
    code = layers.Dense(4, "tanh", name="code")
    twice = code(code(left))
    apart = layers.Subtract(name="apart")([twice, code(right)])
    return library.Model([left, right], layers.Multiply(name="square")([apart, apart]))


def neighbour_net(library):
    """A layer that another model called before."""
    layers = library.layers
    code, other, x = layers.Dense(4, name="code"), library.Input((4,)), library.Input((4,))
    code(other)
    return library.Model(x, layers.Add(name="skip")([x, code(x)]))


def line_of_symbols(library):
    """A line that was written as a graph: Keras prints it as a line."""
    layers, x = library.layers, library.Input((4,))
    return library.Model(x, layers.Dense(2)(layers.LayerNormalization()(layers.Dense(3)(x))))


def two_ends_net(library):
    """A line with two outputs."""
    layers, x = library.layers, library.Input((4,))
    h = layers.Dense(3)(x)
    return library.Model(x, [h, layers.Dense(2)(h)])


def fork_net(library):
    """Two layers of one input, without a join."""
    layers, x = library.layers, library.Input((4,))
    return library.Model(x, {"b": layers.Dense(3)(x), "a": layers.Dense(2)(x)})


GRAPHS = [branches_net, shared_net, neighbour_net, line_of_symbols, two_ends_net, fork_net]
every_graph = pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)


def table(model, **arguments):
    """The lines of the summary, without those that Keras does not have."""
    texts = []
    model.summary(print_fn=lambda text, **_: texts.append(text), **arguments)
    lines = "\n".join(texts).splitlines()
    own = (" Activations per sample", " Engine")  # which Keras does not print
    return [line.rstrip() for line in lines if line and not line.startswith(own)]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


@every_net
@pytest.mark.parametrize("width", [76, 88])
def test_the_summary_is_that_of_keras(build, width):
    ours, theirs = map(build, LIBRARIES)
    assert table(ours, line_length=width) == table(theirs, line_length=width)


@every_graph
@pytest.mark.parametrize("show_trainable", [False, True])
def test_the_summary_of_a_graph_is_that_of_keras(build, show_trainable):
    ours, theirs = map(build, LIBRARIES)
    lines = table(ours, show_trainable=show_trainable)
    assert lines == table(theirs, show_trainable=show_trainable)
    joined = build not in (line_of_symbols, two_ends_net)
    assert ("Connected to" in lines[2]) == joined
    assert len(lines[2]) == (108 if joined else 88) + 12 * show_trainable


@pytest.mark.parametrize("columns", [70, 100, 116])
def test_the_summary_fits_the_terminal_as_that_of_keras(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for build, most in ((branches_net, 108), (image_net, 88)):
        ours, theirs = map(build, LIBRARIES)
        assert len(table(ours)[2]) == len(table(theirs)[2]) == min(columns - 4, most)
    ours, theirs = map(image_net, LIBRARIES)
    part = {"show_trainable": True, "layer_range": ("flatten", "flatten")}
    assert table(ours, **part)[1:6] == table(theirs, **part)[1:6]


@pytest.mark.parametrize(
    "layer_range",
    [("norm", "sum"), ("sum", "norm"), ("f", "f"), ("wide", "wide"), ["(one|deep)", ".*"]],
    ids=str,
)
def test_part_of_a_summary_is_that_of_keras(layer_range):
    ours, theirs = map(branches_net, LIBRARIES)
    assert table(ours, layer_range=layer_range) == table(theirs, layer_range=layer_range)


@pytest.mark.parametrize(
    "wrong",
    [
        {"layer_range": ("wide",)},
        {"layer_range": ("wide", 2)},
        {"layer_range": ("wide", "nope")},
        {"line_length": 20},
        {"positions": (0.3, 0.6, 0.5, 1.0)},
    ],
    ids=str,
)
def test_what_keras_refuses_in_a_summary_is_refused(wrong):
    for build in LIBRARIES:
        with pytest.raises(ValueError, match=r"(?i)layer_|width|column"):
            table(branches_net(build), **wrong)


@every_net
def test_freezing_changes_the_counts_as_in_keras(build):
    ours, theirs = map(build, LIBRARIES)
    for model in (ours, theirs):
        model.layers[-1].trainable = False
    assert table(ours, show_trainable=True) == table(theirs, show_trainable=True)


@pytest.mark.parametrize("name", ["plot_model", "model_to_dot"])
def test_pictures_take_the_arguments_of_keras(name):
    ours, theirs = (
        inspect.signature(getattr(library.utils, name)).parameters.values() for library in LIBRARIES
    )
    assert [(p.name, p.kind, p.default) for p in ours if p.name != "ax"] == [
        (p.name, p.kind, p.default) for p in theirs
    ]  # plot_model draws on given Axes too


@pytest.mark.parametrize(
    "make", [lambda k: k.layers.Dense(3, name="d"), deferred_net], ids=["layer", "model"]
)
def test_representations_are_those_of_keras(make):
    ours, theirs = map(make, LIBRARIES)
    assert repr(ours) == repr(theirs)
