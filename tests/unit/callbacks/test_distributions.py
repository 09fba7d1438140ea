import numpy as np
import pytest
from tests.builders import blobs, classifier

from chainrule.callbacks import Callback, DistributionRecorder
from chainrule.callbacks.distributions import KINDS, MOST, QUANTILES, quantiles
from chainrule.errors import ArgumentError


def recorded(**settings):
    x, y = blobs()
    model, recorder = classifier(), DistributionRecorder(**settings)
    model.fit(x, y, epochs=4, batch_size=len(x), shuffle=False, verbose=0, callbacks=[recorder])
    return model, recorder, x, y


def test_weights_and_activations_of_the_last_epoch_are_those_of_the_model():
    model, recorder, x, _ = recorded()
    first, last = model.layers
    for layer in (first, last):
        weights = np.concatenate([layer.kernel.ravel(), layer.bias])
        found = recorder.record["weights"][layer.name][-1]
        np.testing.assert_array_equal(found, quantiles(weights))
    out = recorder.record["activations"][last.name][-1]
    np.testing.assert_allclose(out, quantiles(model.predict(x, verbose=0).ravel()), rtol=1e-5)


def test_gradients_are_those_of_the_loss():
    model, recorder, x, y = recorded()
    step = model.trace(x, y).steps[0]
    for layer in model.layers:
        parts = [step[f"∂L/∂{layer.name}/{key}"].value.ravel() for key in ("kernel", "bias")]
        found = recorder.record["gradients"][layer.name][-1]
        np.testing.assert_allclose(found, quantiles(np.concatenate(parts)), rtol=1e-4, atol=1e-8)


def test_what_is_looked_at_does_not_depend_on_who_else_watches():
    class Watcher(Callback):
        """Wants every batch, so that each is a call of the engine."""

        def on_train_batch_end(self, batch, logs=None):
            pass

    x, y = blobs()
    records = []
    for others in ([], [Watcher()]):
        recorder = DistributionRecorder(rows=30)
        callbacks = [recorder, *others]
        classifier().fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=callbacks)
        records.append(recorder.record)
    for kind in KINDS:
        one, two = (list(record[kind].values()) for record in records)
        np.testing.assert_array_equal(one, two)


def test_every_so_many_epochs_are_looked_at():
    _, recorder, _, _ = recorded(every=2)
    assert recorder.epochs == [2, 4]
    assert all(len(looks) == 2 for kind in KINDS for looks in recorder.record[kind].values())


def test_optimizers_of_the_whole_batch_are_watched_too():
    from chainrule.optimizers import LBFGS

    x, y = blobs()
    model, recorder = classifier(optimizer=LBFGS()), DistributionRecorder()
    model.fit(x, y, epochs=3, verbose=0, callbacks=[recorder])
    last = model.layers[-1].name
    found = recorder.record["activations"][last]
    assert len(found) == 3
    out = model.predict(x, verbose=0).ravel()
    np.testing.assert_allclose(found[-1], quantiles(out), rtol=1e-5)


def test_watching_does_not_change_the_training():
    model, _, x, y = recorded()
    other = classifier()
    other.fit(x, y, epochs=4, batch_size=len(x), shuffle=False, verbose=0)
    assert other.theta.tolist() == model.theta.tolist()


def test_a_new_training_begins_a_new_record():
    x, y = blobs()
    model, recorder = classifier(), DistributionRecorder()
    for epochs in (3, 2):
        model.fit(x, y, epochs=epochs, verbose=0, callbacks=[recorder])
    assert recorder.epochs == [1, 2]


def test_of_many_numbers_the_ends_are_exact_and_the_rest_is_near():
    numbers = np.random.default_rng(0).normal(size=10 * MOST).astype(np.float32)
    found = quantiles(numbers)
    assert found[[0, -1]].tolist() == [numbers.min(), numbers.max()]
    # A sample quantile's error is about √(p (1 − p) / n) / density, here below 0.015; 4 of them.
    np.testing.assert_allclose(found[1:-1], np.quantile(numbers, QUANTILES[1:-1]), atol=0.06)


def test_numbers_that_are_lost_or_missing_are_nan():
    assert np.isnan(quantiles(np.array([1.0, np.nan]))).all()
    assert np.isnan(quantiles(np.zeros(0))).all()


@pytest.mark.parametrize("name", ["every", "rows"])
def test_wrong_arguments_are_told(name):
    with pytest.raises(ArgumentError, match=f"`{name}` must be a whole number from 1"):
        DistributionRecorder(**{name: 0})
