import subprocess
import sys

import numpy as np
import pytest

from chainrule import plots
from chainrule.errors import ArgumentError
from chainrule.report import canvas

HISTORY = {"loss": [1.0, 0.5, 0.3], "accuracy": [0.1, 0.5, 0.6]}


def python(code, folder):
    return subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=folder, check=False)


def test_nothing_is_shown_or_written(tmp_path):
    code = (
        "import matplotlib; matplotlib.use('Agg')\n"
        "from matplotlib import pyplot; from chainrule import plots\n"
        "def show(): raise AssertionError\n"
        "pyplot.show = show\n"
        f"axes = plots.plot_history({HISTORY})\n"
        "assert pyplot.get_fignums() == [axes[0].figure.number]"
    )
    assert python(code, tmp_path).returncode == 0
    assert not list(tmp_path.iterdir())


def test_drawing_on_an_axes_does_not_touch_pyplot(tmp_path):
    code = (
        "import sys; from chainrule.report import canvas, curves; ax = canvas.new_axes()\n"
        f"curves.plot_history({HISTORY}, ax=ax); canvas.save(ax, 'a.png')\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert python(code, tmp_path).returncode == 0


def test_the_room_is_entered_without_matplotlib(tmp_path):
    code = "import sys; from chainrule import plots; sys.exit('matplotlib' in sys.modules)"
    assert python(code, tmp_path).returncode == 0


def test_without_matplotlib_it_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[plot\]"'):
        plots.plot_history(HISTORY)


def test_saving_writes_a_whole_picture_and_needs_no_screen(tmp_path):
    canvas.save(canvas.new_axes(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".PNG"])
def test_pictures_have_the_format_of_their_suffix(suffix, tmp_path):
    canvas.save(canvas.new_axes(), tmp_path / f"a{suffix}")
    starts = {".svg": b"<?xml", ".pdf": b"%PDF-", ".PNG": b"\x89PNG"}
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(starts[suffix])


def test_other_formats_are_refused():
    with pytest.raises(ArgumentError, match=r"\.png, \.svg, \.pdf. Received: path='a.gif'"):
        canvas.save(canvas.new_axes(), "a.gif")


def test_a_figure_is_as_large_as_the_style_sheet_says():
    from matplotlib import rc_context

    with rc_context({"figure.figsize": (3, 2)}):
        assert plots.plot_history(HISTORY, "loss").figure.get_size_inches().tolist() == [3, 2]


def test_panels_are_a_grid_on_a_new_figure_in_a_place_or_on_axes_that_are_given():
    assert canvas.panels(None, 2, 3, 1, 1).shape == (2, 3)
    place = canvas.new_figure(4, 4).subplots(1, 2)[1]
    inside = canvas.panels(place, 2, 2)
    left, right = place.get_position().intervalx
    assert all(left <= one.get_position().x0 < right for one in inside.flat)
    given = canvas.new_figure(4, 4).subplots(2, 2)
    assert canvas.panels(given, 1, 4).ravel().tolist() == given.ravel().tolist()


def test_an_axes_without_a_place_in_a_grid_cannot_be_parted():
    free = canvas.new_figure(4, 4).add_axes((0, 0, 1, 1))
    assert canvas.panels(free, 1, 1)[0, 0] is free
    with pytest.raises(ArgumentError, match=r"plt.subplots made, or 2 Axes"):
        canvas.panels(free, 1, 2)


def test_classes_have_different_colours():
    from chainrule.report.palette import series

    assert [len(set(series(count))) for count in (1, 6, 7, 10)] == [1, 6, 7, 10]
    assert np.shape(series(12)) == (12,)
