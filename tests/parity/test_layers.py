"""Every layer on arrays: what it computes, its derivatives and its weights."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.layer_cases import ALL
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule.core.graph import LOSS, Node
from chainrule.core.rule import Rule
from chainrule.engines import interpret
from chainrule.layers import LAYERS


def in_training(cases):
    """Each case in prediction, and in training those that are another function there."""
    pairs = [(case, training) for case in cases for training in (False, True)]
    chosen = [(c, t) for c, t in pairs if not t or c.name == "BatchNormalization"]
    ids = [f"{case}{' in training' * training}" for case, training in chosen]
    return pytest.mark.parametrize(("case", "training"), chosen, ids=ids)


def _weighted_sum(y, weight):
    return np.sum(y * weight)


WEIGHTED_SUM = Rule("weighted_sum", "y[*S] weight[*S] -> loss[]", _weighted_sum)
WEIGHTED_SUM.wrt("y")(lambda weight, loss_bar: weight * loss_bar)


def gradients(case, layer, arrays, weight, training):
    """∂L/∂input and ∂L/∂weight of L = Σ y · weight, by the layer's own derivatives.

    Class numbers have none.
    """
    graph = layer.graph(case.input_shape(), training)
    node = Node(WEIGHTED_SUM, LOSS, {"y": graph.output, "weight": "w"}, {"loss": LOSS})
    graph = replace(graph, nodes=(*graph.nodes, node))
    inputs = [f"x/{place}" for place in range(len(arrays))] if case.listed else ["x"]
    slots = [weight.slot for weight in layer.declared]
    values = {
        **dict(zip(inputs, arrays, strict=True)),
        **{slot.name: array for slot, array in zip(slots, layer.weights, strict=True)},
        "w": weight,
    }
    interpret.forward(graph, values)
    wanted = [slot.name for slot in slots if slot.trainable]
    if case.classes is None:
        wanted = [*inputs, *wanted]
    bars = interpret.backward(graph, graph.differentiated(frozenset(wanted)), values)
    return [bars.get(name, np.zeros_like(values[name])) for name in wanted]


def in_keras(case, layer, arrays, weight, training):
    """Output, weights after it, and the same derivatives of Keras' layer."""
    told = {"training": True} if training and layer._call_has_training_arg else {}
    state = [variable.value for variable in layer.non_trainable_variables]

    def loss(arrays, trained):
        y, moved = layer.stateless_call(trained, state, case.given(arrays), **told)
        return (y * weight).sum(), (y, moved)

    trained = [variable.value for variable in layer.trainable_variables]
    by = (0, 1) if case.classes is None else (1,)
    slopes, (y, moved) = jax.jit(jax.grad(loss, by, has_aux=True))(arrays, trained)
    return y, moved, [slope for part in slopes for slope in part]


def test_every_layer_has_a_case():
    assert {case.name for case in ALL} == set(LAYERS.names) - {"InputLayer"}


@in_training(ALL)
def test_outputs_and_gradients_are_those_of_keras(case, training, float64):
    ours, theirs = case.both()
    arrays = case.arrays(seed=5)
    y = ours(case.given(arrays), training=False)
    weight = np.random.default_rng(7).normal(size=y.shape)
    expected, moved, slopes = in_keras(case, theirs, arrays, weight, training)
    found = gradients(case, ours, arrays, weight, training)
    for place, pair in enumerate(zip(found, slopes, strict=True)):
        assert_agree(*pair, "layer gradient", f"{case}: gradient {place}")
    y = ours(case.given(arrays), training=training)
    assert y.dtype == np.float64
    assert_agree(y, expected, "layer", case)
    for mine, other in zip(ours.non_trainable_weights, moved, strict=not case.random):
        assert_agree(mine, other, "layer", "a weight after the call")


@pytest.mark.parametrize("case", ALL, ids=str)
def test_weights_are_as_many_and_of_the_same_shapes(case, float64):
    ours, theirs = case.both()
    for kind in ("weights", "trainable_weights", "non_trainable_weights"):
        mine, other = getattr(ours, kind), getattr(theirs, kind)
        assert [w.shape for w in mine] == [w.shape for w in other], kind
    assert ours.count_params() == theirs.count_params()
    ours.trainable = theirs.trainable = False
    assert len(ours.non_trainable_weights) == len(theirs.non_trainable_weights)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_output_shapes_are_those_of_keras(case):
    ours, theirs = map(case.of, LIBRARIES)
    expected = tuple(theirs.compute_output_shape(case.input_shape()))
    if case.options.get("activation") == "glu":
        expected = (*expected[:-1], 2)  # half: Keras' layers forget that
    assert ours.compute_output_shape(case.input_shape()) == expected
    assert not ours.weights, "asking for a shape must not build"
    assert ours(case.given([chainrule.Input(shape) for shape in case.shapes])).shape == expected


@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_model_predicts_what_its_layer_computes(case, float64):
    layer = case.of(chainrule)
    x = case.given(case.arrays())
    alone = layer(x)
    inputs = [chainrule.Input(shape) for shape in case.shapes]
    model = chainrule.Model(case.given(inputs), layer(case.given(inputs)))
    assert_agree(model.predict(x, batch_size=3, verbose=0), alone, "layer", case)
