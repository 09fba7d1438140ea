"""``chainrule check``: are the networks and update rules in these files right?"""

from __future__ import annotations

import os
import shutil
import signal
import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from chainrule.cli.output import DATA, WRONG, Json, Output, examples, reported_errors

if TYPE_CHECKING:
    from chainrule.cli.hand_in_process import FileReport

EXAMPLES = examples(
    "chainrule check my_network.py",
    "chainrule check my_update.py --optimizer adam",
    "chainrule check hand-ins/ --timeout 10 --json > verdicts.json",
)

_SKIPPED = {"__pycache__", "site-packages", "node_modules", "__MACOSX"}


def check(
    paths: Annotated[list[Path], typer.Argument(help="Python files, or folders of them.")],
    timeout: Annotated[float, typer.Option(help="Seconds that each file may take.")] = 30.0,
    optimizer: Annotated[
        str, typer.Option(help="Which rule an update rule should be whose name does not say.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check networks and update rules that somebody wrote, and name their mistakes.

    Networks are classes with a forward pass and a training step; update rules are classes or
    functions called after their rule (Adam, my_sgd). Data for a network are taken from X and y
    in its file, if there. Each file runs in a process of its own, with limits of time and
    memory; that is no protection against malice.
    """
    output = Output(as_json)
    with reported_errors("check"):
        files = python_files(paths)
        _check_arguments(timeout, optimizer)
        reports = examined(files, timeout, optimizer)
    if not as_json:
        several = len(files) > 1 or paths[0].is_dir()
        (_tell_many if several else _tell_one)(reports, output)
    verdicts = [report.verdict for report in reports]
    output.result(
        ok=set(verdicts) == {"right"},
        files=[asdict(report) | {"verdict": report.verdict} for report in reports],
    )
    if "wrong" in verdicts:
        raise typer.Exit(WRONG)
    if "unchecked" in verdicts:
        raise typer.Exit(DATA)


def python_files(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """The files and what to call them.

    Args:
        paths: Files, and folders of them.

    Raises:
        ArgumentError: A path is no Python file, or a folder has none.
        FileNotFoundError: There is no such path.
    """
    from chainrule.errors import ArgumentError

    found: dict[Path, str] = {}
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(2, "", str(path))
        if path.is_dir():
            inside = [one for one in sorted(path.rglob("*.py")) if _wanted(one, path)]
            if not inside:
                raise ArgumentError("There are no Python files in the folder.", folder=str(path))
            found |= {one: str(one.relative_to(path)) for one in inside}
        elif path.suffix == ".py":
            found[path] = str(path)
        else:
            raise ArgumentError("Only files that end with .py are checked.", file=str(path))
    return list(found.items())


def _wanted(file: Path, folder: Path) -> bool:
    parts = file.relative_to(folder).parts
    return not any(part in _SKIPPED or part.startswith((".", "__")) for part in parts)


def _check_arguments(timeout: float, optimizer: str) -> None:
    from chainrule.errors import ArgumentError

    if not 0.1 <= timeout < 1e6:
        raise ArgumentError("--timeout must be at least 0.1 seconds.", timeout=timeout)
    if optimizer:
        from chainrule.glass.update_rules.faults import FORMS

        FORMS.find(optimizer)


def examined(
    files: Sequence[tuple[Path, str]], timeout: float, optimizer: str = ""
) -> list[FileReport]:
    """The reports in the files' order; several files are examined at a time.

    Args:
        files: Each with what to call it.
        timeout: Seconds that each may take.
        optimizer: Which rule update rules should be whose names do not say.
    """
    from chainrule.cli.hand_in_process import Examiner

    examiner = Examiner(timeout, optimizer)
    signal.signal(signal.SIGTERM, _terminated)
    workers = min(len(files), max(1, (os.cpu_count() or 2) // 2), 8)
    with ThreadPoolExecutor(workers) as pool:
        try:
            return list(pool.map(lambda one: examiner.examine(*one), files))
        except BaseException:
            examiner.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """End in order, so that no process is left behind."""
    raise SystemExit(128 + number)


# ---------------------------------------------------------------- telling


def _tell_one(reports: Sequence[FileReport], output: Output) -> None:
    (report,) = reports
    if report.message:
        output.tell(wrapped(report.message))
    for one in report.checked:
        kind = one["rule"] or one["kind"]
        said = not kind or one["name"].endswith(f"({kind})")
        name = one["name"] if said else f"{one['name']} ({kind})"
        output.tell(f"{name}: {_words(one['verdict'])}")
        if one["message"]:
            output.tell(wrapped(one["message"], "  "))
        for line in one["text"].splitlines():
            output.tell(wrapped(line, "  "))


def _tell_many(reports: Sequence[FileReport], output: Output) -> None:
    """A line for each class; why something was not checked is told below the table."""
    rows = [
        (report.file, one["name"], _words(one["verdict"]), _short(one))
        for report in reports
        for one in report.checked
        or [{"name": "", "verdict": "unchecked", "message": "", "faults": []}]
    ]
    heads = ("file", "class", "verdict", "found")
    widths = [max(len(row[k]) for row in (heads, *rows)) for k in range(3)]
    room = max(20, _columns() - sum(widths) - 6)
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        first, *more = textwrap.wrap(row[3], room, break_on_hyphens=False) or [""]
        output.tell("  ".join([*cells, first]).rstrip())
        for line in more:
            output.tell(" " * (sum(widths) + 6) + line)
    output.tell("")
    for report in reports:
        reasons = [report.message] if report.message else []
        reasons += [f"{one['name']}: {one['message']}" for one in report.checked if one["message"]]
        for reason in reasons:
            output.tell(wrapped(f"{report.file}: {reason}"))
    verdicts = [one["verdict"] for report in reports for one in report.checked]
    verdicts += ["unchecked" for report in reports if not report.checked]
    counts = {name: verdicts.count(name) for name in ("right", "wrong", "unchecked")}
    told = ", ".join(f"{count} {_words(name)}" for name, count in counts.items() if count)
    files = "1 file" if len(reports) == 1 else f"{len(reports)} files"
    output.tell(f"{files}: {told}.")
    if counts["wrong"]:
        output.tell("For the formulas: chainrule check FILE")


def _short(one: dict[str, Any]) -> str:
    return ", ".join(one["faults"]) or ("cause not known" if one["verdict"] == "wrong" else "")


def _words(verdict: str) -> str:
    return "not checked" if verdict == "unchecked" else verdict


def _columns() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def wrapped(text: str, indent: str = "") -> str:
    """A line in the width of the terminal.

    Args:
        text: The line; its own indentation is kept.
        indent: What to put before it; if anything, further lines are indented by two more.
    """
    inner = indent + " " * (len(text) - len(text.lstrip()))
    return textwrap.fill(
        text.strip(),
        max(40, _columns()),
        initial_indent=inner,
        subsequent_indent=f"{inner}  " if indent else inner,
        break_on_hyphens=False,
        break_long_words=False,
    )
