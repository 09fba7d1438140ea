"""The generated pages have every public name, with its text, and every rule."""

import html
import inspect
import re
from functools import partial

import pytest

from chainrule.core.rule import RULES, UPDATES


def entries(writer, site):
    for page in writer.pages:
        text = (site / "docs" / "generated" / page.file).read_text("utf-8")
        for name, value in page.names.items():
            yield f"{page.name}.{name}", value, text


def test_every_public_name_has_an_entry_with_a_text(writer, site):
    silent = []
    for name, value, text in entries(writer, site):
        _, found, entry = text.partition(f'<a id="{name}"></a>\n')
        assert found, name
        entry = entry.partition("<a id=")[0]
        prose = re.sub(r"```.*?```", "", entry, flags=re.DOTALL)
        said = re.sub(r"^(#|\||`|\[source\]).*$", "", prose, flags=re.MULTILINE)
        if callable(value) and not re.search(r"\w\w", said):
            silent.append(name)
    assert not silent, f"no docstring: {silent}"


def test_every_rule_is_on_the_page_of_equations(writer, site, make_docs):
    text = (site / "docs" / "generated" / "equations.md").read_text("utf-8")
    for formula in (*RULES.values(), *UPDATES.values()):
        if make_docs.is_ours(formula):
            assert f"`{formula.signature.text}`" in text
            assert text.count(f'<a id="{make_docs.anchor(formula)}"></a>') == 1
            for computes in formula.functions():
                assert f"\n| {make_docs.plain(computes)} |" in text


DOCSTRING = """Do it: a * b [c].

More::

    x = 1

Args:
    x: One
        thing, ``x_y``.
    **kwargs: See :class:`Layer`.

Raises:
    ArgumentError: Never.

Example:
    >>> 1 + 1
    2"""

MARKDOWN = """Do it: a &#42; b &#91;c&#93;.

More:

```python
x = 1
```

**Args**

- `x` (`int`): One thing, ``x_y``.
- `**kwargs`: See [`Layer`](layers.md#layers.Layer).

**Raises**

- `ArgumentError`: Never.

**Example**

```python
>>> 1 + 1
2
```
"""


def test_a_docstring_becomes_markdown(make_docs, writer):
    link = partial(writer.link, here="api/losses.md")
    made = make_docs.docstring(DOCSTRING, link, {"x": "int"})
    assert re.sub(r"\n\n+", "\n\n", made) == MARKDOWN


@pytest.mark.parametrize("text", ["a | b", "*a* _b_", "<b>", "[a](b)", "a & b", "`a`"])
def test_plain_text_means_itself(make_docs, text):
    made = make_docs.plain(text)
    assert html.unescape(made) == text
    assert not set("<>|*_`[]") & set(re.sub(r"&#\d+;", "", made))


def test_a_long_signature_has_a_line_per_argument(make_docs):
    def many(a, b=(1, 2), **more): ...

    name = "function_of_a_very_long_name" * 3
    lines = make_docs.signature(name, inspect.signature(many)).split("\n")
    assert lines == [f"{name}(", "    a,", "    b=(1, 2),", "    **more,", ")"]
