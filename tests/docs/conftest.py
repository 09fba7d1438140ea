"""The documentation as it is published: docs/ with its generated pages, in a folder of its own."""

import importlib
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def make_docs():
    """tools/make_docs.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        return importlib.import_module("make_docs")


@pytest.fixture(scope="session")
def figures(make_docs):
    """tools/figures.py as a module."""
    return make_docs.figures


@pytest.fixture(scope="session")
def writer(make_docs):
    return make_docs.Writer()


@pytest.fixture(scope="session")
def site(writer, figures, tmp_path_factory):
    """A copy of the repository's documents, with the generated pages and pictures."""
    root = tmp_path_factory.mktemp("site")
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "mkdocs.yml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("generated"))
    writer.write(root / "docs" / "generated")
    figures.draw(root / "docs" / "guide", root / "docs" / "generated" / "figures")
    return root
