"""Names, directions, configurations and functions of metrics, and means and sums of values."""

import inspect
import json

import keras
import numpy as np
import pytest
from keras.src.metrics import ALL_OBJECTS_DICT
from tests.parity.builders import LIBRARIES, targets, weights
from tests.parity.measures import (
    AT_RATE,
    COUNTS,
    MEANS,
    OTHERS,
    assert_streams_agree,
    both,
    keras_config,
    named,
    stream_of,
    streamed,
)
from tests.parity.tolerances import assert_agree

from chainrule import losses, metrics
from chainrule.errors import ArgumentError, UnknownNameError

VARIANTS = [*MEANS, *OTHERS]
OVERLAP = {"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}
"""Those of pictures, which are elsewhere."""

every_variant = pytest.mark.parametrize(("name", "options", "kind"), VARIANTS, ids=named(VARIANTS))
one_of_each = pytest.mark.parametrize("name", sorted({name for name, *_ in VARIANTS}))


def required(name):
    return {AT_RATE[name]: 0.5} if name in AT_RATE else {}


def test_every_metric_is_compared():
    ours = {kind.__name__ for kind in metrics.METRICS.values()} - OVERLAP
    theirs = {kind.__name__ for kind in ALL_OBJECTS_DICT.values()} - OVERLAP - {"Metric"}
    assert ours == theirs
    assert ours == {name for name, *_ in VARIANTS} | {"Mean", "Sum", "MeanMetricWrapper"}


def test_every_name_of_keras_is_known_and_means_the_same():
    for name, kind in ALL_OBJECTS_DICT.items():
        if kind.__name__ not in OVERLAP | {"Metric"}:
            assert metrics.METRICS[name].__name__ == kind.__name__, name


@one_of_each
def test_names_and_directions_are_those_of_keras(name):
    ours, theirs = both(name, **required(name))
    assert ours.name == theirs.name
    if name in COUNTS:  # Keras does not say which way they are better
        assert ours.direction == {"T": "up", "F": "down"}[name[0]]
    else:
        assert ours.direction == theirs._direction


@one_of_each
def test_arguments_have_the_order_of_keras(name):
    ours, theirs = (
        list(inspect.signature(getattr(library.metrics, name)).parameters) for library in LIBRARIES
    )
    assert [a for a in ours if a in theirs] == theirs
    assert set(ours) - set(theirs) <= {"options"}


@every_variant
def test_a_configuration_makes_the_same_metric_in_keras(name, options, kind):
    config = both(name, name="mine", **options)[0].get_config()
    json.dumps(config)
    again = keras_config(name, config)
    common = config.keys() & again.keys()
    assert {"name", *options} <= common | {"axis"}
    assert {key: config[key] for key in common} == {key: _plain(again[key]) for key in common}


@every_variant
def test_a_configuration_makes_the_same_metric_again(name, options, kind):
    ours, theirs = both(name, name="mine", **options)
    config = _plain_config(theirs.get_config())
    again = [type(ours).from_config(config) for config in (ours.get_config(), config)]
    assert again[0].get_config() == ours.get_config()
    batch = (*targets(kind, 5, 4), weights(5))
    wanted = ours(*batch)
    for metric in again:
        np.testing.assert_array_equal(metric(*batch), wanted)


def _plain(value):
    return value if value is None or isinstance(value, str | bool) else np.asarray(value).tolist()


@every_variant
def test_what_is_serialised_comes_back_from_either_library(name, options, kind):
    ours, theirs = both(name, name="mine", **options)
    data = metrics.serialize(ours)
    assert metrics.deserialize(data).get_config() == ours.get_config()
    assert metrics.get(data).get_config() == ours.get_config()
    of_keras = keras.metrics.deserialize(data)
    assert type(of_keras) is type(theirs)
    assert _plain_config(of_keras.get_config()) == _plain_config(theirs.get_config())
    data = keras.metrics.serialize(theirs)
    assert data.keys() == {"module", "class_name", "config", "registered_name"}
    assert type(metrics.deserialize(_unwrapped(data))) is type(ours)


def _plain_config(config):
    return {key: _plain(value) for key, value in config.items()}


def _unwrapped(data):
    """What Keras writes for an array, as the list it stands for."""
    weights = data["config"].get("label_weights")
    if isinstance(weights, dict):
        data["config"]["label_weights"] = weights["config"]["value"]
    return data


FUNCTIONS = {
    name: kind
    for kind, names in {
        "numbers": "mean_squared_error mean_absolute_error mean_squared_logarithmic_error huber "
        "mean_absolute_percentage_error log_cosh poisson pearson_correlation "
        "concordance_correlation",
        "yes/no": "binary_accuracy binary_crossentropy binary_focal_crossentropy hinge "
        "squared_hinge",
        "one-hot": "categorical_accuracy categorical_crossentropy categorical_focal_crossentropy "
        "categorical_hinge kl_divergence top_k_categorical_accuracy",
        "class numbers": "sparse_categorical_accuracy sparse_categorical_crossentropy "
        "sparse_top_k_categorical_accuracy",
    }.items()
    for name in names.split()
}
"""The functions of keras.metrics, and the targets that each takes."""


def test_every_function_of_keras_is_there():
    theirs = {n for n in dir(keras.metrics) if n.islower() and not n.startswith("_")}
    assert theirs - {"get", "serialize", "deserialize"} == set(FUNCTIONS)
    assert set(FUNCTIONS) <= set(metrics.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_a_value_per_sample(name, float64):
    y_true, y_pred = targets(FUNCTIONS[name], 5, 6)
    ours, theirs = (getattr(library.metrics, name)(y_true, y_pred) for library in LIBRARIES)
    assert_agree(ours, theirs, "metric, float64", name)
    assert ours.dtype == np.float64


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_a_metric_of_its_name(name):
    batch = targets(FUNCTIONS[name], 5, 6)
    function = getattr(metrics, name)
    ours = metrics.get(function)
    theirs = keras.metrics.MeanMetricWrapper(getattr(keras.metrics, name), name=name)
    assert (ours.name, ours.sparse) == (name, name.startswith("sparse") and "cross" in name)
    assert_agree(*streamed((ours, theirs), [batch]), "metric, float32", name)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(ours))))
    assert again.fn is function
    data = keras.metrics.serialize(theirs)
    assert metrics.deserialize(data).fn is function


def mean_of_predictions(y_true, y_pred, power=1):
    return np.mean(np.asarray(y_pred) ** power, axis=-1)


@pytest.mark.parametrize("weight_shape", [None, ()], ids=str)
def test_a_function_of_ones_own_is_a_metric(weight_shape):
    made = [
        library.metrics.MeanMetricWrapper(mean_of_predictions, power=2, name="m", dtype="float64")
        for library in LIBRARIES
    ]
    ours, theirs = streamed(made, stream_of("numbers", weight_shape))
    assert_agree(ours, theirs, "metric, float64")
    data = json.loads(json.dumps(metrics.serialize(made[0])))
    with pytest.raises(UnknownNameError, match="mean_of_predictions"):
        metrics.deserialize(data)
    again = metrics.deserialize(data, {"mean_of_predictions": mean_of_predictions})
    assert again.get_config() == made[0].get_config()
    assert again.fn is mean_of_predictions
    function = data["config"]["fn"]
    found = metrics.deserialize(function, {"mean_of_predictions": mean_of_predictions})
    assert (found.name, found.direction) == ("mean_of_predictions", None)


def test_a_function_gets_what_is_given():
    labels, y_pred = targets("class numbers", 5, 4)
    picked = metrics.get(lambda y_true, y_pred: y_pred[np.arange(5), y_true])
    assert picked(labels, y_pred) == pytest.approx(np.mean(y_pred[np.arange(5), labels]))
    assert metrics.get(max_of).name == "max_of"
    assert metrics.get(max_of)(labels, y_pred) == pytest.approx(y_pred.max())


def max_of(y_true, y_pred):
    return y_pred.max()


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
def test_a_loss_is_the_mean_of_its_losses(reduction):
    batches = stream_of("numbers", ())
    ours = metrics.get(losses.MeanSquaredError(reduction=reduction, dtype="float64"))
    theirs = keras.metrics.MeanSquaredError(dtype="float64")
    assert (ours.name, ours.direction, ours.sparse) == (theirs.name, "down", False)
    found, wanted = streamed((ours, theirs), batches)
    assert_agree(found, wanted, "metric, float64")
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(ours))))
    assert again.get_config() == ours.get_config()
    again, _ = streamed((again, theirs), batches)
    np.testing.assert_array_equal(again, found)


def test_the_loss_function_of_cosines_is_not_the_metric():
    batch = targets("numbers", 5, 4)
    metric = metrics.get("cosine_similarity")(*batch)
    assert metric == pytest.approx(-metrics.get(losses.cosine_similarity)(*batch))
    assert metric == pytest.approx(float(keras.metrics.CosineSimilarity()(*batch)))


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize(
    ("values_shape", "weight_shape"),
    [
        *(((), weight) for weight in (None, (), (1,))),
        *(((5,), weight) for weight in (None, (5,), (1,), (5, 1))),
        *(((5, 3), weight) for weight in (None, (5,), (5, 1), (5, 3))),
        ((5, 1), (5,)),
    ],
    ids=str,
)
def test_means_and_sums_of_values(name, values_shape, weight_shape):
    generator = np.random.default_rng(0)
    batches = []
    for seed in (1, 2):
        batch = (generator.normal(size=values_shape),)
        weight = () if weight_shape is None else (weights(weight_shape, seed) + 0.1,)
        batches.append(batch + weight)
    assert_streams_agree(name, {}, batches)
    ours, theirs = both(name)
    assert (ours.name, ours.direction) == (theirs.name, None)
    assert ours.result() == float(theirs.result()) == 0
    ours.update_state(batches[0][0])
    assert ours.value(ours.sums(*batches[0][:1])) == ours.result()


def test_one_weight_for_all_samples_is_the_weight_of_each():
    mean = metrics.Mean()
    mean.update_state([1.0, 3.0], sample_weight=2.0)
    mean.update_state([8.0], sample_weight=2.0)
    assert mean.result() == 4  # in Keras 5: a batch of one counts as much as one of two


def test_a_mean_of_values_is_no_metric_of_predictions():
    with pytest.raises(ArgumentError, match="Mean is of values, not of targets and predictions"):
        metrics.get("mean").sums(np.ones(3), np.ones(3), None)


def test_what_is_no_metric_is_refused():
    for nothing in (None, 3, int, keras.metrics.AUC):
        with pytest.raises(ArgumentError, match="must be a name, a Metric or a function"):
            metrics.get(nothing)
    with pytest.raises(UnknownNameError, match="Did you mean 'precision'"):
        metrics.get("precison")
    with pytest.raises(ArgumentError, match=r"as an object, PrecisionAtRecall\(…\)"):
        metrics.get("precision_at_recall")
    with pytest.raises(ArgumentError, match="`fn` must be a function"):
        metrics.MeanMetricWrapper("mse")
    with pytest.raises(ArgumentError, match=r"`axis` must be -1.*Received: axis=0"):
        metrics.CategoricalCrossentropy(axis=0)
    for name in ("Mine", ["AUC"], None):
        with pytest.raises(UnknownNameError, match="metric identifier"):
            metrics.deserialize({"class_name": name, "config": {}})
