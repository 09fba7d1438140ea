"""Configurations of layers: ours make the same layer again, Keras' make ours, and ours Keras'."""

import json

import keras
import numpy as np
import pytest
from tests.parity.layer_cases import ALL, Case

import chainrule
from chainrule.errors import ArgumentError
from chainrule.layers import deserialize, serialize

HELD = Case(
    "Dense",
    ((6,),),
    {
        "units": 3,
        "activation": "relu",
        "name": "held",
        "trainable": False,
        "dtype": "float64",
        "kernel_initializer": lambda k: k.initializers.HeNormal(seed=3),
        "kernel_regularizer": lambda k: k.regularizers.L1L2(0.1, 0.2),
        "bias_regularizer": "l2",
        "activity_regularizer": lambda k: k.regularizers.L1(0.3),
        "kernel_constraint": lambda k: k.constraints.MinMaxNorm(0.1, 0.9),
        "bias_constraint": "non_neg",
    },
)
CASES = [HELD, *{str(case.of(chainrule).get_config() | {"name": 0}): case for case in ALL}.values()]
"""Each configuration once, whatever the shapes."""

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def as_json(config):
    return json.loads(json.dumps(config))


def comparable(config, *without):
    """As JSON, without the name and what is told in other ways."""
    return {key: value for key, value in as_json(config).items() if key not in ("name", *without)}


@every_case
def test_a_configuration_makes_the_same_layer(case):
    layer = case.of(chainrule)
    config = as_json(layer.get_config())
    again = type(layer).from_config(config)
    assert as_json(again.get_config()) == config
    assert again.name == layer.name
    x = case.given(case.arrays())
    layer(x), again(x)
    again.set_weights(layer.get_weights())
    assert np.array_equal(again(x), layer(x))


@every_case
def test_a_configuration_of_keras_makes_ours(case):
    theirs = case.of(keras)
    ours = deserialize(as_json(keras.saving.serialize_keras_object(theirs)))
    assert ours.name == theirs.name
    assert ours.dtype == theirs.dtype
    expected = comparable(case.of(chainrule).get_config(), "dtype")
    assert comparable(ours.get_config(), "dtype") == expected


@every_case
def test_our_configuration_makes_that_of_keras(case):
    ours = case.of(chainrule)
    config = as_json(serialize(ours)["config"])
    again = type(case.of(keras)).from_config(config)
    assert again.name == ours.name
    expected = comparable(case.of(keras).get_config(), "dtype")
    assert comparable(again.get_config(), "dtype") == expected


@pytest.mark.parametrize(
    "options", [{"shape": (4,)}, {"batch_shape": (None, 2, 3), "dtype": "int32"}], ids=str
)
def test_input_layers_make_each_other(options):
    ours, theirs = (library.layers.InputLayer(**options) for library in (chainrule, keras))
    made = deserialize(as_json(keras.saving.serialize_keras_object(theirs)))
    assert made.name == theirs.name
    assert made.output.shape == theirs.batch_shape
    again = keras.layers.InputLayer.from_config(ours.get_config())
    assert again.batch_shape == theirs.batch_shape
    assert chainrule.layers.InputLayer.from_config(ours.get_config()).output.shape == (
        ours.output.shape
    )
    old = chainrule.layers.InputLayer.from_config({"batch_input_shape": [None, 3], "name": "old"})
    assert old.output.shape == (None, 3)


def test_what_is_not_offered_must_be_off():
    config = {
        "units": 2,
        "lora_rank": None,
        "quantization_config": None,
        "batch_input_shape": [9, 5],
    }
    layer = chainrule.layers.Dense.from_config(config)
    assert layer.declared_input_shape == (5,)
    for name, value in {"lora_rank": 4, "quantization_config": {"mode": "int8"}}.items():
        with pytest.raises(ArgumentError, match=f"`{name}` of Dense must be off"):
            chainrule.layers.Dense(2, **{name: value})
    for name in ("sparse", "ragged", "optional"):
        with pytest.raises(ArgumentError, match=name):
            chainrule.layers.InputLayer.from_config({"batch_shape": (None, 2), name: True})
    half = {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
    with pytest.raises(ArgumentError, match="mixed_float16"):
        chainrule.layers.Dense(2, dtype=half)


def test_an_adapted_discretization_keeps_boundaries_and_bins():
    layer = chainrule.layers.Discretization(num_bins=3)
    layer.adapt(np.arange(100.0))
    again = chainrule.layers.Discretization.from_config(as_json(layer.get_config()))
    assert again.bin_boundaries == layer.bin_boundaries
    theirs = keras.layers.Discretization.from_config(layer.get_config())
    assert theirs.bin_boundaries == layer.bin_boundaries
    assert chainrule.layers.Discretization.from_config(theirs.get_config()).num_bins == 3
    again.adapt(np.arange(10.0))
    assert again.bin_boundaries != layer.bin_boundaries


def test_numbers_that_keras_serialises_as_an_array():
    theirs = keras.layers.Rescaling(np.array([1.0, 2.0]), np.array([3.0]))
    ours = chainrule.layers.Rescaling.from_config(as_json(theirs.get_config()))
    assert (ours.scale, ours.offset) == ((1.0, 2.0), (3.0,))
