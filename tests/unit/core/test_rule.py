import copy
import importlib
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from chainrule.activations import sigmoid
from chainrule.core.registry import Registry
from chainrule.core.rule import RULES, Rule
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.losses import mean_squared_error, sparse_categorical_crossentropy


def test_a_derivative_may_ask_only_for_what_the_rule_has():
    rule = Rule("probe", "x[*S] -> y[*S]", lambda x: x)
    with pytest.raises(ArgumentError, match="unknown"):
        rule.wrt("x")(lambda w, y_bar: y_bar)
    with pytest.raises(ArgumentError):
        rule.wrt("w")(lambda y_bar: y_bar)


def test_parameters_must_be_the_inputs_of_the_shape_text():
    with pytest.raises(ArgumentError, match="inputs of its shape text"):
        Rule("probe", "x[N] w[N] -> y[N]", lambda w, x: x)


def test_calling_a_rule_takes_lists_and_keeps_float_types():
    assert sigmoid([0, 0]).dtype == np.float32
    assert sigmoid(np.zeros(2)).dtype == np.float64
    assert sigmoid(0.0) == 0.5


def test_a_rule_is_itself_after_pickling_and_copying():
    assert pickle.loads(pickle.dumps(sigmoid)) is sigmoid
    assert copy.deepcopy(sigmoid) is sigmoid


def test_a_name_is_given_once():
    registry = Registry("thing")
    registry.add("a", 1, "b")
    with pytest.raises(ArgumentError, match="taken"):
        registry.add("b", 2)


def test_a_users_own_name_can_be_given_again():
    def first(): ...
    def second(): ...

    registry = Registry("thing")
    registry.add("mine", first)
    registry.add("mine", second)
    assert registry.find("mine") is second
    assert registry.names == ("mine",)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'sigmoid'"):
        RULES.find("sigmod")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A package of two modules: one registers what it defines, one is looked at by name."""
    (tmp_path / "shelf").mkdir()
    texts = {
        "__init__": "from chainrule.core.registry import Registry\nTHINGS = Registry('thing')",
        "told": "from shelf import THINGS\nTHINGS.add('here', 1)",
        "named": "thing = 2",
    }
    for name, text in texts.items():
        (tmp_path / "shelf" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("shelf")
    for module in [name for name in sys.modules if name.split(".")[0] == "shelf"]:
        del sys.modules[module]


def test_a_promised_entry_is_loaded_when_it_is_looked_up(shelf):
    things = shelf.THINGS
    things.promise("shelf.named", "second", "thing", "other")
    assert things.names == ("second",)
    assert list(things) == ["second", "thing", "other"]
    with pytest.raises(UnknownNameError, match="Did you mean 'second'"):
        things.find("secnd")
    assert "shelf.named" not in sys.modules
    assert things["second"] == things.find("thing") == things.get("other") == 2
    with pytest.raises(ArgumentError, match="taken"):
        things.add("other", 3)


@pytest.mark.parametrize(
    "asks",
    [
        lambda things: things["here"],
        lambda things: things.find("here"),
        lambda things: "here" in things,
        lambda things: "here" in [*things],
        lambda things: "here" in things.names,
        len,
    ],
)
def test_expected_entries_are_loaded_when_one_is_missing_or_all_are_asked_for(shelf, asks):
    shelf.THINGS.expect("shelf", ["told"])
    assert "shelf.told" not in sys.modules
    assert asks(shelf.THINGS)


def test_what_a_name_means_does_not_depend_on_what_is_loaded():
    code = """
        from chainrule.core.rule import elementwise
        import chainrule.activations
        try:
            elementwise("softmax")(lambda z: z)
        except ValueError as error:
            print(error)
    """
    assert "already taken" in subprocess.check_output(
        [sys.executable, "-c", textwrap.dedent(code)], text=True
    )


def test_a_loss_function_takes_lists_by_place_or_name():
    by_place = sparse_categorical_crossentropy([1, 0], [[0.25, 0.75], [0.5, 0.5]])
    by_name = sparse_categorical_crossentropy(y_pred=[[0.25, 0.75], [0.5, 0.5]], y_true=[1, 0])
    assert np.array_equal(by_place, by_name)
    np.testing.assert_allclose(by_place, -np.log([0.75, 0.5]), rtol=1e-6)


def test_a_row_against_a_column_is_no_square_and_what_does_not_fit_is_refused():
    row, column = np.array([1.0, 2, 3]), np.array([[1.0], [2], [3]])
    assert mean_squared_error(row, column).tolist() == [0, 0, 0]
    assert mean_squared_error(column, row).tolist() == [0, 0, 0]
    with pytest.raises(ShapeError, match="y_pred"):
        mean_squared_error(row, np.ones((3, 3)))
