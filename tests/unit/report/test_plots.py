import subprocess
import sys

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.report import plots

HISTORY = {"loss": [1.0, 0.5, 0.3], "val_loss": [1.1, 0.7, 0.6], "mae": [0.9, 0.4, 0.2]}
NAMES = ("cat", "dog", "owl")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_history_has_a_line_for_training_and_one_for_test():
    ax = plots.plot_history(HISTORY)
    assert [line.get_ydata().tolist() for line in ax.lines] == [
        HISTORY["loss"],
        HISTORY["val_loss"],
    ]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["training", "test"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert len(plots.plot_history(HISTORY, "mae").lines) == 1


def test_curves_are_loss_and_metrics_side_by_side_with_their_units():
    first = plots.plot_curves({"accuracy": [0.5], **HISTORY}, {"loss": "nats"})
    labels = [ax.get_ylabel() for ax in first.figure.axes]
    assert labels == ["loss (nats)", "accuracy", "mean absolute error"]


def test_the_number_of_right_pictures_is_told_above_them():
    images, guesses = np.zeros((3, 4, 4)), np.eye(3)
    first = plots.plot_images(images, [0, 1, 0], guesses, NAMES)
    assert first.figure.get_suptitle().startswith("2 of 3 right")


def test_drawing_does_not_touch_pyplot(tmp_path):
    code = (
        "import sys; from chainrule.report import plots; "
        "plots.save(plots.plot_curves({'loss': [1.0, 2.0]}), 'a.png'); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_confusion_shows_percent_of_each_true_class():
    ax = plots.plot_confusion(np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]]), NAMES)
    assert texts(ax) == ["80", "20", "50", "50"]
    assert [t.get_text() for t in ax.get_xticklabels()] == list(NAMES)


def test_wrong_pictures_are_marked_in_words_too():
    images = np.zeros((2, 4, 4))
    first = plots.plot_images(images, [0, 1], np.array([[0.9, 0.1, 0], [0.6, 0.4, 0]]), NAMES)
    labels = [ax.get_xlabel() for ax in first.figure.axes]
    assert labels[:2] == ["✓ cat 90%", "✗ cat 60%\ntrue: dog"]


def test_predictions_lie_against_a_diagonal():
    ax = plots.plot_predicted(np.array([1.0, 2.0]), np.array([[1.5], [2.5]]), "points")
    assert ax.collections[0].get_offsets().tolist() == [[1, 1.5], [2, 2.5]]
    assert ax.get_xlabel() == "true (points)"


@pytest.mark.parametrize("draw", [plots.plot_history, plots.plot_predicted, plots.plot_confusion])
def test_an_axes_that_is_given_is_drawn_on_and_returned(draw):
    ax = plots.new_axes()
    data = {
        plots.plot_history: (HISTORY,),
        plots.plot_predicted: (np.ones(2), np.zeros(2)),
        plots.plot_confusion: (np.eye(3), NAMES),
    }
    assert draw(*data[draw], ax=ax) is ax


def test_saving_writes_a_whole_picture_and_needs_no_screen(tmp_path):
    plots.save(plots.plot_history(HISTORY), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".PNG"])
def test_pictures_have_the_format_of_their_suffix(suffix, tmp_path):
    plots.save(plots.new_axes(), tmp_path / f"a{suffix}")
    starts = {".svg": b"<?xml", ".pdf": b"%PDF-", ".PNG": b"\x89PNG"}
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(starts[suffix])


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"\.png, \.svg, \.pdf. Received: path='a.gif'"):
        plots.save(plots.new_axes(), "a.gif")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.plot_history(HISTORY),
        lambda: plots.plot_curves(HISTORY),
        lambda: plots.plot_images(np.zeros((1, 2, 2)), [0], np.eye(3)[:1], NAMES),
    ],
    ids=["history", "curves", "images"],
)
def test_without_matplotlib_it_says_what_to_type(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[plot\]"'):
        draw()
