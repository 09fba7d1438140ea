"""fit() with the optimizers of the whole batch."""

import signal
import warnings

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule.callbacks import Callback, CSVLogger, EarlyStopping, ModelCheckpoint
from chainrule.datasets import exam_scores
from chainrule.errors import ArgumentError
from chainrule.layers import BatchNormalization, Dense, Dropout, Input
from chainrule.losses import MeanSquaredError
from chainrule.models import Model, Sequential, load_model
from chainrule.optimizers import (
    BFGS,
    FULL_BATCH,
    LBFGS,
    SGD,
    ConjugateGradient,
    GaussNewton,
    GradientDescent,
    Newton,
    NewtonCG,
)
from chainrule.regularizers import L2
from chainrule.utils import PyDataset, set_random_seed

NAMES = pytest.mark.parametrize("name", FULL_BATCH.names)


def exact(optimizer, loss="mse", seed=1, **compile_args):
    """The lesson's network in float64."""
    set_random_seed(seed)
    layers = [Dense(3, "sigmoid", dtype="float64"), Dense(1, "sigmoid", dtype="float64")]
    model = Sequential([Input((2,)), *layers])
    model.compile(optimizer, loss, **compile_args)
    return model


class Recorded(Callback):
    """Every hook, and the weights at the end of each epoch."""

    def __init__(self):
        self.hooks, self.thetas = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.hooks.append(f"begin {epoch}")

    def on_train_batch_end(self, batch, logs=None):
        self.hooks.append(f"batch {batch}")

    def on_epoch_end(self, epoch, logs=None):
        self.hooks.append(f"end {epoch}")
        self.thetas.append(self.model.theta.copy())


class TestTheLoop:
    @NAMES
    def test_the_loss_falls_and_the_logs_are_of_the_weights_after_the_epoch(self, name):
        model, (x, y), recorded = exact(name), line(), Recorded()
        before = model.loss_at(x, y)
        history = model.fit(x, y, epochs=4, verbose=0, callbacks=[recorded])
        losses = history.history["loss"]
        assert before > losses[0] > losses[-1]
        for theta, loss in zip(recorded.thetas, losses, strict=True):
            assert model.loss_at(x, y, theta) == pytest.approx(loss, rel=1e-12)
        assert recorded.hooks[:3] == ["begin 0", "batch 0", "end 0"]
        assert model.optimizer.steps == model.optimizer.iterations == 4
        assert len({len(values) for values in history.history.values()}) == 1

    def test_gradient_descent_is_sgd_over_one_batch(self):
        model, twin, (x, y) = regressor(GradientDescent(0.5)), regressor(SGD(0.5)), line()
        model.fit(x, y, epochs=5, verbose=0)
        twin.fit(x, y, epochs=5, batch_size=len(x), verbose=0)
        np.testing.assert_allclose(model.theta, twin.theta, rtol=1e-5)

    def test_logs_have_the_step_its_price_and_the_slope(self):
        model, (x, y) = exact("bfgs", metrics=["mae"]), line()
        history = model.fit(x, y, epochs=3, verbose=0, validation_data=(x[:9], y[:9]))
        assert list(history.history) == [
            "evaluations",
            "gradient_norm",
            "loss",
            "mae",
            "step_length",
            "val_loss",
            "val_mae",
        ]
        _, gradient = model.gradient_at(x, y)
        assert history.history["gradient_norm"][-1] == pytest.approx(np.abs(gradient).max())
        evaluated = model.evaluate(x, y, verbose=0, return_dict=True)
        assert history.history["mae"][-1] == pytest.approx(evaluated["mae"])
        checked = model.evaluate(x[:9], y[:9], verbose=0, return_dict=True)
        assert history.history["val_mae"][-1] == pytest.approx(checked["mae"])

    def test_the_progress_line_shows_them(self, capsys):
        model, (x, y) = exact("bfgs"), line()
        model.fit(x, y, epochs=2, verbose=2)
        shown = capsys.readouterr().out
        for name in ("step_length: 1.0000", "evaluations: ", "gradient_norm: "):
            assert name in shown

    @pytest.mark.parametrize("name", ["bfgs", "gaussnewton", "newtoncg"])
    def test_gradients_of_parts_are_added_up_and_it_says_so(self, name, capsys):
        (x, y), weight = line(), np.linspace(0, 2, 50)
        whole, parts = exact(name), exact(name)
        whole.fit(x, y, epochs=5, verbose=0, sample_weight=weight)
        parts.fit(x, y, epochs=5, verbose=2, sample_weight=weight, batch_size=7)
        np.testing.assert_allclose(parts.theta, whole.theta, rtol=1e-6)
        said = f"{type(parts.optimizer).__name__} looks at all 50 samples in each iteration"
        assert f"{said}: their gradients are added up in 8 parts." in capsys.readouterr().out

    def test_class_weights_count(self):
        x, y = blobs()
        model, twin = classifier(optimizer="lbfgs"), classifier(optimizer="lbfgs")
        model.fit(x, y, epochs=3, verbose=0, class_weight={0: 5.0})
        twin.fit(x, y, epochs=3, verbose=0, sample_weight=np.where(y == 0, 5.0, 1.0))
        np.testing.assert_array_equal(model.theta, twin.theta)

    def test_frozen_weights_stay(self):
        set_random_seed(0)
        model = Sequential([Input((4,)), Dense(5, "tanh", trainable=False), Dense(3, "softmax")])
        model.compile("bfgs", "sparse_categorical_crossentropy")
        x, y = blobs()
        before, loss = model.layers[-2].get_weights(), model.loss_at(x, y)
        model.fit(x, y, epochs=20, verbose=0)
        for old, new in zip(before, model.layers[-2].get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        assert model.loss_at(x, y) < loss / 3

    def test_several_outputs_have_their_losses_in_the_logs(self):
        x = Input((2,))
        h = Dense(3, "tanh")(x)
        model = Model(x, [Dense(1, name="a")(h), Dense(1, name="b")(h)])
        model.compile("lbfgs", "mse")
        rows, y = line()
        history = model.fit(rows, [y, 1 - y], epochs=5, verbose=0).history
        total = history["a_loss"][-1] + history["b_loss"][-1]
        assert history["loss"][-1] == pytest.approx(total, rel=1e-5)

    def test_epochs_are_numbered_from_the_initial_one(self):
        model, (x, y) = exact("lbfgs"), line()
        assert model.fit(x, y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


class TestEnds:
    def test_convergence_ends_the_fit_and_is_told(self, capsys):
        model, (x, y) = exact(BFGS(gtol=1e-3)), line()
        history = model.fit(x, y, epochs=200, verbose=2)
        assert len(history.epoch) < 200
        assert history.history["gradient_norm"][-1] <= 1e-3
        why = "no element of the gradient is larger than gtol=0.001"
        assert model.optimizer.stopped == why
        assert f"BFGS ended in epoch {len(history.epoch)}: {why}." in capsys.readouterr().out

    def test_a_fit_that_uses_all_its_epochs_has_no_reason(self):
        model, (x, y) = exact("bfgs"), line()
        model.fit(x, y, epochs=2, verbose=0)
        assert model.optimizer.stopped == ""

    def test_a_fit_that_begins_at_the_minimum_does_nothing(self):
        model, (x, y) = exact(BFGS(gtol=10.0)), line()
        before = model.theta.copy()
        history = model.fit(x, y, epochs=5, verbose=0)
        assert len(history.epoch) == 1
        np.testing.assert_array_equal(model.theta, before)

    def test_a_failure_warns_and_leaves_the_best_weights(self):
        set_random_seed(0)
        model = Sequential([Input((2,)), Dense(1)])
        model.compile(GradientDescent(1e6), "mse")
        x, y = line()
        before = model.loss_at(x, y)
        with pytest.warns(RuntimeWarning, match=r"GradientDescent ended.*best weights found"):
            model.fit(x, y, epochs=100, verbose=0)
        assert np.isfinite(model.theta).all()
        assert model.loss_at(x, y) == pytest.approx(before)

    @pytest.mark.parametrize("name", ["bfgs", "lbfgs", "conjugategradient", "newton"])
    def test_float32_goes_on_until_rounding_hides_the_gain(self, name):
        kind = type(exact(name).optimizer)
        model, (x, y) = regressor(kind(gtol=0, **({"ftol": 0} if name == "lbfgs" else {}))), line()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(x, y, epochs=1500, verbose=0)
        assert np.isfinite(model.theta).all()
        assert model.loss_at(x, y) < 1e-4


class TestCallbacks:
    def test_early_stopping_and_best_weights(self):
        model, (x, y) = exact("lbfgs"), line()
        stop = EarlyStopping("loss", min_delta=1.0, patience=2, restore_best_weights=True)
        history = model.fit(x, y, epochs=50, verbose=0, callbacks=[stop])
        assert len(history.epoch) == 3
        assert model.loss_at(x, y) == pytest.approx(history.history["loss"][0])

    def test_checkpoints_and_logs_on_disk(self, tmp_path):
        model, (x, y) = exact("bfgs"), line()
        path = tmp_path / "{epoch}.safetensors"
        history = model.fit(
            x,
            y,
            epochs=3,
            verbose=0,
            callbacks=[ModelCheckpoint(str(path)), CSVLogger(str(tmp_path / "log.csv"))],
        )
        second = load_model(tmp_path / "2.safetensors")
        assert second.loss_at(x, y) == pytest.approx(history.history["loss"][1], rel=1e-12)
        header, *rows = (tmp_path / "log.csv").read_text().splitlines()
        assert header.startswith("epoch,evaluations,gradient_norm,loss")
        assert len(rows) == 3

    def test_the_method_goes_on_from_weights_that_a_callback_wrote(self):
        class Reset(Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 2:
                    self.model.theta[...] = start

        model, (x, y) = exact("bfgs"), line()
        start = model.theta.copy()
        losses = model.fit(x, y, epochs=6, verbose=0, callbacks=[Reset()]).history["loss"]
        assert losses[3:] == losses[:3]

    def test_stop_training_stops(self):
        class Stop(Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = epoch == 1

        model, (x, y) = exact("bfgs"), line()
        assert len(model.fit(x, y, epochs=9, verbose=0, callbacks=[Stop()]).epoch) == 2

    def test_ctrl_c_leaves_the_weights_of_an_iteration(self):
        class Press(Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 2:
                    signal.raise_signal(signal.SIGINT)

        recorded = Recorded()
        model, (x, y) = exact("bfgs"), line()
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, epochs=9, verbose=0, callbacks=[Press(), recorded])
        assert len(recorded.thetas) == 2
        np.testing.assert_array_equal(model.theta, recorded.thetas[-1])


class TestRefusals:
    def refused(self, model, match, *args, **kwargs):
        with pytest.raises(ArgumentError, match=match):
            model.fit(*args, epochs=2, verbose=0, **kwargs)

    def test_layers_that_need_mini_batches(self):
        x, y = blobs()
        for layer, why in (
            (Dropout(0.5, name="rest"), r"layers \['rest'\] draw random numbers"),
            (BatchNormalization(name="norm"), r"layers \['norm'\] learn averages"),
        ):
            model = Sequential([Input((4,)), Dense(5), layer, Dense(3, "softmax")])
            model.compile("bfgs", "sparse_categorical_crossentropy")
            self.refused(model, why, x, y)

    def test_sources_of_batches_and_steps(self):
        class Batches(PyDataset):
            def __len__(self):
                return 2

            def __getitem__(self, index):
                return line()

        self.refused(exact("bfgs"), "give arrays", Batches())
        self.refused(exact("bfgs"), "one step an epoch", *line(), steps_per_epoch=3)

    def test_constraints(self):
        model = Sequential([Input((2,)), Dense(1, kernel_constraint="non_neg")])
        with pytest.raises(ArgumentError, match="BFGS cannot keep constraints"):
            model.compile("bfgs", "mse")

    def test_single_batches(self):
        with pytest.raises(ArgumentError, match=r"BFGS needs the loss at several points.*`fit`"):
            exact("bfgs").train_on_batch(*line())

    @pytest.mark.parametrize("loss", ["mae", "binary_crossentropy"])
    def test_gauss_newton_of_other_losses(self, loss):
        x, y = line()
        with pytest.raises(ArgumentError, match="GaussNewton is for losses 'mean_squared_error'"):
            exact("gaussnewton", loss).fit(x, y, verbose=0)


class TestSaving:
    @NAMES
    def test_a_saved_model_keeps_its_optimizer(self, name, tmp_path):
        model, (x, y) = exact(name), line()
        model.fit(x, y, epochs=2, verbose=0)
        model.save(tmp_path / "model.safetensors")
        loaded = load_model(tmp_path / "model.safetensors")
        assert repr(loaded.optimizer) == repr(model.optimizer)
        assert loaded.optimizer.steps == 2
        model.fit(x, y, epochs=2, verbose=0)
        loaded.fit(x, y, epochs=2, verbose=0)
        np.testing.assert_array_equal(model.theta, loaded.theta)


class TestTheLesson:
    @pytest.mark.parametrize("seed", range(3))
    def test_bfgs_reaches_in_100_iterations_what_10000_of_gradient_descent_do_not(self, seed):
        (x, y), _ = exam_scores.load_data()
        models = []
        for optimizer, epochs in (
            (BFGS(), 100),
            (SGD(0.1), 10_000),
            (SGD(1.0), 10_000),
            (GradientDescent(1.0), 10_000),
        ):
            model = regressor(optimizer, seed=seed)
            model.fit(x, y, batch_size=len(x), epochs=epochs, verbose=0)
            models.append(model.loss_at(x, y))
        assert all(2 * models[0] < other for other in models[1:])

    @pytest.mark.parametrize("optimizer", [GaussNewton(), Newton(), NewtonCG()], ids=repr)
    def test_methods_that_know_the_curvature_get_farther_still(self, optimizer):
        (x, y), _ = exam_scores.load_data()
        model, other = exact(optimizer), exact(BFGS())
        model.fit(x, y, epochs=50, verbose=0)
        other.fit(x, y, epochs=50, verbose=0)
        assert model.loss_at(x, y) < other.loss_at(x, y)

    @pytest.mark.parametrize("kind", [BFGS, LBFGS, ConjugateGradient, Newton, GaussNewton])
    def test_a_regularized_network_has_one_minimum_for_all(self, kind):
        def model(optimizer):
            set_random_seed(6)
            made = Sequential(
                [
                    Input((2,)),
                    Dense(3, "tanh", kernel_regularizer=L2(1e-3), dtype="float64"),
                    Dense(
                        1,
                        kernel_regularizer=L2(1e-3),
                        bias_regularizer=L2(1e-3),
                        dtype="float64",
                    ),
                ]
            )
            made.compile(optimizer, MeanSquaredError())
            return made

        x = np.random.default_rng(4).normal(size=(40, 2))
        y = np.sin(2 * x[:, :1]) + x[:, 1:]
        made = model(kind())
        made.fit(x, y, epochs=1000, verbose=0)
        assert "gradient" in made.optimizer.stopped or "ftol" in made.optimizer.stopped
        assert made.loss_at(x, y) == pytest.approx(0.030815, abs=1e-5)
