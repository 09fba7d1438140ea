"""Text for tools/make_docs.py: docstrings, signatures and tables as Markdown, source as HTML."""

from __future__ import annotations

import html
import inspect
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping

Link = Callable[[str], str]
"""From what a docstring refers to, ``"Layer"``, to Markdown."""

_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)
_ROLE = re.compile(r":(?:func|class|meth|attr|mod|data):`~?([^`]+)`")
_ITEM = re.compile(r"(\*{0,2}[\w`][\w., `*]*?)(?: \([^)]*\))?:(?: (.*))?$")
_TITLE = re.compile(r"(Args|Attributes|Returns|Raises|Notes?|Examples?|Warns|Yields):")


def plain(text: str) -> str:
    """Text that means itself in Markdown and in a cell of a table."""
    return "".join(f"&#{ord(c)};" if c in "<>&|*_`[]\\~" else c for c in text)


def code(text: str) -> str:
    """Code for a cell of a table; its lines stay lines, with their indents."""
    rows = [(len(row) - len(row.lstrip(" ")), row.lstrip(" ")) for row in text.split("\n")]
    return f"<code>{'<br>'.join('&nbsp;' * indent + plain(row) for indent, row in rows)}</code>"


def dedented(text: str) -> str:
    """Code that begins in the middle of a line, with the lines after its first moved left."""
    first, newline, rest = text.partition("\n")
    return first + newline + inspect.cleandoc("\n" + rest)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table of cells that are Markdown."""
    names = list(head)
    body = [names, ["---"] * len(names), *map(list, rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in body) + "\n"


def fenced(text: str, language: str) -> str:
    """A block of code."""
    body = inspect.cleandoc("\n" + text)
    return f"```{language}\n{body}\n```\n"


def escaped(text: str) -> str:
    """Prose with code in backticks: all that is not code means itself."""
    parts = _CODE.split(text)
    parts[::2] = [re.sub(r"[*_<>\[\]|\\]", lambda m: plain(m[0]), part) for part in parts[::2]]
    return "".join(parts)


def linked(text: str, link: Link) -> str:
    """Prose whose references, ``:class:`Layer```, are links."""
    parts = _ROLE.split(text)
    parts[::2] = map(escaped, parts[::2])
    parts[1::2] = map(link, parts[1::2])
    return "".join(parts)


# ---------------------------------------------------------------- docstrings


def docstring(text: str, link: Link, types: Mapping[str, str] | None = None) -> str:
    """A Google docstring as Markdown: sections as lists, examples as code.

    Args:
        text: The docstring, without its indent.
        link: Makes a link of a reference.
        types: Types of arguments by name.
    """
    made = []
    for title, body in sections(text):
        made += [f"**{title}**\n"] if title else []
        if title in ("Args", "Attributes", "Raises"):
            made.append(_items(body, link, types or {}))
        elif title.startswith("Example"):
            made.append(fenced(body, "python"))
        else:
            made += _prose(body, link)
    return "\n".join(made)


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The sections of a Google docstring as (title, text); prose has the title ``""``."""
    title, body = "", list[str]()
    for line in text.split("\n"):
        match = _TITLE.fullmatch(line)
        if match or (title and line and not line.startswith(" ")):
            yield title, "\n".join(body).strip("\n")
            title, body = (match[1], []) if match else ("", [line])
        else:
            body.append(line.removeprefix("    ") if title else line)
    yield title, "\n".join(body).strip("\n")


def _items(body: str, link: Link, types: Mapping[str, str]) -> str:
    """``name: text`` entries as a list; a line further in goes on with the entry before."""
    rows: list[tuple[str, list[str]]] = []
    for line in body.split("\n"):
        match = None if line.startswith(" ") else _ITEM.match(line)
        if match:
            kind = types.get(match[1].strip("*"))
            rows.append((f"`{match[1]}`" + (f" (`{kind}`)" if kind else ""), [match[2] or ""]))
        elif rows:
            rows[-1][1].append(line.strip())
    items = [f"- {name}: {linked(' '.join(said).strip(), link)}" for name, said in rows]
    return "\n".join(items) + "\n"


def _prose(body: str, link: Link) -> Iterator[str]:
    """Paragraphs; what is fenced, or stands further in after ``::``, is code."""
    python = False
    for part in re.split(r"(```.*?```)", body, flags=re.DOTALL):
        if part.startswith("```"):
            yield part + "\n"
            continue
        for paragraph in part.strip("\n").split("\n\n"):
            if paragraph.startswith("    "):
                yield fenced(paragraph, "python" if python else "text")
                continue
            python = paragraph.endswith("::")
            yield linked(paragraph.removesuffix(":") if python else paragraph, link) + "\n"


# ---------------------------------------------------------------- signatures


def signature(name: str, found: inspect.Signature) -> str:
    """A call as it is written: names and defaults, a line each if they are many."""
    empty = inspect.Parameter.empty
    bare = [p.replace(annotation=empty) for p in found.parameters.values() if p.name != "self"]
    shown = str(inspect.Signature(bare))
    if len(name + shown) <= 88:
        return name + shown
    return f"{name}(\n    " + ",\n    ".join(split_arguments(shown[1:-1])) + ",\n)"


def split_arguments(text: str) -> list[str]:
    """``"a, b=(1, 2)"`` as ``["a", "b=(1, 2)"]``."""
    parts = [""]
    for piece in text.split(", "):
        depth = sum(parts[-1].count(c) for c in "([{") - sum(parts[-1].count(c) for c in ")]}")
        if depth:
            parts[-1] += f", {piece}"
        else:
            parts.append(piece)
    return parts[1:]


def types_of(found: inspect.Signature) -> dict[str, str]:
    """The types that parameters say they have, where they say more than ``Any``."""
    given = {name: p for name, p in found.parameters.items() if p.kind is not p.VAR_KEYWORD}
    kinds = {name: p.annotation for name, p in given.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, str) and kind != "Any"}


# ---------------------------------------------------------------- source


def source_page(title: str, text: str) -> str:
    """A file of Python as a page, every line with its number for a name: ``#L12``."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    ends = {t.start[0]: t.start[1] for t in tokens if t.type == tokenize.COMMENT}
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        end = ends.get(number, len(line))
        shown, comment = (html.escape(part, quote=False) for part in (line[:end], line[end:]))
        shown += f"<i>{comment}</i>" if comment else ""
        rows.append(f'<span id="L{number}"><a href="#L{number}">{number:4}</a>  {shown}</span>')
    return SOURCE.format(title=title, body="\n".join(rows))


SOURCE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 14px/1.5 monospace; margin: 1em; }}
pre {{ font: inherit; }}
pre a {{ opacity: .5; text-decoration: none; color: inherit; user-select: none; }}
pre i {{ color: #3a7d44; font-style: normal; }}
span:target {{ background: #ffe60055; display: inline-block; min-width: 100%; }}
</style>
<h1>{title}</h1>
<pre>
{body}
</pre></html>
"""
