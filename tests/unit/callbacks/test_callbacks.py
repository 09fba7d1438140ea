import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule.callbacks import Callback, EarlyStopping, ModelCheckpoint
from chainrule.errors import ArgumentError
from chainrule.models import load_model


class Recorder(Callback):
    """Records every hook."""

    def __init__(self):
        self.calls = []

    def _note(self, name, place):
        self.calls.append((name, *(given for given in place if isinstance(given, int))))

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *place, logs=None: self._note(name, place)
        return object.__getattribute__(self, name)


class Plain:
    """No Callback at all: just one hook."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((epoch, sorted(logs)))


def fit(*callbacks, **arguments):
    x, y = line(64)
    model = regressor()
    model.fit(x, y, callbacks=list(callbacks), verbose=0, **{"epochs": 2, **arguments})
    return model


def test_hooks_are_called_in_the_order_of_keras():
    recorder = Recorder()
    fit(recorder, epochs=1, validation_split=0.5)
    assert recorder.calls == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0),
        ("on_test_end",),
        ("on_epoch_end", 0),
        ("on_train_end",),
    ]


def test_any_object_with_hooks_serves():
    plain = Plain()
    fit(plain, validation_split=0.25)
    assert plain.epochs == [(0, ["loss", "val_loss"]), (1, ["loss", "val_loss"])]


def test_callbacks_know_the_model_and_the_run():
    callback = Callback()
    model = fit(callback)
    assert callback.model is model
    assert callback.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert model.history.params == callback.params


def test_predict_and_evaluate_call_their_hooks():
    recorder = Recorder()
    x, y = line(40)
    model = regressor()
    model.evaluate(x, y, verbose=0, callbacks=[recorder])
    model.predict(x, verbose=0, callbacks=recorder)
    names = [call[0] for call in recorder.calls]
    assert names.count("on_test_batch_end") == 2
    assert names.count("on_predict_batch_end") == 2


def test_early_stopping_ends_with_the_best_weights(capsys):
    x, y = blobs()
    model = classifier()
    best = {}

    class Remember(Callback):
        def on_epoch_end(self, epoch, logs=None):
            best[epoch] = (logs["accuracy"], self.model.theta.copy())

    stopping = EarlyStopping("accuracy", patience=2, restore_best_weights=True, verbose=1)
    history = model.fit(x, y, epochs=60, verbose=0, callbacks=[Remember(), stopping])
    assert len(history.epoch) < 60
    assert stopping.stopped_epoch == history.epoch[-1]
    assert np.array_equal(model.theta, best[stopping.best_epoch][1])
    assert stopping.best == max(accuracy for accuracy, _ in best.values())
    assert "early stopping" in capsys.readouterr().out


def test_a_missing_metric_is_warned_of_with_what_there_is():
    with pytest.warns(UserWarning, match="Available metrics are: loss"):
        fit(EarlyStopping(), epochs=1)


def test_a_metric_without_known_direction_needs_a_mode():
    with pytest.raises(ArgumentError, match="give `mode`"):
        _ = EarlyStopping("surprise").upward


def test_checkpoints_are_whole_models_named_by_epoch_and_logs(tmp_path):
    path = tmp_path / "deep" / "{epoch:02d}-{loss:.3f}.safetensors"
    model = fit(ModelCheckpoint(path))
    first, second = sorted((tmp_path / "deep").iterdir())
    assert first.name.startswith("01-0.")
    assert np.array_equal(load_model(second).theta, model.theta)


def test_only_the_best_is_kept_and_verbose_says_why(tmp_path, capsys):
    path = tmp_path / "best.safetensors"
    fit(ModelCheckpoint(path, monitor="loss", save_best_only=True, verbose=1))
    said = capsys.readouterr().out
    assert "Epoch 2: loss improved from" in said
    assert f"saving model to {path}" in said
    fit(ModelCheckpoint(path, "loss", 1, save_best_only=True, initial_value_threshold=0.0))
    assert "loss did not improve from 0.00000" in capsys.readouterr().out


def test_every_few_batches_and_weights_only(tmp_path):
    path = tmp_path / "{epoch}.weights.safetensors"
    model = fit(ModelCheckpoint(path, save_weights_only=True, save_freq=2), epochs=1)
    other = regressor(seed=8)
    other.load_weights(tmp_path / "1.weights.safetensors")
    assert np.array_equal(other.theta, model.theta)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "a.keras"}, "must end in '.safetensors'"),
        ({"filepath": "a.safetensors", "save_freq": 0}, "save_freq"),
        ({"filepath": "a.safetensors", "mode": "up"}, "mode"),
    ],
)
def test_a_checkpoint_that_could_not_save_is_refused_at_once(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        ModelCheckpoint(**arguments)
