"""A user's own layer, activation and loss: rules and a small class in a file of theirs."""

import sys

import numpy as np
import pytest

from chainrule.core.custom import get_custom_objects
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential, clone_model, load_model
from chainrule.testing import check_rule
from chainrule.utils import set_random_seed

SOURCE = """
import numpy as np
from chainrule import Layer, elementwise, rule
from chainrule.losses import LossRule
from chainrule.saving import register_keras_serializable


@rule("scaled_tanh", "x[*N,C] gain[C] -> y[*N,C]")
def scaled_tanh(x, gain):
    return gain * np.tanh(x)  # y = g tanh(x)


@scaled_tanh.wrt("x")
def scaled_tanh_wrt_x(x, gain, y_bar):
    return y_bar * gain * (1 - np.tanh(x) ** 2)  # ∂L/∂x = ȳ g (1 − tanh² x)


@scaled_tanh.wrt("gain")
def scaled_tanh_wrt_gain(x, gain, y_bar):
    return np.sum((y_bar * np.tanh(x)).reshape(-1, gain.shape[0]), axis=0)  # ∂L/∂g = Σₙ ȳ tanh(x)


@register_keras_serializable()
class ScaledTanh(Layer):
    def build(self, input_shape):
        self.add_weight((input_shape[-1],), "ones", name="gain")

    def expand(self, graph, x):
        return graph.apply(scaled_tanh, {"x": x, "gain": self.weight_name("gain")}, "y")


@elementwise("cubed")
def cubed(z):
    return z * z * z  # y = z³


@cubed.wrt("z")
def cubed_wrt_z(z, y_bar):
    return 3 * z * z * y_bar  # ∂L/∂z = 3 z² ȳ


@rule("fourth_power", "y_true[*N,K] y_pred[*N,K] -> losses[*N]", kind=LossRule)
def fourth_power(y_true, y_pred):
    return np.sum((y_pred - y_true) ** 4, axis=-1)  # ℓ = Σₖ (pₖ − tₖ)⁴


@fourth_power.wrt("y_pred")
def fourth_power_wrt_y_pred(y_true, y_pred, losses_bar):
    return losses_bar[..., None] * 4 * (y_pred - y_true) ** 3  # ∂L/∂pₖ = 4 ℓ̄ (pₖ − tₖ)³
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's file, imported; forgotten afterwards."""
    (tmp_path / "own_parts.py").write_text(SOURCE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from chainrule.core.rule import RULES

    before, rules = dict(get_custom_objects()), (dict(RULES), list(RULES.names))
    module = __import__("own_parts")
    yield module
    get_custom_objects().clear()
    get_custom_objects().update(before)
    RULES._entries, RULES._names = rules
    del sys.modules["own_parts"]


def trained(own):
    set_random_seed(1)
    model = Sequential([Input((3,)), Dense(4, own.cubed), own.ScaledTanh(), Dense(1)])
    model.compile("adam", own.fourth_power)
    x = np.random.default_rng(0).normal(size=(50, 3))
    history = model.fit(x, x[:, :1], epochs=3, verbose=0)
    return model, x, history


def test_its_rules_are_checked_as_chainrules_are(own):
    for rule in (own.scaled_tanh, own.cubed, own.fourth_power):
        check_rule(rule)


def test_it_trains_and_can_be_called_on_an_array(own):
    model, _, history = trained(own)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert not np.array_equal(model.layers[1].gain, np.ones(4))
    assert np.allclose(own.ScaledTanh()(np.ones((2, 3))), np.tanh(1))


def test_it_is_saved_and_found_again_by_its_registered_name(own, tmp_path):
    model, x, _ = trained(own)
    model.save(tmp_path / "own.safetensors")
    loaded = load_model(tmp_path / "own.safetensors")
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert isinstance(loaded.layers[1], own.ScaledTanh)
    assert loaded.train_on_batch(x, x[:, :1]) == model.train_on_batch(x, x[:, :1])


def test_it_is_found_in_custom_objects(own, tmp_path):
    model, x, _ = trained(own)
    model.save(tmp_path / "own.safetensors")
    names = {"ScaledTanh": own.ScaledTanh, "cubed": own.cubed, "fourth_power": own.fourth_power}
    get_custom_objects().clear()
    loaded = load_model(tmp_path / "own.safetensors", custom_objects=names)
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert not get_custom_objects()


def test_it_has_a_place_in_graphs_and_their_copies(own):
    x = Input((3,))
    once = own.ScaledTanh()
    model = Model(x, once(once(x)))
    assert clone_model(model).count_params() == model.count_params() == 3


def test_the_file_can_be_run_again_as_a_notebooks_cell_is(own):
    exec(compile(SOURCE, own.__file__, "exec"), {"__name__": "own_parts"})
    check_rule(get_custom_objects()["cubed"])
