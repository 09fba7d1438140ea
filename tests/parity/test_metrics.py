"""Metrics that are the mean of a value per sample, on streams of batches."""

import numpy as np
import pytest
from tests.parity.builders import Twins, dense_net, targets, weights
from tests.parity.measures import (
    MEANS,
    assert_streams_agree,
    both,
    named,
    stream_of,
)
from tests.parity.tolerances import assert_agree

KINDS = {name: kind for name, _, kind in MEANS}
"""The targets that each metric takes."""

every_variant = pytest.mark.parametrize(("name", "options", "kind"), MEANS, ids=named(MEANS))
every_metric = pytest.mark.parametrize("name", KINDS)


@every_variant
@pytest.mark.parametrize("weight_shape", [None, (), (1,)], ids=["unweighted", "(N,)", "(N, 1)"])
def test_a_metric_streams_over_batches_as_in_keras(name, options, kind, weight_shape):
    assert_streams_agree(name, options, stream_of(kind, weight_shape))


@every_metric
def test_float32_is_the_default_and_agrees(name):
    options = {"dtype": None}
    assert_streams_agree(name, options, [targets(KINDS[name], 5, 4)], "metric, float32")


@every_metric
@pytest.mark.parametrize("weight_shape", [None, (4,), (4, 1), (4, 4)], ids=str)
def test_sequences_count_by_step_or_by_sample(name, weight_shape):
    batch = targets(KINDS[name], (4, 4), 3)  # as many samples as steps: not to be mixed up
    batch += () if weight_shape is None else (weights(weight_shape),)
    assert_streams_agree(name, {}, [batch])


@pytest.mark.parametrize("name", ["MeanSquaredError", "Accuracy", "SparseCategoricalAccuracy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_samples_weigh_the_same_however_long_their_sequences(name, weighted):
    batches = []
    for steps in (2, 5):
        batch = targets(KINDS[name], (4, steps), 3)
        batches.append((*batch, weights(batch[1].shape[:2])) if weighted else batch)
    assert_streams_agree(name, {}, batches)


@every_metric
def test_nothing_seen_forgotten_or_counted_is_zero(name):
    batch = targets(KINDS[name], 5, 4)
    for metric in both(name):
        assert float(metric.result()) == 0
        metric.update_state(*batch)
        assert float(metric.result()) != 0
        metric.reset_state()
        assert float(metric.result()) == 0
        assert float(metric(*batch, sample_weight=np.zeros(5))) == 0


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
