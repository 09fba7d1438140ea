import signal

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule.callbacks import Callback
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.layers import Activation, Dense, Dropout, Input, Rescaling
from chainrule.models import Sequential
from chainrule.optimizers import SGD, Adam
from chainrule.utils import set_random_seed, to_categorical


def dropout_model(seed=0):
    set_random_seed(seed)
    model = Sequential([Input((4,)), Dense(16, "relu"), Dropout(0.5), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_training_learns_and_history_says_so():
    x, y = blobs(300)
    model = classifier(optimizer=Adam(0.02))
    history = model.fit(x, y, epochs=20, verbose=0)
    assert list(history.history) == ["accuracy", "loss"]
    assert history.epoch == list(range(20))
    assert history.history["loss"][-1] < 0.3 * history.history["loss"][0]
    assert model.evaluate(x, y, verbose=0)[1] > 0.95


def test_same_seed_same_bits_with_shuffling_and_dropout():
    x, y = blobs()
    thetas = []
    for seed in (0, 0, 1):
        model = dropout_model(seed)
        model.fit(x, y, epochs=3, verbose=0)
        thetas.append(model.theta.copy())
    assert np.array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])


def test_watching_batches_does_not_change_the_bits():
    class Watching(Callback):
        seen = 0

        def on_train_batch_end(self, batch, logs=None):
            self.seen += 1
            assert batch == (self.seen - 1) % 2

    x, y = blobs()
    free, watched = dropout_model(), dropout_model()
    free.fit(x, y, epochs=4, verbose=0)
    callback = Watching()
    watched.fit(x, y, epochs=4, verbose=0, callbacks=[callback])
    assert callback.seen == 8
    assert np.array_equal(free.theta, watched.theta)


def test_two_fits_are_one_fit_cut_in_two():
    x, y = blobs()
    whole, parts = dropout_model(), dropout_model()
    whole.fit(x, y, epochs=4, verbose=0)
    parts.fit(x, y, epochs=2, verbose=0)
    parts.fit(x, y, epochs=4, initial_epoch=2, verbose=0)
    assert np.array_equal(whole.theta, parts.theta)


def test_bytes_train_as_their_floats_do():
    images = np.random.default_rng(0).integers(0, 256, (40, 4)).astype(np.uint8)
    labels = np.arange(40) % 3
    thetas = []
    for x in (images, images.astype("float64")):
        set_random_seed(0)
        model = Sequential([Input((4,)), Rescaling(1 / 255), Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(x, labels, verbose=0)
        thetas.append(model.theta)
    assert np.array_equal(*thetas)


def test_a_memory_mapped_array_is_trained_on_without_a_copy(tmp_path):
    x, y = line(100)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    model, other = regressor(), regressor()
    model.fit(mapped, y, epochs=2, verbose=0)
    other.fit(x, y, epochs=2, verbose=0)
    assert np.array_equal(model.theta, other.theta)


def test_one_hot_and_class_numbers_train_alike():
    x, y = blobs()
    sparse, one_hot = classifier(), classifier()
    one_hot.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    a = sparse.fit(x, y, epochs=3, verbose=0).history
    b = one_hot.fit(x, to_categorical(y), epochs=3, verbose=0).history
    np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-5)
    assert a["accuracy"] == b["accuracy"]


def test_integer_weights_are_repetition_for_a_full_batch():
    x, y = line(12)
    weight = np.arange(12) % 3
    weighted, repeated = (regressor(SGD(0.5), seed=2) for _ in range(2))
    weighted.compile(SGD(0.5), "mse")
    weighted.fit(x, y, sample_weight=weight, batch_size=12, epochs=5, shuffle=False, verbose=0)
    rows = np.repeat(np.arange(12), weight)
    repeated.compile(SGD(0.5), "mse")
    step = 0.5 * len(rows) / 12  # the mean is over 12 samples there, over the repeated ones here
    repeated.optimizer.learning_rate = step
    repeated.fit(x[rows], y[rows], batch_size=len(rows), epochs=5, shuffle=False, verbose=0)
    np.testing.assert_allclose(weighted.theta, repeated.theta, rtol=1e-5)


def test_class_and_sample_weights_multiply():
    x, y = blobs()
    sample = np.random.default_rng(0).uniform(0, 2, len(x))
    table = {0: 1.0, 1: 3.0, 2: 0.5}
    both, product = classifier(), classifier()
    both.fit(x, y, sample_weight=sample, class_weight=table, verbose=0)
    product.fit(x, y, sample_weight=sample * np.array([1, 3, 0.5])[y], verbose=0)
    assert np.array_equal(both.theta, product.theta)


def test_a_callback_stops_after_the_batch():
    class Stopping(Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.batches += 1
            self.model.stop_training = self.batches == 3

    callback = Stopping()
    x, y = line(400)
    model = regressor()
    history = model.fit(x, y, epochs=5, verbose=0, callbacks=[callback])
    assert (callback.batches, model.optimizer.iterations, len(history.epoch)) == (3, 3, 1)


def test_steps_per_epoch_goes_on_where_it_stopped():
    seen = []

    class Seeing(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(batch)

    x, y = line(96)
    model = regressor()
    model.fit(x, y, epochs=3, steps_per_epoch=2, verbose=0, callbacks=[Seeing()])
    assert seen == [0, 1, 0, 1, 0, 1]
    assert model.optimizer.iterations == 6
    with pytest.warns(UserWarning, match="steps_per_epoch"):
        model.fit(x, y, steps_per_epoch=9, verbose=0)


def test_a_diverging_loss_is_said():
    x, y = line()
    model = Sequential([Input((2,)), Dense(4), Dense(1)])
    model.compile(SGD(1e6), "mse")
    with pytest.warns(RuntimeWarning, match="diverged"):
        model.fit(x, y, epochs=20, verbose=0)


def test_an_optimizer_serves_one_model():
    optimizer = Adam()
    x, y = line()
    first = regressor(optimizer)
    first.fit(x, y, verbose=0)
    other = Sequential([Input((2,)), Dense(9), Dense(1)])
    other.compile(optimizer, "mse")
    with pytest.raises(ArgumentError, match="optimizer of its own"):
        other.fit(x, y, verbose=0)


def test_one_batch_at_a_time_equals_fit():
    x, y = line(64)
    whole, stepwise = regressor("adam", metrics=["mae"]), regressor("adam", metrics=["mae"])
    whole.fit(x, y, shuffle=False, verbose=0)
    for start in (0, 32):
        loss, mae = stepwise.train_on_batch(x[start : start + 32], y[start : start + 32])
    assert np.array_equal(whole.theta, stepwise.theta)
    assert loss > 0 < mae
    assert set(stepwise.test_on_batch(x, y, return_dict=True)) == {"loss", "mae"}
    np.testing.assert_allclose(stepwise.predict_on_batch(x), whole.predict(x, verbose=0), rtol=1e-6)


def test_evaluate_returns_a_number_a_list_or_a_dictionary():
    x, y = line()
    assert isinstance(regressor().evaluate(x, y, verbose=0), float)
    model = regressor(metrics=["mae", "mse"])
    loss, mae, mse = model.evaluate(x, y, verbose=0)
    assert model.metrics_names == ["loss", "mae", "mse"]
    assert loss == pytest.approx(mse)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {
        "loss": loss,
        "mae": mae,
        "mse": mse,
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e4, -1e4])
@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (3, "softmax", "sparse_categorical_crossentropy", [0, 1]),
        (3, "softmax", "categorical_crossentropy", [[1, 0, 0], [0, 1, 0]]),
        (1, "sigmoid", "binary_crossentropy", [0, 1]),
        (1, "tanh", "mse", [0, 1]),
    ],
)
def test_saturated_units_stay_finite_and_still_learn(units, activation, loss, y, scale, dtype):
    model = Sequential([Input((1,)), Dense(units, dtype=dtype), Activation(activation)])
    model.compile("sgd", loss)
    x = np.array([[scale], [-scale]])
    model.set_weights([np.linspace(-1, 1, units).reshape(1, units) + 0.5, np.zeros(units)])
    before = model.theta.copy()
    history = model.fit(x, np.array(y), epochs=2, verbose=0)
    assert np.all(np.isfinite(model.theta))
    assert np.all(np.isfinite(history.history["loss"]))
    if "crossentropy" in loss:  # the gradient vanishes only where the answer is right
        assert np.array_equal(before, model.theta) == (history.history["loss"][0] == 0)


def test_fused_gradient_is_exactly_p_minus_t():
    from chainrule.engines import interpret

    model = Sequential([Input((3,)), Dense(3, "softmax", dtype="float64")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.plan.fusions == (
        "dense/softmax + sparse_categorical_crossentropy → softmax_sparse_crossentropy",
    )
    model.set_weights([np.eye(3), np.zeros(3)])
    plan = model.plan
    (head,) = plan.heads
    batch = {
        "x": np.array([[800.0, -800.0, 0.0]]),
        "y_true": np.array([1]),
        head.weight: np.ones(1),
        head.divisor: 1.0,
    }
    values = interpret.forward(plan.train, batch | plan.layout.views(model.theta))
    bars = interpret.backward(plan.train, plan.differentiated, values)
    assert values["loss"] == 1600
    assert bars["dense/z"].tolist() == [[1, -1, 0]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": "msee"}, UnknownNameError, "Did you mean 'mse'"),
        ({"optimizer": "adm"}, UnknownNameError, "Did you mean 'adam'"),
        ({"metrics": ["acuracy"]}, UnknownNameError, "metric"),
        ({"metrics": "mae"}, ArgumentError, r"to be a list, tuple or dictionary: \['mae'\]"),
        ({"loss": lambda t, p: p}, ArgumentError, "no derivative"),
        ({"metrics": ["sparse_categorical_accuracy"]}, ArgumentError, "needs class numbers"),
        ({"loss": "sparse_categorical_crossentropy"}, ArgumentError, "one output per class"),
        ({"loss_weights": [1, 2]}, ArgumentError, "loss_weights"),
    ],
)
def test_compile_refuses_what_cannot_work(arguments, error, message):
    model = Sequential([Input((2,)), Dense(1, "sigmoid")])
    with pytest.raises(error, match=message):
        model.compile(**{"loss": "mse", **arguments})


def test_an_output_and_a_loss_that_do_not_belong_together():
    from chainrule.losses import SparseCategoricalCrossentropy

    model = Sequential([Input((2,)), Dense(3, "softmax")])
    with pytest.raises(ArgumentError, match="applied twice"):
        model.compile("sgd", SparseCategoricalCrossentropy(from_logits=True))
    linear = Sequential([Input((2,)), Dense(3)])
    with pytest.warns(UserWarning, match="expects probabilities"):
        linear.compile("sgd", "sparse_categorical_crossentropy")
    linear.compile("sgd", SparseCategoricalCrossentropy(from_logits=True))


def test_use_before_compile_is_said():
    model = Sequential([Input((2,)), Dense(1)])
    x, y = line()
    for use in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(StateError, match=r"call `compile\(\)`"):
            use(x, y)
    assert model.predict(x, verbose=0).shape == (50, 1)
    model.compile("sgd")
    with pytest.raises(ArgumentError, match="needs a `loss`"):
        model.fit(x, y)


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": -1},
        {"batch_size": 2.5},
        {"validation_split": 1.0},
        {"validation_split": 0.999},
        {"validation_data": 3},
        {"verbose": 7},
        {"steps_per_epoch": 0},
        {"class_weight": [1, 2]},
    ],
)
def test_fit_refuses_arguments_that_make_no_sense(arguments):
    x, y = line(20)
    with pytest.raises(ArgumentError, match=next(iter(arguments))):
        regressor().fit(x, y, **({"verbose": 0} | arguments))


class PressingCtrlC(Callback):
    """A person at the keyboard, at batch ``batch``, ``times`` times."""

    def __init__(self, batch, times=1):
        self.batch, self.times = batch, times

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self.batch:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("times", "updates"), [(1, 2), (2, 1)])
def test_ctrl_c_waits_for_the_end_of_the_batch_and_a_second_does_not(times, updates):
    x, y = line(320)
    model, whole = regressor("adam"), regressor("adam")
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, shuffle=False, verbose=0, callbacks=[PressingCtrlC(1, times)])
    assert model.optimizer.iterations == updates
    whole.fit(x[: 32 * updates], y[: 32 * updates], shuffle=False, verbose=0)
    assert np.array_equal(model.theta, whole.theta)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("batch_size", [7, 60, 100])
def test_epochs_that_nobody_watches_are_run_together_and_recorded_the_same(engine, batch_size):
    from chainrule.callbacks import Callback

    x, y = blobs()
    runs = []
    for callbacks in (None, [Callback()]):
        model = classifier(engine=engine)
        history = model.fit(x, y, batch_size, epochs=30, verbose=0, callbacks=callbacks)
        runs.append((history, model.theta.tobytes(), model.optimizer.steps))
    (together, *ours), (one_by_one, *theirs) = runs
    assert ours == theirs
    assert together.epoch == one_by_one.epoch == list(range(30))
    assert together.history.keys() == one_by_one.history.keys()
    for name, values in one_by_one.history.items():
        assert together.history[name] == pytest.approx(values, rel=1e-12)


def test_a_batch_of_all_samples_is_not_shuffled():
    x, y = blobs()
    shuffled, plain = classifier(), classifier()
    shuffled.fit(x, y, batch_size=60, epochs=3, verbose=0)
    plain.fit(x, y, batch_size=60, epochs=3, verbose=0, shuffle=False)
    assert np.array_equal(shuffled.theta, plain.theta)
