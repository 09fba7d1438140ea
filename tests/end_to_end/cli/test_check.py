"""``chainrule check`` as a teacher uses it: right, wrong, crashing and endless hand-ins."""

import json
import signal
import sys
import time

import pytest
from tests.end_to_end.cli.process import run, started

from chainrule.glass.exercises import exercise

RIGHT = """
class SGD:
    def __init__(self, lr=0.1):
        self.lr = lr

    def update(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]
"""

WRONG = """
import numpy as np

def adam(w, g, m, v, t, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - lr * m * (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v
"""

ENDLESS = "while True: pass\n"

TROUBLED = {
    "asks": ("answer = input('how many? ')", "asks for input()"),
    "crashes": ("import os\nos.kill(os.getpid(), 11)", "crashed Python"),
    "dies": ("import os\nos._exit(9)", "exit code 9"),
    "empty": ("three = 3", "nothing in it to check"),
    "imports": ("import no_such_package", "'no_such_package', which is not installed"),
    "memory": ("import numpy as np\nx = np.ones((300_000, 300_000))", "more memory"),
    "raises": ("\n\nx = 1 / 0", "ZeroDivisionError (line 3)"),
    "stops": ("import sys\nsys.exit(3)", "calls exit()"),
    "syntax": ("def f(:", "not Python"),
    "unfinished": (
        "class RMSProp:\n    def update(self, params, grads):\n        raise ValueError('later')",
        "ValueError: later",
    ),
    "nameless": ("def update(w, grad, lr):\n    return w - lr * grad", "nothing in it to check"),
    "nameless_class": (
        "class Mine:\n    def update(self, params, grads):\n        pass",
        "does not say which update rule",
    ),
}


@pytest.fixture
def folder(tmp_path):
    def written(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text, "utf-8")
        return tmp_path

    return written


def test_a_right_rule(world, folder):
    done = run(world, "check", folder(sgd=RIGHT) / "sgd.py")
    assert done.returncode == 0
    assert "SGD (sgd): right" in done.stdout


def test_a_wrong_rule_has_its_formula_beside_the_right_one(world, folder):
    done = run(world, "check", folder(adam=WRONG) / "adam.py")
    assert done.returncode == 1
    assert "adam (adam): wrong" in done.stdout
    assert "written: m̂ = m · (1 − β₁ᵗ)" in done.stdout
    assert "right:   α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)" in done.stdout


def test_a_folder_is_a_table(world, folder):
    done = run(world, "check", folder(a=RIGHT, b=WRONG), COLUMNS="80")
    assert done.returncode == 1
    head, first, second, *_ = done.stdout.splitlines()
    assert head.split() == ["file", "class", "verdict", "found"]
    assert first.split() == ["a.py", "SGD", "right"]
    assert second.startswith("b.py  adam   wrong    m-correction-multiplied")
    assert "2 files: 1 right, 1 wrong." in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_json_is_one_object(world, folder):
    done = run(world, "check", folder(a=RIGHT, b=WRONG), "--json")
    told = json.loads(done.stdout)
    assert not told["ok"]
    assert [file["verdict"] for file in told["files"]] == ["right", "wrong"]
    (adam,) = told["files"][1]["checked"]
    assert "m-correction-multiplied" in adam["faults"]
    assert adam["findings"][0]["subject"] == "update"


def test_networks_are_checked_beside_update_rules(world, folder):
    right, wrong = exercise(3, 2).solution, exercise(3, 2).text
    done = run(world, "check", folder(a=right, b=wrong, c=RIGHT), "--json")
    assert done.returncode == 1
    files = json.loads(done.stdout)["files"]
    assert [file["verdict"] for file in files] == ["right", "wrong", "right"]
    (network,) = files[1]["checked"]
    assert (network["name"], network["kind"]) == ("Network", "network")
    assert exercise(3, 2).mistake.fault in network["faults"]


@pytest.mark.parametrize("name", TROUBLED)
def test_what_cannot_be_checked_says_why(world, folder, name):
    text, reason = TROUBLED[name]
    done = run(world, "check", folder(x=text) / "x.py", "--timeout", "20", COLUMNS="400")
    assert done.returncode == 3
    assert reason in done.stdout


def test_a_rule_whose_name_says_nothing_can_be_named(world, folder):
    text = RIGHT.replace("SGD", "Mine")
    done = run(world, "check", folder(x=text) / "x.py", "--optimizer", "sgd")
    assert done.returncode == 0
    assert "Mine (sgd): right" in done.stdout


def test_what_is_defined_before_the_trouble_is_checked(world, folder):
    training = "\ntotal = 0\nfor step in range(10**12):\n    total += step\n"
    done = run(world, "check", folder(x=RIGHT + training) / "x.py", "--timeout", "3", COLUMNS="200")
    assert done.returncode == 0
    assert 'Put that under `if __name__ == "__main__":`' in done.stdout
    assert "SGD (sgd): right" in done.stdout


def test_a_hand_in_cannot_write_into_the_output(world, folder):
    done = run(world, "check", folder(x="print('ok: right')\n" + RIGHT) / "x.py", "--json")
    assert json.loads(done.stdout)["ok"]
    assert done.stderr == ""


def test_a_hand_in_that_swallows_every_error_is_ended(world, folder):
    text = "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass\n"
    begun = time.monotonic()
    done = run(world, "check", folder(x=text) / "x.py", "--timeout", "1", COLUMNS="200")
    assert done.returncode == 3
    assert "still running after 1 s" in done.stdout
    assert time.monotonic() - begun < 30


def test_files_named_like_modules_do_no_harm(world, folder):
    done = run(world, "check", folder(numpy="raise ValueError", random="x = y", sgd=RIGHT))
    assert "1 right, 2 not checked" in done.stdout


def test_a_hand_in_imports_its_neighbours(world, folder):
    text = "from constants import RATE\n" + RIGHT.replace("0.1", "RATE")
    done = run(world, "check", folder(x=text, constants="RATE = 0.2") / "x.py")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_file.py"], "There is no file"),
        (["."], "no Python files"),
        ([sys.executable], "end with .py"),
        (["x.py", "--timeout", "0"], "--timeout must be"),
        (["x.py", "--optimizer", "adamm"], "adam"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage(world, tmp_path, arguments, message):
    (tmp_path / "x.py").write_text(RIGHT, "utf-8")
    (tmp_path / "empty").mkdir()
    given = [{"x.py": tmp_path / "x.py", ".": tmp_path / "empty"}.get(a, a) for a in arguments]
    done = run(world, "check", *given)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Try: chainrule check --help" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_what_it_started(world, folder, number, code):
    mark = folder(x="open('alive', 'w').close()\n" + ENDLESS) / "alive"
    with started(world, "check", mark.parent / "x.py", start_new_session=True) as process:
        deadline = time.monotonic() + 30
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(20) == code
        assert process.stdout.read() == ""  # which ends when nobody holds it any more
