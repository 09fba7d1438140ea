"""``chainrule practice``: write an exercise, mend it, be told."""

import json
import subprocess
import sys

import pytest
from tests.end_to_end.cli.process import run

from chainrule.glass.exercises import LEVELS, exercise


@pytest.mark.parametrize("level", LEVELS)
def test_an_exercise_is_a_program_that_learns(world, tmp_path, level):
    path = tmp_path / "mine.py"
    done = run(world, "practice", "--seed", 3, "--level", level, "--out", path)
    assert done.returncode == 0
    assert f"chainrule practice --check {path}" in done.stdout
    assert f"chainrule practice --check {path}" in path.read_text("utf-8")
    ran = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("step 0: loss ")


def test_without_a_seed_it_is_another_one(world):
    folder, _ = world
    told = [json.loads(run(world, "practice", "--json").stdout) for _ in range(2)]
    for one in told:
        path = folder / one["file"]
        assert path.read_text("utf-8") == exercise(one["seed"], 1, one["file"]).text
        path.unlink()


def test_a_file_is_not_overwritten_unless_asked(world, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("precious", "utf-8")
    done = run(world, "practice", "--out", path)
    assert done.returncode == 2
    assert "there already" in done.stderr
    assert path.read_text("utf-8") == "precious"
    assert run(world, "practice", "--out", path, "--force").returncode == 0
    assert "Exercise" in path.read_text("utf-8")


@pytest.mark.parametrize("level", LEVELS)
def test_a_mistake_that_is_still_there_is_told_but_not_which(world, tmp_path, level):
    path, made = tmp_path / "mine.py", exercise(3, level)
    path.write_text(made.text, "utf-8")
    done = run(world, "practice", "--check", path)
    assert done.returncode == 1
    assert done.stdout.startswith("Not yet: ")
    assert made.mistake.line not in done.stdout
    assert made.mistake.fault not in done.stdout


def test_without_explain_json_has_the_verdict_only(world, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(exercise(3, 1).text, "utf-8")
    told = json.loads(run(world, "practice", "--check", path, "--json").stdout)
    assert told == {"schema": 1, "file": str(path), "verdict": "wrong"}


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_wrong_is_told_when_asked(world, tmp_path, level):
    path, made = tmp_path / "mine.py", exercise(3, level)
    path.write_text(made.text, "utf-8")
    done = run(world, "practice", "--check", path, "--explain", "--json")
    (network,) = json.loads(done.stdout)["checked"]
    assert made.mistake.fault in network["faults"]
    assert "written:" in run(world, "practice", "--check", path, "--explain").stdout


@pytest.mark.parametrize("level", LEVELS)
def test_a_mended_exercise_is_right(world, tmp_path, level):
    path = tmp_path / "mine.py"
    path.write_text(exercise(3, level).solution, "utf-8")
    done = run(world, "practice", "--check", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Mended")
    assert run(world, "check", path).returncode == 0


def test_a_broken_answer_is_not_checked(world, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("class Network:\n", "utf-8")
    done = run(world, "practice", "--check", path)
    assert done.returncode == 3
    assert "not Python" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "4"], "`level` must be"),
        (["--seed", "-1"], "`seed` must not"),
        (["--explain"], "--explain goes with --check"),
        (["--check", "x.py", "--seed", "1"], "no --seed"),
        (["--check", "no_such_file.py"], "There is no file"),
    ],
)
def test_wrong_usage(world, arguments, message):
    done = run(world, "practice", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
