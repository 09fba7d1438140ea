"""``chainrule race`` as a process: what it writes, what it refuses, and how it is stopped."""

import csv
import json
import signal
import threading
from itertools import count

import pytest
from PIL import Image
from tests.end_to_end.cli.process import run, started

QUICK = ["race", "exam-scores", "--epochs", "3", "--resolution", "5"]
FILES = [
    *("curves.png", "paths.gif", "race.html", "race.json"),
    *("surface.png", "surface_3d.png", "table.csv"),
]


@pytest.fixture(scope="module")
def raced(world):
    done = run(world, *QUICK, "--out", "raced")
    assert done.returncode == 0, done.stderr
    return world[0] / "raced", done


def rows(folder):
    with open(folder / "table.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_table_pictures_and_page_are_written(raced):
    folder, done = raced
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert done.stdout.endswith(
        "Saved to raced: table.csv, race.json, race.html, curves.png, surface.png, "
        "surface_3d.png, paths.gif\n"
    )
    for name in ("curves.png", "surface.png", "surface_3d.png", "paths.gif"):
        with Image.open(folder / name) as image:
            assert min(image.size) >= 400
    page = (folder / "race.html").read_text("utf-8")
    assert "<h1>Race on exam-scores</h1>" in page
    assert not done.stderr


def test_the_table_is_told_and_written(raced):
    folder, done = raced
    table = rows(folder)
    assert {row["optimizer"] for row in table} == {"sgd", "momentum", "rmsprop", "adam", "lbfgs"}
    losses = [float(row["loss at the end"]) for row in table]
    assert losses == sorted(losses)
    for row in table:
        assert f"\n{row['optimizer']:9}  {row['settings']}" in done.stdout
    assert "passes over the 800 samples; the budget is 3 each" in done.stdout


def test_progress_in_a_pipe_is_a_line_for_each(raced):
    names = [line.split(" - ")[0] for line in raced[1].stdout.splitlines()]
    assert names[:5] == ["sgd", "momentum", "rmsprop", "adam", "lbfgs"]
    assert "\r" not in raced[1].stdout


def test_the_facts_are_those_of_the_table(raced):
    facts = json.loads((raced[0] / "race.json").read_text())
    assert facts["schema"] == 1
    assert facts["epochs"] == 3
    for race in facts["races"]:
        assert race["curve"]["loss"][-1] == race["loss"]
        assert race["curve"]["gradients"][0] == 0
        assert len({len(values) for values in race["curve"].values()}) == 1
    starts = {race["curve"]["loss"][0] for race in facts["races"]}
    assert len(starts) == 1


def test_the_same_seed_gives_the_same_losses(world, raced):
    done = run(world, *QUICK, "--out", "again", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    before = json.loads((raced[0] / "race.json").read_text())
    assert [r["loss"] for r in facts["races"]] == [r["loss"] for r in before["races"]]
    assert "momentum" in done.stderr  # progress and table
    assert facts["folder"] == "again"


def test_learning_rates_can_be_given(world):
    options = ["--optimizers", "sgd@0.5, sgd@2,bfgs", "--out", "rates", "--quiet"]
    done = run(world, *QUICK, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Saved to rates")
    assert {row["optimizer"]: row["settings"] for row in rows(world[0] / "rates")} == {
        "sgd@0.5": "SGD(learning_rate=0.5)",
        "sgd@2": "SGD(learning_rate=2)",
        "bfgs": "BFGS()",
    }


def test_nothing_is_overwritten_without_being_asked(world, raced):
    folder, _ = raced
    before = (folder / "race.json").read_bytes()
    done = run(world, *QUICK, "--seed", "1", "--out", "raced")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: raced is not empty; nothing there is overwritten.\n"
        "Try: another --out, or --overwrite\n"
    )
    assert (folder / "race.json").read_bytes() == before


def test_without_a_folder_the_next_free_one_is_taken(world):
    runs = world[0] / "runs"
    (runs / "exam-scores-race-1").mkdir(parents=True, exist_ok=True)
    free = next(n for n in count(1) if not (runs / f"exam-scores-race-{n}").exists())
    done = run(world, *QUICK, "--optimizers", "sgd,adam", "--quiet")
    assert f"Saved to runs/exam-scores-race-{free}: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["race", "exam-score"], 2, "Did you mean 'exam-scores'?"),
        ([*QUICK, "--optimizers", "sgd,addam"], 2, "Did you mean 'adam'?"),
        ([*QUICK, "--optimizers", "sgd,,adam"], 2, "must be like sgd,adam@0.01"),
        ([*QUICK, "--optimizers", "sgd,sgd"], 2, "a name twice"),
        ([*QUICK, "--optimizers", "sgd@quick"], 2, "a learning rate, as in sgd@0.5"),
        ([*QUICK, "--optimizers", "lbfgs@0.1"], 2, "learning_rate"),
        (["race", "exam-scores", "--epochs", "1"], 2, "--epochs"),
        ([*QUICK, "--hidden", "x"], 2, "--hidden"),
        ([*QUICK, "--out", "/proc/race"], 5, "Cannot make the folder"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else None,
)
def test_a_wrong_call_is_told_in_two_lines(world, arguments, code, error):
    done = run(world, *arguments)
    assert done.returncode == code
    first, second = done.stderr.strip().splitlines()
    assert first.startswith("Error: ")
    assert error in first
    assert second.startswith("Try: ")
    assert not done.stdout


def test_if_all_diverge_nothing_is_written(world):
    wild = ["--hidden", "8", "--activation", "relu", "--optimizers", "sgd@1e30", "--out", "wild"]
    done = run(world, "race", "fashion-mnist", "--epochs", "2", *wild)
    assert done.returncode == 7, done.stdout
    assert "sgd ended by diverging in epoch 1" in done.stderr
    assert "Try: smaller learning rates, as in --optimizers sgd@0.001" in done.stderr
    assert not (world[0] / "wild").exists()


def test_pictures_of_an_overwritten_race_do_not_stay_without_matplotlib(world, tmp_path):
    assert run(world, *QUICK, "--out", "bare", "--quiet").returncode == 0
    before = (world[0] / "bare" / "race.json").read_bytes()
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'matplotlib' else found(name, *rest)\n"
    )
    path = f"{tmp_path}:{world[1].get('PYTHONPATH', '')}"
    done = run(world, *QUICK, "--out", "bare", "--overwrite", "--quiet", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert "pip install 'chainrule[plot]'" in done.stderr
    left = sorted(path.name for path in (world[0] / "bare").iterdir())
    assert left == ["race.json", "table.csv"]
    assert (world[0] / "bare" / "race.json").read_bytes() != before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_nothing_is_written(world, number, code):
    folder = world[0] / f"stopped-race-{code}"
    long = ["race", "exam-scores", "--epochs", "200000", "--optimizers", "sgd@0.1,adam@0.1"]
    with started(world, *long, "--out", folder.name) as process:
        while not folder.exists():
            assert process.poll() is None, process.stdout.read()
        threading.Event().wait(0.5)  # now it trains
        process.send_signal(number)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == code, rest
    assert "Traceback" not in rest
    assert not folder.exists()


def test_help_has_examples_and_exit_codes(world):
    done = run(world, "race", "--help")
    assert done.returncode == 0
    for part in ("--optimizers", "sgd@0.1,sgd@1,sgd@10", "Exit codes:", "one budget"):
        assert part in done.stdout
