"""Every link of the documentation leads somewhere, to the very line where it says so."""

import html
import os
import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+)\)")


def unfenced(text):
    """Markdown without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def prose(text):
    """Markdown without any code."""
    return re.sub(r"`[^`\n]+`", "`…`", unfenced(text))


def slug(heading):
    """The name that MkDocs gives a heading."""
    text = unicodedata.normalize("NFKD", html.unescape(re.sub(r"`|\\", "", heading)))
    text = re.sub(r"[^\w\s-]", "", text.encode("ascii", "ignore").decode()).strip().lower()
    return re.sub(r"[-\s]+", "-", text)


def anchors(path):
    """All that a link into a page may name."""
    text = path.read_text("utf-8")
    named = set(re.findall(r'\bid="([^"]+)"', text))
    if path.suffix == ".md":
        named |= {slug(heading) for heading in re.findall(r"^#+ (.+)$", unfenced(text), re.M)}
    return named


def broken(path, known):
    """The links of a page that lead nowhere."""
    for target in LINK.findall(prose(path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = Path(os.path.normpath(path.parent / name)) if name else path
        if not there.exists():
            yield target
        elif anchor:
            if there not in known:
                known[there] = anchors(there)
            if anchor not in known[there]:
                yield target


def test_no_link_of_the_documentation_is_broken(site):
    known = {}
    found = {
        str(path.relative_to(site)): missing
        for path in sorted((site / "docs").rglob("*.md"))
        if (missing := list(broken(path, known)))
    }
    assert not found


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_no_link_of_the_repository_is_broken(name):
    assert not list(broken(ROOT / name, {}))


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A title\n[a](#a-title) [b](#no) [c](no.md) [`d`](page.md#a-title)\n")
    assert list(broken(page, {})) == ["#no", "no.md"]


def test_the_navigation_has_every_page_once(site):
    listed = re.findall(r"^ +- (?:.+: )?(\S+\.md)$", (site / "mkdocs.yml").read_text(), re.M)
    pages = {path.relative_to(site / "docs").as_posix() for path in (site / "docs").rglob("*.md")}
    assert not pages - set(listed), "mkdocs.yml lacks these under nav"
    assert len(listed) == len(pages), "mkdocs.yml names a page twice, or one that is not there"


def test_every_equation_is_linked_to_its_line(site):
    page = site / "docs" / "generated" / "equations.md"
    found = re.findall(r"\[<code>(.+?)</code>\]\((source/\S+)#L(\d+)\)", page.read_text("utf-8"))
    assert len(found) > 100
    sources = {}
    for shown, name, number in found:
        if name not in sources:
            bare = re.sub(r"<[^>]+>", "", (page.parent / name).read_text("utf-8"))
            sources[name] = html.unescape(bare[bare.index("   1  ") :]).split("\n")
        below = "".join(line[6:].strip() for line in sources[name][int(number) - 1 :][:8])
        code = html.unescape(shown.split("<br>")[0]).replace("\xa0", " ")
        target, is_set, value = code.rpartition(" = ")
        assert below.startswith(target + is_set if is_set else "return "), f"{name}:{number}"
        assert value in below
