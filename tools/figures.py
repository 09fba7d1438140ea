"""Pictures of the documentation, made by the code on the page that shows them.

A page saves its pictures in the working folder (``plots.save(ax, "valley.png")``) and shows them
from ``../generated/figures/<name of the page>/valley.png``. Every page that does is run here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

_SHOWN = re.compile(r"\(\.\./generated/figures/(\w+)/([\w.]+)\)")


def program(text: str, end: str = "") -> str:
    """The code of a page as one program, every line at its place.

    Args:
        text: The page.
        end: A statement for the line that closes a block.
    """
    lines, inside = [], False
    for line in text.split("\n"):
        if inside and line == "```":
            lines.append(end)
            inside = False
        else:
            lines.append(line if inside else "")
        inside = inside or line == "```python"
    return "\n".join(lines)


def shown(page: Path) -> list[str]:
    """The pictures of its own that a page shows, by name."""
    return [name for stem, name in _SHOWN.findall(page.read_text("utf-8")) if stem == page.stem]


def draw(pages: Path, out: Path) -> None:
    """Run every page that shows pictures of its own.

    Args:
        pages: The folder of the pages.
        out: Where each page has a folder of its name.

    Raises:
        SystemExit: A page fails, or does not make what it shows.
    """
    for page in sorted(pages.glob("*.md")):
        names = shown(page)
        if not names:
            continue
        folder = out / page.stem
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as apart:
            code = Path(apart) / f"{page.stem}.py"
            code.write_text(program(page.read_text("utf-8")), "utf-8")
            done = subprocess.run(  # noqa: S603  (our own page)
                [sys.executable, str(code)], cwd=folder, stdout=subprocess.DEVNULL, check=False
            )
        missing = [name for name in names if not (folder / name).is_file()]
        if done.returncode or missing:
            raise SystemExit(f"{page} does not make its pictures: {missing or 'it fails'}")
