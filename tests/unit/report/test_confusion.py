import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from chainrule.errors import ArgumentError, ShapeError
from chainrule.plots import plot_confusion_matrix
from chainrule.report.classes import class_numbers
from chainrule.report.palette import on

NAMES = ("cat", "dog", "owl")
TRUE, GUESS = [0] * 10 + [1] * 4, [0] * 8 + [1] * 2 + [1, 1, 2, 2]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_cells_are_percent_of_each_true_class():
    ax = plot_confusion_matrix(TRUE, GUESS, NAMES)
    assert texts(ax) == ["80", "20", "50", "50"]
    right, wrong = (image.get_array() for image in ax.images)
    assert np.diag(right.data).tolist() == [80, 50, 0]
    assert right.mask.tolist() == (~np.eye(3, dtype=bool)).tolist()
    assert wrong.mask.tolist() == np.eye(3, dtype=bool).tolist()
    assert wrong.data[1].tolist() == [0, 50, 50]
    assert [image.get_clim() for image in ax.images] == [(0, 100), (0, 50)]


def test_names_and_numbers_of_samples_are_at_the_rows():
    ax = plot_confusion_matrix(TRUE, GUESS, NAMES)
    assert [t.get_text() for t in ax.get_xticklabels()] == list(NAMES)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat (10)", "dog (4)", "owl (0)"]
    assert ax.get_title(loc="left") == "71.4 % of 14 right"


def test_classes_of_one_size_have_it_in_the_label():
    ax = plot_confusion_matrix([0, 1], [0, 1])
    assert ax.get_ylabel() == "true, 1 of each"
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0", "1"]


def test_a_mistake_of_less_than_half_a_percent_is_seen():
    for mistakes in (1, 5):
        guesses = [0] * (1000 - mistakes) + [1] * mistakes
        assert "<1" in texts(plot_confusion_matrix([0] * 1000, guesses))


@pytest.mark.parametrize("count", [2, 10])
def test_every_number_is_in_its_cell_and_read_on_its_colour(count):
    labels = np.arange(200) % count
    ax = plot_confusion_matrix(labels, np.where(np.arange(200) < 20, 0, labels))
    ax.figure.draw_without_rendering()
    for text in ax.texts:
        column, row = text.get_position()
        box = text.get_window_extent().transformed(ax.transData.inverted())
        assert abs(box.x0 - column) < 0.5
        assert abs(box.y0 - row) < 0.5
        shade = ax.images[row != column].to_rgba(ax.images[0].get_array().data[row, column])
        assert text.get_color() == on(shade)


def test_numbers_that_could_not_be_read_are_left_out():
    labels = np.arange(400) % 40
    ax = Figure(figsize=(3, 3)).add_subplot()
    assert not texts(plot_confusion_matrix(labels, labels, ax=ax))


def test_empty_cells_have_the_colour_of_the_paper():
    from matplotlib import pyplot

    with pyplot.style.context("dark_background"):
        ax = plot_confusion_matrix(TRUE, GUESS, NAMES)
    assert to_hex(ax.images[1].to_rgba(0)) == "#000000"


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([2, 0], [2, 0]),
        ([[2.0], [0.0]], [2, 0]),
        ([[0, 0, 1], [1, 0, 0]], [2, 0]),
        ([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]], [2, 0]),
        ([[0.7], [0.3]], [1, 0]),
        ([True, False], [1, 0]),
    ],
)
def test_classes_are_read_in_every_form(values, numbers):
    assert class_numbers("y", np.array(values)).tolist() == numbers


def test_wrong_arguments_are_told():
    with pytest.raises(ShapeError, match="as many rows"):
        plot_confusion_matrix([0], [0, 1])
    with pytest.raises(ArgumentError, match="have 3 classes"):
        plot_confusion_matrix([0], np.eye(3)[:1], ["a", "b"])
    with pytest.raises(ArgumentError, match="`y_pred` must be class numbers from 0"):
        plot_confusion_matrix([0], [-0.5])
    with pytest.raises(ShapeError, match=r"shape \(N,\), \(N, 1\) or \(N, K\)"):
        plot_confusion_matrix(np.zeros((1, 2, 3)), [0])


def test_an_axes_that_is_given_is_returned():
    ax = Figure().add_subplot()
    assert plot_confusion_matrix(TRUE, GUESS, ax=ax) is ax


@pytest.mark.parametrize(("background", "text"), [("#ffff00", "black"), ("#0000aa", "white")])
def test_text_is_read_on_its_background(background, text):
    assert on(background) == text
