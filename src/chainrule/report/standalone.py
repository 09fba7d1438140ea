"""What pages that need no network share: their frame, data in a script element, a policy.

A page's parts lie in a folder as they are read: a template, a style sheet, scripts. They are put
together here; nothing is built or minified. A browser is told to load nothing and to run this
script only (Content-Security-Policy by hash).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

_IN_DATA = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""In JSON within HTML, so that no text of the data can end the script element."""


def assembled(
    folder: str, scripts: Sequence[str], lang: str, title: str, texts: Mapping[str, str]
) -> str:
    """A page as one HTML document.

    Args:
        folder: Where its parts lie, within this package.
        scripts: Its scripts, each after those that it needs.
        lang: Its language.
        title: Its title, as plain text.
        texts: What else its template needs, as HTML.
    """
    style = part("frame", "base.css") + part(folder, "page.css")
    script = "\n".join(['"use strict";', *(part(folder, f"{name}.js") for name in scripts)])
    template = Template(part("frame", "head.html") + part(folder, "page.html"))
    return template.substitute(
        texts,
        lang=html.escape(lang),
        title=html.escape(title),
        policy=policy(style, script),
        style=style,
        script=script,
    )


@cache
def part(folder: str, name: str) -> str:
    """The text of one of a page's parts."""
    return (files("chainrule.report") / folder / name).read_text("utf-8")


def data_text(value: Any) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_IN_DATA)


def policy(style: str, script: str) -> str:
    """A Content-Security-Policy: nothing is loaded, and this script only is run."""
    allowed = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{what} {which}" for what, which in allowed.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
