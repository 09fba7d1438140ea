"""What the documents show is run: code blocks of the README, examples of the docstrings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).parents[2]
PACKAGE = Path(chainrule.__file__).parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)


def run(*command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_a_block_of_the_readme_runs(block, tmp_path):
    (tmp_path / "block.py").write_text(block, "utf-8")
    run(sys.executable, "-W", "error", "block.py", folder=tmp_path)


def with_examples():
    return [p for p in sorted(PACKAGE.rglob("*.py")) if ">>> " in p.read_text("utf-8")]


@pytest.mark.parametrize("path", with_examples(), ids=lambda path: path.stem)
def test_the_examples_of_a_docstring_run(path, tmp_path):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    code = (
        "import doctest, importlib; "
        f"exit(doctest.testmod(importlib.import_module({name!r})).failed)"
    )
    run(sys.executable, "-c", code, folder=tmp_path)


def test_every_link_of_the_documents_leads_somewhere():
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")):
            assert target.startswith("http") or (ROOT / target).exists(), (
                f"{document.name}: {target}"
            )


def test_the_changelog_knows_the_version():
    assert f"## {chainrule.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
