import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.builders import blobs, classifier

from chainrule.callbacks import DistributionRecorder
from chainrule.errors import StateError, UnknownNameError
from chainrule.plots import plot_distributions


@pytest.fixture(scope="module")
def recorder():
    x, y = blobs()
    found = DistributionRecorder()
    classifier().fit(x, y, epochs=3, verbose=0, callbacks=[found])
    return found


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_row_for_each_layer_and_a_column_for_each_kind(recorder):
    axes = plot_distributions(recorder)
    assert [ax.get_title() for ax in axes[0]] == ["weights", "gradients", "activations"]
    assert [row[0].get_ylabel() for row in axes] == list(recorder.record["weights"])
    assert [ax.get_xlabel() for ax in axes[-1]] == ["epoch"] * 3


def test_the_line_is_the_median_and_bands_are_between_quantiles(recorder):
    layer = next(iter(recorder.record["weights"]))
    ax = plot_distributions(recorder, "weights", [layer])
    rows = np.array(recorder.record["weights"][layer])
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert ax.lines[0].get_ydata().tolist() == rows[:, 3].tolist()
    for band, (low, high) in zip(ax.collections, ((0, 6), (1, 5), (2, 4)), strict=True):
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == rows[:, low].min()
        assert heights.max() == rows[:, high].max()


def test_what_the_bands_are_is_written_once_at_their_ends(recorder):
    axes = plot_distributions(recorder)
    told = [texts(ax) for ax in axes.flat if texts(ax)]
    assert told == [["smallest", "5 %", "25 %", "median", "75 %", "95 %", "largest"]]


def test_one_epoch_is_a_band_too():
    x, y = blobs()
    recorder = DistributionRecorder()
    classifier().fit(x, y, epochs=1, verbose=0, callbacks=[recorder])
    ax = plot_distributions(recorder)[0, 0]
    assert np.ptp(ax.collections[0].get_paths()[0].vertices[:, 0]) > 0
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low < tick < high] == [1]


def test_numbers_that_are_lost_are_told():
    recorder = DistributionRecorder()
    recorder.epochs = [1, 2]
    recorder.record["weights"]["dense"] = [np.arange(7.0), np.full(7, np.nan)]
    ax = plot_distributions(recorder, "weights")
    assert texts(ax) == ["not finite from epoch 2"]


def test_axes_that_are_given_are_drawn_on_and_returned(recorder):
    given = Figure().subplots(2, 3)
    assert plot_distributions(recorder, ax=given).tolist() == given.tolist()
    layer = next(iter(recorder.record["weights"]))
    assert plot_distributions(recorder, "weights", [layer], given[0, 0]) is given[0, 0]


def test_wrong_arguments_are_told(recorder):
    with pytest.raises(StateError, match="Nothing was recorded"):
        plot_distributions(DistributionRecorder())
    with pytest.raises(UnknownNameError, match="Kinds are"):
        plot_distributions(recorder, "biases")
    with pytest.raises(UnknownNameError, match="Recorded layers are"):
        plot_distributions(recorder, layers=["nope"])
