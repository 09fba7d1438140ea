"""The command line as a process: in a pipe, in a terminal, interrupted."""

import csv
import io
import json
from importlib.metadata import version

import numpy as np
import pytest
from tests.end_to_end.cli.process import QUICK, in_terminal, run

from chainrule.models import load_model


def test_training_prints_table_lines_and_scores_and_writes_a_folder(fashion):
    folder, done = fashion
    assert "dense (Dense)" in done.stdout
    assert "Epoch 2/2 - 188/188 - " in done.stdout
    assert "Ankle boot" in done.stdout
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors",
        "history.csv",
        "run.json",
        "curves.png",
        "confusion.png",
        "predictions.png",
    }
    facts = json.loads((folder / "run.json").read_text("utf-8"))
    assert facts["evaluation"]["accuracy"] > 0.7
    assert facts["options"]["hidden"] == "16"
    assert facts["schema"] == 1
    assert str(folder) not in (folder / "run.json").read_text("utf-8")
    history = list(csv.DictReader(io.StringIO((folder / "history.csv").read_text())))
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert float(history[-1]["val_accuracy"]) == facts["evaluation"]["accuracy"]


def test_the_sample_is_named_in_one_line_with_the_way_to_the_full_set(fashion):
    _, done = fashion
    (line,) = [line for line in done.stderr.splitlines() if "sample" in line]
    assert "chainrule data fetch fashion-mnist" in line


def test_pictures_are_pictures(fashion, exam):
    for folder in (fashion[0], exam[0]):
        for path in folder.glob("*.png"):
            content = path.read_bytes()
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))
            assert min(width, height) >= 500
            assert len(content) > 15_000


def test_a_pipe_gets_no_control_characters(fashion, exam):
    for _, done in (fashion, exam):
        assert not set(done.stdout + done.stderr) & set("\r\b\x1b")


def test_same_seed_same_model_another_seed_another(world):
    made = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(world, *QUICK, "--seed", seed, "--out", name, "--quiet").returncode == 0
        made[name] = (world[0] / name / "model.safetensors").read_bytes()
    assert made["a"] == made["b"] != made["c"]


def test_evaluate_repeats_what_training_said(world, fashion):
    done = run(world, "evaluate", "fashion", "fashion-mnist", "--json")
    facts = json.loads(done.stdout)
    trained = json.loads((fashion[0] / "run.json").read_text("utf-8"))
    assert facts["evaluation"] == trained["evaluation"]
    assert facts["per_class"] == trained["per_class"]
    assert "Trouser" in run(world, "evaluate", "fashion", "fashion-mnist").stdout


def test_predictions_are_a_csv_in_a_pipe(world, fashion):
    done = run(world, "predict", "fashion", "fashion-mnist", "--rows", "3:7")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["row"] for row in rows] == ["3", "4", "5", "6"]
    assert rows[0]["class"] in rows[0]
    probabilities = [float(value) for value in list(rows[0].values())[2:]]
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["rows.csv", "heads.csv", "rows.npy"])
def test_a_users_own_rows_are_predicted(world, exam, name):
    x = np.array([[0.5, 0.25], [1.0, 1.0]])
    np.save(world[0] / "rows.npy", x)
    (world[0] / "rows.csv").write_text("0.5,0.25\n1,1\n")
    (world[0] / "heads.csv").write_text("\ufeffstudy,sleep\r\n0.5,0.25\r\n1,1\r\n", "utf-8")
    done = run(world, "predict", "exam/model.safetensors", name, "--json")
    found = [row["prediction"] for row in json.loads(done.stdout)["predictions"]]
    expected = load_model(exam[0] / "model.safetensors").predict(x, verbose=0)
    assert found == expected[:, 0].tolist()


def test_pictures_may_be_rows_of_a_csv_and_classes_have_names(world, fashion):
    images = np.random.default_rng(0).integers(0, 256, (2, 784))
    np.savetxt(world[0] / "images.csv", images, fmt="%d", delimiter=",")
    np.save(world[0] / "images.npy", images.reshape(2, 28, 28).astype(np.uint8))
    texts = [run(world, "predict", "fashion", f"images.{kind}").stdout for kind in ("csv", "npy")]
    assert texts[0] == texts[1]
    assert texts[0].startswith("row,class,T-shirt/top,Trouser,")


def test_a_model_away_from_its_run_has_numbers_for_classes(world, fashion):
    (world[0] / "alone").mkdir()
    (world[0] / "alone" / "model.safetensors").write_bytes(
        (fashion[0] / "model.safetensors").read_bytes()
    )
    done = run(world, "predict", "alone", "fashion-mnist", "--rows", "5")
    assert done.stdout.startswith("row,class,0,1,2,")


def test_runs_are_numbered_and_never_overwritten(world):
    first, second = (json.loads(run(world, *QUICK, "--json").stdout)["folder"] for _ in range(2))
    assert first != second
    refused = run(world, *QUICK, "--out", first)
    assert refused.returncode == 2
    assert "not empty" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [*QUICK, "--quiet"],
        ["evaluate", "exam", "exam-scores"],
        ["predict", "exam", "exam-scores"],
        ["summary", "exam"],
        ["data", "list"],
        ["data", "fetch", "exam-scores"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_json_is_one_object_and_all_else_goes_to_standard_error(world, exam, arguments):
    done = run(world, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["schema"] == 1


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["train"],
        ["evaluate"],
        ["predict"],
        ["summary"],
        ["data"],
        ["data", "list"],
        ["data", "fetch"],
    ],
    ids=" ".join,
)
def test_help_has_examples_and_exit_codes(world, command):
    done = run(world, *command, "--help")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "Examples:\n    chainrule " in done.stdout
    assert "143 terminated" in done.stdout


def test_version(world):
    assert run(world, "--version").stdout == f"chainrule {version('chainrule')}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["trian"], 2, "Did you mean 'train'"),
        (["train", "fashion"], 2, "Did you mean 'fashion-mnist'"),
        ([*QUICK, "--optimizer", "adm"], 2, "Did you mean 'adam'"),
        ([*QUICK, "--activation", "rellu"], 2, "Did you mean 'relu'"),
        ([*QUICK, "--hidden", "3,x"], 2, "--hidden must be like 128,64"),
        ([*QUICK, "--hidden", "²"], 2, "--hidden must be like 128,64"),
        ([*QUICK, "--hidden", "99999,99999"], 2, "at most 100,000,000"),
        ([*QUICK, "--epoch", "2"], 2, "--epochs"),
        ([*QUICK, "--seed", "4294967296"], 2, "`seed` must be"),
        ([*QUICK, "--data-dir", "nowhere"], 2, "--data-dir must be a folder"),
        (["train"], 2, "Missing argument"),
        (["data", "fetch", "fashon-mnist"], 2, "Did you mean 'fashion-mnist'"),
        (["evaluate", "exam", "exam-score"], 2, "Did you mean 'exam-scores'"),
        ([*QUICK, "--epochs", "0"], 2, "--epochs"),
        ([*QUICK, "--learning-rate", "-1"], 2, "learning_rate"),
        (["predict", "exam", "exam-scores", "--rows", "9:3"], 2, "--rows"),
        (["predict", "exam", "exam-scores", "--rows", "900"], 2, "--rows"),
        (["predict", "exam", "nothing.csv"], 2, "no file nothing.csv"),
        (["predict", "exam", "text.csv"], 3, "line 2: not a number: 'b'"),
        (["predict", "exam", "ragged.csv"], 3, "line 2: 3 cells, not 2"),
        (["predict", "exam", "empty.csv"], 3, "no rows of numbers"),
        (["predict", "exam", "objects.npy"], 3, "not a .npy file of numbers"),
        (["predict", "exam", "bytes.csv"], 3, "not a text file"),
        (["predict", "exam", "three.csv"], 2, "takes `x` of shape (N, 2)"),
        (["predict", "exam", "nan.csv"], 3, "must be finite"),
        (["evaluate", "exam", "fashion-mnist"], 2, r"takes `x` of shape (N, 2)"),
        (["summary", "nowhere"], 4, "no model at nowhere"),
        (["summary", "broken.safetensors"], 4, "not a chainrule model"),
        ([*QUICK, "--out", "text.csv"], 2, "not empty"),
        ([*QUICK, "--out", "/proc/new"], 5, "/proc/new"),
    ],
    ids=str,
)
def test_a_wrong_call_says_what_and_what_to_try(world, exam, arguments, code, message):
    folder, _ = world
    (folder / "text.csv").write_text("1,2\n1,b\n")
    (folder / "ragged.csv").write_text("1,2\n1,2,3\n")
    (folder / "empty.csv").write_text("")
    (folder / "three.csv").write_text("1,2,3\n")
    (folder / "nan.csv").write_text("1,nan\n")
    (folder / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    (folder / "broken.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    np.save(folder / "objects.npy", np.array([{}], dtype=object))
    done = run(world, *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    *_, error, way_out = done.stderr.splitlines()
    assert error.startswith("Error: ")
    assert way_out.startswith("Try: ")
    assert "Traceback" not in done.stderr


def test_diverged_training_has_a_code_of_its_own(world):
    options = ["--optimizer", "sgd", "--learning-rate", "1e38", "--epochs", "1", "--out", "lost"]
    done = run(world, "train", "fashion-mnist", "--hidden", "4,4", *options)
    assert done.returncode == 7, done.stdout
    assert "smaller --learning-rate" in done.stderr
    assert not (world[0] / "lost").exists()


def test_training_that_diverged_does_not_go_on(world):
    options = ["--optimizer", "sgd", "--learning-rate", "1e30", "--activation", "relu"]
    done = run(world, "train", "exam-scores", "--epochs", "1000", "--hidden", "9,9", *options)
    assert done.returncode == 7, done.stdout
    assert done.stdout.count("Epoch ") < 5


def test_offline_fetching_has_a_code_of_its_own(world):
    done = run(
        world,
        "data",
        "fetch",
        "fashion-mnist",
        http_proxy="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
    )
    assert done.returncode == 6
    assert "Could not fetch" in done.stderr


def test_json_is_ascii_in_any_encoding(world):
    done = run(world, *QUICK, "--out", "größe", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["folder"] == "größe"


def test_an_encoding_without_boxes_gets_ascii(world):
    done = run(world, "train", "exam-scores", "--epochs", "1", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "dense (Dense)" in done.stdout


def test_a_terminal_gets_a_bar_that_is_redrawn(world):
    options = ["--epochs", "1", "--hidden", "512,512", "--batch-size", "4"]  # takes a second
    code, seen = in_terminal(world, "train", "fashion-mnist", *options)
    assert code == 0
    assert "\r\x1b[1m1500/1500\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m" in seen
    assert seen.count("\r\x1b[1m") > 2


def test_no_color_in_a_terminal_leaves_no_escapes(world):
    code, seen = in_terminal(world, *QUICK, NO_COLOR="1")
    assert code == 0
    colours = [part for part in seen.split("\x1b")[1:] if not part.startswith("[1m")]
    assert not any(part[1:3] in ("32", "37", "31", "34") for part in colours)
    assert "━━━━━━━━━━━━━━━━━━━━" in seen


def test_predictions_are_a_table_in_a_terminal(world, exam):
    code, seen = in_terminal(world, "predict", "exam", "exam-scores", "--rows", "0:2")
    assert code == 0
    assert seen.splitlines()[0].split() == ["row", "prediction"]
