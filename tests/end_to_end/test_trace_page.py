"""The page of a trace in a browser: drawing, equations, sliders, keys, tables, on every screen."""

import itertools
import json
import re

import numpy as np
import pytest
from tests.browser import VIEWS, needs_browser, run
from tests.builders import classifier, line, regressor

from chainrule.layers import Activation, Add, BatchNormalization, Concatenate, Dense, Input
from chainrule.models import Model, Sequential
from chainrule.report.trace_page import document, page
from chainrule.utils import set_random_seed

pytestmark = needs_browser


def lesson(steps=3, lang="en"):
    x, y = line(3)
    trace = regressor().trace(x, y, lang=lang)
    for _ in range(steps - 1):
        trace.step()
    return trace


def shown(value):
    """A number as the page writes it."""
    return f"{value:.4g}".replace("-", "−")


@pytest.fixture(params=VIEWS)
def view(request):
    return request.param


def test_a_neuron_shows_its_equation_with_its_numbers(view, tmp_path):
    trace = lesson()
    found = run(
        page(trace),
        """
        press("ArrowRight", document.body);
        click(part("neuron dense/a 1"));
        return {panel: text("#panel"), read: all("g.part.read").map((g) => g.dataset.part)};
        """,
        view,
        tmp_path,
    )
    for name in ("dense/z", "dense/a"):
        entry = trace.steps[0][name]
        assert entry.equation in found["panel"]
        assert entry.cell((0, 1)).text in found["panel"]
    assert {"neuron x 0", "neuron x 1"} <= set(found["read"])
    assert {"weight dense 0 1", "weight dense 1 1", "bias dense 1"} <= set(found["read"])


def test_a_weight_shows_its_gradient_and_then_its_new_value(tmp_path):
    trace = lesson()
    found = run(
        page(trace),
        """
        const values = [];
        click(part("weight dense 0 2"));
        for (let at = 0; at < 8; at++) {
          const label = text('.label[data-part="weight dense 0 2"]');
          values.push({ stage: text("#stage-title"), panel: text("#panel"), label });
          press("ArrowRight", document.body);
        }
        return values;
        """,
        tmp_path=tmp_path,
    )
    by_stage = {values["stage"]: values for values in found}
    step = trace.steps[0]
    backward = by_stage["Backward · dense"]
    gradient = step["∂L/∂dense/kernel"]
    assert gradient.cell((0, 2)).text in backward["panel"]
    assert backward["label"] == shown(gradient.value[0, 2])
    assert by_stage["Forward · dense"]["label"] == shown(step["dense/kernel"].value[0, 2])
    (update,) = [e for e in step if e.role == "update" and e.of == "dense/kernel"]
    assert by_stage["Update"]["label"] == shown(update.value[0, 2])
    assert update.cell((0, 2)).text in by_stage["Update"]["panel"]


def test_the_slider_goes_through_every_stage(view, tmp_path):
    trace = lesson()
    found = run(
        page(trace),
        """
        const slider = one("#stage");
        const seen = [];
        for (let at = 0; at <= Number(slider.max); at++) {
          slider.value = at;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          const spoken = slider.getAttribute("aria-valuetext");
          const entries = all(".entry code").map((code) => code.textContent);
          seen.push([text("#stage-title"), spoken, text("#live"), entries]);
        }
        return seen;
        """,
        view,
        tmp_path,
    )
    titles = [title for title, *_ in found]
    assert titles == [
        "Inputs", "Forward · dense", "Forward · dense_1", "Loss", "Backward · Loss",
        "Backward · dense_1", "Backward · dense", "Update",
    ]  # fmt: skip
    for title, spoken, announced, _ in found:
        assert spoken == title
        assert title in announced
    assert [name for *_, names in found for name in names] == [e.name for e in trace.steps[0]]


def test_keys(view, tmp_path):
    found = run(
        page(lesson()),
        """
        const where = () => [text("#step-number"), Number(one("#stage").value)];
        const seen = {};
        const act = (name, key, target = document.body) => {
          press(key, target);
          seen[name] = where();
        };
        act("right", "ArrowRight"); act("left", "ArrowLeft"); act("end", "End");
        act("on", "ArrowRight"); act("back", "ArrowLeft"); act("home", "Home");
        act("down", "PageDown"); act("down again", "PageDown"); act("up", "PageUp");
        act("slider left alone", "ArrowRight", one("#stage"));
        const neuron = part("neuron dense/a 0");
        const chosen = () => [neuron.getAttribute("aria-pressed"), one("#close").hidden];
        neuron.focus();
        press("Enter");
        seen.early = text("#panel-body");
        press("ArrowRight");
        seen.open = [...chosen(), document.activeElement === neuron];
        one(".reads button").focus();
        press("Escape");
        seen.closed = [...chosen(), document.activeElement === neuron];
        return seen;
        """,
        view,
        tmp_path,
    )
    assert found == {
        "right": ["1 of 3", 1],
        "left": ["1 of 3", 0],
        "end": ["1 of 3", 7],
        "on": ["2 of 3", 0],
        "back": ["1 of 3", 7],
        "home": ["1 of 3", 0],
        "down": ["2 of 3", 0],
        "down again": ["3 of 3", 0],
        "up": ["2 of 3", 0],
        "slider left alone": ["2 of 3", 0],
        "early": "not computed yet",
        "open": ["true", False, True],
        "closed": ["false", True, True],
    }


def test_every_neuron_and_weight_can_be_reached_and_has_a_name(tmp_path):
    found = run(
        page(lesson()),
        """
        const facts = (g) => [g.tabIndex, g.getAttribute("role"), g.getAttribute("aria-label")];
        return all("g.part").map((g) => [g.dataset.part, ...facts(g)]);
        """,
        tmp_path=tmp_path,
    )
    kinds = [name.split()[0] for name, *_ in found]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "neuron": 2 + 3 + 1, "weight": 6 + 3, "bias": 3 + 1, "loss": 1, "target": 1,
    }  # fmt: skip
    assert all((index, role) == (0, "button") for _, index, role, _ in found)
    labels = [label for *_, label in found]
    assert len(set(labels)) == len(labels)


def test_choosing_a_sample_changes_the_numbers(tmp_path):
    trace = lesson()
    found = run(
        page(trace),
        """
        one("#sample").value = 2;
        one("#sample").dispatchEvent(new Event("change", { bubbles: true }));
        const neurons = [part("neuron x 0"), part("neuron x 1")];
        return neurons.map((neuron) => neuron.querySelector(".main").textContent);
        """,
        tmp_path=tmp_path,
    )
    assert found == [shown(v) for v in trace.steps[0]["x"].value[2]]


def test_following_what_was_read_leads_back_through_the_chain(tmp_path):
    trace = lesson()
    found = run(
        page(trace),
        """
        press("End", document.body); press("ArrowLeft", document.body);
        const seen = [];
        click(one('.place[data-name="∂L/∂dense/kernel"][data-index="[1,0]"]'));
        for (const name of ["∂L/∂dense/z", "∂L/∂dense/a", "∂L/∂dense_1/z"]) {
          click(one(`.reads [data-name="${name}"]`));
          seen.push(text(".number h4"));
        }
        return seen;
        """,
        tmp_path=tmp_path,
    )
    assert found[0] == f"δ₁[0, 0] = {shown(trace.steps[0]['∂L/∂dense/z'].value[0, 0])}"
    assert found[2] == f"δ₂[0, 0] = {shown(trace.steps[0]['∂L/∂dense_1/z'].value[0, 0])}"


def test_a_tables_cell_keeps_the_focus_when_it_is_chosen(tmp_path):
    found = run(
        page(lesson()),
        """
        const cell = one('.place[data-name="x"][data-index="[2,1]"]');
        cell.focus();
        click(cell);
        const { dataset, ariaPressed } = document.activeElement;
        return [dataset.name, dataset.index, ariaPressed, one("#sample").value];
        """,
        tmp_path=tmp_path,
    )
    assert found == ["x", "[2,1]", "true", "2"]


def test_playing_goes_on_to_the_end_and_stops(tmp_path):
    found = run(
        page(lesson(steps=2)),
        """
        click(one("#play"));
        const label = () => one("#play").getAttribute("aria-label");
        const playing = label();
        await pause(4000);
        const midway = Number(one("#stage").value);
        await pause(40000);
        return [playing, midway, text("#step-number"), text("#stage-title"), label()];
        """,
        tmp_path=tmp_path,
    )
    assert found == ["Pause", 2, "2 of 2", "Update", "Play"]


def test_nothing_overlaps_and_nothing_leaves_the_screen(view, tmp_path):
    found = run(
        page(lesson()),
        """
        const box = (shape) => {
          const { left, top, right, bottom } = shape.getBoundingClientRect();
          return [left, top, right, bottom];
        };
        const [left, top, right, bottom] = box(one("#scroll svg"));
        const leaves = ([l, t, r, b]) => l < left || t < top || r > right || b > bottom;
        const texts = all("#scroll svg text").filter((text) => text.textContent);
        const { scrollWidth, clientWidth } = document.documentElement;
        return {
          wide: [scrollWidth, clientWidth],
          drawing: [one("#scroll").scrollWidth, one("#scroll").clientWidth],
          hidden: all(".label.spare").length,
          outside: texts.filter((text) => leaves(box(text))).map((text) => text.textContent),
          boxes: all(".label:not(.spare) rect, .neuron .disc, .bias .disc, .loss .disc").map(box),
        };
        """,
        view,
        tmp_path,
    )
    assert found["wide"][0] <= found["wide"][1]
    assert found["drawing"][0] <= found["drawing"][1]
    assert found["hidden"] == 0
    assert found["outside"] == []
    labels = found["boxes"][:9]
    for at, one in enumerate(labels):
        for other in found["boxes"][at + 1 :]:
            assert not overlap(one, other), (one, other)


def overlap(one, other):
    (left, top, right, bottom), (left2, top2, right2, bottom2) = one, other
    return left < right2 and left2 < right and top < bottom2 and top2 < bottom


def test_text_stands_out_from_its_ground(view, tmp_path):
    found = run(
        page(lesson()),
        """
        const colour = (name) => {
          const probe = document.createElement("i");
          probe.style.color = `var(--${name})`;
          document.body.append(probe);
          return getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
        };
        const names = ["ink", "soft", "forward", "backward", "plus", "minus"];
        const grounds = ["paper", "card", "forward-wash", "backward-wash"];
        return Object.fromEntries([...names, ...grounds].map((name) => [name, colour(name)]));
        """,
        view,
        tmp_path,
    )
    pairs = [(text, ground) for text in TEXTS for ground in ("paper", "card")]
    pairs += [(text, "backward-wash") for text in ("ink", "backward", "plus", "minus")]
    pairs += [("ink", "forward-wash")]
    assert all(contrast(found[text], found[ground]) >= 4.5 for text, ground in pairs)  # WCAG AA


TEXTS = ("ink", "soft", "forward", "backward", "plus", "minus")


def contrast(one, other):
    """WCAG 2's ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    parts = [c / 255 for c in colour]
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_light_and_dark_can_be_chosen(tmp_path):
    script = """
        const ground = () => getComputedStyle(document.body).backgroundColor;
        const before = ground();
        click(one("#theme"));
        const after = ground();
        click(one("#theme"));
        return [before, after, ground()];
        """
    light = run(page(lesson(1)), script, "light", tmp_path)
    dark = run(page(lesson(1)), script, "dark", tmp_path)
    assert light == [dark[1], dark[0], dark[1]]
    assert light[0] != light[1]


def through_all_stages():
    return """
        const seen = [];
        for (let at = 0; at < 40; at++) {
          seen.push(text("#stage-title"));
          if (one("#next").disabled) break;
          for (const part of all("g.part").slice(0, 6)) click(part);
          for (const tile of all(".tile:not([disabled])").slice(0, 6)) click(tile);
          press("ArrowRight", document.body);
        }
        return { seen, parts: all("g.part").length, links: all(".link").length };
        """


def test_a_large_network_is_drawn_layer_by_layer(view, tmp_path):
    trace = classifier(features=784).trace(np.ones((2, 784)), np.array([0, 1]))
    trace.step()
    found = run(
        page(trace),
        """
        const pixels = ({ width, height }, context) => context.getImageData(0, 0, width, height);
        const painted = (canvas) => new Set(pixels(canvas, canvas.getContext("2d")).data).size;
        const named = (canvas) => canvas.getAttribute("role") === "img" && canvas.ariaLabel;
        const { scrollWidth, clientWidth } = document.documentElement;
        const pending = all(".tile[disabled]").length;
        press("End", document.body);
        click(one('.tile[data-name="∂L/∂dense/kernel"]'));
        return {
          pending, left: all(".tile[disabled]").length,
          cards: all(".card h3").map((h) => h.textContent),
          colours: all(".tile canvas").map(painted),
          named: all("canvas").every(named),
          panel: text("#panel"),
          wide: [scrollWidth, clientWidth],
        };
        """,
        view,
        tmp_path,
    )
    assert found["pending"] > found["left"] == 0
    assert found["cards"] == ["x", "dense", "dense_1", "Loss"]
    assert sum(count > 8 for count in found["colours"]) >= 4
    assert found["named"] is True
    assert "norm" in found["panel"]
    assert found["wide"][0] <= found["wide"][1]


def branching():
    set_random_seed(1)
    left, right = Input((2,), name="left"), Input((2,), name="right")
    joined = Add(name="sum")([Dense(2, "tanh", name="h")(left), Dense(2, name="g")(right)])
    normal = Activation("relu", name="relu")(BatchNormalization(name="normal")(joined))
    both = Concatenate(name="both")([normal, left])
    model = Model(
        [left, right], [Dense(2, name="one")(both), Dense(1, "sigmoid", name="two")(joined)]
    )
    model.compile("adam", ["mse", "binary_crossentropy"])
    draw = np.random.default_rng(0).normal
    return model.trace([draw(size=(3, 2)), draw(size=(3, 2))], [np.ones((3, 2)), np.ones((3, 1))])


def deep():
    set_random_seed(1)
    model = Sequential([Input((3,)), *[Dense(4, "tanh") for _ in range(8)], Dense(1)])
    model.compile("sgd", "mse")
    return model.trace(np.ones((2, 3)), np.ones((2, 1)))


def stages(trace):
    """How many runs of entries of one layer and direction a step has."""
    keys = [
        (entry.stage, entry.layer if entry.stage in ("forward", "backward") else "")
        for entry in trace.steps[0]
    ]
    return len(list(itertools.groupby(keys)))


@pytest.mark.parametrize("made", [branching, deep])
def test_other_networks(made, tmp_path):
    trace = made()
    found = run(page(trace), through_all_stages(), "phone", tmp_path)
    assert len(found["seen"]) == stages(trace)
    assert found["parts"] > 20
    assert found["links"] > 0


def test_classes_are_traced_too(tmp_path):
    trace = classifier().trace(np.ones((2, 4)), np.array([0, 2]))
    found = run(page(trace), through_all_stages(), tmp_path=tmp_path)
    assert found["seen"][0] == "Inputs"
    assert found["seen"][-1] == "Update"


def test_hostile_names_are_shown_and_do_nothing(tmp_path):
    bad = '</script><img src=x onerror="document.title=1"><script>document.title=1</script>'
    data = lesson(1).to_dict()
    for layer in data["network"]["layers"]:
        layer["name"] += bad
    for entry in data["steps"][0]["entries"]:
        entry["title"] += bad
        entry["layer"] += bad if entry["layer"] else ""
        for cell in entry.get("cells", {}).values():
            cell["text"] += bad
    found = run(
        document(data),
        """
        press("ArrowRight", document.body);
        click(part("neuron dense/a 1"));
        const shown = text("#panel").includes("onerror");
        return [document.title, all("img").length, shown, text("#stage-title")];
        """,
        tmp_path=tmp_path,
    )
    assert found[1:] == [0, True, f"Forward · dense{bad}"]
    assert found[0] == data["title"]


def test_korean(view, tmp_path):
    found = run(
        page(lesson(lang="ko")),
        'return [document.documentElement.lang, text("#stage-title"), text("#panel")];',
        view,
        tmp_path,
    )
    assert found[0] == "ko"
    assert not re.search(r"[A-Za-z]{2,}", "".join(found[1:]))


def test_without_javascript_the_first_steps_tables_are_there(view, tmp_path):
    trace = lesson()
    frame = f"""<!doctype html><title>frame</title><body><script>
        const frame = document.createElement("iframe");
        frame.sandbox = "allow-same-origin";  // and no scripts
        frame.srcdoc = {json.dumps(page(trace)).replace("<", chr(92) + "u003c")};
        document.body.append(frame);
        </script></body>"""
    found = run(
        frame,
        """
        await new Promise((then) => (frame.onload = then));
        const inside = frame.contentDocument;
        const found = (query) => [...inside.querySelectorAll(query)];
        const seen = (query) => found(query).filter((e) => e.checkVisibility());
        const words = (query) => seen(query).map((e) => e.textContent);
        return { notice: words(".notice"), names: words("h3 code"), app: seen(".app").length };
        """,
        view,
        tmp_path,
    )
    assert found["notice"] == [
        "The drawing needs JavaScript. Without it, here are the tables of the first step."
    ]
    assert found["names"] == [entry.name for entry in trace.steps[0]]
    assert found["app"] == 0


def test_a_flattened_image_of_the_chosen_sample_is_a_square(tmp_path):
    images = np.random.default_rng(0).uniform(size=(3, 784))
    trace = classifier(features=784).trace(images, np.array([0, 1, 2]))
    found = run(
        page(trace),
        """
        const { width, height } = one('.tile[data-name="x"] canvas');
        const pixels = () => one('.tile[data-name="x"] canvas').toDataURL();
        const first = pixels();
        one("#sample").value = 1;
        one("#sample").dispatchEvent(new Event("change", { bubbles: true }));
        return [width, height, pixels() !== first];
        """,
        tmp_path=tmp_path,
    )
    assert found == [28, 28, True]
