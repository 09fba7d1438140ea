"""The page of a trace: one file, nothing loaded, nothing of the data taken for markup."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from tests.builders import classifier, line, regressor

from chainrule.report.trace_page import SCRIPTS, document, page

PARTS = files("chainrule.report") / "page"
HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> & \" ' \u2028"


def traced(steps=1, **options):
    x, y = line(3)
    trace = regressor().trace(x, y, **options)
    for _ in range(steps - 1):
        trace.step()
    return trace


class Page(HTMLParser):
    """The elements of a document, and the text within each."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(dict(attrs).get("id", tag))

    def handle_endtag(self, tag):
        if self.open:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    def attributes(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def policy_of(text):
    (meta,) = [m for m in Page(text).attributes("meta") if "http-equiv" in m]
    return dict(part.split(" ", 1) for part in meta["content"].split("; "))


def hash_of(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_loads_nothing():
    text = page(traced())
    read = Page(text)
    for tag in ("img", "iframe", "object", "embed", "base", "form"):
        assert not read.attributes(tag)
    assert [link["href"] for link in read.attributes("link")] == ["data:,"]
    assert not any("src" in attributes for _, attributes in read.elements)
    known = "http://www.w3.org/2000/svg"  # the name of SVG: nothing is fetched from there
    assert set(re.findall(r"(?:https?:)?//[\w.]+[^\s\"']*", text)) - {known} <= set(comments(text))
    assert "@import" not in text
    assert "url(" not in text


def comments(text):
    return re.findall(r"//[\w.]+[^\s\"']*", "\n".join(re.findall(r"// .*", text)))


def test_policy_allows_its_own_style_and_script_only():
    text = page(traced())
    policy = policy_of(text)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == hash_of(re.findall(r"<script>(.*?)</script>", text, re.S)[-1])
    assert policy["style-src"] == hash_of(re.search(r"<style>(.*?)</style>", text, re.S)[1])
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in str(policy)


def test_no_element_needs_what_the_policy_forbids():
    for tag, attributes in Page(page(traced())).elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag


def test_data_arrives_as_it_was():
    trace = traced(steps=2)
    found = json.loads(Page(page(trace)).texts["trace"])
    assert found == json.loads(trace.to_json())


def hostile(data):
    """The data with every name and text turned into an attack."""
    if isinstance(data, dict):
        keys = ("name", "title", "symbol", "layer", "equation", "symbolic", "text", "code", "type")
        return {
            key: value + HOSTILE if key in keys and isinstance(value, str) else hostile(value)
            for key, value in data.items()
        }
    return [hostile(item) for item in data] if isinstance(data, list) else data


def test_text_of_the_data_is_never_markup():
    data = hostile(traced().to_dict())
    data["title"] += HOSTILE
    text = document(data)
    plain = Page(page(traced()))
    read = Page(text)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in plain.elements]
    assert json.loads(read.texts["trace"]) == data
    assert "<!--" not in text
    assert "\u2028" not in read.texts["trace"]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_words_are_of_the_traces_language(lang):
    text = page(traced(lang=lang))
    words = {
        key: word[lang]
        for key, word in json.loads(PARTS.joinpath("words.json").read_text("utf-8")).items()
    }
    assert Page(text).attributes("html")[0]["lang"] == lang
    assert json.loads(Page(text).texts["words"]) == words
    assert words["skip"] in text


def test_every_word_is_used_and_every_used_word_is_there():
    words = json.loads(PARTS.joinpath("words.json").read_text("utf-8"))
    assert all(set(word) == {"en", "ko"} and all(word.values()) for word in words.values())
    scripts = "\n".join(PARTS.joinpath(f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    used = set(re.findall(r"words\.(\w+)", scripts))
    used |= set(re.findall(r'words\["([^"]+)"\]', scripts))
    template = re.findall(r"\$(\w+)", PARTS.joinpath("page.html").read_text("utf-8"))
    own = {"lang", "title", "policy", "style", "script", "static", "words_data", "trace_data"}
    by_stage = {
        f"{stage}{rest}"
        for stage in ("input", "forward", "loss", "backward", "update")
        for rest in ("", " note")
    }
    summary = {"min", "max", "mean", "norm", "nonfinite"}
    spelled = {key.replace(" ", "_"): key for key in words}
    named = {spelled.get(name, name) for name in template} - own
    assert used | named | by_stage | summary == set(words)


def test_every_script_of_the_page_is_in_it():
    found = {part.name for part in PARTS.iterdir() if part.name.endswith(".js")}
    assert found == {f"{name}.js" for name in SCRIPTS}


def test_tables_of_the_first_step_can_be_read_without_a_script():
    trace = traced(steps=2)
    static = re.findall(r"<noscript>(.*?)</noscript>", page(trace), re.S)[-1]
    read = Page(static)
    for entry in trace.steps[0]:
        assert f"<code>{entry.name}</code>" in static
    numbers = [f"{v:.4g}".replace("-", "−") for v in np.ravel(trace.steps[0]["dense/kernel"].value)]
    for number in numbers:
        assert f"<td>{number}</td>" in static
    assert len(read.attributes("table")) == len(trace.steps[0])


def test_large_arrays_are_summaries_with_heat_maps():
    model = classifier(features=200)
    x = np.random.default_rng(0).normal(size=(2, 200))
    trace = model.trace(x, np.array([0, 1]))
    text = page(trace)
    data = json.loads(Page(text).texts["trace"])
    assert data["network"]["drawn"] == "layers"
    (kernel,) = [
        e
        for e in data["steps"][0]["entries"]
        if e["name"].endswith("/kernel") and "heat" in e and e["role"] == "parameter"
    ]
    exact = trace.to_dict()["steps"][0]["entries"]
    (same,) = [e for e in exact if e["name"] == kernel["name"]]
    np.testing.assert_allclose(kernel["heat"], same["heat"], rtol=5e-3)
    assert kernel["summary"] == same["summary"]


def test_the_lessons_page_is_small():
    assert len(page(traced(steps=3)).encode()) < 300_000
