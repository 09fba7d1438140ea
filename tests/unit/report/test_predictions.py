import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from chainrule.errors import ShapeError
from chainrule.plots import plot_images, plot_predicted

NAMES = ("cat", "dog", "owl")


def test_wrong_pictures_are_marked_in_words_too():
    images = np.random.default_rng(0).random((2, 4, 4))
    axes = plot_images(images, [0, 1], np.array([[0.9, 0.1, 0], [0.6, 0.4, 0]]), NAMES)
    assert [ax.get_xlabel() for ax in axes] == ["✓ cat 90 %", "✗ cat 60 %\ntrue: dog"]
    assert [ax.images[0].get_array().tolist() for ax in axes] == images.tolist()
    assert to_hex(axes[1].spines["left"].get_edgecolor()) == "#d55e00"


def test_the_number_of_right_pictures_is_told_above_them():
    images, guesses = np.zeros((3, 4, 4)), np.eye(3)
    for ax in (None, Figure().add_subplot(), Figure().subplots(1, 3)):
        axes = plot_images(images, [0, 1, 0], guesses, NAMES, ax=ax)
        assert len(axes) == 3
        assert axes[0].get_title(loc="left") == "2 of 3 right"


def test_one_probability_is_that_of_class_1():
    (ax,) = plot_images(np.zeros((1, 2, 2)), [0], [[0.2]], ["no", "yes"])
    assert ax.get_xlabel() == "✓ no 80 %"


def test_predictions_lie_against_a_diagonal():
    ax = plot_predicted(np.array([1.0, 2.0]), np.array([[1.5], [2.5]]), "points")
    assert ax.collections[0].get_offsets().tolist() == [[1, 1.5], [2, 2.5]]
    assert ax.lines[0].get_xydata().tolist() == [[1, 1], [2.5, 2.5]]
    assert ax.get_xlabel() == "true (points)"
    assert ax.get_title(loc="left") == "off by 0.5 points on average"


def test_arrays_that_do_not_belong_together_are_told():
    with pytest.raises(ShapeError, match="for each target"):
        plot_predicted([1.0], [1.0, 2.0])
    with pytest.raises(ShapeError, match="for each image"):
        plot_images(np.zeros((2, 2, 2)), [0], np.eye(3))


def test_an_axes_that_is_given_is_returned():
    ax = Figure().add_subplot()
    assert plot_predicted([1.0], [2.0], ax=ax) is ax
