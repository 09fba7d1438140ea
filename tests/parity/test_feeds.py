"""Batches that come from elsewhere: generators, datasets, files, other libraries' arrays."""

import warnings

import numpy as np
import pytest
from tests.parity.builders import (
    LIBRARIES,
    Twins,
    assert_same_history,
    classes,
    lesson,
    weights,
)
from tests.parity.graphs import heads_of_a_dictionary, inputs_of_a_dictionary
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule.errors import ArgumentError, DataError

pytestmark = [
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning"),
]

BATCHES = 3
"""48 samples in batches of 16."""


def batch(problem, index, parts=2):
    """A batch as a tuple of so many parts."""
    rows = slice(16 * (index % BATCHES), 16 * (index % BATCHES) + 16)
    return (problem.x[rows], problem.y[rows], weights(48)[rows])[:parts]


def generator(problem, parts=2, count=BATCHES):
    return (batch(problem, index, parts) for index in range(count))


def endless(problem):
    return generator(problem, count=1000)


def dataset(library, problem, parts=2, seen=None, end=True):
    """A dataset; ``seen`` is a list that gets to know what is asked of it."""
    seen = [] if seen is None else seen

    class Batches(library.utils.PyDataset):
        num_batches = BATCHES if end else None

        def __getitem__(self, index):
            seen.append(index)
            return batch(problem, index, parts)

        def on_epoch_begin(self):
            seen.append("begin")

        def on_epoch_end(self):
            seen.append("end")

    return Batches()


def fit(twins, source, **arguments):
    """Both histories of training on what ``source`` makes for a library."""
    arguments = {"verbose": 0, "shuffle": False, **arguments}
    validation = arguments.pop("validation_data", None)
    return tuple(
        model.fit(source(library), validation_data=validation and validation(library), **arguments)
        for library, model in zip(LIBRARIES, twins.both, strict=True)
    )


def assert_same_run(source, problem=None, **arguments):
    twins = (problem or lesson()).twins()
    assert_same_history(*fit(twins, source, **arguments))
    twins.assert_same_weights()


# ------------------------------------------------------------ sources in fit


@pytest.mark.parametrize("parts", [2, 3])
def test_a_generator_trains_as_in_keras(parts):
    problem = classes()
    assert_same_run(lambda library: generator(problem, parts), problem)


def test_an_endless_generator_needs_steps_and_goes_on_in_the_next_epoch():
    problem = lesson()
    assert_same_run(lambda library: endless(problem), steps_per_epoch=2, epochs=3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"epochs": 2},
        {"epochs": 4, "steps_per_epoch": 1},
        {"steps_per_epoch": 2},
        {"class_weight": {0: 2.0, 3: 0.5}},
    ],
    ids=str,
)
def test_a_dataset_trains_as_in_keras(arguments):
    problem = classes()
    assert_same_run(lambda library: dataset(library, problem), problem, **arguments)


def test_a_dataset_without_end_trains_as_in_keras():
    problem = lesson()
    arguments = {"steps_per_epoch": 2, "epochs": 2}
    assert_same_run(lambda library: dataset(library, problem, end=False), problem, **arguments)
    with pytest.raises(ArgumentError, match="`steps_per_epoch`"):
        problem.twins().ours.fit(dataset(chainrule, problem, end=False), verbose=0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"validation_data": lambda problem, library: dataset(library, problem, 3)},
        {
            "validation_data": lambda problem, library: dataset(library, problem),
            "validation_steps": 2,
        },
        {"validation_data": lambda problem, library: batch(problem, 1)},
        {"validation_data": lambda problem, library: generator(problem), "epochs": 1},
        {
            "validation_data": lambda problem, library: endless(problem),
            "validation_steps": 2,
            "epochs": 1,
        },
    ],
    ids=["dataset", "steps", "arrays", "generator", "endless"],
)
def test_what_makes_batches_can_be_validated_on(arguments):
    problem = lesson()
    make = arguments["validation_data"]
    changed = {"epochs": 2, **arguments, "validation_data": lambda library: make(problem, library)}
    assert_same_run(lambda library: dataset(library, problem), problem, **changed)


def test_several_inputs_and_outputs_come_in_dictionaries():
    x = lesson().x[:16]
    four = x[:, [0, 1, 0, 1]]
    points = {"b": four, "a": x}
    twins = Twins(inputs_of_a_dictionary, loss="mse")
    assert_same_history(*fit(twins, lambda library: (b for b in [(points, four)])))
    twins = Twins(heads_of_a_dictionary, loss="mse")
    points, values = {"x": four}, {"size": x[:, :1], "kind": four[:, :3]}
    assert_same_history(*fit(twins, lambda library: (b for b in [(points, values)])))
    twins.assert_same_weights()


# ------------------------------------------------------------ evaluate and predict


@pytest.mark.parametrize("method", ["evaluate", "predict"])
@pytest.mark.parametrize("steps", [None, 2, 5])
@pytest.mark.parametrize("kind", ["generator", "dataset"])
def test_evaluate_and_predict_read_batches_as_keras_does(method, steps, kind):
    problem = lesson()
    twins = problem.twins()
    ours, theirs = (
        getattr(model, method)(
            generator(problem) if kind == "generator" else dataset(library, problem),
            steps=steps,
            verbose=0,
        )
        for library, model in zip(LIBRARIES, twins.both, strict=True)
    )
    assert_agree(ours, theirs, "history" if method == "evaluate" else "prediction")


@pytest.mark.parametrize("parts", [0, 1, 3])
def test_inputs_alone_can_be_predicted(parts):
    problem = lesson()
    model = problem.twins().ours
    whole = model.predict(problem.x, verbose=0)
    source = (batch(problem, i, parts) if parts else batch(problem, i)[0] for i in range(BATCHES))
    assert_agree(model.predict(source, verbose=0), whole, "prediction")


# ------------------------------------------------------------ the order of things


def test_a_dataset_is_told_of_every_epoch_once():
    problem = lesson()
    seen, checked = [], []
    model = problem.twins().ours
    model.fit(
        dataset(chainrule, problem, seen=seen),
        validation_data=dataset(chainrule, problem, seen=checked),
        validation_steps=2,
        epochs=2,
        shuffle=False,
        verbose=0,
    )
    assert seen == ["begin", 0, 1, 2, "end"] * 2
    assert checked == ["begin", 0, 1, "end"] * 2
    for method in (model.evaluate, model.predict):
        seen.clear()
        method(dataset(chainrule, problem, seen=seen), verbose=0)
        assert seen == ["begin", 0, 1, 2, "end"]


def test_batches_of_a_dataset_are_shuffled_anew_in_every_epoch():
    problem = lesson()

    class Many(chainrule.utils.PyDataset):
        seen = []

        def __len__(self):
            return 20

        def __getitem__(self, index):
            self.seen.append(index)
            return batch(problem, index)

    many = Many()
    problem.twins().ours.fit(many, epochs=2, verbose=0)
    first, second = many.seen[:20], many.seen[20:]
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second != list(range(20))


class Loader:
    """An iterable of batches as lists, as of torch: it can be read again and again."""

    def __init__(self, problem):
        self.problem = problem
        self.passes = 0

    def __iter__(self):
        self.passes += 1
        return (list(batch(self.problem, index)) for index in range(BATCHES))


class SizedLoader(Loader):
    def __len__(self):
        return BATCHES


@pytest.mark.parametrize(("kind", "steps"), [(Loader, None), (SizedLoader, 3)])
def test_an_iterable_is_read_anew_in_every_epoch(kind, steps):
    problem = lesson()
    ours, theirs = problem.twins().ours, problem.twins().ours
    loader = kind(problem)
    history = ours.fit(loader, epochs=2, validation_data=loader, verbose=0)
    again = theirs.fit(
        problem.x,
        problem.y,
        batch_size=16,
        epochs=2,
        shuffle=False,
        validation_data=(problem.x, problem.y),
        verbose=0,
    )
    assert history.params["steps"] == steps
    assert loader.passes == 4
    assert history.history["loss"] == again.history["loss"]
    assert_agree(history.history["val_loss"], again.history["val_loss"], "history")


# ------------------------------------------------------------ the end of data


def test_an_epoch_that_runs_out_says_so_as_in_keras():
    problem = lesson()
    twins = problem.twins()
    arguments = {"verbose": 0, "shuffle": False, "steps_per_epoch": 5}
    for make in (dataset, lambda library, problem: generator(problem)):
        losses = []
        for library, model in zip(LIBRARIES, twins.both, strict=True):
            with pytest.warns(UserWarning, match="Your input ran out of data; interrupting"):
                losses.append(model.fit(make(library, problem), **arguments).history["loss"])
        assert_agree(*losses, "history")
    twins.assert_same_weights()


def test_a_generator_that_has_ended_ends_the_training_where_keras_repeats_two_batches():
    problem = lesson()
    twins = problem.twins()
    with pytest.warns(UserWarning, match="ran out of data"):
        ours, theirs = fit(twins, lambda library: generator(problem), epochs=3)
    assert (ours.epoch, theirs.epoch) == ([0], [0, 1, 2])
    assert twins.ours.optimizer.iterations == 3


def test_every_epoch_is_validated_on_the_same_batches_of_a_generator():
    problem = lesson()
    ours, other = problem.twins().ours, problem.twins().ours
    data = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}
    once = ours.fit(problem.x, problem.y, validation_data=generator(problem, 3), **data)
    same = other.fit(
        problem.x, problem.y, validation_data=(problem.x, problem.y, weights(48)), **data
    )
    for name, values in same.history.items():
        assert_agree(once.history[name], values, "history", name)


def test_a_generator_that_is_validated_on_by_steps_goes_on():
    problem = lesson()
    model = problem.twins().ours
    data = {"batch_size": 16, "epochs": 3, "verbose": 0}
    history = model.fit(
        problem.x, problem.y, validation_data=endless(problem), validation_steps=2, **data
    )
    assert len(set(history.history["val_loss"])) == 3
    with pytest.raises(ArgumentError, match="read only once"):
        model.fit(
            problem.x, problem.y, validation_data=generator(problem), validation_steps=3, **data
        )


class Empty(chainrule.utils.PyDataset):
    def __len__(self):
        return 0


@pytest.mark.parametrize("source", [lambda: iter(()), lambda: (b for b in ()), Empty])
def test_no_batches_at_all_are_refused(source):
    problem = lesson()
    model = problem.twins().ours
    for method in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ArgumentError, match="`x` made no batches"):
            method(source(), verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ((1, 2, 3, 4), r"\(x, y, sample_weight\).*parts=4"),
        ((), "parts=0"),
        ((np.ones((3, 2)),), "`y` must be given"),
        ((np.ones((3, 5)), np.ones((3, 1))), r"takes `x` of shape \(N, 2\).*\(3, 5\)"),
        ((np.ones((3, 2)), np.ones((2, 1))), "`x` has 3, `y` has 2"),
        ((np.ones((0, 2)), np.ones((0, 1))), "no samples"),
        ((np.full((3, 2), np.nan), np.ones((3, 1))), "`x` must be finite"),
    ],
)
def test_a_wrong_batch_is_named(made, message):
    model = lesson().twins().ours
    with pytest.raises((ArgumentError, DataError), match=message):
        model.fit((batch for batch in [made]), verbose=0)


@pytest.mark.parametrize("extra", ["y", "sample_weight", "validation_split"])
def test_what_cannot_stand_beside_batches_is_refused_as_in_keras(extra):
    problem = lesson()
    value = 0.5 if extra == "validation_split" else np.ones(48)
    for library, model in zip(LIBRARIES, problem.twins().both, strict=True):
        with pytest.raises(ValueError, match=extra):
            model.fit(dataset(library, problem), verbose=0, **{extra: value})


# ------------------------------------------------------------ arrays of other kinds


def test_files_mapped_into_memory_are_read_batch_by_batch(tmp_path):
    import tracemalloc

    rows, features = 20_000, 200  # 16 MB
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (rows, features))
    x[:] = np.random.default_rng(0).random((rows, features), np.float32)
    x.flush()
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = chainrule.Sequential([chainrule.Input((features,)), chainrule.layers.Dense(1)])
    model.compile("sgd", "mse")
    y = np.zeros((rows, 1))
    for use in (
        lambda: model.fit(mapped, y, batch_size=1000, validation_split=0.2, verbose=0),
        lambda: model.evaluate(mapped, y, batch_size=1000, verbose=0),
        lambda: model.predict(mapped, batch_size=1000, verbose=0),
    ):
        tracemalloc.start()
        use()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < x.nbytes / 2


KINDS = {
    "read-only": lambda a: _read_only(a),
    "Fortran order": np.asfortranarray,
    "every other row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "lists": lambda a: a.tolist(),
    "float32": lambda a: a.astype(np.float32),
    "big-endian": lambda a: a.astype(">f8"),
}


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_every_kind_train_alike(kind):
    problem = lesson()
    ours, other = problem.twins().ours, problem.twins().ours
    arguments = {"batch_size": 16, "shuffle": False, "verbose": 0}
    ours.fit(
        KINDS[kind](problem.x),
        KINDS[kind](problem.y),
        sample_weight=KINDS[kind](weights(48)),
        **arguments,
    )
    other.fit(problem.x, problem.y, sample_weight=weights(48), **arguments)
    for one, two in zip(ours.get_weights(), other.get_weights(), strict=True):
        assert_agree(one, two, "weights")


def test_tables_are_taken_as_keras_takes_them():
    pandas = pytest.importorskip("pandas")
    problem = lesson()
    twins = problem.twins()
    x = pandas.DataFrame(problem.x, columns=["a", "b"], index=range(100, 148))
    y = pandas.Series(problem.y[:, 0])
    ours, theirs = twins.fit(x, y, epochs=1, validation_split=0.33)
    assert_same_history(ours, theirs)
    mixed = x.assign(b=1, a=[True, False] * 24)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert twins.ours.predict(mixed, verbose=0).shape == (48, 1)
