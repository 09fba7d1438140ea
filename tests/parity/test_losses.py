"""Every loss of Keras but Circle and CTC: values, gradients, names, configurations."""

import json
from functools import partial
from itertools import product

import jax
import keras
import numpy as np
import pytest
from keras.src.losses import ALL_OBJECTS_DICT
from tests.parity.builders import LIBRARIES, targets, weights
from tests.parity.tolerances import assert_agree

from chainrule import config, losses
from chainrule.core.custom import custom_object_scope
from chainrule.core.plan import divisor
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.testing.conformance import cotangents

KINDS = {
    "MeanSquaredError": "numbers",
    "MeanAbsoluteError": "numbers",
    "MeanAbsolutePercentageError": "numbers",
    "MeanSquaredLogarithmicError": "numbers",
    "CosineSimilarity": "numbers",
    "Huber": "numbers",
    "LogCosh": "numbers",
    "Poisson": "numbers",
    "KLDivergence": "one-hot",
    "BinaryCrossentropy": "yes/no",
    "BinaryFocalCrossentropy": "yes/no",
    "CategoricalCrossentropy": "one-hot",
    "CategoricalFocalCrossentropy": "one-hot",
    "SparseCategoricalCrossentropy": "class numbers",
    "CategoricalGeneralizedCrossEntropy": "class numbers",
    "Hinge": "yes/no",
    "SquaredHinge": "yes/no",
    "CategoricalHinge": "one-hot",
    "Dice": "yes/no",
    "Tversky": "yes/no",
}
"""The targets that each loss takes."""

NOT_HERE = {"Circle", "CTC", "circle", "ctc"}
"""What chainrule does not have."""

OF_BATCHES = {"Dice", "Tversky"}
"""One number for a whole batch."""

ROWS = 64
"""One shape wherever possible: JAX compiles each operation anew for another."""

FOCAL = {"gamma": 1.5, "alpha": 0.6}

VARIANTS = [
    *((name, {}) for name in KINDS),
    ("Huber", {"delta": 0.3}),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}),
    ("Dice", {"axis": -1}),
    ("Tversky", {"alpha": 0.3, "beta": 0.9, "axis": -1}),
    *(
        (name, {"from_logits": from_logits, "label_smoothing": smoothing})
        for name in (
            "BinaryCrossentropy",
            "CategoricalCrossentropy",
            "BinaryFocalCrossentropy",
            "CategoricalFocalCrossentropy",
        )
        for from_logits, smoothing in ((True, 0.0), (False, 0.1), (True, 0.1))
    ),
    ("BinaryFocalCrossentropy", {**FOCAL, "apply_class_balancing": True}),
    ("BinaryFocalCrossentropy", {**FOCAL, "apply_class_balancing": True, "from_logits": True}),
    ("CategoricalFocalCrossentropy", FOCAL),
    ("CategoricalFocalCrossentropy", {"alpha": [0.2, 0.3, 0.5], "from_logits": True}),
    ("SparseCategoricalCrossentropy", {"from_logits": True}),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1, "from_logits": True}),
]

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


def variants(of):
    ids = [" ".join([name, *(f"{k}={v}" for k, v in o.items() if v)]) for name, o in of]
    return pytest.mark.parametrize(("name", "options"), of, ids=ids)


every_variant = variants(VARIANTS)
one_of_each = variants(  # the reduction does not ask whose losses it reduces
    [
        ("Huber", {}),
        ("SparseCategoricalCrossentropy", {"ignore_class": 1}),
        ("Dice", {}),
        ("Dice", {"axis": -1}),
    ]
)
every_loss = pytest.mark.parametrize("name", KINDS)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
ONE_OUTPUT = [name for name, kind in KINDS.items() if kind in ("numbers", "yes/no")]

pytestmark = pytest.mark.usefixtures("float64")


def both(name, y_true, y_pred, sample_weight=None, **options):
    """The loss of both libraries."""
    return tuple(
        np.asarray(getattr(library.losses, name)(**options)(y_true, y_pred, sample_weight))
        for library in LIBRARIES
    )


def our_gradient(loss, y_true, y_pred, sample_weight):
    """∂loss/∂y_pred from the loss's own rule."""
    rule = loss.logits_rule if loss.from_logits else loss.rule
    labels, mask = losses.valid(y_true, loss.ignore_class)
    given = {name: labels if name == "y_true" else y_pred for name in rule.inputs}
    options = {name: value for name, value in loss.options.items() if name in rule.options}
    made = rule.forward(**given, **options)
    per_sample = made[0] if isinstance(made, tuple) else made
    counts = mask if loss.ignore_class is not None else np.ones(len(y_true), bool)
    bar = (
        sample_weight
        * counts
        / divisor(loss.reduction, (sample_weight * np.ones(counts.shape))[counts])
    )
    bar = bar if per_sample.ndim else np.sum(bar)  # one loss for all
    (made,) = cotangents(rule, given, options, bar).values()
    return made


# ---------------------------------------------------------------- values


def test_every_loss_and_function_of_keras_is_here():
    theirs = {name for name in dir(keras.losses) if not name.startswith("_")} - NOT_HERE
    assert theirs <= set(losses.__all__)
    assert {loss.__name__ for loss in losses.LOSSES.values()} == set(KINDS)


def predictions(from_logits):
    """Rows of three predictions, many at the ends of their range or as near as can be."""
    generator = np.random.default_rng(5)
    if from_logits:
        return generator.uniform(-5, 5, (ROWS, 3))  # where Keras' focal losses do not clip
    special = generator.choice([0.0, 1e-9, 1e-7, 1 - 1e-9, 1.0], (2 * ROWS, 3))
    some = generator.random((2 * ROWS, 3)) < 0.5
    rows = np.where(some, special, generator.random((2 * ROWS, 3)))
    return rows[rows.sum(axis=-1) > 1e-3][:ROWS]  # Keras divides by the sum


@every_variant
def test_losses_of_samples_are_those_of_keras_for_any_prediction(name, options):
    y_pred = predictions(options.get("from_logits"))
    y_true, _ = targets(KINDS[name], ROWS, 3, seed=2)
    ours, theirs = both(name, y_true, y_pred, reduction="none", **options)
    assert_agree(ours, theirs, "loss, float64", name)


@one_of_each
@every_reduction
@pytest.mark.parametrize("shape", [None, (ROWS,), (ROWS, 1)], ids=str)
def test_every_reduction_weighs_as_keras_does(name, options, reduction, shape):
    y_true, y_pred = targets(KINDS[name], ROWS, 3)
    weight = None if shape is None else weights(shape)
    ours, theirs = both(name, y_true, y_pred, weight, reduction=reduction, **options)
    if reduction in ("none", None) and (name not in OF_BATCHES or options):
        theirs = theirs.reshape(ROWS)  # Keras gives a column where the weights are one
    assert_agree(ours, theirs, "loss, float64", f"{name}, {reduction}")


@every_variant
def test_values_and_gradients_are_those_of_keras(name, options):
    given = (*targets(KINDS[name], ROWS, 3), weights(ROWS))
    ours, theirs = (getattr(library.losses, name)(**options) for library in LIBRARIES)
    value, gradient = jax.value_and_grad(lambda p: theirs(given[0], p, given[2]))(given[1])
    assert_agree(ours(*given), value, "loss, float64", name)
    assert_agree(our_gradient(ours, *given), gradient, "loss, float64", name)


@one_of_each
@pytest.mark.parametrize("reduction", REDUCTIONS[:4])
def test_gradients_of_every_reduction_are_those_of_keras(name, options, reduction):
    given = (*targets(KINDS[name], ROWS, 3), weights(ROWS))
    options = {"reduction": reduction, **options}
    ours, theirs = (getattr(library.losses, name)(**options) for library in LIBRARIES)
    gradient = jax.grad(lambda p: theirs(given[0], p, given[2]))(given[1])
    assert_agree(our_gradient(ours, *given), gradient, "loss, float64", name)


@every_variant
def test_at_kinks_derivatives_are_those_of_jax(name, options):
    grid = [0.0, 0.25, 1.0, 2.0] if KINDS[name] == "numbers" else [0.0, 0.5, 1.0, 1.0]
    y_pred = np.array(list(product(grid, repeat=3)))
    y_true, _ = targets(KINDS[name], ROWS, 3)
    y_true = np.round(2 * y_true) / 2 if KINDS[name] == "numbers" else y_true
    if "Absolute" in name:  # TensorFlow and PyTorch say 0 where |p - t| has its kink; JAX does not
        y_true = y_true + 0.1
    given = y_true, y_pred, np.ones(ROWS)
    ours, theirs = (getattr(library.losses, name)(**options) for library in LIBRARIES)
    ours, theirs = our_gradient(ours, *given), jax.grad(partial(theirs, y_true))(y_pred)
    assert np.all(np.isfinite(ours))
    defined = np.isfinite(theirs).all(axis=-1)  # Keras' own may be NaN where p is 0
    assert defined.sum() > 4
    assert_agree(ours[defined], theirs[defined], "loss, float64", name)


@pytest.mark.parametrize("name", ["MeanAbsoluteError", "MeanAbsolutePercentageError"])
def test_where_nothing_is_wrong_an_absolute_error_has_no_slope(name):
    assert not our_gradient(getattr(losses, name)(), np.ones((2, 3)), np.ones((2, 3)), 1.0).any()


@every_variant
def test_float32_is_the_default_and_agrees(name, options):
    config.set_floatx("float32")
    keras.config.set_floatx("float32")
    y_true, y_pred = targets(KINDS[name], ROWS, 3)
    made = both(name, y_true, y_pred, weights(ROWS), **options)
    assert [loss.dtype for loss in made] == ["float32", "float32"]
    assert_agree(*made, "loss, float32", name)


@one_of_each
@every_reduction
def test_weights_of_nothing_are_no_division_by_zero(name, options, reduction):
    y_true, y_pred = targets(KINDS[name], ROWS, 3)
    ours, theirs = both(name, y_true, y_pred, np.zeros(ROWS), reduction=reduction, **options)
    assert np.all(ours == 0)
    assert np.all(theirs == 0)


# ---------------------------------------------------------------- shapes


@every_loss
def test_sequences_have_a_loss_per_step(name):
    y_true, y_pred = targets(KINDS[name], (5, 4), 3)
    ours, theirs = both(name, y_true, y_pred, reduction="none")
    assert_agree(ours, theirs, "loss, float64", name)


@pytest.mark.parametrize(
    ("reduction", "shape"),
    [
        *((reduction, shape) for reduction in REDUCTIONS for shape in (None, (5, 4))),
        *((reduction, (5, 1)) for reduction in ("sum_over_batch_size", "sum", "none")),
    ],
)
@pytest.mark.parametrize("name", ["Huber", "SparseCategoricalCrossentropy", "Dice"])
def test_weights_of_sequences_are_of_steps_or_of_samples(name, reduction, shape):
    y_true, y_pred = targets(KINDS[name], (5, 4), 3)
    weight = None if shape is None else weights(shape)
    ours, theirs = both(name, y_true, y_pred, weight, reduction=reduction)
    assert_agree(ours, theirs, "loss, float64", f"{name}, {reduction}")


@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryCrossentropy", "Tversky"])
@every_reduction
@pytest.mark.parametrize("weighted", [False, True])
def test_a_row_of_predictions_is_one_sample_and_weights_count_each(name, reduction, weighted):
    y_true, y_pred = (values.reshape(6) for values in targets(KINDS[name], 6, 1))
    weight = weights(6) if weighted else None
    ours, theirs = both(name, y_true, y_pred, weight, reduction=reduction)
    assert_agree(ours, theirs, "loss, float64", f"{name}, {reduction}")


@pytest.mark.parametrize("name", ONE_OUTPUT)
@pytest.mark.parametrize("true_shape", [(6,), (6, 1)], ids=str)
@pytest.mark.parametrize("pred_shape", [(6,), (6, 1)], ids=str)
def test_a_row_and_a_column_of_one_output_are_the_same_samples(name, true_shape, pred_shape):
    y_true, y_pred = targets(KINDS[name], 6, 1)
    ours, theirs = both(
        name, y_true.reshape(true_shape), y_pred.reshape(pred_shape), reduction="none"
    )
    assert_agree(ours, theirs, "loss, float64", name)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 1)], ids=str)
def test_class_numbers_may_be_a_column_and_floats(shape):
    name = "SparseCategoricalCrossentropy"
    labels, y_pred = targets("class numbers", ROWS, 3)
    for y_true in (labels.reshape(shape), labels.reshape(shape).astype(np.float32)):
        assert_agree(*both(name, y_true, y_pred), "loss, float64", name)


@pytest.mark.parametrize("name", sorted(OF_BATCHES))
@pytest.mark.parametrize("axis", [(1, 2, 3), [1, 2, 3], (-1, -2, -3), None], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_overlap_of_each_image_or_of_all(name, axis, weighted):
    y_true, y_pred = targets("yes/no", (5, 4, 2), 3)
    theirs = getattr(keras.losses, name)(axis=tuple(axis) if axis else None)
    weight = weights(5) if weighted else None
    ours = getattr(losses, name)(axis=axis)
    assert_agree(
        ours(y_true, y_pred, weight), theirs(y_true, y_pred, weight), "loss, float64", name
    )
    function = ours.name
    assert_agree(
        getattr(losses, function)(y_true, y_pred, axis=axis),
        getattr(keras.losses, function)(y_true, y_pred, axis=tuple(axis) if axis else None),
        "loss, float64",
        function,
    )


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize("name", ["Hinge", "SquaredHinge"])
@pytest.mark.parametrize("values", [(0, 1), (-1, 1), (1,), (0,), (-1, 0, 1)], ids=str)
def test_hinges_take_zeros_for_minus_ones_if_all_are_binary(name, values):
    generator = np.random.default_rng(0)
    y_true = generator.choice(np.array(values, np.float64), (6, 3))
    y_pred = generator.normal(size=(6, 3))
    assert_agree(*both(name, y_true, y_pred), "loss, float64", name)


@pytest.mark.parametrize("ignored", [-1, 255, 2])
@every_reduction
@pytest.mark.parametrize("shape", [None, (5, 4)], ids=str)
def test_an_ignored_class_counts_neither_above_nor_below(ignored, reduction, shape):
    labels, y_pred = targets("class numbers", (5, 4), 3)
    labels[0] = ignored
    y_pred[0] = np.nan if shape is None else y_pred[0]
    given = labels, y_pred, None if shape is None else weights(shape)
    options = {"ignore_class": ignored, "reduction": reduction}
    ours, theirs = both("SparseCategoricalCrossentropy", *given, **options)
    assert_agree(ours, theirs, "loss, float64", f"{ignored}, {reduction}")


@every_reduction
def test_nothing_but_ignored_classes_costs_nothing(reduction):
    given = np.full(4, -1), np.full((4, 3), 1 / 3)
    options = {"ignore_class": -1, "reduction": reduction}
    ours, theirs = both("SparseCategoricalCrossentropy", *given, **options)
    assert np.all(ours == 0)
    assert np.all(theirs == 0)


def test_valid_gives_labels_in_range_and_what_counts():
    labels, mask = losses.valid(np.array([2, 255, 0]), 255)
    assert labels.tolist() == [2, 0, 0]
    assert mask.tolist() == [True, False, True]
    assert losses.valid(np.array([2, 0]), None)[1].all()


# ---------------------------------------------------------------- functions


@every_variant
def test_a_loss_is_also_a_function_with_the_options_of_keras(name, options):
    y_true, y_pred = targets(KINDS[name], ROWS, 3)
    options = {"q": 0.5, **options} if "Generalized" in name else options
    ours, theirs = (
        getattr(library.losses, losses.LOSSES[name].rule.name)(y_true, y_pred, **options)
        for library in LIBRARIES
    )
    assert_agree(ours, theirs, "loss, float64", name)


@pytest.mark.parametrize("true_shape", [(6,), (6, 1)], ids=str)
@pytest.mark.parametrize("pred_shape", [(6,), (6, 1)], ids=str)
@pytest.mark.parametrize("name", list(KINDS)[:7])
def test_a_function_takes_a_row_and_a_column_for_the_same_samples(name, true_shape, pred_shape):
    y_true, y_pred = targets(KINDS[name], 6, 1)
    arrays = y_true.reshape(true_shape), y_pred.reshape(pred_shape)
    function = getattr(losses, name).rule.name
    ours, theirs = (getattr(library.losses, function)(*arrays) for library in LIBRARIES)
    assert_agree(ours, theirs, "loss, float64", name)


def test_a_function_takes_class_numbers_in_a_column():
    labels, y_pred = targets("class numbers", ROWS, 3)
    ours, theirs = (
        library.losses.sparse_categorical_crossentropy(labels[:, None], y_pred)
        for library in LIBRARIES
    )
    assert_agree(ours, theirs, "loss, float64")


def test_a_function_is_of_the_predictions_float_type():
    y_true, y_pred = targets("yes/no", ROWS, 3)
    for library in LIBRARIES:
        made = library.losses.binary_crossentropy(y_true, y_pred.astype(np.float32))
        assert made.dtype == "float32"


def test_the_global_epsilon_reaches_losses_and_functions():
    y_true, y_pred = np.eye(3), np.eye(3)[::-1]
    try:
        for library in (config, keras.config):
            library.set_epsilon(1e-3)
        function = "categorical_crossentropy"
        assert_agree(*both("CategoricalCrossentropy", y_true, y_pred), "loss, float64")
        ours, theirs = (getattr(lib.losses, function)(y_true, y_pred) for lib in LIBRARIES)
        assert_agree(ours, theirs, "loss, float64")
    finally:
        keras.config.set_epsilon(1e-7)


# ---------------------------------------------------------------- names and configurations


@pytest.mark.parametrize(
    "name", sorted(set(ALL_OBJECTS_DICT) - NOT_HERE - {"Loss", "LossFunctionWrapper"})
)
def test_names_mean_the_same_loss(name):
    theirs = ALL_OBJECTS_DICT[name]
    ours = losses.get(name)
    assert theirs.__name__ == (type(ours) if isinstance(theirs, type) else ours.rule).__name__


@pytest.mark.parametrize(
    ("name", "same"),
    {"huber_loss": "huber", "logcosh": "log_cosh", "kullback_leibler_divergence": "kld"}.items(),
)
def test_names_of_older_versions_are_known(name, same):
    assert type(losses.get(name)) is type(losses.get(same))


def test_get_passes_on_nothing_and_objects_and_makes_classes():
    loss = losses.Huber(2.0)
    assert losses.get(None) is None
    assert losses.get(loss) is loss
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert isinstance(losses.get(losses.huber), losses.Huber)


@every_variant
def test_a_configuration_makes_the_same_loss_here_and_in_keras(name, options):
    ours, theirs = (getattr(library.losses, name) for library in LIBRARIES)
    y_true, y_pred = targets(KINDS[name], ROWS, 3)
    loss = ours(**options, name="mine", reduction="sum")
    data = json.loads(json.dumps(loss.get_config()))
    again = theirs(**data).get_config()
    assert again.items() <= data.items()
    assert options.items() <= data.items()
    made = ours.from_config(data)
    assert made.get_config() == loss.get_config()
    assert made(y_true, y_pred) == loss(y_true, y_pred)


@every_loss
def test_a_configuration_of_keras_is_taken_as_it_is(name):
    ours, theirs = (getattr(library.losses, name) for library in LIBRARIES)
    loss = ours.from_config(theirs().get_config())
    assert theirs().get_config().items() <= loss.get_config().items()
    assert loss.name == theirs().name
    assert loss.get_config() == ours().get_config()


@every_loss
def test_serialised_losses_come_back(name):
    ours, theirs = (getattr(library.losses, name)(reduction="sum") for library in LIBRARIES)
    for data in (losses.serialize(ours), keras.losses.serialize(theirs)):
        for made in (losses.get(data), losses.deserialize(data)):
            assert type(made) is type(ours)
            assert made.get_config() == ours.get_config()


def test_serialised_functions_of_keras_come_back():
    for function in (keras.losses.mean_squared_error, keras.losses.kl_divergence):
        made = losses.deserialize(keras.losses.serialize(function))
        assert made.rule.name == function.__name__


# ---------------------------------------------------------------- losses of the user's


@pytest.fixture(scope="module")
def cubed():
    """A loss rule in the user's own file."""
    from chainrule.core.rule import RULES, rule

    if "cubed_error" in RULES:
        return RULES["cubed_error"]

    @rule("cubed_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]", kind=losses.LossRule)
    def cubed_error(y_true, y_pred, *, scale=1.0):
        return scale * np.sum(np.abs(y_pred - y_true) ** 3, axis=-1)  # ℓ = c Σₖ |pₖ − tₖ|³

    @cubed_error.wrt("y_pred")
    def cubed_error_wrt_y_pred(y_true, y_pred, losses_bar, *, scale=1.0):
        error = y_pred - y_true  # e = p − t
        return losses_bar[..., None] * 3 * scale * error * np.abs(error)  # ∂L/∂p = 3 ℓ̄ c e |e|

    return cubed_error


def test_a_loss_rule_of_the_users_is_a_loss(cubed):
    y_true, y_pred = targets("numbers", ROWS, 3)

    def same_in_keras(y_true, y_pred):
        return keras.ops.sum(keras.ops.abs(y_pred - y_true) ** 3, axis=-1)

    theirs = keras.src.losses.LossFunctionWrapper(same_in_keras)(y_true, y_pred, weights(ROWS))
    for ours in (losses.get(cubed), losses.get("cubed_error"), losses.LossFunctionWrapper(cubed)):
        assert ours.name == "cubed_error"
        assert_agree(ours(y_true, y_pred, weights(ROWS)), theirs, "loss, float64")


def test_a_loss_rule_of_the_users_is_saved_by_name(cubed):
    loss = losses.LossFunctionWrapper(cubed, reduction="sum", scale=2.0)
    data = json.loads(json.dumps(losses.serialize(loss)))
    made = losses.deserialize(data)
    assert made.rule is cubed
    assert made.get_config() == loss.get_config()
    assert losses.deserialize("mine", {"mine": cubed}).rule is cubed
    data["config"]["fn"] = "elsewhere"
    assert losses.deserialize(data, {"elsewhere": cubed}).options == {"scale": 2.0}


def test_a_loss_class_of_the_users_is_found_by_name(cubed):
    class Cubed(losses.Loss):
        rule = cubed

    data = losses.serialize(Cubed())
    assert isinstance(losses.deserialize(data, {"Cubed": Cubed}), Cubed)
    with custom_object_scope({"mine>Cubed": Cubed}):
        assert isinstance(losses.get({**data, "registered_name": "mine>Cubed"}), Cubed)
    losses.LOSSES.add("cubed", Cubed, "Cubed")
    try:
        assert isinstance(losses.get("cubed"), Cubed)
        assert isinstance(losses.get(data), Cubed)
        assert isinstance(losses.get(cubed), losses.LossFunctionWrapper)
    finally:
        for name in ("cubed", "Cubed"):
            losses.LOSSES._entries.pop(name)
        losses.LOSSES._names.remove("cubed")


# ---------------------------------------------------------------- what is refused

ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(losses.MeanSquaredError, reduction="average"), "reduction"),
        (partial(losses.Huber, delta=0.0), "delta"),
        (partial(losses.CategoricalGeneralizedCrossEntropy, q=1.0), "q"),
        (partial(losses.BinaryCrossentropy, label_smoothing=1.5), "label_smoothing"),
        (partial(losses.BinaryFocalCrossentropy, gamma=-1.0), "gamma"),
        (partial(losses.Tversky, alpha=-1.0), "alpha"),
        (partial(losses.SparseCategoricalCrossentropy, ignore_class=0.5), "ignore_class"),
        (partial(losses.SparseCategoricalCrossentropy, ignore_class=True), "ignore_class"),
        (partial(losses.CosineSimilarity, axis=0), "axis=0"),
        (partial(losses.CategoricalCrossentropy, axis=1), "axis=1"),
        (partial(losses.CategoricalCrossentropy, axis=True), "axis=True"),
        (partial(losses.categorical_crossentropy, ONE, ONE, axis=1), "axis=1"),
        (partial(losses.Dice(axis=0), ONE, ONE), "axis=0"),
        (partial(losses.Dice(axis=(0, 1)), ONE, ONE), "axis="),
        (partial(losses.dice, ONE, ONE, axis=(1, 2)), "axis="),
        (partial(losses.CategoricalFocalCrossentropy(alpha=[1, 2]), ONE, ONE), "alpha"),
        (partial(losses.mean_squared_error, ONE, ONE, from_logits=True), "from_logits"),
        (partial(losses.mean_squared_error, ONE, ONE, ignore_class=1), "ignore_class"),
        (partial(losses.get, lambda y_true, y_pred: 0), "no derivative"),
        (partial(losses.get, losses.sigmoid_binary_crossentropy), "loss rule"),
        (partial(losses.get, "mean_squared_eror"), "mean_squared_error"),
        (partial(losses.LossFunctionWrapper, losses.huber, width=1), "width"),
        (partial(losses.LossRule, "probe", "a[N] b[N] -> c[N]", lambda a, b: a), "y_true"),
    ],
)
def test_what_cannot_be_is_refused_in_words(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_loss_without_a_rule_has_no_gradient():
    class Mine(losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred

    with pytest.raises(ArgumentError, match="needs a rule"):
        Mine()


@pytest.mark.parametrize("shape", [(5,), (2, 2), (4, 2), (3, 2, 1)])
def test_weights_are_never_broadcast_against_the_losses(shape):
    with pytest.raises(ShapeError, match="sample_weight"):
        losses.MeanSquaredError()(np.ones((3, 2, 1)), np.ones((3, 2, 1)), np.ones((*shape, 2)))


@pytest.mark.parametrize("loss", ["mse", "dice"])
def test_one_loss_for_all_takes_one_weight_per_sample(loss):
    with pytest.raises(ShapeError, match="one number per sample"):
        losses.get(loss)(np.ones(6), np.ones(6), np.ones(5))


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_a_class_number_out_of_range_is_refused_where_keras_counts_it_as_solved(label):
    y_true, y_pred = np.array([0, label]), np.full((2, 3), 1 / 3)
    for call in (
        losses.SparseCategoricalCrossentropy(),
        losses.CategoricalGeneralizedCrossEntropy(),
        losses.sparse_categorical_crossentropy,
    ):
        with pytest.raises(DataError, match=f"from 0 to 2.*{label}"):
            call(y_true, y_pred)
