import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from tests.builders import line, regressor

from chainrule.errors import ShapeError
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.plots import plot_decision_boundary
from chainrule.report.palette import series

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def ruled(kernel, bias, activation, loss=None):
    """A model of two features whose weights are given."""
    model = Sequential([Input((2,)), Dense(len(bias), activation)])
    model.set_weights([np.array(kernel), np.array(bias)])
    if loss is not None:
        model.compile("sgd", loss)
    return model


def by_first_feature(**compiled):
    """Class 1 is where x₀ > ½."""
    return ruled([[0.0, 20.0], [0.0, 0.0]], [0.0, -10.0], "softmax", **compiled)


def texts(ax):
    return {text.get_text(): text.get_position() for text in ax.texts}


def legend(ax):
    box = ax.get_legend()
    return [text.get_text() for text in box.get_texts()] if box else []


def test_regions_have_the_colour_of_their_class_and_are_paler_where_classes_are_even():
    ax = plot_decision_boundary(by_first_feature(), CORNERS)
    picture = ax.images[0].get_array()
    for column, colour in zip((0, -1), series(2), strict=True):
        mixed = 0.6 * np.array(to_rgb(colour)) + 0.4
        np.testing.assert_allclose(picture[100, column], mixed, atol=0.01)
    strength = 1 - picture[100].min(axis=-1)
    assert strength[99] < strength[0] / 3
    assert ax.images[0].get_extent() == pytest.approx([-0.08, 1.08, -0.08, 1.08])


def test_a_line_is_where_two_classes_are_even():
    ax = plot_decision_boundary(by_first_feature(), CORNERS)
    vertices = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    np.testing.assert_allclose(vertices[:, 0], 0.5, atol=1e-3)


def test_samples_lie_where_they_are_and_wrong_ones_have_a_ring():
    ax = plot_decision_boundary(by_first_feature(), CORNERS, [0, 1, 1, 1])
    first, second, rings = ax.collections[-3:]
    assert first.get_offsets().tolist() == [[0, 0]]
    assert second.get_offsets().tolist() == [[1, 0], [0, 1], [1, 1]]
    assert rings.get_offsets().tolist() == [[0, 1]]
    assert ax.get_title(loc="left") == "75 % of 4 right"


def test_names_stand_in_their_regions():
    ax = plot_decision_boundary(by_first_feature(), CORNERS, class_names=["left", "right"])
    found = texts(ax)
    assert found["left"][0] < 0.5 < found["right"][0]
    assert not legend(ax)


def test_a_class_without_a_region_is_in_the_legend():
    never = ruled([[0.0, 9.0, 0.0], [0.0] * 3], [0.0, -4.5, -99.0], "softmax")
    ax = plot_decision_boundary(never, CORNERS, [0, 1, 2, 1], ["left", "right", "nowhere"])
    assert set(texts(ax)) == {"left", "right"}
    assert legend(ax) == ["nowhere"]


@pytest.mark.parametrize(
    ("activation", "loss"), [("sigmoid", "binary_crossentropy"), ("linear", "logits")]
)
def test_one_output_is_the_chance_of_class_1(activation, loss):
    from chainrule.losses import BinaryCrossentropy

    given = BinaryCrossentropy(from_logits=True) if loss == "logits" else loss
    ax = plot_decision_boundary(ruled([[20.0], [0.0]], [-10.0], activation, given), CORNERS)
    two = plot_decision_boundary(by_first_feature(), CORNERS)
    np.testing.assert_allclose(ax.images[0].get_array(), two.images[0].get_array(), atol=1e-5)


def test_ten_classes_of_long_names_are_named_once_each():
    angles = np.arange(10) * 2 * np.pi / 10
    circle = np.stack([np.cos(angles), np.sin(angles)])
    names = [f"a class with a long name {k}" for k in range(10)]
    model = ruled(9 * circle, np.zeros(10), "softmax")
    ax = plot_decision_boundary(model, circle.T, np.arange(10), names)
    assert sorted([*texts(ax), *legend(ax)]) == names


def test_a_regression_is_a_surface_and_samples_have_the_colour_of_the_truth():
    x, y = line()
    model = regressor()
    ax = plot_decision_boundary(model, x, y, feature_names=("study", "sleep"))
    samples = ax.collections[-1]
    assert samples.get_offsets().tolist() == x.tolist()
    assert samples.get_array().tolist() == y.ravel().tolist()
    assert samples.norm is ax.collections[0].norm
    off = np.abs(model.predict(x, verbose=0) - y).mean()
    assert ax.get_title(loc="left") == f"off by {off:.3g} on average"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("study", "sleep")


def test_one_sample_has_room_around_it():
    ax = plot_decision_boundary(by_first_feature(), CORNERS[:1])
    assert ax.get_xlim() == (-1, 1)


def test_an_axes_that_is_given_is_returned():
    ax = Figure().add_subplot()
    assert plot_decision_boundary(by_first_feature(), CORNERS, ax=ax) is ax


def test_wrong_shapes_are_told():
    with pytest.raises(ShapeError, match=r"shape \(N, 2\)"):
        plot_decision_boundary(by_first_feature(), np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="as many rows"):
        plot_decision_boundary(by_first_feature(), CORNERS, [0, 1])
