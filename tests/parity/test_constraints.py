import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import assert_agree

from chainrule import constraints
from chainrule.constraints import CONSTRAINTS
from chainrule.core.rule import update_rule
from chainrule.errors import ArgumentError, UnknownNameError

MADE = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("MaxNorm", {"max_value": 0.0, "axis": -1}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.5, "rate": 0.3, "axis": 1}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
]
every = pytest.mark.parametrize(("name", "options"), MADE, ids=str)
SEVERAL_AXES = [(name, {"axis": [0, 1, 2]}) for name in ("MaxNorm", "MinMaxNorm", "UnitNorm")]


def both(name, options):
    return tuple(getattr(library.constraints, name)(**options) for library in LIBRARIES)


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(data=st.data(), shape=st.sampled_from([(3, 4), (1, 1), (4, 2, 3)]))
@settings(max_examples=25, deadline=None)
def test_weights_become_those_of_keras(name, options, dtype, data, shape):
    elements = st.floats(-4, 4, allow_subnormal=False) | st.just(0.0)  # XLA flushes them
    w = data.draw(arrays(np.float64, shape, elements=elements)).astype(dtype)
    before = w.copy()
    ours, theirs = both(name, options)
    assert ours(w).dtype == dtype
    assert_agree(ours(w), theirs(w), f"of weights, {dtype}", f"{name} of {w}")
    assert np.array_equal(w, before)


@pytest.mark.parametrize(("name", "options"), SEVERAL_AXES, ids=str)
def test_kernels_of_convolutions_are_constrained_filter_by_filter(name, options):
    w = np.random.default_rng(0).normal(size=(3, 3, 2, 5))
    ours, theirs = both(name, {"axis": [0, 1, 2]})
    assert_agree(ours(w), theirs(w), "of weights, float64", name)
    assert np.all(np.sqrt(np.sum(ours(w) ** 2, axis=(0, 1, 2))) <= 2)


@pytest.mark.parametrize("name", ["MaxNorm", "MinMaxNorm", "UnitNorm"])
def test_epsilon_is_that_of_the_configuration(name, monkeypatch):
    w = np.random.default_rng(0).normal(size=(3, 4))
    monkeypatch.setattr("chainrule.config.epsilon", lambda: 0.1)
    monkeypatch.setattr("keras.src.backend.epsilon", lambda: 0.1)
    ours, theirs = both(name, {})
    assert_agree(ours(w), theirs(w), "of weights, float64", name)


@pytest.mark.parametrize(("name", "options"), [*MADE, *SEVERAL_AXES], ids=str)
def test_configurations_are_those_of_keras(name, options):
    ours, theirs = both(name, options)
    assert json.loads(json.dumps(ours.get_config())) == theirs.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.get_config()
    for serialised in (
        json.loads(json.dumps(constraints.serialize(ours))),
        keras.constraints.serialize(theirs),
    ):
        for again in (constraints.get(serialised), constraints.deserialize(serialised)):
            assert type(again) is type(ours)
            assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("name", CONSTRAINTS.names)
def test_names_and_aliases_mean_the_same_constraint(name):
    ours, theirs = (library.constraints.get(name) for library in LIBRARIES)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config() == theirs.get_config()
    for library in LIBRARIES:
        kind = getattr(library.constraints, name)
        assert type(library.constraints.get(name)) is kind
        assert type(library.constraints.get(kind.__name__)) is kind
        assert type(library.constraints.get(kind)) is kind
        made = kind()
        assert library.constraints.get(made) is made
        assert library.constraints.get(None) is None


def test_errors():
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="Could not interpret constraint identifier"):
            library.constraints.get("max_form")
    with pytest.raises(UnknownNameError, match="Did you mean 'max_norm'"):
        constraints.get("max_form")
    with pytest.raises(ArgumentError, match="plain function"):
        constraints.get(lambda w: w)
    with pytest.raises(ArgumentError, match="Received: max_value=-1"):
        constraints.MaxNorm(-1)
    with pytest.raises(ArgumentError, match="Received: min_value=2, max_value=1"):
        constraints.MinMaxNorm(2, 1)
    with pytest.raises(ArgumentError, match=r"Received: rate=1\.5"):
        constraints.MinMaxNorm(rate=1.5)
    with pytest.raises(ArgumentError, match=r"Received: axis=\[0, 'a'\]"):
        constraints.UnitNorm([0, "a"])


def test_lists_become_of_the_global_float_type():
    made = constraints.NonNeg()([-1, 2])
    assert made.tolist() == [0, 2]
    assert made.dtype == "float32"


def test_a_constraint_of_ones_own():
    @update_rule("test_at_most", "theta[*S] -> theta[*S]")
    def at_most(theta, *, bound):
        return np.minimum(theta, bound)  # θ ← min(θ, b)

    class AtMost(constraints.Constraint):
        rule = at_most

        def __init__(self, bound):
            self.bound = bound

    made = AtMost(1.5)
    assert made([1.0, 2.0]).tolist() == [1, 1.5]
    assert repr(made) == "AtMost(bound=1.5)"
    assert constraints.deserialize(constraints.serialize(made), {"AtMost": AtMost}).bound == 1.5
