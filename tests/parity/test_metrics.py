import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES, Twins, dense_net, targets, weights
from tests.parity.tolerances import assert_agree

from chainrule import metrics

CROSSENTROPIES = [{}, {"from_logits": True}, {"label_smoothing": 0.1}]

VARIANTS = [
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    *(("BinaryCrossentropy", options, "yes/no") for options in CROSSENTROPIES),
    *(("CategoricalCrossentropy", options, "one-hot") for options in CROSSENTROPIES),
    *(
        ("SparseCategoricalCrossentropy", options, "class numbers")
        for options in CROSSENTROPIES[:2]
    ),
    ("Accuracy", {}, "answers"),
    ("BinaryAccuracy", {}, "yes/no"),
    ("BinaryAccuracy", {"threshold": 0.3}, "yes/no"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("SparseCategoricalAccuracy", {}, "class numbers"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "class numbers"),
]
KINDS = {name: kind for name, _, kind in VARIANTS}
"""The targets that each metric takes."""

OF_NUMBERS = ("MeanSquaredError", "MeanAbsoluteError")
ELEMENTWISE = ("Accuracy", "BinaryAccuracy", "RootMeanSquaredError")
"""Those of which Keras takes a value per number, not a mean over the last axis."""

BATCHES = (5, 3)

every_variant = pytest.mark.parametrize(
    ("name", "options", "kind"),
    VARIANTS,
    ids=[" ".join([name, *(f"{k}={v}" for k, v in o.items())]) for name, o, _ in VARIANTS],
)
every_metric = pytest.mark.parametrize("name", KINDS)
rows_and_columns = pytest.mark.parametrize(
    ("true_shape", "pred_shape"),
    [(true, pred) for true in ((-1,), (-1, 1)) for pred in ((-1,), (-1, 1))],
    ids=["row, row", "row, column", "column, row", "column, column"],
)


def both(name, /, **options):
    """The metric of both libraries, in float64 if nothing else is said."""
    options = {"dtype": "float64", **options}
    return tuple(getattr(library.metrics, name)(**options) for library in LIBRARIES)


def streamed(made, batches):
    """Results after each batch, as (ours, theirs)."""
    results = []
    for batch in batches:
        for metric in made:
            metric.update_state(*batch)
        results.append([float(metric.result()) for metric in made])
    return np.transpose(results)


def test_every_metric_is_compared():
    assert {metric.__name__ for metric in metrics.METRICS.values()} | {"Accuracy"} == set(KINDS)


@every_variant
@pytest.mark.parametrize("weight_shape", [None, (), (1,)], ids=["unweighted", "(N,)", "(N, 1)"])
def test_a_metric_streams_over_batches_as_in_keras(name, options, kind, weight_shape):
    batches = [
        (*targets(kind, samples, 4, seed=samples), weights((samples, *weight_shape)))
        if weight_shape is not None
        else targets(kind, samples, 4, seed=samples)
        for samples in BATCHES
    ]
    ours, theirs = streamed(both(name, **options), batches)
    assert_agree(ours, theirs, "metric, float64", name)


@every_variant
def test_float32_is_the_default_and_agrees(name, options, kind):
    ours, theirs = streamed(both(name, dtype=None, **options), [targets(kind, 5, 4)])
    assert_agree(ours, theirs, "metric, float32", name)


@every_metric
@pytest.mark.parametrize("weight_shape", [None, (4,), (4, 1), (4, 4)], ids=str)
def test_sequences_count_by_step_or_by_sample(name, weight_shape):
    batch = targets(KINDS[name], (4, 4), 3)  # as many samples as steps: not to be mixed up
    batch += () if weight_shape is None else (weights(weight_shape),)
    ours, theirs = streamed(both(name), [batch])
    assert_agree(ours, theirs, "metric, float64", name)


@pytest.mark.parametrize("name", [*OF_NUMBERS, *ELEMENTWISE])
@rows_and_columns
def test_a_row_and_a_column_of_one_output_are_the_same_samples(name, true_shape, pred_shape):
    batches = [
        (y_true.reshape(true_shape), y_pred.reshape(pred_shape))
        for y_true, y_pred in (targets(KINDS[name], n, 1, seed=n) for n in BATCHES)
    ]
    ours, theirs = streamed(both(name), batches)
    assert_agree(ours, theirs, "metric, float64", name)


@pytest.mark.parametrize("name", ELEMENTWISE)
@rows_and_columns
def test_a_row_and_a_column_are_weighted_alike(name, true_shape, pred_shape):
    batches = [
        (y_true.reshape(true_shape), y_pred.reshape(pred_shape), weights(len(y_true)))
        for y_true, y_pred in (targets(KINDS[name], n, 1, seed=n) for n in BATCHES)
    ]
    ours, theirs = streamed(both(name), batches)
    assert_agree(ours, theirs, "metric, float64", name)


@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if kind == "class numbers"])
@pytest.mark.parametrize("shape", [(5,), (5, 1)], ids=str)
@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32"])
def test_class_numbers_may_be_a_column_and_of_any_type(name, shape, dtype):
    labels, y_pred = targets("class numbers", 5, 6)
    ours, theirs = streamed(both(name), [(labels.reshape(shape).astype(dtype), y_pred)])
    assert_agree(ours, theirs, "metric, float64", name)


@every_metric
def test_nothing_seen_forgotten_or_counted_is_zero(name):
    batch = targets(KINDS[name], 5, 4)
    for metric in both(name):
        assert float(metric.result()) == 0
        metric.update_state(*batch)
        assert float(metric.result()) > 0
        metric.reset_state()
        assert float(metric.result()) == 0
        assert float(metric(*batch, sample_weight=np.zeros(5))) == 0


@pytest.mark.parametrize("name", [n for n in KINDS if n.endswith("CategoricalAccuracy")])
@pytest.mark.parametrize("y_pred", [[[0.5, 0.5, 0.1]], [[0.2, 0.2, 0.2]], [[0.1, 0.4, 0.4]]])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_ties_are_broken_as_in_keras(name, y_pred, label):
    y_true = np.eye(3)[[label]] if KINDS[name] == "one-hot" else np.array([label])
    options = {"k": 2} if "TopK" in name else {}
    ours, theirs = streamed(both(name, **options), [(y_true, np.array(y_pred))])
    assert_agree(ours, theirs, "metric, float64", name)


@pytest.mark.parametrize("p", [0.5, np.nextafter(0.5, 1), 0.3, 0.7])
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_a_prediction_at_the_threshold_is_a_no(p, threshold):
    for dtype in ("float32", "float64"):
        made = both("BinaryAccuracy", threshold=threshold, dtype=dtype)
        ours, theirs = streamed(made, [(np.ones((1, 1), dtype), np.full((1, 1), p, dtype))])
        assert_agree(ours, theirs, f"metric, {dtype}", f"{p} > {threshold}")


@every_metric
def test_names_and_directions_are_those_of_keras(name):
    ours, theirs = both(name)
    assert ours.name == theirs.name
    assert ours.direction == theirs._direction


@every_variant
def test_a_configuration_makes_the_same_metric_in_keras(name, options, kind):
    config = both(name, name="mine", **options)[0].get_config()
    again = getattr(keras.metrics, name)(**config).get_config()
    common = config.keys() & again.keys()
    assert {"name", *options} <= common
    assert {key: config[key] for key in common} == {key: again[key] for key in common}


ANSWERS = {
    "one output": (1, "sigmoid", "binary_crossentropy", "yes/no"),
    "class numbers": (3, "softmax", "sparse_categorical_crossentropy", "class numbers"),
    "one-hot": (3, "softmax", "categorical_crossentropy", "one-hot"),
    "numbers": (3, "linear", "mse", "one-hot"),
}


@pytest.mark.parametrize(("units", "activation", "loss", "kind"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("spelling", ["accuracy", "acc", "Accuracy"])
def test_accuracy_means_what_fits_the_output(units, activation, loss, kind, spelling):
    twins = Twins(dense_net(2, (units, activation)), loss=loss, metrics=[spelling])
    x = np.random.default_rng(0).normal(size=(16, 2))
    y, _ = targets(kind, 16, units)
    shapes = (y.shape, (16, 1)) if kind == "class numbers" else (y.shape,)
    for y in (y.reshape(shape) for shape in shapes):
        found = twins.each(
            lambda m, y=y: m.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
        )
        assert list(found[0]) == list(found[1]) == sorted(["loss", spelling])
        assert_agree(found[0][spelling], found[1][spelling], "metric, float32", spelling)
