import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from tests.builders import line, regressor

from chainrule import descend, landscape
from chainrule.callbacks import PathRecorder
from chainrule.errors import ArgumentError
from chainrule.optimizers import SGD
from chainrule.plots import plot_landscape, plot_landscape_3d

X, Y = line()


@pytest.fixture(scope="module")
def rosenbrock():
    paths = [descend("rosenbrock", SGD(0.001), 30), descend("rosenbrock", "bfgs", 30)]
    return landscape("rosenbrock", path=paths, resolution=21)


@pytest.fixture(scope="module")
def network():
    model, recorder = regressor("adam"), PathRecorder()
    model.fit(X, Y, epochs=8, verbose=0, callbacks=[recorder])
    return landscape(model, X, Y, path=recorder, resolution=9, verbose=0)


def lines(ax, marker=None):
    return [one for one in ax.lines if len(one.get_xdata()) and one.get_marker() == marker]


def new_axes(**options):
    return Figure().add_subplot(**options)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_paths_begin_in_a_ring_and_end_in_a_mark_of_their_own(rosenbrock):
    ax = plot_landscape(rosenbrock, new_axes())
    paths = lines(ax, "None")
    assert len(paths) == 2
    for drawn, track in zip(paths, rosenbrock.tracks, strict=True):
        assert np.array_equal(np.column_stack(drawn.get_data()), track.coordinates)
    starts = [one for one in lines(ax, "o") if to_rgb(one.get_markerfacecolor()) == (1, 1, 1)]
    assert [one.get_xdata()[0] for one in starts] == [-1.2, -1.2]
    ends = [one for one in ax.lines if one.get_xdata().tolist() == [paths[1].get_xdata()[-1]]]
    assert [one.get_marker() for one in ends] == ["s"]
    assert paths[0].get_color() != paths[1].get_color()


def test_the_legend_has_the_true_losses(rosenbrock):
    texts = legend(plot_landscape(rosenbrock, new_axes()))
    assert texts[0].startswith("sgd  24.2 → ")
    assert texts[-1] == "minimum"
    assert plot_landscape(rosenbrock, new_axes(), legend=False).get_legend() is None


def test_how_far_a_path_is_off_the_plane_is_said(network):
    ax = plot_landscape(network, new_axes())
    (track,) = network.tracks
    assert f"({track.error:.0%} off)" in legend(ax)[0]
    assert "distance from the plane" in ax.get_legend().get_title().get_text()


def test_axes_say_what_they_are(network):
    ax = plot_landscape(network, new_axes())
    assert ax.get_xlabel() == network.plane.labels[0]
    assert ax.get_ylabel() == network.plane.labels[1]
    assert ax.figure.axes[1].get_ylabel() == "loss"
    assert ax.get_xlim() == tuple(network.axes[0][[0, -1]])


def test_levels_are_logarithmic_where_the_loss_spans_decades(rosenbrock, network):
    for terrain, is_log in ((rosenbrock, True), (network, False)):
        filled = plot_landscape(terrain, new_axes()).collections[0]
        assert isinstance(filled.norm, LogNorm) == is_log
        levels = np.log(filled.levels) if is_log else np.asarray(filled.levels)
        assert np.allclose(np.diff(levels), np.diff(levels)[0])
        assert filled.levels[-1] == terrain.losses.max()


@pytest.mark.parametrize("losses", [np.ones((3, 3)), np.full((3, 3), 0.0), -np.eye(3)])
def test_any_losses_can_be_drawn(losses, network):
    from dataclasses import replace

    axes = (np.arange(3.0), np.arange(3.0))
    ax = plot_landscape(replace(network, losses=losses, axes=axes), new_axes())
    ax.figure.canvas.draw_idle()
    ax.figure.draw_without_rendering()


def test_what_is_no_number_is_the_highest_and_nothing_but_that_is_refused(network):
    from dataclasses import replace

    broken = np.where(np.arange(81).reshape(9, 9) % 7, network.losses, np.nan)
    broken[0, 0] = np.inf
    plot_landscape(replace(network, losses=broken), new_axes()).figure.draw_without_rendering()
    with pytest.raises(ArgumentError, match="finite"):
        plot_landscape(replace(network, losses=np.full((9, 9), np.nan)), new_axes())


def test_a_line_is_a_curve_with_the_models_marked():
    model, other = regressor(), regressor(seed=4)
    model.name, other.name = "here", "there"
    terrain = landscape(model, X, Y, other, resolution=9, verbose=0)
    ax = terrain.plot(new_axes())
    assert np.array_equal(ax.lines[0].get_ydata(), terrain.losses)
    assert [text.get_text() for text in ax.texts] == ["here", "there"]
    assert ax.get_ylabel() == "loss"


def test_in_space_paths_are_at_their_true_loss(network):
    ax = network.plot_3d(new_axes(projection="3d"))
    (path,) = (
        one for one in ax.lines if len(one.get_data_3d()[0]) == 9 and one.get_marker() == "None"
    )
    lowest = np.maximum(network.tracks[0].losses, network.losses.min())
    assert np.allclose(path.get_data_3d()[2], lowest)
    assert ax.get_zlabel() == "loss"


def test_heights_of_decades_are_labelled_by_their_values(rosenbrock):
    ax = plot_landscape_3d(rosenbrock, new_axes(projection="3d"))
    assert "$10^{2}$" in [text.get_text() for text in ax.get_zticklabels()]


def test_what_has_no_picture_in_space_is_refused(network):
    model = regressor()
    flat = landscape(model, X, Y, model.layout.name_of(0), resolution=3, verbose=0)
    with pytest.raises(ArgumentError, match="use `plot`"):
        flat.plot_3d()
    with pytest.raises(ArgumentError, match="projection='3d'"):
        network.plot_3d(new_axes())


@pytest.mark.parametrize("draw", [plot_landscape, plot_landscape_3d])
def test_an_axes_is_made_where_none_is_given(draw, network):
    from matplotlib import pyplot

    ax = draw(network)
    assert ax.figure.number in pyplot.get_fignums()
    pyplot.close(ax.figure)


def test_models_on_a_plane_have_their_names():
    models = [regressor(seed=seed) for seed in (1, 2, 3)]
    for number, model in enumerate(models):
        model.name = f"number {number}"
    ax = landscape(models[0], X, Y, models[1:], resolution=5, verbose=0).plot(new_axes())
    assert [text.get_text() for text in ax.texts] == ["number 0", "number 1", "number 2"]
