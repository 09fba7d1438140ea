"""Callbacks that write files: the same tables, the same names at the same moments."""

import csv
import warnings

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parity.builders import LIBRARIES, lesson
from tests.parity.tolerances import assert_agree

import chainrule

# ---------------------------------------------------------------- CSVLogger

values = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from(["text", "a,b", 'with "quotes"']),
    st.lists(st.integers(0, 9), max_size=3),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.array, st.floats() | st.lists(st.floats(), max_size=3)),
)
names = st.sampled_from(["loss", "accuracy", "val_loss", "learning_rate", "a name", "x;y"])
epochs = st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=4)


def table(library, folder, runs, **options):
    """The bytes that a logger leaves, and how it was used: for each run the logs of its epochs."""
    path = folder / f"{library.__name__}.csv"
    path.unlink(missing_ok=True)
    for logs in runs:
        logger = library.callbacks.CSVLogger(path, **options)
        logger.on_train_begin()
        for epoch, row in enumerate(logs):
            logger.on_epoch_end(epoch, dict(row))
        logger.on_train_end()
    return path.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@given(logs=epochs, separator=st.sampled_from([",", ";", "\t"]))
@settings(max_examples=150, deadline=None)
def test_any_logs_are_written_as_by_keras(folder, logs, separator):
    logs = [{k: v for k, v in row.items() if k in logs[0]} for row in logs]  # no new columns
    ours, theirs = (table(library, folder, [logs], separator=separator) for library in LIBRARIES)
    assert ours == theirs


@given(
    runs=st.lists(
        st.lists(st.fixed_dictionaries({"loss": st.floats(), "acc": st.floats()}), max_size=3),
        min_size=1,
        max_size=3,
    ),
    append=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_runs_follow_one_another_as_with_keras(folder, runs, append):
    ours, theirs = (table(library, folder, runs, append=append) for library in LIBRARIES)
    assert ours == theirs


def test_a_fit_is_logged_with_the_rate_that_a_callback_added(tmp_path, float64):
    problem, rows = lesson(), []

    def logger(library):
        return [
            library.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=9, factor=0.5),
            library.callbacks.CSVLogger(tmp_path / f"{library.__name__}.csv"),
        ]

    problem.twins().fit(problem.x, problem.y, epochs=3, callbacks=logger, validation_split=1 / 3)
    for library in LIBRARIES:
        with open(tmp_path / f"{library.__name__}.csv", newline="") as file:
            rows.append(list(csv.reader(file)))
    (header, *ours), (their_header, *theirs) = rows
    assert header == their_header
    assert header[:3] == ["epoch", "learning_rate", "loss"]
    for mine, other in zip(ours, theirs, strict=True):
        assert_agree(list(map(float, mine)), list(map(float, other)), "history, float64")


def test_a_file_keeps_its_columns_where_keras_mixes_them_up(tmp_path):
    runs = [[{"loss": 1.0, "val_loss": 2.0}], [{"accuracy": 0.5, "loss": 3.0, "val_loss": 4.0}]]
    with pytest.warns(UserWarning, match="no column for accuracy"):
        ours = table(chainrule, tmp_path, runs, append=True)
    theirs = table(keras, tmp_path, runs, append=True)
    assert ours.splitlines()[-1] == b"0,3.0,4.0"
    assert theirs.splitlines()[-1] == b"0,0.5,3.0,4.0"


# ---------------------------------------------------------------- ModelCheckpoint

ENDINGS = {
    (chainrule, False): ".safetensors",
    (chainrule, True): ".weights.safetensors",
    (keras, False): ".keras",
    (keras, True): ".weights.h5",
}
eighths = st.integers(-8, 8).map(lambda n: n / 8)


class Shelf:
    """A model that only writes down where it is saved."""

    metrics = ()

    def __init__(self, ending):
        self.saved, self._ending = [], ending

    def _note(self, path, kind):
        assert path.endswith(self._ending)
        self.saved.append((kind, path.removesuffix(self._ending)))

    def save(self, path, overwrite=True):
        self._note(path, "model")

    def save_weights(self, path, overwrite=True):
        self._note(path, "weights")


def saved(library, folder, name, losses, weights_only, **options):
    """What is saved, and said, in epochs of three batches each with losses given beforehand."""
    ending = ENDINGS[library, weights_only]
    model = Shelf(ending)
    callback = library.callbacks.ModelCheckpoint(
        folder / f"{name}{ending}", "loss", 1, save_weights_only=weights_only, **options
    )
    callback.set_model(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback.on_train_begin()
        if options.get("save_freq", "epoch") != "epoch":
            callback.on_epoch_end(-1, {})  # only now does Keras know which way is better
        for epoch, loss in enumerate(losses):
            logs = {} if loss is None else {"loss": loss}
            callback.on_epoch_begin(epoch)
            for batch in range(3):
                callback.on_train_batch_end(batch, {**logs, "part": 0.5})
            callback.on_epoch_end(epoch, logs)
    return model.saved, [str(warning.message) for warning in caught]


@given(
    losses=st.lists(eighths, min_size=1, max_size=6),
    weights_only=st.booleans(),
    options=st.fixed_dictionaries(
        {
            "save_best_only": st.booleans(),
            "mode": st.sampled_from(["min", "max"]),
            "save_freq": st.sampled_from(["epoch", 1, 2, 4]),
            "initial_value_threshold": st.none() | eighths,
        }
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_run_is_saved_as_by_keras(folder, losses, weights_only, options):
    name = "{epoch:02d}-{loss:.3f}" + ("" if options["save_freq"] == "epoch" else "-{batch}")
    ours, theirs = (
        saved(library, folder, name, losses, weights_only, **options) for library in LIBRARIES
    )
    assert ours == theirs


@pytest.mark.parametrize("best", [False, True])
def test_what_is_said_is_what_keras_says(best, tmp_path, capsys):
    said = []
    for library in LIBRARIES:
        saved(library, tmp_path, "{epoch}", [0.5, 0.75, 0.25], False, save_best_only=best)
        said.append(capsys.readouterr().out.replace(ENDINGS[library, False], ".model"))
    ours, theirs = said
    assert ours == theirs
    assert ours.count("finished saving") == 3 - best


def test_without_the_metric_a_model_is_saved_with_a_warning(tmp_path):
    options = {"save_best_only": True, "mode": "min"}
    ours, theirs = (
        saved(library, tmp_path, "{epoch}", [None, 0.5, 0.75], False, **options)
        for library in LIBRARIES
    )
    assert ours == theirs
    assert ours[1] == ["Can save best model only with loss available."]


@pytest.mark.parametrize("name", ["{val_loss}", "{batch}"])
def test_a_name_with_a_place_for_what_is_not_there_is_refused(name, tmp_path):
    for library, error in zip(LIBRARIES, (ValueError, KeyError), strict=True):
        with pytest.raises(error, match="filepath"):
            saved(library, tmp_path, name, [0.5], False)


@pytest.mark.parametrize(
    "arguments",
    [{"save_freq": "batch"}, {"save_freq": 1.5}, {"save_weights_only": True}, {"filepath": "a.h6"}],
    ids=str,
)
def test_what_cannot_be_saved_is_refused_at_once(arguments):
    for library in LIBRARIES:
        arguments = {"filepath": f"a{ENDINGS[library, False]}", **arguments}
        with pytest.raises(ValueError, match=r"save_freq|end.* in"):
            library.callbacks.ModelCheckpoint(**arguments)


def test_the_best_of_every_few_batches_is_saved_where_keras_fails_in_its_first_epoch(tmp_path):
    for library in LIBRARIES:
        model = Shelf(ENDINGS[library, False])
        callback = library.callbacks.ModelCheckpoint(
            tmp_path / f"{{batch}}{ENDINGS[library, False]}", "loss", 0, True, save_freq=1
        )
        callback.set_model(model)
        callback.on_epoch_begin(0)
        callback.on_train_batch_end(0, {"loss": 2.0})
        if library is keras:
            with pytest.raises(TypeError, match="not callable"):
                callback.on_train_batch_end(1, {"loss": 1.0})
        else:
            callback.on_train_batch_end(1, {"loss": 1.0})
            assert [path[-1] for _, path in model.saved] == ["1", "2"]
