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
MARKED = f"print({MARK!r}, end='')"


def shown(text):
    """What the page says each block prints; ``None`` where it does not say."""
    blocks = re.findall(r"^```python\n.*?^```\n(?:\n```text\n(.*?)^```)?", text, re.M | re.S)
    return [block or None for block in blocks]


def run(program, folder):
    """What each block prints."""
    path = folder / "page.py"
    path.write_text(program, "utf-8")
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
def test_a_page_does_what_it_shows(page, figures, tmp_path):
    text = page.read_text("utf-8")
    printed, said = run(figures.program(text, MARKED), tmp_path), shown(text)
    assert len(printed) == len(said)
    for number, (ours, theirs) in enumerate(zip(printed, said, strict=True), 1):
        assert theirs is None or ours == theirs, f"block {number} of {page.name} prints:\n{ours}"
    assert not [name for name in figures.shown(page) if not (tmp_path / name).is_file()]


def test_a_page_that_is_wrong_is_found(figures, tmp_path):
    text = "Text.\n\n```python\nx = 1\n```\n\n```python\nprint(x)\n```\n\n```text\n2\n```\n"
    assert run(figures.program(text, MARKED), tmp_path) == ["", "1\n"]
    assert shown(text) == [None, "2\n"]
    with pytest.raises(AssertionError, match=r"line 4, in <module>"):
        run(figures.program("Text.\n\n```python\n1 / 0\n```\n", MARKED), tmp_path)


PAGE = """```python
open("here.png", "w").close()
```

![here](../generated/figures/page/here.png)
![elsewhere](../generated/figures/other/there.png)
"""


def test_a_page_makes_the_pictures_that_it_shows(figures, tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    (tmp_path / "silent.md").write_text("```python\n1 / 0\n```\n")
    figures.draw(tmp_path, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").rglob("*.*")] == ["here.png"]


@pytest.mark.parametrize("bad", [PAGE.replace("open", "print"), PAGE + "```python\n1 / 0\n```\n"])
def test_a_page_without_its_pictures_stops_the_making(bad, figures, tmp_path):
    (tmp_path / "page.md").write_text(bad)
    with pytest.raises(SystemExit, match="does not make its pictures"):
        figures.draw(tmp_path, tmp_path / "out")
