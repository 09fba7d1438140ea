"""A trace as data: complete, strictly valid JSON, and small where the network is large."""

import json

import numpy as np
import pytest
from tests.builders import classifier, regressor

from chainrule import layers
from chainrule.glass.trace.document import HEAT, heat, summary
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential

X = np.array([[1.0, 1.0], [0.25, 0.625], [0.875, 0.75]])
Y = np.array([[1.0], [0.35714286], [0.83928571]])


def strict(text):
    """JSON as the standard has it: no NaN, no Infinity."""

    def refuse(word):
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def document():
    trace = regressor("adam").trace(X, Y)
    trace.step()
    return strict(trace.to_json())


def test_the_outline(document):
    assert (document["format"], document["version"]) == ("chainrule.trace", 1)
    assert (document["lang"], document["notation"]) == ("en", "textbook")
    assert [step["number"] for step in document["steps"]] == [1, 2]
    assert document["network"]["drawn"] == "neurons"
    assert document["words"]["forward"] == "Forward pass"


def test_layers_say_what_a_drawing_needs(document):
    first, second = document["network"]["layers"]
    assert first == {
        "name": "dense",
        "type": "Dense",
        "units": 3,
        "shape": [None, 3],
        "activation": "sigmoid",
        "from": ["x"],
        "output": "dense/a",
        "pre_activation": "dense/z",
        "kernel": "dense/kernel",
        "bias": "dense/bias",
        "parameters": ["dense/kernel", "dense/bias"],
    }
    assert second["from"] == ["dense/a"]
    assert document["network"]["inputs"] == [{"name": "x", "units": 2, "shape": [None, 2]}]
    assert document["network"]["outputs"] == ["dense_1/a"]
    assert document["network"]["target"] == "y_true"


def test_every_name_of_the_network_is_an_entry(document):
    names = {entry["name"] for entry in document["steps"][0]["entries"]}
    for layer in document["network"]["layers"]:
        for key in ("output", "pre_activation", "kernel", "bias"):
            assert layer[key] in names


def test_cells_say_what_they_read(document):
    entries = {entry["name"]: entry for entry in document["steps"][0]["entries"]}
    cell = entries["dense/z"]["cells"]["0,1"]
    assert cell["reads"][:2] == [["x", [0, 0]], ["dense/kernel", [0, 1]]]
    assert cell["value"] == entries["dense/z"]["value"][0][1]
    assert cell["text"].startswith("z₁[0,1] = 1 · ")
    assert "cells" not in entries["x"]


def test_every_read_is_of_an_entry_and_a_place_in_it(document):
    for step in document["steps"]:
        shapes = {entry["name"]: entry["shape"] for entry in step["entries"]}
        for entry in step["entries"]:
            for cell in entry.get("cells", {}).values():
                for name, index in cell["reads"]:
                    assert len(index) == len(shapes[name])


def test_numbers_survive():
    trace = regressor("adam").trace(X, Y)
    found = {entry["name"]: entry for entry in strict(trace.to_json())["steps"][0]["entries"]}
    for entry in trace.steps[0]:
        assert np.array_equal(found[entry.name]["value"], np.asarray(entry.value, np.float64))


def test_what_is_not_finite_is_a_word():
    model = regressor("sgd")
    weights = model.get_weights()
    weights[0][0, 0], weights[0][0, 1] = np.inf, np.nan
    model.set_weights(weights)
    document = strict(model.trace(X, Y).to_json())
    kernel = next(e for e in document["steps"][0]["entries"] if e["name"] == "dense/kernel")
    assert kernel["value"][0][:2] == ["Infinity", "NaN"]
    assert document["steps"][0]["loss"] == "NaN"


def test_a_large_network_is_drawn_by_layers_with_maps():
    model = Sequential(
        [Input((28, 28)), layers.Flatten(), Dense(128, "relu"), Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).uniform(size=(3, 28, 28))
    text = model.trace(x, [1, 2, 3]).to_json()
    document = strict(text)
    assert document["network"]["drawn"] == "layers"
    kernel = next(e for e in document["steps"][0]["entries"] if e["name"] == "dense/kernel")
    assert "value" not in kernel
    assert "cells" not in kernel
    assert (len(kernel["heat"]), len(kernel["heat"][0])) == (HEAT, HEAT)
    assert set(kernel["summary"]) == {"min", "max", "mean", "norm", "nonfinite"}
    assert len(text) < 2_000_000


def test_a_network_of_several_inputs_and_a_layer_that_does_nothing():
    left, right = Input((2,), name="left"), Input((3,), name="right")
    joined = layers.Concatenate(name="both")([left, layers.Dropout(0.0, name="idle")(right)])
    model = Model([left, right], Dense(1, name="out")(joined))
    model.compile("sgd", "mse")
    trace = model.trace([np.ones((2, 2)), np.ones((2, 3))], np.ones((2, 1)))
    network = strict(trace.to_json())["network"]
    assert [part["name"] for part in network["inputs"]] == ["x/left", "x/right"]
    idle, both, out = network["layers"]
    assert (idle["name"], idle["output"], idle["from"]) == ("idle", "x/right", ["x/right"])
    assert both["from"] == ["x/left", "x/right"]
    assert out["from"] == [both["output"]]


def test_a_heat_map_keeps_the_mean():
    array = np.random.default_rng(0).normal(size=(200, 128))
    table = heat(array)
    assert table.shape == (HEAT, HEAT)
    assert heat(np.ones((3, 5))).tolist() == np.ones((3, 5)).tolist()
    assert heat(np.full((1000, 7), 2.5)).mean() == pytest.approx(2.5)


def test_a_summary_counts_what_is_not_finite():
    facts = summary(np.array([3.0, -4.0, np.nan, np.inf]))
    assert facts == {"min": -4.0, "max": 3.0, "mean": -0.5, "norm": 5.0, "nonfinite": 2}
    assert summary(np.array([np.nan])) == {
        "min": None, "max": None, "mean": None, "norm": None, "nonfinite": 1,
    }  # fmt: skip


def test_it_is_written_to_a_file(tmp_path):
    trace = classifier().trace(np.ones((2, 4)), [0, 2])
    text = trace.to_json(tmp_path / "trace.json")
    assert (tmp_path / "trace.json").read_text("utf-8") == text
