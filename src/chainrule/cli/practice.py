"""``chainrule practice``: a network with one mistake to find, and whether it was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.output import DATA, WRONG, Json, Output, examples, reported_errors

if TYPE_CHECKING:
    from chainrule.cli.hand_in_process import FileReport

EXAMPLES = examples(
    "chainrule practice",
    "chainrule practice --seed 7 --level 2 --out mistake.py",
    "chainrule practice --check mistake.py",
)

SECONDS = 30.0
"""What a mended file may take."""


def practice(
    seed: Annotated[int | None, typer.Option(help="Which exercise; else a random one.")] = None,
    level: Annotated[int, typer.Option(help="How hard: 1, 2 or 3.")] = 1,
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    check: Annotated[
        Path | None, typer.Option(help="A file that was mended: tell whether it is right.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="With --check: tell what is wrong.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a small network with one mistake in its backward pass, or check it once mended.

    With --check the exit code is 0 if all gradients are right, 1 if not, 3 if the file could not
    be checked.
    """
    output = Output(as_json)
    with reported_errors("practice"):
        from chainrule.errors import ArgumentError

        if check is None:
            if explain:
                raise ArgumentError("--explain goes with --check.")
            _write(seed, level, out, force, output)
            return
        if seed is not None or out is not None or force:
            raise ArgumentError(
                "--check takes an exercise that is there: no --seed, --out, --force."
            )
        report = _examined(check)
    _tell(report, check, explain, output)


def _write(seed: int | None, level: int, out: Path | None, force: bool, output: Output) -> None:
    """Write an exercise.

    Raises:
        ArgumentError: The file is there already, or there is no such exercise.
    """
    import secrets

    from chainrule.errors import ArgumentError
    from chainrule.glass.exercises import exercise

    chosen = secrets.randbelow(10_000) if seed is None else seed
    path = Path(f"exercise_{chosen}.py") if out is None else out
    made = exercise(chosen, level, str(path))
    try:
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            file.write(made.text)
    except FileExistsError:
        raise ArgumentError(
            "The file is there already. Give another with --out, or --force to overwrite it.",
            out=str(path),
        ) from None
    output.tell(f"Exercise {chosen}, level {level}, is in {path}: one line of `backward` is wrong.")
    output.tell(f"Mend it, then: chainrule practice --check {path}")
    output.result(seed=chosen, level=level, file=str(path))


def _examined(path: Path) -> FileReport:
    """The verdict on a file.

    Raises:
        ArgumentError: It is no Python file.
        FileNotFoundError: There is none.
    """
    from chainrule.cli.check import examined, python_files

    (report,) = examined(python_files([path])[:1], SECONDS)
    return report


def _tell(report: FileReport, path: Path, explain: bool, output: Output) -> None:
    from chainrule.cli.check import wrapped

    networks = [one for one in report.checked if one["kind"] == "network"]
    verdict = report.verdict if networks else "unchecked"
    wrong = [f["subject"] for one in networks for f in one["findings"] if f["verdict"] != "right"]
    if verdict == "right":
        output.tell("Mended: the gradient of every weight and bias is right.")
    elif verdict == "wrong":
        many = sum(len(one["findings"]) for one in networks)
        output.tell(f"Not yet: {len(wrong)} of {many} gradients are wrong.")
        if explain:
            for line in (line for one in networks for line in one["text"].splitlines()):
                output.tell(wrapped(line, "  "))
        else:
            output.tell(f"The answer: chainrule practice --check {path} --explain")
    else:
        _tell_unchecked(report, output)
    facts: dict[str, Any] = {"file": str(path), "verdict": verdict}
    if explain:
        facts["checked"] = networks
    output.result(**facts)
    if verdict != "right":
        raise typer.Exit(WRONG if verdict == "wrong" else DATA)


def _tell_unchecked(report: FileReport, output: Output) -> None:
    from chainrule.cli.check import wrapped

    reasons = [report.message, *(one["message"] for one in report.checked)]
    told = [reason for reason in reasons if reason] or ["There is no network in it."]
    for reason in told:
        output.tell(wrapped(f"It could not be checked. {reason}"))
