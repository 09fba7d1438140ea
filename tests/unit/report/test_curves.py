import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from tests.builders import blobs, classifier

from chainrule.callbacks import History
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.plots import plot_history

HISTORY = {"loss": [1.0, 0.5, 0.3], "val_loss": [1.1, 0.6, 0.7], "mae": [0.9, 0.4, 0.2]}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def curve(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_a_metric_has_a_line_for_training_and_one_for_validation():
    ax = plot_history(HISTORY, "loss")
    for label, key in (("training", "loss"), ("validation", "val_loss")):
        assert curve(ax, label).get_xdata().tolist() == [1, 2, 3]
        assert curve(ax, label).get_ydata().tolist() == HISTORY[key]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert ax.get_legend() is None


def test_lines_have_their_name_and_last_value_at_their_end():
    ax = plot_history(HISTORY, "loss")
    ends = {text.get_text(): text for text in ax.texts}
    assert ends["training 0.3"].xy == (3, 0.3)
    assert ends["validation 0.7"].xy == (3, 0.7)
    assert ends["validation 0.7"].get_color() == curve(ax, "validation").get_color()


def test_a_line_that_is_alone_needs_no_name():
    assert texts(plot_history({"mae": [2.0, 1.5]})) == ["1.5"]


def test_names_that_would_meet_are_moved_apart():
    ax = plot_history({"loss": [1.0, 0.5], "val_loss": [1.0, 0.5]})
    one, two = (text for text in ax.texts if " 0.5" in text.get_text())
    ax.figure.draw_without_rendering()
    assert not one.get_window_extent().overlaps(two.get_window_extent())


def test_in_a_narrow_axes_a_legend_has_the_names():
    ax = Figure(figsize=(1.5, 1.5)).add_subplot()
    plot_history(HISTORY, "loss", ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["training 0.3", "validation 0.7"]


def test_a_ring_is_around_the_best_epoch_of_the_validation():
    ax = plot_history(HISTORY, "loss")
    ring = ax.lines[-1]
    assert (ring.get_xdata(), ring.get_ydata()) == ([2], [0.6])
    assert "best 0.6 in epoch 2" in texts(ax)


def test_there_is_no_ring_at_the_end_or_where_no_one_knows_which_way_is_better():
    assert not any("best" in text for text in texts(plot_history({"loss": [2.0, 1.0]})))
    assert not any("best" in text for text in texts(plot_history({"mae": [1.0, 2.0]})))


def test_which_way_a_metric_of_the_model_is_better_is_known():
    history = History()
    history.set_model(classifier())
    for epoch, accuracy in enumerate((0.5, 0.9, 0.6)):
        history.on_epoch_end(epoch, {"accuracy": accuracy})
    assert "best 0.9 in epoch 2" in texts(history.plot("accuracy"))


def test_by_default_the_loss_comes_first_then_all_others():
    axes = plot_history({"accuracy": [0.5], **HISTORY}, units={"loss": "nats"})
    labels = [ax.get_ylabel() for ax in axes]
    assert labels == ["loss (nats)", "accuracy", "mean absolute error"]


def test_a_history_plots_itself_where_it_was_validated():
    x, y = blobs()
    model = classifier()
    history = model.fit(x, y, epochs=5, validation_data=(x, y), validation_freq=2, verbose=0)
    ax = history.plot("loss")
    assert curve(ax, "training").get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert curve(ax, "validation").get_xdata().tolist() == [2, 4]
    assert curve(ax, "validation").get_ydata().tolist() == history.history["val_loss"]


def test_one_epoch_is_one_point_in_the_middle():
    ax = plot_history({"loss": [0.5]})
    assert ax.get_xlim() == (0.5, 1.5)
    assert curve(ax, "training").get_marker() == "o"


def test_many_epochs_have_no_marks():
    assert curve(plot_history({"loss": np.linspace(2, 1, 200)}), "training").get_marker() == "None"


@pytest.mark.parametrize(("lost", "said"), [(np.nan, "NaN"), (np.inf, "∞"), (-np.inf, "−∞")])
def test_where_numbers_are_lost_a_cross_and_the_epoch_are(lost, said):
    ax = plot_history({"loss": [1.0, 0.8, lost, lost]})
    assert f"{said} from epoch 3" in texts(ax)
    cross = next(line for line in ax.lines if line.get_marker() == "X")
    assert (cross.get_xdata(), cross.get_ydata()) == ([2], [0.8])
    assert ax.get_xlim() == (1, 4)


def test_a_history_without_a_number_says_so():
    ax = plot_history({"loss": [np.nan, np.nan], "val_loss": [np.nan, np.nan]})
    assert texts(ax) == ["training NaN from epoch 1", "validation NaN from epoch 1"]


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1.0, 0.02], "linear"), ([1.0, 0.005], "log"), ([1.0, 0.0], "linear"), ([1, -9], "linear")],
)
def test_a_loss_of_many_decades_has_a_logarithmic_axis(values, scale):
    assert plot_history({"loss": values}).get_yscale() == scale


def test_an_accuracy_never_has_one():
    assert plot_history({"accuracy": [0.001, 0.9]}).get_yscale() == "linear"


def test_an_axes_is_parted_for_several_metrics():
    ax = Figure().add_subplot()
    axes = plot_history(HISTORY, ax=ax)
    assert len(axes) == 2
    assert all(one.figure is ax.figure for one in axes)
    assert not ax.axison


def test_axes_that_are_given_are_drawn_on_and_returned():
    figure = Figure()
    given = figure.subplots(1, 2)
    assert plot_history(HISTORY, ax=given).tolist() == given.tolist()
    assert plot_history(HISTORY, "mae", given[0]) is given[0]


def test_the_style_sheet_has_the_last_word():
    from matplotlib import pyplot

    with pyplot.style.context("dark_background"):
        ax = plot_history(HISTORY, "loss")
        cycle = pyplot.rcParams["axes.prop_cycle"].by_key()["color"]
    assert to_hex(curve(ax, "training").get_color()) == to_hex(cycle[0])
    assert to_hex(ax.get_facecolor()) == "#000000"


def test_wrong_arguments_are_told():
    with pytest.raises(UnknownNameError, match=r"\['loss', 'mae'\]. Received: metrics='f1'"):
        plot_history(HISTORY, "f1")
    with pytest.raises(ArgumentError, match="train for an epoch first"):
        plot_history({})
    with pytest.raises(ArgumentError, match="or 2 Axes, one for each panel"):
        plot_history(HISTORY, ax=Figure().subplots(1, 3))
    with pytest.raises(ArgumentError, match="must be an Axes"):
        plot_history(HISTORY, "loss", ax="here")
