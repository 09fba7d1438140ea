"""Metrics of both libraries side by side, and what each of them is compared on."""

import keras
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.parity.builders import LIBRARIES, targets, weights
from tests.parity.tolerances import assert_agree

CROSSENTROPIES = [{}, {"from_logits": True}, {"label_smoothing": 0.1}]

MEANS = [
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("LogCoshError", {}, "numbers"),
    ("PearsonCorrelation", {}, "numbers"),
    ("ConcordanceCorrelation", {}, "numbers"),
    ("Poisson", {}, "numbers"),
    ("KLDivergence", {}, "one-hot"),
    *(("BinaryCrossentropy", options, "yes/no") for options in CROSSENTROPIES),
    *(("CategoricalCrossentropy", options, "one-hot") for options in CROSSENTROPIES),
    *(
        ("SparseCategoricalCrossentropy", options, "class numbers")
        for options in CROSSENTROPIES[:2]
    ),
    ("Hinge", {}, "yes/no"),
    ("SquaredHinge", {}, "yes/no"),
    ("CategoricalHinge", {}, "one-hot"),
    ("Accuracy", {}, "answers"),
    ("BinaryAccuracy", {}, "yes/no"),
    ("BinaryAccuracy", {"threshold": 0.3}, "yes/no"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("SparseCategoricalAccuracy", {}, "class numbers"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "class numbers"),
]
"""Metrics that are the mean of a value per sample: class, options, kind of targets."""

COUNTS = ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
SHARES = ("Precision", "Recall")
AT_RATE = {
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
    "PrecisionAtRecall": "recall",
    "RecallAtPrecision": "precision",
}
"""Each with the name of its first argument."""

OTHERS = [
    *((name, {}, "yes/no") for name in (*COUNTS, *SHARES)),
    ("Precision", {"thresholds": [0.2, 0.7]}, "yes/no"),
    ("Recall", {"top_k": 2, "class_id": 1}, "one-hot"),
    *((name, {bound: 0.5, "num_thresholds": 20}, "yes/no") for name, bound in AT_RATE.items()),
    ("AUC", {}, "yes/no"),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, "yes/no"),
    ("AUC", {"thresholds": [0.7, 0.2], "label_weights": [1.0, 2.0, 0.5, 1.0]}, "yes/no"),
    ("AUC", {"multi_label": True, "num_labels": 4, "curve": "PRGAIN"}, "yes/no"),
    ("F1Score", {}, "one-hot"),
    ("F1Score", {"average": "macro", "threshold": 0.4}, "yes/no"),
    ("FBetaScore", {"beta": 2.0, "average": "weighted"}, "one-hot"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "numbers"),
]
"""Metrics of other sums, likewise."""

BATCHES = (5, 3)
"""Samples in each batch of a stream."""


def named(variants):
    """Ids of variants."""
    return [" ".join([name, *(f"{k}={v}" for k, v in o.items())]) for name, o, _ in variants]


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
        results.append([np.asarray(metric.result(), np.float64) for metric in made])
    ours, theirs = zip(*results, strict=True)
    return np.stack(ours), np.stack(theirs)


def assert_streams_agree(name, options, batches, kind="metric, float64"):
    """Feed the batches to the metric of both libraries, and compare after each."""
    assert_agree(*streamed(both(name, **options), batches), kind, f"{name} {options}")


def stream_of(kind, weight_shape=None, classes=4):
    """Batches of targets, predictions and (unless ``weight_shape`` is ``None``) weights."""
    drawn = [targets(kind, samples, classes, seed=samples) for samples in BATCHES]
    if weight_shape is None:
        return drawn
    return [(*batch, weights((len(batch[1]), *weight_shape))) for batch in drawn]


def answers(shape, grid=8):
    """Batches of yes/no targets and predictions with many ties, some all alike, and weights.

    Predictions are mostly k/grid, which is where evenly spaced thresholds lie; weights are
    multiples of 1/4, so that sums of them are exact and no order of adding can matter.
    """
    ties = st.integers(0, grid).map(lambda k: k / grid)
    anything = st.floats(0, 1, allow_subnormal=False, width=32)
    quarters = st.integers(0, 8).map(lambda k: k / 4)
    predictions = st.one_of(
        arrays(np.float64, shape, elements=st.one_of(ties, anything)),
        ties.map(lambda p: np.full(shape, p)),
    )
    yes_no = arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))
    batch = st.tuples(yes_no, predictions, arrays(np.float64, shape[:1], elements=quarters))
    return st.lists(batch, min_size=1, max_size=3)


def keras_config(name, config):
    """Our configuration, gone through the metric of Keras."""
    return getattr(keras.metrics, name).from_config(config).get_config()
