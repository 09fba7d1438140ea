"""Where chainrule knowingly does otherwise than Keras: what each of the two does."""

import math

import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES, Twins, classes, dense_net, lesson, weights
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule.errors import DataError


def test_weights_of_samples_and_classes_multiply_where_keras_refuses_both():
    problem = classes()
    sample, by_class = weights(48), {0: 0.5, 1: 2.0}
    twins = problem.twins()
    both = {"batch_size": 16, "shuffle": False, "verbose": 0}
    with pytest.raises(ValueError, match="at the same time"):
        twins.theirs.fit(problem.x, problem.y, sample_weight=sample, class_weight=by_class)
    twins.ours.fit(problem.x, problem.y, sample_weight=sample, class_weight=by_class, **both)
    product = sample * np.array([by_class.get(label, 1.0) for label in problem.y])
    twins.theirs.fit(problem.x, problem.y, sample_weight=product, **both)
    twins.assert_same_weights()


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_an_epoch_goes_on_into_the_next_pass_where_keras_cuts_it_short():
    problem = lesson()
    twins = problem.twins()
    twins.fit(problem.x, problem.y, steps_per_epoch=2, epochs=3)  # 3 batches of 16
    assert twins.ours.optimizer.iterations == 6
    assert int(twins.theirs.optimizer.iterations) == 5


def test_a_saturated_unit_learns_where_the_clip_of_keras_stops_it():
    twins = Twins(dense_net(1, (1, "sigmoid")), optimizer="sgd", loss="binary_crossentropy")
    for model in twins.both:
        model.set_weights([np.array([[200.0]]), np.zeros(1)])
        model.train_on_batch(np.ones((16, 1)), np.zeros((16, 1)))
    (ours, _), (theirs, _) = twins.each(lambda model: model.get_weights())
    assert_agree(ours, [[200 - 0.01]], "weights")
    assert theirs == 200


def test_a_class_that_does_not_exist_is_refused_where_keras_counts_it_as_solved():
    twins = Twins(dense_net(2, (3, "softmax")), loss="sparse_categorical_crossentropy")
    x, y = np.ones((16, 2)), np.full(16, 3)
    assert twins.theirs.test_on_batch(x, y) == 0
    with pytest.raises(DataError, match="from 0 to 2"):
        twins.ours.test_on_batch(x, y)


def test_a_learning_rate_may_be_an_integer():
    assert chainrule.optimizers.SGD(learning_rate=1).learning_rate == 1
    with pytest.raises(ValueError, match="should be float"):
        keras.optimizers.SGD(learning_rate=1)


def test_a_weighted_mean_of_sequences_is_over_steps_where_keras_counts_samples():
    y_true, y_pred, weight = np.zeros((2, 4, 1)), np.ones((2, 4, 1)), np.array([[1.0], [3.0]])
    ours, theirs = (
        float(library.losses.MeanSquaredError("mean_with_sample_weight")(y_true, y_pred, weight))
        for library in LIBRARIES
    )
    assert (ours, theirs) == (1, 4)


def test_an_initializer_without_seed_draws_anew_where_that_of_keras_repeats_itself():
    for library, repeats in zip(LIBRARIES, (False, True), strict=True):
        initializer = library.initializers.GlorotUniform()
        first, second = (np.asarray(initializer((3, 4))) for _ in range(2))
        assert np.array_equal(first, second) == repeats


def test_a_loss_that_began_as_nan_can_improve_where_in_keras_it_never_does():
    for library, best in zip(LIBRARIES, (0.5, math.nan), strict=True):
        callback = library.callbacks.EarlyStopping("loss", patience=9)
        callback.set_model(keras.Sequential())
        callback.on_train_begin()
        for epoch, loss in enumerate([math.nan, 1.0, 0.5]):
            callback.on_epoch_end(epoch, {"loss": loss})
        assert callback.best == pytest.approx(best, nan_ok=True)
