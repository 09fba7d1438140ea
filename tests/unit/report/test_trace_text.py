"""A trace as text, as a notebook's table and as Markdown."""

import itertools
import re
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.builders import regressor

from chainrule import layers
from chainrule.glass.trace.record import Entry
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.report.trace_markdown import markdown
from chainrule.report.trace_notebook import table
from chainrule.report.trace_text import equations, text

X = np.array([[1.0, 1.0], [0.25, 0.625], [0.875, 0.75]])
Y = np.array([[1.0], [0.35714286], [0.83928571]])


@pytest.fixture
def trace():
    return regressor("adam").trace(X, Y)


@pytest.fixture
def large():
    model = Sequential(
        [Input((28, 28)), layers.Flatten(), Dense(128, "relu"), Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model.trace(np.random.default_rng(0).uniform(size=(3, 28, 28)), [1, 2, 3])


def width(line):
    """Columns that a line takes in a terminal: of Hangul each letter takes two."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in line
    )


# ---------------------------------------------------------------- text


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_line_is_wider_than_the_terminal(columns, lang):
    shown = text(regressor("adam").trace(X, Y, lang=lang), columns)
    assert max(map(width, shown.split("\n"))) <= columns


def test_no_line_of_a_large_network_is_wider_either(large):
    assert max(map(width, text(large, 80).split("\n"))) <= 80


def test_print_shows_the_text(trace, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert str(trace) == text(trace, 100)
    assert "\x1b" not in str(trace)


def test_stages_are_headed_in_order(trace):
    heads = re.findall(r"^(\S.*?) ─+$", text(trace, 80), re.M)
    assert heads == ["Inputs", "Forward pass", "Loss", "Backward pass", "Update"]


def test_an_entry_has_its_equation_in_general_here_and_with_numbers(trace):
    shown = text(trace, 120)
    assert "z = x W + b" in shown
    assert "z₁ = x W₁ + b₁" in shown
    assert trace["z₁"].cell((0, 0)).text in shown


def test_numbers_stand_in_columns(trace):
    lines = text(trace, 120).split("\n")
    at = next(place for place, line in enumerate(lines) if line.lstrip().startswith("a₁ "))
    rows = [line[80:] for line in lines[at : at + 3]]
    assert [len(row.split()) for row in rows] == [3, 3, 3]
    places = [[m.end() for m in re.finditer(r"\S+", row)] for row in rows]
    assert places[0] == places[1] == places[2]


def test_a_large_array_is_a_shape_and_a_summary(large):
    shown = text(large, 80)
    assert "784 × 128" in shown
    assert len(shown.split("\n")) < 300


def test_a_table_of_many_samples_is_cut_off():
    trace = regressor("sgd").trace(np.tile(X, (5, 1)), np.tile(Y, (5, 1)))
    assert "⋮ +7" in text(trace, 80)


def test_remarks_on_shapes_are_no_equations(trace):
    assert equations(trace["∂L/∂W₁"]) == ["∂L/∂W = xᵀ z̄"]
    assert equations(trace["∂L/∂a₂"]) == ["c = ℓ̄ / K", "∂L/∂pₖ = c · 2 (pₖ − tₖ)"]


def test_several_steps_end_with_their_losses(trace):
    trace.step()
    last = text(trace, 80).split("\n")[-1]
    assert re.fullmatch(r"Loss: 0\.\d+ → 0\.\d+", last)


def test_of_many_lines_with_numbers_the_last_are_shown(large):
    shown = text(large, 100)
    assert "⋮" in shown
    longest = max(len(entry.cell((0,) * len(entry.shape)).text.split("\n"))
                  for entry in large.steps[0] if entry.made_by)  # fmt: skip
    assert longest > 6


def test_what_is_not_finite_is_shown():
    model = regressor("sgd")
    weights = model.get_weights()
    weights[0][0, 0] = np.inf
    model.set_weights(weights)
    assert "∞" in text(model.trace(X, Y), 80)


# ---------------------------------------------------------------- notebook


class Balanced(HTMLParser):
    """Fails where a tag is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_notebook_gets_folded_tables(trace):
    reader = Balanced()
    reader.feed(trace._repr_html_())
    assert reader.open == []
    assert reader.seen.count("details") == 5
    assert trace._repr_html_().count("<details open>") == 1


def test_names_are_escaped_in_a_notebook(trace):
    object.__setattr__(trace.steps[0].entries[0], "title", "<script>")
    assert "<script>" not in table(trace)


# ---------------------------------------------------------------- Markdown


def test_markdown_has_a_formula_and_numbers_for_each_entry(trace):
    found = trace.to_markdown()
    shown = [e for e in trace.steps[0] if e.made_by or e.role != "state"]
    assert found.count("\n**") == len(shown)
    assert r"\frac{\partial L}{\partial W} = x^{T} \bar{z}" in found
    assert r"\begin{bmatrix} 1 & 1 \\ 0.25 & 0.625 \\ 0.875 & 0.75 \end{bmatrix}" in found


def test_formulas_stand_between_lines_of_their_own(trace):
    lines = trace.to_markdown().split("\n")
    marks = [place for place, line in enumerate(lines) if line == "$$"]
    assert len(marks) % 2 == 0
    for first, last in zip(marks[::2], marks[1::2], strict=True):
        assert last == first + 2  # no empty line within: it would end the formula
        assert lines[last + 1] == ""
    assert not any("$" in line for line in lines if line != "$$")


def test_code_is_closed_and_headings_rise_by_one(trace):
    found = trace.to_markdown()
    assert found.count("```") % 2 == 0
    levels = [len(m) for m in re.findall(r"^(#+) ", found, re.M)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_small_numbers_are_powers_of_ten(trace):
    assert re.search(r"\d \\cdot 10\^\{-\d+\}", markdown(trace))


def test_markdown_of_a_large_network_is_short(large):
    assert len(markdown(large)) < 60_000


def test_markdown_in_korean_and_in_the_lessons_symbols(tmp_path):
    trace = regressor("sgd").trace(X, Y, lang="ko", notation="lesson")
    found = trace.to_markdown(tmp_path / "trace.md")
    assert (tmp_path / "trace.md").read_text("utf-8") == found
    assert "### 순전파" in found
    assert "S_{H} = " in found


def test_every_entry_can_be_shown(large, trace):
    for entry in (*large.steps[0], *trace.steps[0]):
        assert isinstance(entry, Entry)
        assert entry.name in str(entry)
