"""loss_at() and gradient_at(): the loss of all rows together, and its slope."""

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule.errors import ShapeError
from chainrule.layers import BatchNormalization, Dense, Dropout, Embedding, Flatten, Input
from chainrule.losses import SparseCategoricalCrossentropy, Tversky
from chainrule.models import Model, Sequential
from chainrule.utils import set_random_seed

ENGINES = pytest.mark.parametrize("engine", ["numpy", "native"])


def slope(function, theta, step=1e-6):
    """Central differences in every element."""
    found = np.zeros(len(theta))
    for place in range(len(theta)):
        ahead, behind = theta.copy(), theta.copy()
        ahead[place] += step
        behind[place] -= step
        found[place] = (function(ahead) - function(behind)) / (2 * step)
    return found


def sequence_tagger(loss):
    """Two class numbers out of three for each sample, of two numbers; penalties too."""
    set_random_seed(2)
    model = Sequential(
        [
            Input((2,), dtype="int32"),
            Embedding(5, 3, embeddings_regularizer="l2"),
            Dense(4, "tanh", kernel_regularizer="l2", activity_regularizer="l2"),
            Dense(3, "softmax"),
        ],
    )
    model._cast("float64")
    model.compile("sgd", loss)
    generator = np.random.default_rng(0)
    return model, generator.integers(0, 5, (11, 2)), generator.integers(0, 3, (11, 2))


@ENGINES
class TestLossAndGradient:
    def test_they_are_those_that_evaluate_and_central_differences_give(self, engine):
        model = classifier(engine=engine)
        model._cast("float64")
        model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
        x, y = blobs()
        loss, gradient = model.gradient_at(x, y)
        assert loss == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-12)
        assert loss == pytest.approx(model.loss_at(x, y), rel=1e-12)
        numeric = slope(lambda theta: model.loss_at(x, y, theta), model.theta)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)

    def test_the_gradient_is_the_step_that_fit_takes_over_the_whole_batch(self, engine):
        model = regressor(engine=engine)
        x, y = line()
        before, (_, gradient) = model.theta.copy(), model.gradient_at(x, y)
        model.fit(x, y, batch_size=50, verbose=0)
        np.testing.assert_allclose(before - 0.01 * gradient, model.theta, rtol=1e-6)

    @pytest.mark.parametrize("rows", [1, 7, 60])
    def test_how_many_rows_are_computed_at_once_changes_nothing(self, engine, rows):
        model = classifier(engine=engine)
        x, y = blobs()
        weight = np.random.default_rng(1).uniform(0, 2, 60)
        whole = model.gradient_at(x, y, sample_weight=weight)
        parts = model.empirical_loss(x, y, weight, batch_size=rows)
        assert parts.parts == -(-60 // rows)
        found = parts.gradient()
        assert found[0] == pytest.approx(whole[0], rel=1e-6)
        np.testing.assert_allclose(found[1], whole[1], rtol=1e-4, atol=1e-7)
        assert parts.loss() == pytest.approx(whole[0], rel=1e-6)


class TestAnyReduction:
    @pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
    @pytest.mark.parametrize("ignored", [None, 2])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_the_loss_is_that_of_one_batch_of_all_rows(self, reduction, ignored, weighted):
        loss = SparseCategoricalCrossentropy(reduction=reduction, ignore_class=ignored)
        model, x, y = sequence_tagger(loss)
        weight = np.random.default_rng(1).uniform(0, 2, 11) if weighted else None
        expected = model.test_on_batch(x, y, weight)
        parts = model.empirical_loss(x, y, weight, batch_size=4)
        found, gradient = parts.gradient()
        assert found == pytest.approx(expected, rel=1e-12)
        assert parts.loss() == pytest.approx(expected, rel=1e-12)
        numeric = slope(parts.loss, model.theta)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-7)

    def test_a_loss_of_the_whole_batch_is_computed_at_once(self):
        model = Sequential([Input((4,)), Dense(3, "softmax")])
        model.compile("sgd", Tversky())
        x, y = blobs()
        parts = model.empirical_loss(x, np.eye(3)[y], batch_size=7)
        assert parts.parts == 1
        assert parts.loss() == pytest.approx(model.test_on_batch(x, np.eye(3)[y]), rel=1e-6)

    def test_several_outputs_are_summed(self):
        x = Input((2,))
        h = Dense(3, "tanh")(x)
        model = Model(x, [Dense(1, name="a")(h), Dense(2, name="b")(h)])
        model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 0.3])
        rows = np.random.default_rng(0).normal(size=(9, 2))
        targets = [rows[:, :1], rows]
        expected = model.evaluate(rows, targets, verbose=0, return_dict=True)["loss"]
        assert model.loss_at(rows, targets) == pytest.approx(expected, rel=1e-6)


class TestTheModel:
    def test_dropout_rests_and_normalization_uses_its_averages(self):
        set_random_seed(0)
        model = Sequential(
            [Input((4,)), Dense(5), BatchNormalization(), Dropout(0.5), Dense(3, "softmax")]
        )
        model.compile("sgd", "sparse_categorical_crossentropy")
        x, y = blobs()
        model.fit(x, y, verbose=0)
        assert model.loss_at(x, y) == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-6)
        assert model.gradient_at(x, y)[0] == pytest.approx(model.loss_at(x, y), rel=1e-6)

    def test_it_stays_as_it_was(self):
        model = classifier()
        x, y = blobs()
        before = model.theta.copy()
        model.loss_at(x, y, np.zeros(len(before)))
        model.gradient_at(x, y, np.zeros(len(before)))
        np.testing.assert_array_equal(model.theta, before)
        assert model.optimizer.steps == 0

    def test_frozen_weights_have_no_part_in_theta(self):
        model = Sequential([Input((4,)), Dense(5, trainable=False), Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        x, y = blobs()
        theta = np.random.default_rng(0).normal(size=18)
        loss, gradient = model.gradient_at(x, y, theta)
        assert gradient.shape == (18,)
        whole = np.concatenate([theta, model.theta[18:]])
        assert model.loss_at(x, y, whole) == pytest.approx(loss, rel=1e-6)

    def test_theta_of_another_size_is_refused(self):
        x, y = line()
        with pytest.raises(ShapeError, match=r"\(13,\).*Received: shape=\(12,\)"):
            regressor().loss_at(x, y, np.zeros(12))

    def test_images_work_too(self):
        model = Sequential([Input((4, 3)), Flatten(), Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        x = np.random.default_rng(0).integers(0, 256, (9, 4, 3)).astype(np.uint8)
        assert model.gradient_at(x, np.arange(9) % 2)[1].shape == (26,)
