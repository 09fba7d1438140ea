"""The guide does what it shows: its blocks of code run in order, and print what is below them.

A page is run as one program in which all that is not code is an empty line, so that the line of an
error is the line of the page. The line that closes a block prints a mark, to part the output.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "index.md", *sorted((DOCS / "guide").glob("*.md"))]
MARK = "\x1e"


def program(text):
    """The code of a page, every line at its place."""
    lines, inside = [], False
    for line in text.split("\n"):
        if inside and line == "```":
            lines.append(f"print({MARK!r}, end='')")
            inside = False
        else:
            lines.append(line if inside else "")
        inside = inside or line == "```python"
    return "\n".join(lines)


def shown(text):
    """What the page says each block prints; ``None`` where it does not say."""
    blocks = re.findall(r"^```python\n.*?^```\n(?:\n```text\n(.*?)^```)?", text, re.M | re.S)
    return [block or None for block in blocks]


def run(text, folder):
    """What each block prints."""
    path = folder / "page.py"
    path.write_text(program(text), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", path.name],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(MARK)[:-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_shows(page, tmp_path):
    text = page.read_text("utf-8")
    printed, said = run(text, tmp_path), shown(text)
    assert len(printed) == len(said)
    for number, (ours, theirs) in enumerate(zip(printed, said, strict=True), 1):
        assert theirs is None or ours == theirs, f"block {number} of {page.name} prints:\n{ours}"


def test_a_page_that_is_wrong_is_found(tmp_path):
    text = "Text.\n\n```python\nx = 1\n```\n\n```python\nprint(x)\n```\n\n```text\n2\n```\n"
    assert run(text, tmp_path) == ["", "1\n"]
    assert shown(text) == [None, "2\n"]
    with pytest.raises(AssertionError, match=r"line 4, in <module>"):
        run("Text.\n\n```python\n1 / 0\n```\n", tmp_path)
