"""check_gradients: what is derived is measured, and a wrong rule is named."""

import json

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule.core.rule import elementwise
from chainrule.errors import ArgumentError, StateError
from chainrule.glass import check_gradients
from chainrule.layers import Activation, Dense, Dropout, Embedding, Flatten, Input
from chainrule.models import Sequential
from chainrule.utils import set_random_seed


@elementwise("checked_double")
def checked_double(z):
    """A rule of a user's own whose derivative is a little wrong."""
    return 2 * z  # y = 2 z


@checked_double.wrt("z")
def checked_double_wrt_z(y_bar):
    return 2.001 * y_bar  # ∂L/∂z = 2 ȳ


def doubling():
    set_random_seed(2)
    model = Sequential([Input((2,)), Dense(3, "tanh"), Activation("checked_double"), Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_model_of_the_library_is_right_in_every_parameter_and_the_input(make):
    model = make()
    x, y = blobs(7) if make is classifier else line(7)
    report = check_gradients(model, x, y)
    assert report.ok
    assert [t.name for t in report.tensors] == [*(s.name for s in model.layout), "x"]
    assert all(tensor.error < 1e-8 for tensor in report.tensors)
    assert [tensor.elements for tensor in report.tensors] == [
        *(slot.size for slot in model.layout),
        x.size,
    ]


def test_the_model_stays_as_it_is_though_all_is_computed_in_float64():
    model = regressor()
    x, y = line(5)
    before = model.theta.copy()
    check_gradients(model, x, y)
    assert model.dtype == "float32"
    assert np.array_equal(model.theta, before)
    assert model.optimizer.steps == 0


def test_sample_weights_and_penalties_are_part_of_the_loss():
    set_random_seed(5)
    model = Sequential([Input((2,)), Dense(3, "tanh", kernel_regularizer="l2"), Dense(1)])
    model.compile("sgd", "mse")
    x, y = line(4)
    weighted = check_gradients(model, x, y, np.array([1.0, 0, 3, 2]))
    assert weighted.ok
    assert weighted.loss != pytest.approx(check_gradients(model, x, y).loss)


def test_the_masks_of_dropout_are_held_still():
    set_random_seed(1)
    model = Sequential([Input((4,)), Dense(6, "tanh"), Dropout(0.5), Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert check_gradients(model, *blobs(8)).ok


def test_labels_are_no_measurements():
    set_random_seed(1)
    model = Sequential([Input((3,)), Embedding(5, 2), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    report = check_gradients(model, np.array([[0, 1, 4], [2, 2, 3]]), np.ones((2, 1)))
    assert report.ok
    assert "x" not in [tensor.name for tensor in report.tensors]


def test_a_large_tensor_is_measured_in_part_and_along_a_direction():
    set_random_seed(1)
    model = Sequential([Input((2,)), Dense(80, "tanh"), Dense(30, "tanh"), Dense(1)])
    model.compile("sgd", "mse")
    report = check_gradients(model, *line(3))
    assert report.ok
    assert max(tensor.elements for tensor in report.tensors) == 2000


def test_a_slightly_wrong_rule_is_caught_where_it_matters_and_named():
    report = check_gradients(doubling(), *line(5))
    assert not report.ok
    assert [f.verdict for f in report.findings] == ["diagnosed"] * 2 + ["right"] * 2 + ["diagnosed"]
    worst = report.findings[0]
    assert worst.faults == ("rule-derivative",)
    assert worst.error == pytest.approx(5e-4, rel=1e-3)
    assert "rule 'checked_double' with respect to 'z'" in worst.message
    assert "it gives 2.001 where 2 is measured" in worst.message
    assert worst.written.startswith("∂L/∂z = 2.001 * y_bar (")
    assert worst.right.startswith("y = 2 * z (")


def test_a_kink_is_not_blamed():
    set_random_seed(1)
    model = Sequential([Input((1,)), Dense(1, "relu", use_bias=False)])
    model.compile("sgd", "mse")
    report = check_gradients(model, np.zeros((2, 1)), np.ones((2, 1)))
    kernel, x = report.findings
    assert kernel.verdict == "right"
    assert x.verdict == "unchecked"
    assert report.ok


def test_the_report_is_a_table_and_data():
    report = check_gradients(doubling(), *line(5))
    text = str(report).splitlines()
    assert text[1].split() == ["tensor", "worst", "element", "derived", "measured", "error"]
    assert any("kernel[" in one and one.endswith("diagnosed") for one in text)
    told = json.loads(json.dumps(report.to_dict()))
    assert told["ok"] is False
    assert told["findings"][0]["faults"] == ["rule-derivative"]


def test_it_needs_a_compiled_model_of_the_library():
    with pytest.raises(ArgumentError, match="check_backprop"):
        check_gradients(object(), [[1.0]], [[1.0]])
    with pytest.raises(StateError):
        check_gradients(Sequential([Input((1,)), Dense(1)]), np.ones((1, 1)), np.ones((1, 1)))
