import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.parity.builders import LIBRARIES, targets, weights
from tests.parity.tolerances import assert_agree

from chainrule import losses

KINDS = {
    "MeanSquaredError": "numbers",
    "MeanAbsoluteError": "numbers",
    "BinaryCrossentropy": "yes/no",
    "CategoricalCrossentropy": "one-hot",
    "SparseCategoricalCrossentropy": "class numbers",
}
"""The targets that each loss takes."""

VARIANTS = [
    ("MeanSquaredError", {}),
    ("MeanAbsoluteError", {}),
    *(
        (name, {"from_logits": from_logits, "label_smoothing": smoothing})
        for name in ("BinaryCrossentropy", "CategoricalCrossentropy")
        for from_logits in (False, True)
        for smoothing in (0.0, 0.1)
    ),
    ("SparseCategoricalCrossentropy", {"from_logits": False}),
    ("SparseCategoricalCrossentropy", {"from_logits": True}),
]

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


def variants(of):
    ids = [" ".join([name, *(f"{k}={v}" for k, v in o.items() if v)]) for name, o in of]
    return pytest.mark.parametrize(("name", "options"), of, ids=ids)


every_variant = variants(VARIANTS)
every_loss = pytest.mark.parametrize("name", KINDS)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
regressions_and_yes_no = pytest.mark.parametrize("name", list(KINDS)[:3])


def both(name, y_true, y_pred, sample_weight=None, **options):
    """The loss of both libraries, in float64 if nothing else is said."""
    options = {"dtype": "float64", **options}
    return tuple(
        np.asarray(getattr(library.losses, name)(**options)(y_true, y_pred, sample_weight))
        for library in LIBRARIES
    )


def test_every_loss_is_compared():
    assert {loss.__name__ for loss in losses.LOSSES.values()} == set(KINDS)


@every_variant
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_losses_of_samples_are_those_of_keras_for_any_prediction(name, options, data):
    p = st.sampled_from([0.0, 1e-9, 1e-7, 1 - 1e-9, 1.0]) | st.floats(0, 1)
    if options.get("from_logits", True):
        p = st.floats(-40, 40)
    predictions = data.draw(arrays(np.float64, (4, 3), elements=p))
    if "Categorical" in name and not options["from_logits"]:
        assume(np.all(predictions.sum(axis=-1) > 1e-3))
    y_true, _ = targets(KINDS[name], 4, 3, seed=data.draw(st.integers(0, 99)))
    ours, theirs = both(name, y_true, predictions, reduction="none", **options)
    assert_agree(ours, theirs, "loss, float64", f"{name} of {y_true}, {predictions}")


@every_variant
@every_reduction
@pytest.mark.parametrize("shape", [None, (6,), (6, 1)], ids=str)
def test_every_reduction_weighs_as_keras_does(name, options, reduction, shape):
    y_true, y_pred = targets(KINDS[name], 6, 3)
    weight = None if shape is None else weights(shape)
    ours, theirs = both(name, y_true, y_pred, weight, reduction=reduction, **options)
    if reduction in ("none", None):
        theirs = theirs.reshape(6)  # Keras gives a column where the weights are one
    assert_agree(ours, theirs, "loss, float64", f"{name}, {reduction}")


@every_variant
def test_float32_is_the_default_and_agrees(name, options):
    y_true, y_pred = targets(KINDS[name], 6, 3)
    made = both(name, y_true, y_pred, weights(6), dtype=None, **options)
    assert [loss.dtype for loss in made] == ["float32", "float32"]
    assert_agree(*made, "loss, float32", name)


@every_loss
@every_reduction
def test_weights_of_nothing_are_no_division_by_zero(name, reduction):
    y_true, y_pred = targets(KINDS[name], 6, 3)
    ours, theirs = both(name, y_true, y_pred, np.zeros(6), reduction=reduction)
    assert np.all(ours == 0)
    assert np.all(theirs == 0)


@every_loss
@pytest.mark.parametrize(
    ("reduction", "shape"),
    [
        *((reduction, shape) for reduction in REDUCTIONS for shape in (None, (5, 4))),
        *((reduction, (5, 1)) for reduction in ("sum_over_batch_size", "sum", "none")),
    ],
)
def test_sequences_have_a_loss_per_step(name, reduction, shape):
    y_true, y_pred = targets(KINDS[name], (5, 4), 3)
    weight = None if shape is None else weights(shape)
    ours, theirs = both(name, y_true, y_pred, weight, reduction=reduction)
    assert_agree(ours, theirs, "loss, float64", f"{name}, {reduction}")


@regressions_and_yes_no
@pytest.mark.parametrize("reduction", ["none", "sum", "sum_over_batch_size"])
@pytest.mark.parametrize("true_shape", [(6,), (6, 1)], ids=str)
@pytest.mark.parametrize("pred_shape", [(6,), (6, 1)], ids=str)
def test_a_row_and_a_column_of_one_output_are_the_same_samples(
    name, reduction, true_shape, pred_shape
):
    y_true, y_pred = targets(KINDS[name], 6, 1)
    ours, theirs = both(
        name, y_true.reshape(true_shape), y_pred.reshape(pred_shape), reduction=reduction
    )
    assert_agree(ours, theirs, "loss, float64", f"{name}, {reduction}")


@pytest.mark.parametrize("shape", [(6,), (6, 1)], ids=str)
def test_class_numbers_may_be_a_column_and_floats(shape):
    name = "SparseCategoricalCrossentropy"
    labels, y_pred = targets("class numbers", 6, 3)
    for y_true in (labels.reshape(shape), labels.reshape(shape).astype(np.float32)):
        assert_agree(*both(name, y_true, y_pred), "loss, float64", name)


@variants(
    [
        (name, {key: value for key, value in options.items() if key != "from_logits"})
        for name, options in VARIANTS
        if not options.get("from_logits")  # for logits ours has functions of their own
    ]
)
def test_a_loss_is_also_a_function(name, options):
    y_true, y_pred = targets(KINDS[name], 6, 3)
    ours, theirs = (
        getattr(library.losses, getattr(losses, name).rule.name)(y_true, y_pred, **options)
        for library in LIBRARIES
    )
    assert_agree(ours, theirs, "loss, float64", name)


@pytest.mark.parametrize("name", list(KINDS)[:2])
@pytest.mark.parametrize("true_shape", [(6,), (6, 1)], ids=str)
@pytest.mark.parametrize("pred_shape", [(6,), (6, 1)], ids=str)
def test_a_function_takes_a_row_and_a_column_for_the_same_samples(name, true_shape, pred_shape):
    y_true, y_pred = targets(KINDS[name], 6, 1)
    arrays = y_true.reshape(true_shape), y_pred.reshape(pred_shape)
    function = getattr(losses, name).rule.name
    ours, theirs = (getattr(library.losses, function)(*arrays) for library in LIBRARIES)
    assert_agree(ours, theirs, "loss, float64", name)


def test_a_function_takes_class_numbers_in_a_column():
    labels, y_pred = targets("class numbers", 6, 3)
    ours, theirs = (
        library.losses.sparse_categorical_crossentropy(labels[:, None], y_pred)
        for library in LIBRARIES
    )
    assert_agree(ours, theirs, "loss, float64")


@pytest.mark.parametrize("name", losses.LOSSES.names)
def test_names_mean_the_same_loss(name):
    assert type(losses.get(name)).__name__ == "".join(
        part.title() for part in keras.losses.get(name).__name__.split("_")
    )


@every_loss
def test_a_configuration_makes_the_same_loss_in_keras(name):
    ours, theirs = (getattr(library.losses, name) for library in LIBRARIES)
    config = ours(name="mine", reduction="sum").get_config()
    again = theirs(**config).get_config()
    common = config.keys() & again.keys()
    assert {"name", "reduction"} <= common
    assert {key: config[key] for key in common} == {key: again[key] for key in common}
