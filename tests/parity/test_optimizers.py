"""Update rules, their options and their configurations: 50 steps are those of Keras."""

import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.paths import STEPS, assert_same_path
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule import optimizers
from chainrule.errors import ArgumentError

VARIANTS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.8}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.8, "rho": 0.5, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"beta_1": 0.0, "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.5, "amsgrad": True}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-3}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "epsilon": 1e-3}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False, "clip_threshold": 0.5, "beta_2_decay": -0.5}),
    ("Adafactor", {"epsilon_1": 1e-3, "epsilon_2": 0.9}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.9}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Ftrl", {}),
    ("Ftrl", {"learning_rate_power": -0.8, "initial_accumulator_value": 0.5, "beta": 0.3}),
    ("Ftrl", {"l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": 0.1}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "momentum": 0.5}),
    ("Muon", {"exclude_layers": ["dense"], "exclude_embeddings": False, "adam_lr_ratio": 0.5}),
    ("Muon", {"adam_weight_decay": None, "weight_decay": 0.5, "adam_beta_1": 0.5}),
    ("Muon", {"muon_a": 3.0, "muon_b": -4.0, "muon_c": 1.5, "weight_decay": None}),
]

NAMES = list(dict.fromkeys(name for name, _ in VARIANTS))

every_variant = pytest.mark.parametrize(
    ("name", "options"),
    VARIANTS,
    ids=[" ".join([name, *(f"{k}={v}" for k, v in o.items())]) for name, o in VARIANTS],
)
every_optimizer = pytest.mark.parametrize("name", NAMES)


def test_no_optimizer_is_left_out():
    assert [name.lower() for name in NAMES] == list(optimizers.OPTIMIZERS.names)


@every_variant
def test_fifty_steps_are_those_of_keras(name, options, float64):
    assert_same_path(name, options)


@every_variant
def test_a_learning_rate_set_on_the_way_counts_from_there(name, options, float64):
    assert_same_path(name, options, first=1, changes={10: 0.5, 30: 0.001})


@every_variant
def test_scalars_of_many_steps_are_those_of_each(name, options):
    optimizer = getattr(optimizers, name)(**options)
    together = optimizer.scalars(1, STEPS)
    for t in range(1, STEPS + 1):
        for option, of_step in optimizer.scalars(t, 1).items():
            assert of_step.tolist() == [together[option][t - 1]]


@every_variant
def test_a_configuration_makes_the_same_optimizer_in_both(name, options):
    config = getattr(optimizers, name)(0.25, **options).get_config()
    theirs = getattr(keras.optimizers, name).from_config(dict(config)).get_config()
    assert list(config) == list(theirs)
    assert config == theirs
    assert getattr(optimizers, name).from_config(theirs).get_config() == config


@every_optimizer
def test_defaults_and_names_are_those_of_keras(name):
    ours, theirs = (getattr(library.optimizers, name)().get_config() for library in LIBRARIES)
    assert_agree(ours.pop("learning_rate"), theirs.pop("learning_rate"), "float32 setting", name)
    assert ours == theirs


@every_optimizer
def test_strings_are_understood_in_any_case_as_by_keras(name):
    for text in (name, name.lower(), name.upper()):
        found = [chainrule.optimizers.get(text)]
        found += [keras.optimizers.get(text)] if name != "Lamb" else []  # not a string there
        assert {type(optimizer).__name__ for optimizer in found} == {name}


@every_optimizer
def test_what_keras_saved_is_understood(name):
    theirs = getattr(keras.optimizers, name)(0.25, use_ema=True, name="mine")
    for text in (name, name.lower()):
        saved = {**keras.optimizers.serialize(theirs), "class_name": text}
        for read in (optimizers.get, optimizers.deserialize):
            found = read(saved)
            assert type(found).__name__ == name
            assert found.get_config() == theirs.get_config()


BAD = [
    ("SGD", {"momentum": 1.5}),
    ("SGD", {"momentum": -0.1}),
    ("SGD", {"clipnorm": 1.0, "clipvalue": 1.0}),
    ("Adam", {"clipnorm": 1.0, "global_clipnorm": 1.0}),
    ("Adam", {"clipvalue": 1.0, "global_clipnorm": 1.0}),
    ("Adam", {"use_ema": True, "ema_momentum": 1.5}),
    ("Adam", {"use_ema": True, "ema_momentum": -0.5}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": -2}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": 1.5}),
    ("Adam", {"gradient_accumulation_steps": 1}),
    ("Adam", {"learning_rate": "fast"}),
    ("Adam", {"learning_rate": None}),
    ("Adam", {"beta_3": 0.9}),
    ("AdamW", {"weight_decay": None}),
    ("Lion", {"beta_1": 0.0}),
    ("Lion", {"beta_1": 1.1}),
    ("Ftrl", {"initial_accumulator_value": -1.0}),
    ("Ftrl", {"learning_rate_power": 0.5}),
    ("Ftrl", {"l1_regularization_strength": -1.0}),
    ("Ftrl", {"l2_regularization_strength": -1.0}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": -1.0}),
]


@pytest.mark.parametrize(("name", "options"), BAD, ids=str)
def test_what_keras_refuses_is_refused(name, options):
    with pytest.raises(ValueError):  # noqa: PT011  (its messages are Keras' own)
        getattr(keras.optimizers, name)(**options)
    with pytest.raises(ArgumentError, match=r"Received: \w+="):
        getattr(optimizers, name)(**options)


def test_decay_is_ignored_with_a_warning():
    for library in LIBRARIES:
        with pytest.warns(UserWarning, match="`decay`.*ignored"):
            library.optimizers.SGD(decay=0.1)


@pytest.mark.parametrize("value", [2, np.float32(0.5)], ids=["integer", "NumPy"])
def test_more_numbers_are_learning_rates_than_in_keras(value):
    with pytest.raises(ValueError, match="should be float"):
        keras.optimizers.SGD(learning_rate=value)
    assert optimizers.SGD(learning_rate=value).learning_rate == float(value)
