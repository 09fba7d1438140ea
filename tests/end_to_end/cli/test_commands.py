"""What is the same for every command: what a terminal gets, what a pipe gets, what is loaded."""

import json
import subprocess
import sys

import pytest
from tests.end_to_end.cli.process import QUICK, in_terminal, run

COMMANDS = {
    "train": QUICK,
    "evaluate": ["evaluate", "exam", "exam-scores"],
    "predict": ["predict", "exam", "exam-scores", "--rows", "0:3"],
    "summary": ["summary", "exam"],
    "trace": ["trace", "exam-scores"],
    "race": ["race", "exam-scores", "--epochs", "2", "--resolution", "3"],
    "data list": ["data", "list"],
    "data fetch": ["data", "fetch", "exam-scores"],
}
COLOURS = ("\x1b[3", "\x1b[9", "\x1b[1;3", "\x1b[38")


@pytest.fixture(params=COMMANDS, ids=str)
def command(request, exam):
    return COMMANDS[request.param]


def test_a_pipe_gets_text_only(world, command):
    done = run(world, *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not set(done.stdout + done.stderr) & set("\r\b\x1b")


def test_no_color_means_no_colour(world, command):
    code, seen = in_terminal(world, *command, NO_COLOR="1")
    assert code == 0, seen
    assert not any(colour in seen for colour in COLOURS)


def test_a_dumb_terminal_gets_no_escapes(world, command):
    code, seen = in_terminal(world, *command, TERM="dumb")
    assert code == 0, seen
    assert "\x1b" not in seen
    assert "\r" not in seen.replace("\r\n", "")


def test_an_unknown_option_is_wrong_usage(world, command):
    done = run(world, *command, "--json", "--xyz")
    assert done.returncode == 2
    error, way_out = done.stderr.splitlines()
    assert error == "Error: No such option: --xyz"
    name = " ".join(word for word in command[:2] if word in ("data", "list", "fetch"))
    assert way_out == f"Try: chainrule {name or command[0]} --help"
    assert not done.stdout


def test_json_in_a_terminal_is_json_too(world, exam):
    done = run(world, "evaluate", "exam", "exam-scores", "--json")
    code, seen = in_terminal(world, "evaluate", "exam", "exam-scores", "--json")
    assert code == 0
    assert json.loads(seen) == json.loads(done.stdout)


def loaded(*arguments):
    code = (
        "import sys; from chainrule.cli.main import main; sys.argv[1:] = ARGUMENTS\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    ).replace("ARGUMENTS", repr(list(arguments)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


def test_version_and_help_start_without_what_they_do_not_need():
    assert not loaded("--version") & {"numpy", "rich", "typer", "click", "matplotlib"}
    assert not loaded("--help") & {"numpy", "rich", "matplotlib", "safetensors"}


def test_an_internal_error_is_one_line_and_a_traceback_if_wished(world, exam):
    code = (
        "import chainrule.cli.models as m; m.sys = None\nimport chainrule.cli.main as n; n.main()"
    )
    folder, environment = world

    def broken(**more):
        command = [sys.executable, "-c", code, "predict", "exam", "exam-scores"]
        options = {"cwd": folder, "env": environment | more}
        return subprocess.run(command, capture_output=True, text=True, **options)

    done = broken()
    assert done.returncode == 1
    error, way_out = done.stderr.splitlines()
    assert error.startswith("Error: AttributeError inside chainrule: ")
    assert way_out.startswith("Try: CHAINRULE_TRACEBACK=1 ")
    assert "Traceback" in broken(CHAINRULE_TRACEBACK="1").stderr


def test_likely_classes_fit_on_a_screen(world, fashion):
    code, seen = in_terminal(world, "predict", "fashion", "fashion-mnist", "--rows", "0:4")
    assert code == 0
    heads, *rows = seen.splitlines()
    assert heads.split() == ["row", "class", "probability", "or", "probability"]
    assert len(rows) == 4
    assert max(map(len, rows)) < 80
