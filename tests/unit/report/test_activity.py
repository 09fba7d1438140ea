import numpy as np
import pytest
from matplotlib.figure import Figure

from chainrule.errors import ShapeError, UnknownNameError
from chainrule.layers import Add, Dense, Dropout, Flatten, Input, Rescaling
from chainrule.models import Model, Sequential
from chainrule.models.activations import activations
from chainrule.plots import plot_activations
from chainrule.utils import set_random_seed


def network():
    set_random_seed(1)
    return Sequential(
        [
            Input((5, 4)),
            Rescaling(0.5, name="half"),
            Flatten(name="flat"),
            Dense(20, "relu", name="hidden"),
            Dropout(0.5),
            Dense(3, "softmax", name="out"),
        ]
    )


ROW = np.random.default_rng(0).random((5, 4)).astype(np.float32)


def titles(axes):
    return [ax.get_title().split("\n")[0] for ax in axes]


def test_there_is_a_picture_of_the_input_and_of_each_layer_that_computes():
    assert titles(plot_activations(network(), ROW)) == ["input", "half", "hidden", "out"]


def test_cells_are_the_activations_row_by_row():
    model = network()
    _, made = activations(model, ROW[np.newaxis])
    axes = plot_activations(model, ROW)
    assert axes[0].images[0].get_array().tolist() == ROW.tolist()
    hidden = np.ma.filled(axes[2].images[0].get_array(), np.nan).ravel()  # 4 rows of 5 cells
    assert hidden.tolist() == made["hidden"][0].tolist()
    zero = 100 * np.mean(made["hidden"] == 0)
    assert axes[2].get_title() == f"hidden\n20 units\n{zero:.0f} % are 0"


def test_cells_that_are_left_over_are_empty():
    model = Sequential([Input((2,)), Dense(17)])
    shown = plot_activations(model, [1.0, 2.0])[1].images[0].get_array()
    assert shown.shape == (4, 5)
    assert shown.mask.sum() == 3


def test_both_signs_have_one_scale_and_a_picture_begins_at_0():
    axes = plot_activations(network(), ROW)
    assert axes[0].images[0].get_clim() == (0, pytest.approx(ROW.max()))
    low, high = axes[2].images[0].get_clim()
    assert low == -high


def test_few_units_are_bars_with_numbers():
    model = network()
    ax = plot_activations(model, ROW, ["cat", "dog", "owl"])[-1]
    (chances,) = model.predict(ROW[np.newaxis], verbose=0)
    assert [bar.get_width() for bar in ax.patches] == chances.tolist()
    assert [text.get_text() for text in ax.texts] == [f"{100 * p:.0f} %" for p in chances]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", "dog", "owl"]


def test_what_is_no_probability_is_a_number():
    model = Sequential([Input((2,)), Dense(2)])
    model.set_weights([np.eye(2), np.zeros(2)])
    ax = plot_activations(model, [3.0, -0.25])[1]
    assert [text.get_text() for text in ax.texts] == ["3", "−0.25"]


def test_layers_may_be_chosen():
    assert titles(plot_activations(network(), ROW, layers=["out"])) == ["input", "out"]
    with pytest.raises(UnknownNameError, match=r"\['half', 'hidden', 'out'\]"):
        plot_activations(network(), ROW, layers=["flat"])


def test_several_inputs_and_uses_have_their_names():
    left, right = Input((2,), name="left"), Input((2,), name="right")
    shared = Dense(2, name="shared")
    model = Model([left, right], Add(name="sum")([shared(left), shared(right)]))
    axes = plot_activations(model, [np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    assert titles(axes) == ["left", "right", "shared", "shared@1", "sum"]


def test_looking_changes_nothing():
    model = network()
    before = model.theta.copy()
    plot_activations(model, ROW)
    assert model.theta.tolist() == before.tolist()


def test_a_row_may_have_the_axis_of_samples():
    with_axis = plot_activations(network(), ROW[np.newaxis])
    assert with_axis[0].images[0].get_array().tolist() == ROW.tolist()
    with pytest.raises(ShapeError, match=r"one row, of shape \(5, 4\)"):
        plot_activations(network(), np.zeros((2, 5, 4)))


def test_the_place_of_an_axes_is_parted():
    ax = Figure().add_subplot()
    assert all(one.figure is ax.figure for one in plot_activations(network(), ROW, ax=ax))


def test_more_than_six_pictures_have_two_rows():
    model = Sequential([Input((2,)), *(Dense(2) for _ in range(7))])
    axes = plot_activations(model, [1.0, 2.0])
    assert len(axes) == 8
    assert {ax.get_subplotspec().rowspan.start for ax in axes} == {0, 1}
