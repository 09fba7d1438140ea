"""The page of a race: its data, its table, and what its controls do in a browser."""

import html
import json
import re

import numpy as np
import pytest
from tests.browser import needs_browser, run
from tests.builders import line, regressor

from chainrule import compare_optimizers, descend, landscape
from chainrule.errors import ArgumentError
from chainrule.optimizers import SGD
from chainrule.plots import plot_comparison
from chainrule.report.race_page import page

X, Y = line()


@pytest.fixture(scope="module")
def comparison():
    optimizers = {"<sgd>": SGD(0.5), "adam": "adam@0.05", "lbfgs": "lbfgs"}
    return compare_optimizers(regressor(), X, Y, optimizers, epochs=9, verbose=0)


@pytest.fixture(scope="module")
def text(comparison):
    return comparison.to_html(terrain=comparison.landscape(resolution=7, verbose=0), title="A & B")


def data(text):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1]
    )


def test_the_data_are_the_races(comparison, text):
    found = data(text)
    assert list(found["quantities"]) == ["gradients", "epochs", "updates", "seconds"]
    for track, race in zip(found["tracks"], comparison.races, strict=True):
        assert track["name"] == race.name
        assert track["losses"] == pytest.approx(race.losses, rel=1e-4)
        assert track["gradients"] == pytest.approx(race.gradients)
        assert track["updates"] == race.updates.tolist()
        assert len(track["xy"]) == len(race.points)
    assert np.shape(found["terrain"]["losses"]) == (7, 7)


def test_the_table_is_there_without_a_script(comparison, text):
    rows = re.findall(r"<tr>(.*?)</tr>", text)
    cells = [[html.unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t", row)] for row in rows]
    assert cells == comparison.rows()
    assert html.escape(comparison.note) in text


def test_nothing_is_loaded_and_no_name_is_markup(text):
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert "<sgd>" not in text
    assert "<title>A &amp; B</title>" in text


def test_what_is_no_number_is_null(comparison):
    from dataclasses import replace

    terrain = comparison.landscape(resolution=3, verbose=0)
    broken = replace(terrain, losses=np.where(np.eye(3), np.nan, terrain.losses))
    assert data(page(broken, comparison))["terrain"]["losses"][0][0] is None


def test_paths_without_a_race_are_played_by_steps():
    terrain = landscape("saddle", path=descend("saddle", "newton", 8), resolution=5)
    found = data(page(terrain))
    assert found["quantities"] == {"steps": "steps"}
    assert list(found["marks"]) == ["minimum", "saddle"]
    assert "<table>" not in page(terrain)


def test_a_plane_with_paths_is_needed():
    with pytest.raises(ArgumentError, match="paths on a plane"):
        page(landscape("bowl", resolution=3))


@needs_browser
@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_the_slider_shows_where_each_was_at_that_moment(comparison, text, view, tmp_path):
    found = run(
        text,
        """
        const losses = () => all("#legend output").map((one) => one.textContent);
        const end = losses(), now = text("#now"), slider = one("#moment");
        const dots = () => all("#paths .here").length;
        slider.value = 0; slider.dispatchEvent(new Event("input"));
        const start = losses(), long = all("#paths .path")[0].getAttribute("d");
        all("#legend input")[0].click();
        const left = dots();
        one("#against").value = "updates"; one("#against").dispatchEvent(new Event("change"));
        return { start, end, now, long, left, after: text("#now"),
          wide: document.documentElement.scrollWidth <= innerWidth,
          colour: getComputedStyle(all("#paths .path")[0]).stroke };
        """,
        view,
        tmp_path,
    )
    ends = [f"{race.losses[-1]:.3g}" for race in comparison.races]
    assert [float(e.replace("−", "-")) for e in found["end"]] == pytest.approx(
        [float(e) for e in ends], rel=6e-3
    )
    assert len(set(found["start"])) == 1
    assert "L" not in found["long"]
    assert found["now"] == "9 gradients" or found["now"].endswith(" gradients")
    assert found["left"] == 2
    assert found["after"] == "0 updates"
    assert found["wide"]
    assert found["colour"].startswith("rgb")


@needs_browser
def test_play_goes_from_the_start_to_the_end(text, tmp_path):
    found = run(
        text,
        """
        one("#play").click();
        await pause(300);
        const first = Number(one("#moment").value), label = one("#play").ariaLabel;
        await pause(15000);
        return { first, label, last: one("#moment").value, after: one("#play").ariaLabel };
        """,
        tmp_path=tmp_path,
    )
    assert 0 < found["first"] < 1000
    assert found["label"] == "Pause"
    assert found["last"] == "1000"
    assert found["after"] == "Play"


# ---------------------------------------------------------------- curves


@pytest.mark.parametrize("against", ["gradients", "epochs", "updates", "seconds"])
def test_curves_are_the_losses_against_what_was_asked_for(comparison, against):
    from matplotlib.figure import Figure

    ax = plot_comparison(comparison, against, Figure().add_subplot())
    curves = [one for one in ax.lines if len(one.get_xdata()) > 1]
    for curve, race in zip(curves, comparison.races, strict=True):
        x = np.arange(len(race.losses)) if against == "epochs" else getattr(race, against)
        assert np.array_equal(curve.get_xdata(), x)
        assert np.array_equal(curve.get_ydata(), race.losses)
    assert against.split()[0] in ax.get_xlabel()


def test_an_unknown_quantity_is_named(comparison):
    with pytest.raises(ArgumentError, match="gradients, epochs, updates, seconds"):
        comparison.plot("hours")
