"""The loop of ``fit``: from the same weights, the same history and the same weights."""

import numpy as np
import pytest
from tests.parity.builders import (
    PROBLEMS,
    Problem,
    assert_same_history,
    classes,
    lesson,
    weights,
    yes_no,
)

every_problem = pytest.mark.parametrize("problem", PROBLEMS)
with_classes = pytest.mark.parametrize("problem", ["classes", "yes or no"])

SPLIT = 0.33
"""32 of the 48 samples to train on, 16 to validate on."""

RUNS = {
    "batches": {},
    "later epochs": {"initial_epoch": 2, "epochs": 4},
    "nothing left to do": {"initial_epoch": 2},
    "as many steps as batches": {"steps_per_epoch": 3},
    "many epochs from one pass": {"steps_per_epoch": 1, "epochs": 5},
    "a split": {"validation_split": SPLIT},
    "a split in part": {"validation_split": 0.66, "validation_steps": 1},
    "every other epoch": {"validation_split": SPLIT, "validation_freq": 2},
    "chosen epochs": {"validation_split": SPLIT, "validation_freq": [1, 3], "epochs": 3},
    "weights": {"sample_weight": weights(48)},
    "weights in a column": {"sample_weight": weights((48, 1))},
    "weights and a split": {"sample_weight": weights(48), "validation_split": SPLIT},
}


def last(problem, samples=16):
    """Data to validate on."""
    return problem.x[-samples:] + 0.1, problem.y[-samples:]


def assert_same_run(twins, x, y, **arguments):
    assert_same_history(*twins.fit(x, y, **{"epochs": 2, **arguments}))
    twins.assert_same_weights()


@every_problem
@pytest.mark.parametrize("run", RUNS)
def test_histories_and_weights_are_those_of_keras(problem, run):
    problem = PROBLEMS[problem]()
    assert_same_run(problem.twins(), problem.x, problem.y, **RUNS[run])


@every_problem
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_data_of_its_own_are_validated_on(problem, weighted):
    problem = PROBLEMS[problem]()
    data = last(problem) + ((weights(16),) if weighted else ())
    assert_same_run(problem.twins(), problem.x, problem.y, validation_data=data)


def test_data_of_its_own_go_before_a_split():
    problem = lesson()
    arguments = {"validation_data": last(problem), "validation_split": 0.5}
    assert_same_run(problem.twins(), problem.x, problem.y, **arguments)


@pytest.mark.parametrize("problem", ["lesson", "classes"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_batches_are_of_32_and_the_last_may_be_short(problem, weighted):
    problem = PROBLEMS[problem]()
    arguments = {"sample_weight": weights(48)} if weighted else {}
    assert_same_run(problem.twins(), problem.x, problem.y, batch_size=None, **arguments)


def test_batches_of_the_validation_have_a_size_of_their_own():
    problem = lesson()
    arguments = {"validation_split": SPLIT, "validation_batch_size": 12, "validation_steps": 1}
    assert_same_run(problem.twins(), problem.x, problem.y, **arguments)


@with_classes
@pytest.mark.parametrize("table", [{1: 3.0}, {0: 0.0, 1: 1.0, 2: 2.0}], ids=str)
def test_classes_are_weighted_as_by_keras(problem, table):
    problem = PROBLEMS[problem]()
    assert_same_run(problem.twins(), problem.x, problem.y, class_weight=table)


def test_one_hot_classes_are_weighted_as_by_keras():
    problem = classes(one_hot=True)
    assert_same_run(problem.twins(), problem.x, problem.y, class_weight={0: 0.5, 3: 2.0})


def test_classes_of_soft_targets_are_the_nearest():
    problem = yes_no()
    soft = np.where(problem.y > 0, 0.9, 0.2)
    assert_same_run(problem.twins(), problem.x, soft, class_weight={0: 0.5, 1: 2.0})


@with_classes
def test_weights_of_classes_do_not_reach_the_validation(problem):
    problem = PROBLEMS[problem]()
    table = {0: 0.5, 1: 2.0}
    for validation in ({"validation_split": SPLIT}, {"validation_data": last(problem)}):
        assert_same_run(problem.twins(), problem.x, problem.y, class_weight=table, **validation)


def test_a_metric_may_be_both_weighted_and_not():
    problem = lesson()
    twins = problem.twins(metrics=["mae", "mse"], weighted_metrics=["mae"])
    assert_same_run(twins, problem.x, problem.y, sample_weight=weights(48), validation_split=SPLIT)


def test_entries_are_in_the_order_of_keras():
    problem = lesson()
    twins = problem.twins(metrics=[lambda k: k.metrics.MeanAbsoluteError("z"), "mse"])
    assert_same_run(twins, problem.x, problem.y, validation_split=SPLIT)
    twins = problem.twins(metrics=[])
    assert_same_run(twins, problem.x, problem.y, validation_split=SPLIT)


@pytest.mark.parametrize(
    ("reduction", "weighted"),
    [("sum", True), ("mean", True), *(("mean_with_sample_weight", w) for w in (False, True))],
)
def test_every_reduction_trains_as_in_keras(reduction, weighted):
    problem = lesson()
    twins = problem.twins(loss=lambda k: k.losses.MeanSquaredError(reduction=reduction))
    arguments = {"sample_weight": weights(48)} if weighted else {}
    assert_same_run(twins, problem.x, problem.y, validation_split=SPLIT, **arguments)


LOGITS = {
    "classes": lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True),
    "yes or no": lambda k: k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
}


@with_classes
def test_losses_of_logits_train_as_in_keras(problem):
    make, problem = LOGITS[problem], PROBLEMS[problem]()
    build = problem.build

    def without_last_activation(library):
        model = build(library)
        units = model.pop().units
        model.add(library.layers.Dense(units))
        return model

    problem.build = without_last_activation
    twins = problem.twins(loss=make)
    assert_same_run(twins, problem.x, problem.y, validation_split=SPLIT)


@pytest.mark.parametrize("spelling", ["crossentropy", "ce"])
@pytest.mark.parametrize(
    "make",
    [classes, lambda: classes(one_hot=True), yes_no],
    ids=["class numbers", "one-hot", "one output"],
)
def test_crossentropy_means_what_fits_the_targets(spelling, make):
    problem = make()
    assert_same_run(problem.twins(loss=spelling), problem.x, problem.y)


@pytest.mark.parametrize("problem", ["lesson", "classes"])
def test_in_float64_nothing_is_left_of_the_differences(problem, float64):
    problem = PROBLEMS[problem]()
    twins = problem.twins()
    assert_same_history(
        *twins.fit(problem.x, problem.y, epochs=3, validation_split=SPLIT),
        "history, float64",
    )
    twins.assert_same_weights("weights, float64")


def test_a_second_fit_goes_on_and_records_anew():
    problem = classes()
    twins = problem.twins()
    for _ in range(2):
        assert_same_run(twins, problem.x, problem.y)


def test_frozen_layers_stay_as_in_keras():
    problem = classes()
    twins = problem.twins()
    for model in twins.both:
        model.layers[0].trainable = False
    twins.compile(**problem.compile_args)
    first = twins.ours.get_weights()[0]
    assert_same_run(twins, problem.x, problem.y)
    assert np.array_equal(first, twins.ours.get_weights()[0])


# ------------------------------------------------------------ many losses a sample, one a batch


def sequences(activation="softmax", kind="class numbers", **loss):
    """5-2 numbers to 5-3 units: a loss for each of 5 steps."""

    def build(library):
        dense = library.layers.Dense
        return library.Sequential([library.Input((5, 2)), dense(4, "tanh"), dense(3, activation)])

    x = np.random.default_rng(0).normal(size=(48, 5, 2))
    y = np.sin(10 * x[..., :1] + [0, 1, 2])
    y = y if kind == "numbers" else np.argmax(y, axis=-1)
    return Problem(build, x, y, {"optimizer": "adam", **loss})


def cross_entropy(**options):
    return lambda k: k.losses.SparseCategoricalCrossentropy(**options)


IGNORING = {
    "some": {"ignore_class": 0},
    "of logits": {"ignore_class": 0, "from_logits": True},
    "a sum": {"ignore_class": 0, "reduction": "sum"},
    "by weights": {"ignore_class": 0, "reduction": "mean_with_sample_weight"},
    "none": {"ignore_class": -1},
}


def assert_same_run_in_float64(problem, **arguments):
    twins = problem.twins()
    arguments = {"epochs": 3, "validation_split": SPLIT, **arguments}
    assert_same_history(*twins.fit(problem.x, problem.y, **arguments), "history, float64")
    twins.assert_same_weights("weights, float64")


@pytest.mark.parametrize("shape", [(48, 5), (48, 1)], ids=str)
def test_every_step_of_a_sequence_may_have_its_weight(shape, float64):
    metrics = {"weighted_metrics": ["accuracy"]}
    problem = sequences(loss="sparse_categorical_crossentropy", **metrics)
    assert_same_run_in_float64(problem, sample_weight=weights(shape))
    problem = sequences(None, "numbers", loss="mse", weighted_metrics=["mae"])
    assert_same_run_in_float64(problem, sample_weight=weights(shape))


@pytest.mark.parametrize("options", IGNORING.values(), ids=IGNORING)
def test_a_class_may_be_ignored(options, float64):
    activation = None if "from_logits" in options else "softmax"
    problem = sequences(activation, loss=cross_entropy(**options))
    arguments = {} if activation is None else {"sample_weight": weights((48, 5))}
    assert_same_run_in_float64(problem, **arguments)


@pytest.mark.parametrize(
    ("loss", "weighted"), [("dice", True), ("dice", False), ("tversky", False)]
)
def test_a_loss_may_be_one_number_for_a_batch(loss, weighted, float64):
    problem = classes(one_hot=True)
    problem.compile_args |= {"loss": loss, "metrics": None, "weighted_metrics": None}
    arguments = {"sample_weight": weights(48)} if weighted else {}
    assert_same_run_in_float64(problem, **arguments)


# ------------------------------------------------------------ penalties, constraints, optimizers


def regularized(library):
    dense, regularizers = library.layers.Dense, library.regularizers
    penalties = {
        "kernel_regularizer": regularizers.L2(0.1),
        "activity_regularizer": regularizers.L1(0.05),
    }
    last = {"bias_regularizer": "l2", "kernel_constraint": "max_norm"}
    layers = [dense(16, "relu", **penalties), dense(4, "softmax", **last)]
    return library.Sequential([library.Input((8,)), *layers])


@pytest.mark.parametrize("changes", [{}, {"loss_weights": [0.3]}], ids=["", "loss weights"])
def test_penalties_are_part_of_the_loss(changes, float64):
    problem = classes()
    problem.build = regularized
    problem.compile_args |= {"optimizer": "sgd", **changes}
    assert_same_run_in_float64(problem, sample_weight=weights(48))


OPTIMIZERS = {
    "averaged weights": lambda k: k.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.7),
    "weights set to their average": lambda k: k.optimizers.SGD(
        0.5, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=2
    ),
    "gradients of two batches": lambda k: k.optimizers.Adam(0.05, gradient_accumulation_steps=2),
    "a schedule": lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5)),
    "a norm for all": lambda k: k.optimizers.SGD(0.5, global_clipnorm=0.01),
    "a norm for each": lambda k: k.optimizers.Adam(0.05, clipnorm=0.01),
    "bounds": lambda k: k.optimizers.SGD(0.5, clipvalue=0.001, momentum=0.9, nesterov=True),
    "decay": lambda k: k.optimizers.AdamW(0.05, weight_decay=0.1),
    "a scaled loss": lambda k: k.optimizers.SGD(0.5, loss_scale_factor=8.0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_whole_runs_with_every_part_of_an_optimizer(optimizer, float64):
    problem = lesson()
    problem.compile_args["optimizer"] = OPTIMIZERS[optimizer]
    assert_same_run_in_float64(problem)
