import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import assert_agree

from chainrule import regularizers
from chainrule.core.rule import rule
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.regularizers import REGULARIZERS

MADE = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.2, "l2": 0.7}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 2.5, "mode": "columns"}),
]
every = pytest.mark.parametrize(("name", "options"), MADE, ids=str)
of_any_shape = pytest.mark.parametrize(
    ("name", "options"), [m for m in MADE if "Ortho" not in m[0]], ids=str
)


def both(name, options):
    return tuple(getattr(library.regularizers, name)(**options) for library in LIBRARIES)


def gradient(regularizer, w):
    """By our own derivative."""
    made = regularizer.rule.cotangents["w"]
    return made(w, w.dtype.type(1), **regularizer.options)


def assert_same(name, options, w, kind="of weights, float64"):
    ours, theirs = both(name, options)
    assert_agree(ours(w), theirs(jax.numpy.asarray(w)), kind, f"{name} of {w}")
    slope = jax.grad(lambda w: theirs(w))(w)
    assert_agree(gradient(ours, w), slope, kind, f"the gradient of {name} at {w}")


@every
@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (6, 2)])
def test_values_and_gradients_are_those_of_keras(float64, name, options, shape):
    assert_same(name, options, np.random.default_rng(0).normal(size=shape))


@every
def test_float32_stays_float32(name, options):
    w = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    assert_same(name, options, w, "of weights, float32")
    ours, _ = both(name, options)
    assert ours(w).dtype == gradient(ours, w).dtype == "float32"


@of_any_shape
@given(
    w=arrays(
        np.float64,
        st.sampled_from([(), (0,), (4,), (2, 1, 3)]),
        elements=st.floats(0.001, 1e3) | st.floats(-1e3, -0.001),
    )
)
@settings(max_examples=25, deadline=None)
def test_arrays_of_any_shape(name, options, w):
    keras.config.set_floatx("float64")  # a fixture would be made once for all examples
    assert_same(name, options, w)


def test_the_derivative_of_a_magnitude_is_0_at_its_kink():
    """As in Keras on TensorFlow and PyTorch; JAX takes it from the right."""
    ours, theirs = both("L1", {})
    assert gradient(ours, np.zeros(3)).tolist() == [0, 0, 0]
    assert jax.grad(lambda w: theirs(w))(np.zeros(3)).tolist() == pytest.approx([0.01] * 3)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_short_vectors_count_as_of_length_epsilon(float64, mode):
    w = np.array([[3.0, 1e-9, 0.0], [1.0, -2e-9, 0.0], [2.0, 1e-9, 0.0]])
    w = w.T if mode == "rows" else w
    ours, theirs = both("OrthogonalRegularizer", {"mode": mode})
    assert_agree(ours(w), theirs(jax.numpy.asarray(w)), "of weights, float64")
    slope = np.asarray(jax.grad(lambda w: theirs(w))(w))
    of_zero = (2, slice(None)) if mode == "rows" else (slice(None), 2)
    assert np.all(np.isnan(slope[of_zero]))
    assert np.all(gradient(ours, w)[of_zero] == 0)
    assert_agree(
        gradient(ours, w)[~np.isnan(slope)], slope[~np.isnan(slope)], "of weights, float64"
    )


def test_a_single_vector_has_no_penalty():
    ours, theirs = both("OrthogonalRegularizer", {})
    assert ours([[1.0, 2.0]]) == 0
    assert np.all(gradient(ours, np.array([[1.0, 2.0]])) == 0)
    assert np.isnan(theirs(jax.numpy.array([[1.0, 2.0]])))


@every
def test_configurations_are_those_of_keras(float64, name, options):
    ours, theirs = both(name, options)
    assert ours.get_config() == theirs.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.get_config()
    for serialised in (
        regularizers.serialize(ours),
        keras.regularizers.serialize(theirs),
    ):
        for again in (regularizers.get(serialised), regularizers.deserialize(serialised)):
            assert type(again) is type(ours)
            assert again.get_config() == ours.get_config()
    assert keras.regularizers.get(regularizers.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("name", [*REGULARIZERS.names, "L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_names_mean_the_same_regularizer(name):
    ours, theirs = (library.regularizers.get(name) for library in LIBRARIES)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config() == pytest.approx(theirs.get_config())


@pytest.mark.parametrize("alias", ["l1", "l2", "l1_l2", "orthogonal_regularizer"])
def test_aliases_are_those_of_keras(alias):
    ours, theirs = (getattr(library.regularizers, alias) for library in LIBRARIES)
    assert ours.__name__ == theirs.__name__


def test_what_else_names_a_regularizer():
    for library in LIBRARIES:
        assert library.regularizers.get(None) is None
        assert isinstance(
            library.regularizers.get(library.regularizers.L2), library.regularizers.L2
        )
        made = library.regularizers.L1(0.2)
        assert library.regularizers.get(made) is made
    assert type(regularizers.get("l1_l2")) is regularizers.L1L2
    with pytest.raises(ValueError, match="Could not interpret"):
        keras.regularizers.get("l1_l2")


@pytest.mark.parametrize("value", [-1, np.inf, np.nan, "a"])
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("L1", "l1"),
        ("L2", "l2"),
        ("L1L2", "l1"),
        ("L1L2", "l2"),
        ("OrthogonalRegularizer", "factor"),
    ],
)
def test_strengths_that_keras_refuses(name, argument, value):
    for library in LIBRARIES:
        with pytest.raises(ValueError, match=f"{argument}.*Received: {argument}="):
            getattr(library.regularizers, name)(**{argument: value})


def test_other_errors_of_keras():
    for library in LIBRARIES:
        with pytest.raises(ValueError, match=r"mode.*Received: mode="):
            library.regularizers.OrthogonalRegularizer(mode="diagonals")
        with pytest.raises(ValueError, match="Could not interpret"):
            library.regularizers.get("l3")
    with pytest.raises(UnknownNameError, match="regularizer"):
        regularizers.get(7)
    with pytest.raises(ShapeError, match="2 axes"):
        regularizers.OrthogonalRegularizer()(np.ones(3))
    with pytest.raises(ArgumentError, match="no derivative"):
        regularizers.get(lambda w: 0.0)


def test_a_regularizer_of_ones_own():
    @rule("test_fourth_power", "w[*S] -> y[]")
    def fourth_power(w, *, strength):
        return strength * np.sum(w**4)  # y = λ Σ w⁴

    class FourthPower(regularizers.Regularizer):
        rule = fourth_power

        def __init__(self, strength=0.5):
            self.strength = strength

    made = FourthPower(2.0)
    assert made([1.0, 2.0]) == 34
    assert repr(made) == "FourthPower(strength=2.0)"
    assert regularizers.get(FourthPower).options == {"strength": 0.5}
    own = {"FourthPower": FourthPower}
    assert regularizers.deserialize(regularizers.serialize(made), own).strength == 2
    with pytest.raises(UnknownNameError):
        regularizers.deserialize(regularizers.serialize(made))
