"""``chainrule trace`` as a process."""

import json

import pytest
from tests.end_to_end.cli.process import in_terminal, run


def test_the_step_is_printed(world):
    done = run(world, "trace", "exam-scores")
    assert done.returncode == 0, done.stderr
    assert "z₁ = x W₁ + b₁" in done.stdout
    assert "∂L/∂W₁[0,0] = " in done.stdout
    assert "\x1b" not in done.stdout


def test_a_terminal_gets_colours(world):
    code, seen = in_terminal(world, "trace", "exam-scores", COLORTERM="truecolor")
    assert code == 0
    assert "\x1b[" in seen
    assert "z₁ = x W₁ + b₁" in seen


def test_json_is_the_trace(world):
    done = run(world, "trace", "exam-scores", "--steps", "2", "--samples", "4", "--json")
    facts = json.loads(done.stdout)
    assert (facts["schema"], facts["dataset"], facts["files"]) == (1, "exam-scores", [])
    assert [step["number"] for step in facts["trace"]["steps"]] == [1, 2]
    (x,) = [e for e in facts["trace"]["steps"][0]["entries"] if e["name"] == "x"]
    assert x["shape"] == [4, 2]


def test_files_are_written_instead(world):
    folder, _ = world
    done = run(world, "trace", "exam-scores", "--html", "lesson.html", "--markdown", "lesson.md")
    assert done.stdout.splitlines() == ["Saved to lesson.html", "Saved to lesson.md"]
    assert (folder / "lesson.html").read_text("utf-8").startswith("<!doctype html>")
    assert (folder / "lesson.md").read_text("utf-8").startswith("# ")


def test_korean_and_the_lessons_symbols(world):
    done = run(world, "trace", "exam-scores", "--lang", "ko", "--notation", "lesson")
    assert "층 dense의 가중합" in done.stdout
    assert "S_H = X w₁ + b₁" in done.stdout


def test_a_network_of_pictures(world):
    done = run(world, "trace", "fashion-mnist")
    assert done.returncode == 0, done.stderr
    assert "784 × 128" in done.stdout
    assert "sample" in done.stderr  # of the data set, which is not here as a whole


def test_a_saved_model_goes_on_where_it_stopped(world, exam):
    done = run(world, "trace", "exam-scores", "--model", "exam", "--json")
    fresh = run(world, "trace", "exam-scores", "--json")
    assert done.returncode == 0, done.stderr
    losses = [json.loads(d.stdout)["trace"]["steps"][0]["loss"] for d in (done, fresh)]
    assert losses[0] < losses[1]


def test_the_same_seed_gives_the_same_trace(world):
    first, again, other = (
        run(world, "trace", "exam-scores", "--seed", seed, "--json").stdout for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nope"], 2, "Known names: exam-scores, fashion-mnist."),
        (["exam-scores", "--samples", "5000"], 2, "--samples must be at most 800."),
        (["exam-scores", "--steps", "0"], 2, "--steps"),
        (["exam-scores", "--lang", "fr"], 2, "--lang"),
        (["exam-scores", "--model", "nowhere"], 4, "There is no model at nowhere."),
        (["exam-scores", "--html", "no/such/folder.html"], 2, "There is no file"),
        (["fashion-mnist", "--model", "exam"], 2, "shape"),
    ],
)
def test_what_cannot_be_done(world, exam, arguments, code, message):
    done = run(world, "trace", *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Try: ")


def test_help_has_examples(world):
    shown = run(world, "trace", "--help").stdout
    assert "chainrule trace exam-scores --html lesson.html --steps 3" in shown
    assert max(map(len, shown.splitlines())) <= 80
