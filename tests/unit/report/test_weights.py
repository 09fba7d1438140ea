import numpy as np
import pytest
from matplotlib.figure import Figure

from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.layers import Dense, Flatten, Input
from chainrule.models import Sequential
from chainrule.plots import plot_weights_as_images


def pictures(units=6, shape=(4, 3)):
    return Sequential([Input(shape), Flatten(), Dense(units), Dense(2)])


def tile(ax, row, column, shape):
    """A unit's picture of the mosaic."""
    mosaic = np.asarray(ax.images[0].get_array())
    top, left = row * (shape[0] + 1) + 1, column * (shape[1] + 1) + 1
    return mosaic[top : top + shape[0], left : left + shape[1]]


def test_each_unit_is_its_column_of_the_kernel():
    model = pictures()
    kernel = model.layers[1].kernel
    ax = plot_weights_as_images(model)
    columns = 3  # as square as can be
    for unit in range(6):
        found = tile(ax, unit // columns, unit % columns, (4, 3))
        assert found.tolist() == kernel[:, unit].reshape(4, 3).tolist()
    assert ax.images[0].get_array().mask.sum() == 11 * 13 - 6 * 12


def test_no_weight_has_the_colour_of_the_paper_and_both_signs_have_one_scale():
    ax = plot_weights_as_images(pictures())
    low, high = ax.images[0].get_clim()
    assert low == -high
    assert ax.images[0].to_rgba(0)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    red, _, blue = ax.images[0].to_rgba(high)[:3]
    assert red > blue


def test_a_few_large_weights_do_not_pale_the_others():
    model = pictures(units=100)
    kernel = model.layers[1].kernel
    kernel[0, 0] = 1000
    assert plot_weights_as_images(model).images[0].get_clim()[1] < 2


def test_rows_and_columns_say_the_unit():
    ax = plot_weights_as_images(pictures())
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0", "3"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["+0", "+1", "+2"]
    assert ax.get_title(loc="left").endswith(": 6 units")


def test_names_are_on_the_pictures():
    model = Sequential([Input((9,)), Dense(2, "softmax")])
    ax = plot_weights_as_images(model, class_names=["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["cat", "dog"]


def test_of_many_units_the_first_hundred_are_drawn_and_it_is_said():
    ax = plot_weights_as_images(pictures(units=130))
    assert ax.get_title(loc="left").endswith(": the first 100 of 130 units")


def test_vectors_are_squares_or_what_is_given():
    model = Sequential([Input((12,)), Dense(4, name="first"), Dense(3, name="second")])
    assert tile(plot_weights_as_images(model, "second"), 0, 0, (2, 2)).shape == (2, 2)
    ax = plot_weights_as_images(model, image_shape=(2, 6))
    kernel = model.get_layer("first").kernel
    assert tile(ax, 0, 0, (2, 6)).tolist() == kernel[:, 0].reshape(2, 6).tolist()
    with pytest.raises(ArgumentError, match="12 numbers, which are no square image"):
        plot_weights_as_images(model)
    with pytest.raises(ArgumentError, match="height · width must be that"):
        plot_weights_as_images(model, image_shape=(5, 5))


def test_a_layer_without_a_kernel_is_told():
    model = pictures()
    with pytest.raises(ArgumentError, match=r"kernel of shape \(I, O\)"):
        plot_weights_as_images(model, model.layers[0].name)
    with pytest.raises(ArgumentError, match="No layer has a kernel"):
        plot_weights_as_images(Sequential([Input((2,)), Flatten()]))
    with pytest.raises(UnknownNameError):
        plot_weights_as_images(model, "nope")


def test_an_axes_that_is_given_is_returned():
    ax = Figure().add_subplot()
    assert plot_weights_as_images(pictures(), ax=ax) is ax
