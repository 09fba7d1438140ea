"""Everybody starts at one place, sees the same data, has one budget, and is measured alike."""

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule import Input, Sequential, compare_optimizers
from chainrule.callbacks import PathRecorder
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.layers import Dense, Dropout
from chainrule.models.racing import gradients_of, thinned
from chainrule.optimizers import LBFGS, SGD, Adam
from chainrule.optimizers.schedules import ExponentialDecay

X, Y = line()


def compared(optimizers, model=None, **options):
    options = {"epochs": 5, "batch_size": 16, "verbose": 0} | options
    return compare_optimizers(model or regressor(), X, Y, optimizers, **options)


@pytest.fixture(scope="module")
def races():
    return compared(["sgd@0.5", "adam", "lbfgs"], epochs=20)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_each_does_what_fit_does_from_the_same_weights(name):
    model = regressor(seed=7)
    recorder = PathRecorder()
    race = compared(["rmsprop", name], model)[name]
    model.compile(name, "mse")
    model.fit(X, Y, batch_size=16, epochs=5, verbose=0, callbacks=[recorder])
    assert np.array_equal(race.points, recorder.points)
    assert race.updates.tolist() == recorder.batches == [0, 4, 8, 12, 16, 20]
    assert np.array_equal(race.model.theta, model.theta)


def test_with_dropout_all_have_the_same_masks():
    model = Sequential([Input((2,)), Dense(8, "relu"), Dropout(0.5), Dense(1)])
    model.compile("sgd", "mse")
    first, second = compared({"a": SGD(0.1), "b": SGD(0.1)}, model).races
    assert np.array_equal(first.points, second.points)


def test_losses_are_those_of_the_weights_at_rest(races):
    for race in races.races:
        for theta, loss in zip(race.points, race.losses[race.epochs], strict=True):
            assert loss == pytest.approx(race.model.loss_at(X, Y, theta), rel=1e-6)
    assert len({race.losses[0] for race in races.races}) == 1


def test_gradients_are_counted_in_passes_over_the_data(races):
    assert races["sgd"].gradients.tolist() == list(range(21))
    evaluations = np.diff(races["lbfgs"].gradients)
    assert evaluations.min() >= 1
    assert evaluations.max() > 1  # the first of them counts the start, too
    assert races["lbfgs"].updates[-1] < 20


def test_the_line_search_pays_for_its_evaluations(races):
    """Who needs two gradients a step has half as many steps, give or take the last."""
    lbfgs = races["lbfgs"]
    assert lbfgs.gradients[-1] >= 20 or lbfgs.ended
    assert lbfgs.gradients[-2] < 20
    model = regressor()
    model.compile(LBFGS(), "mse")
    history = model.fit(X, Y, epochs=len(lbfgs.losses) - 1, verbose=0).history
    assert np.diff(lbfgs.gradients).tolist() == history["evaluations"]


@pytest.mark.parametrize(
    ("optimizer", "logs", "gradients"),
    [
        ("adam", {"loss": 1.0}, 1),
        ("lbfgs", {"evaluations": 3}, 3),
        ("newtoncg", {"evaluations": 1, "products": 4}, 1 + 2 * 4),
        ("newton", {"evaluations": 2}, 2 + 2 * 13),  # of 13 parameters
        ("gaussnewton", {"evaluations": 2}, 2 + 13),
    ],
)
def test_curvature_is_paid_for(optimizer, logs, gradients):
    assert gradients_of(regressor(optimizer), logs) == gradients
    note = compared([optimizer], epochs=1).note
    assert note.endswith("as two gradients.") == (
        optimizer in ("newtoncg", "newton", "gaussnewton")
    )


def test_the_model_and_the_optimizers_stay_as_they_were():
    model, optimizer = regressor(), Adam(0.1)
    theta, own = model.theta.copy(), model.optimizer
    compared([optimizer], model)
    assert np.array_equal(model.theta, theta)
    assert model.optimizer is own
    assert model.history is None
    assert optimizer.steps == 0
    assert not optimizer.state


@pytest.mark.parametrize(
    ("given", "names", "settings"),
    [
        (["sgd@0.5"], ["sgd"], "SGD(learning_rate=0.5)"),
        (["sgd", "sgd@0.5"], ["sgd", "sgd@0.5"], "SGD(learning_rate=0.01)"),
        (["momentum"], ["momentum"], "SGD(learning_rate=0.01, momentum=0.9)"),
        (["nesterov@0.1"], ["nesterov"], "SGD(learning_rate=0.1, momentum=0.9, nesterov=True)"),
        ([SGD(0.2, name="slow")], ["slow"], "SGD(learning_rate=0.2)"),
        ({"mine": "adam@0.1"}, ["mine"], "Adam(learning_rate=0.1)"),
        ([LBFGS()], ["lbfgs"], "LBFGS()"),
        ([SGD(ExponentialDecay(0.1, 10, 0.5))], ["sgd"], "SGD()"),
    ],
    ids=str,
)
def test_optimizers_are_given_by_name_by_rate_or_as_objects(given, names, settings):
    found = compared(given, epochs=1)
    assert [race.name for race in found.races] == names
    assert found.races[0].optimizer == settings


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ([], ArgumentError, "at least one"),
        ([SGD(), SGD()], ArgumentError, "a dictionary"),
        (["sgd", "sgd"], ArgumentError, "one name"),
        (["addam"], UnknownNameError, "'adam'"),
        (["sgd@fast"], ArgumentError, r"as in sgd@0\.5"),
        (["sgd@-1"], ArgumentError, "learning_rate"),
        (["lbfgs@0.1"], ArgumentError, "learning_rate"),
    ],
    ids=str,
)
def test_wrong_optimizers_are_named(given, kind, message):
    with pytest.raises(kind, match=message):
        compared(given)


def test_a_wrong_budget_or_model_is_named():
    with pytest.raises(ArgumentError, match="epochs"):
        compared(["sgd"], epochs=0)
    with pytest.raises(StateError, match="compile"):
        compared(["sgd"], Sequential([Input((2,)), Dense(1)]))


def test_one_that_diverges_ends_and_says_so():
    model = Sequential([Input((2,)), Dense(4, "relu"), Dense(1)])
    model.compile("sgd", "mse")
    found = compared({"wild": SGD(1e12), "tame": SGD(0.01)}, model)
    wild = found["wild"]
    assert wild.ended.startswith("diverging in epoch ")
    assert len(wild.losses) < 6
    assert np.isfinite(wild.points).all()
    assert str(found).splitlines()[1].startswith("tame")
    assert found.target < np.inf


def test_validation_is_measured_where_it_is_given():
    x, y = line(seed=9)
    found = compared(["adam"], validation_data=(x, y))
    race = found["adam"]
    assert race.validation[-1] == pytest.approx(race.model.evaluate(x, y, verbose=0), rel=1e-5)
    assert "validation loss" in str(found)
    assert "validation" not in str(compared(["adam"]))


def test_the_table_has_the_best_first_and_says_how_it_was_counted(races):
    heads, *rows, note = str(races).splitlines()
    assert heads.split()[:2] == ["optimizer", "settings"]
    ends = [float(row[2]) for row in races.rows()[1:]]
    assert ends == sorted(ends)
    assert len(rows) == 3
    assert note == races.note
    assert "passes over the 50 samples; the budget is 20 each" in note


def test_the_way_to_a_loss_is_told(races):
    race = races["sgd"]
    assert race.to_reach(race.losses[3]) == np.flatnonzero(race.losses <= race.losses[3])[0]
    assert race.to_reach(0.0) is None


def test_a_name_that_did_not_run_is_refused(races):
    with pytest.raises(KeyError, match="'adamw' is not among"):
        _ = races["adamw"]


def test_paths_are_drawn_on_one_surface(races):
    found = races.landscape(resolution=3, verbose=0)
    assert [track.name for track in found.tracks] == ["sgd", "adam", "lbfgs"]
    for track, race in zip(found.tracks, races.races, strict=True):
        assert track.losses == pytest.approx(race.losses[race.drawn])
    starts = np.array([track.coordinates[0] for track in found.tracks])
    assert np.allclose(starts, starts[0])


def test_classes_and_metrics_of_the_model_are_no_hindrance():
    x, y = blobs()
    found = compare_optimizers(classifier(), x, y, ["sgd", "bfgs"], epochs=3, verbose=0)
    assert all(np.isfinite(race.losses).all() for race in found.races)


@pytest.mark.parametrize("count", [1, 5, 300, 301, 10_000])
def test_a_long_path_keeps_its_ends_and_more_of_its_beginning(count):
    places = thinned(count, 300)
    assert len(places) <= 300
    assert places[0] == 0
    assert places[-1] == count - 1
    assert (np.diff(places) > 0).all()
    if count > 1000:
        assert places[10] < count / 300


def test_progress_is_told(capsys):
    compared(["sgd", "adam"], verbose=2)
    text = capsys.readouterr().out
    assert text.startswith("sgd\n5/5 - 0s - ")
    assert "\nadam\n5/5 - 0s" in text
    compared(["sgd"])
    assert not capsys.readouterr().out
