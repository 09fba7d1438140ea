"""A landscape is the loss, at every point that it shows; the model stays as it is."""

import threading

import numpy as np
import pytest
from tests.builders import blobs, classifier, line, regressor

from chainrule import Input, Sequential, config, landscape
from chainrule.callbacks import PathRecorder
from chainrule.core.bar import Bar
from chainrule.errors import ArgumentError, ShapeError, StateError, UnknownNameError
from chainrule.glass import SURFACES, descend
from chainrule.layers import BatchNormalization, Dense
from chainrule.models import clone_model
from chainrule.models.surveying import survey

X, Y = line()


@pytest.fixture(scope="module")
def recorded():
    model, recorder = regressor("adam"), PathRecorder()
    model.fit(X, Y, epochs=12, verbose=0, callbacks=[recorder])
    return model, recorder


def evaluated(model, plane, *coordinates):
    """What ``evaluate`` says of a copy with these weights."""
    other = clone_model(model)
    other.set_weights(model.get_weights())
    other.compile("sgd", model.loss)
    other.theta[other.layout.trainable] = plane.point(*coordinates)
    return other.evaluate(X, Y, verbose=0)


DIRECTIONS = [
    "random",
    "pca",
    ("dense/kernel[0, 0]", "dense_1/kernel[2, 0]"),
    "dense/bias[1]",
    np.ones(13),
]


@pytest.mark.parametrize("directions", DIRECTIONS, ids=str)
@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_every_point_is_what_evaluate_says_there(recorded, directions, engine):
    model, recorder = recorded
    model.compile("adam", "mse", engine=engine)
    found = landscape(model, X, Y, directions, path=recorder, resolution=5, verbose=0)
    for place, loss in np.ndenumerate(found.losses):
        where = [axis[n] for axis, n in zip(found.axes, place[::-1], strict=True)]
        assert loss == pytest.approx(evaluated(model, found.plane, *where), rel=2e-6)
        assert found.at(*where) == loss


def test_a_path_has_the_true_loss_at_each_of_its_points(recorded):
    model, recorder = recorded
    (track,) = landscape(model, X, Y, path=recorder, resolution=3, verbose=0).tracks
    other = clone_model(model)
    other.compile("sgd", "mse")
    for theta, loss in zip(recorder.points, track.losses, strict=True):
        other.theta[...] = theta
        assert loss == pytest.approx(other.evaluate(X, Y, verbose=0), rel=2e-6)
    assert track.error > 0.1  # random directions know nothing of the path
    assert track.name == "adam"


def test_the_principal_plane_passes_through_the_end_and_holds_the_path(recorded):
    model, recorder = recorded
    found = landscape(model, X, Y, "pca", path=recorder, resolution=3, verbose=0)
    (track,) = found.tracks
    assert track.coordinates[-1] == pytest.approx([0, 0], abs=1e-9)
    assert track.distances[-1] == pytest.approx(0, abs=1e-9)
    assert found.at(0, 0) == track.losses[-1]
    assert sum(found.plane.explained) > 0.97
    apart = recorder.points - recorder.points[-1]
    beside = np.sum(track.distances**2) / np.sum(apart**2)
    assert beside == pytest.approx(1 - sum(found.plane.explained), rel=1e-3)


def test_several_paths_share_the_plane_through_the_best_end(recorded):
    model, recorder = recorded
    worse = recorder.points[:5]
    found = landscape(model, X, Y, "pca", path=[worse, recorder], resolution=3, verbose=0)
    assert np.allclose(found.plane.centre, recorder.points[-1])
    assert [track.name for track in found.tracks] == ["path", "adam"]


def test_paths_are_in_the_picture(recorded):
    model, recorder = recorded
    for directions in ("random", "pca", DIRECTIONS[2]):
        found = landscape(model, X, Y, directions, path=recorder, resolution=3, verbose=0)
        for axis, coordinates in zip(found.axes, found.tracks[0].coordinates.T, strict=True):
            assert axis[0] < coordinates.min() <= coordinates.max() < axis[-1]


def test_the_model_is_left_as_it_was(recorded):
    model, recorder = recorded
    theta, history, steps = model.theta.copy(), model.history, model.optimizer.steps
    state = {name: vector.copy() for name, vector in model.optimizer.state.items()}
    program = model._engine_program()
    landscape(model, X, Y, "pca", path=recorder, resolution=3, verbose=0)
    assert np.array_equal(model.theta, theta)
    assert model.history is history
    assert model.optimizer.steps == steps
    assert all(np.array_equal(model.optimizer.state[name], state[name]) for name in state)
    assert model._engine_program() is program


def test_averages_of_normalization_stay_the_models_own_but_along_a_path():
    model = Sequential([Input((2,)), Dense(4), BatchNormalization(), Dense(1)])
    model.compile("sgd", "mse")
    recorder = PathRecorder()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[recorder])
    found = landscape(model, X, Y, path=recorder, resolution=3, verbose=0)
    now = model.evaluate(X, Y, verbose=0)
    assert found.losses[1, 1] == found.at(0, 0)
    assert found.at(0, 0) == pytest.approx(now, rel=1e-5)
    assert found.tracks[0].losses[-1] == pytest.approx(now, rel=1e-5)
    model.theta[...] = recorder.points[0]
    start = model.evaluate(X, Y, verbose=0)
    assert found.tracks[0].losses[0] == pytest.approx(start, rel=1e-5)
    assert found.at(0, 0) == pytest.approx(now, rel=1e-5)  # what it was when it was drawn


def test_a_line_to_another_model_begins_and_ends_at_the_two(recorded):
    model, _ = recorded
    other = regressor("adam", seed=5)
    other.fit(X, Y, epochs=3, verbose=0)
    model.name = other.name = "twin"
    found = landscape(model, X, Y, other, resolution=5, verbose=0)
    assert found.axes[0].tolist() == [-0.5, 0, 0.5, 1, 1.5]
    assert found.losses[1] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=2e-6)
    assert found.losses[3] == pytest.approx(other.evaluate(X, Y, verbose=0), rel=2e-6)
    assert list(found.marks) == ["twin (1)", "twin (2)"]


def test_three_models_span_a_plane(recorded):
    model, _ = recorded
    others = [regressor(seed=5), regressor(seed=6)]
    for number, one in enumerate((model, *others)):
        one.name = f"model {number}"
    found = landscape(model, X, Y, others, resolution=3, verbose=0)
    for one in (model, *others):
        (place,) = found.marks[one.name]
        assert np.allclose(found.plane.point(*place), one.theta, atol=1e-6)
        assert found.at(*place) == pytest.approx(one.loss_at(X, Y), rel=1e-5)


def test_threads_change_nothing():
    model = classifier(features=200, classes=10)
    x, y = blobs(3000, 10, 200)
    found = []
    for threads in (1, 2):
        config.set_threads(threads)
        found.append(landscape(model, x, y, resolution=7, seed=4, verbose=0).losses)
    config.set_threads(None)
    assert np.array_equal(*found)


def test_points_are_shared_by_threads_where_that_pays():
    seen, together = set(), threading.Barrier(2, timeout=20)

    def loss(theta):
        threading.Event().wait(0.001)
        if threading.current_thread() is not threading.main_thread():
            name = threading.current_thread().name
            if name not in seen and len(seen) < 2:
                seen.add(name)
                together.wait()
        return float(theta[0])

    values = survey([loss, loss], lambda n: np.array([n]), 400, Bar(400, 0))
    assert values.tolist() == list(range(400))
    assert len(seen) == 2


def test_ctrl_c_ends_it_soon():
    calls = []

    def loss(theta):
        threading.Event().wait(0.001)
        calls.append(theta)
        if len(calls) == 60:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        survey([loss, loss], lambda n: np.array([n]), 10**5, Bar(10**5, 0))
    assert len(calls) < 500
    assert config.get_threads() >= 1


def test_progress_is_told(capsys, recorded):
    landscape(recorded[0], X, Y, resolution=4, verbose=2)
    assert capsys.readouterr().out.startswith("16/16 - 0s - ")
    landscape(recorded[0], X, Y, resolution=4, verbose=0)
    assert not capsys.readouterr().out


def test_a_function_of_two_variables_needs_no_data():
    path = descend("himmelblau", "adam", 9)
    found = landscape("himmelblau", path=path, resolution=(9, 7))
    assert found.losses.shape == (7, 9)
    x, y = found.axes
    assert found.losses[2, 5] == SURFACES["himmelblau"].loss((x[5], y[2])) == found.at(x[5], y[2])
    (track,) = found.tracks
    assert np.allclose(track.coordinates, path.points)
    assert track.losses[0] == SURFACES["himmelblau"].loss(path.points[0])
    assert track.error < 1e-9
    assert found.marks["minimum"].shape == found.marks["saddle"].shape == (4, 2)


def test_other_paths_can_be_put_on_a_landscape():
    found = landscape("beale", resolution=5)
    both = found.along(descend("beale", "sgd", 3), descend("beale", "adam", 3))
    assert [track.name for track in both.tracks] == ["sgd", "adam"]
    assert not found.tracks
    assert both.losses is found.losses


def test_the_span_is_what_was_asked_for(recorded):
    model, _ = recorded
    for span, wanted in ((0.5, [-0.5, 0.5]), (((-1, 2), (0, 3)), [-1, 2])):
        found = landscape(model, X, Y, span=span, resolution=3, verbose=0)
        assert found.axes[0][[0, -1]].tolist() == wanted
    line_ = landscape(model, X, Y, "dense/bias[1]", span=(-1, 2), resolution=3, verbose=0)
    assert line_.axes[0].tolist() == [-1, 0.5, 2]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"directions": "pca"}, ArgumentError, "needs a `path`"),
        ({"directions": 3}, ArgumentError, "'random', 'pca', names of weights"),
        ({"directions": "dens/kernel[0, 0]"}, UnknownNameError, "no such weight"),
        ({"directions": "PCA"}, UnknownNameError, "no such weight"),
        ({"span": -1}, ArgumentError, "span"),
        ({"span": ((1, 0), (0, 1))}, ArgumentError, "span"),
        ({"resolution": 1}, ArgumentError, "resolution"),
        ({"resolution": (3, 3, 3)}, ArgumentError, "resolution"),
        ({"path": np.zeros((3, 2))}, ShapeError, r"\(T, 13\)"),
        ({"y": Y[:3]}, ValueError, "y"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(recorded, arguments, kind, message):
    options = {"x": X, "y": Y, "resolution": 3, "verbose": 0} | arguments
    with pytest.raises(kind, match=message):
        landscape(recorded[0], **options)


def test_a_model_of_other_shapes_is_no_end_of_a_line(recorded):
    with pytest.raises(ArgumentError, match="have the shapes"):
        landscape(recorded[0], X, Y, classifier(), verbose=0)


def test_a_model_must_be_compiled():
    with pytest.raises(StateError, match="compile"):
        landscape(Sequential([Input((2,)), Dense(1)]), X, Y, verbose=0)


def test_it_says_what_it_is(recorded):
    model, recorder = recorded
    text = str(landscape(model, X, Y, "pca", path=recorder, resolution=3, verbose=0))
    assert text.startswith(f"loss of {model.name}: 3 × 3 points\n  principal direction 1 (")
    assert "adam: 13 points, loss " in text
    assert text.endswith("% of its length off the plane")
