"""What becomes of a run that is stopped: by Ctrl-C, by SIGTERM, by a reader that goes away."""

import contextlib
import http.server
import json
import signal
import subprocess
import sys
import threading

import pytest
from tests.end_to_end.cli.process import LONG, QUICK, run, started

from chainrule.models import load_model

STEPS = 25  # batches of an epoch


def wait_for(process, beginning):
    for line in process.stdout:
        if line.startswith(beginning):
            return
    raise AssertionError(f"no line that begins with {beginning!r}")


def check_run(folder, least):
    """The model and the whole epochs are there, and agree."""
    model = load_model(folder / "model.safetensors")
    epochs = len((folder / "history.csv").read_text().splitlines()) - 1
    assert epochs >= least
    assert epochs * STEPS <= model.optimizer.iterations <= (epochs + 1) * STEPS
    assert json.loads((folder / "run.json").read_text())["epochs"] == epochs


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_at_the_end_of_a_batch_and_saves(world, number, code):
    with started(world, *LONG, "--out", f"stopped-{code}") as process:
        wait_for(process, "Epoch 3/")
        process.send_signal(number)
        rest = process.communicate(timeout=60)[0]
        assert process.returncode == code, rest
        assert "saving what was learned" in rest
        assert "Traceback" not in rest
        check_run(world[0] / f"stopped-{code}", 3)


def test_json_says_that_the_run_was_stopped(world):
    with started(
        world, *LONG, "--json", "--out", "stopped-json", stderr=subprocess.PIPE
    ) as process:
        for line in process.stderr:
            if line.startswith("Epoch 3/"):
                process.send_signal(signal.SIGINT)
                break
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        facts = json.loads(out)
        assert facts["stopped"]
        assert facts["epochs"] >= 3


def test_sigterm_stops_a_job_for_which_a_script_switched_ctrl_c_off(world):
    with contextlib.ExitStack() as stack:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what a child inherits
        stack.callback(signal.signal, signal.SIGINT, before)
        process = stack.enter_context(started(world, *LONG, "--out", "job"))
        wait_for(process, "Epoch 3/")
        process.send_signal(signal.SIGINT)
        wait_for(process, "Epoch ")
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[0]
        assert process.returncode == 143, rest
        check_run(world[0] / "job", 3)


def test_a_stop_in_the_first_epoch_still_saves(world):
    options = ["--hidden", "1024,1024", "--batch-size", "1", "--epochs", "2", "--out", "early"]
    with started(world, "train", "fashion-mnist", *options) as process:
        wait_for(process, " Fused")
        threading.Event().wait(0.7)  # now it trains: an epoch takes ten seconds
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        assert process.returncode == 130, rest
        folder = world[0] / "early"
        if "Stopped after 0 whole epochs" not in rest:  # it came before the first batch
            assert not folder.exists()
            return
        assert (folder / "history.csv").read_text().strip() == "epoch"
        assert load_model(folder / "model.safetensors").count_params()
        assert not (folder / "curves.png").exists()


def test_training_is_saved_when_nobody_reads_on(world):
    with started(world, *LONG, "--out", "unread", stderr=subprocess.PIPE) as process:
        wait_for(process, "Epoch 2/")
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        assert process.wait(timeout=60) == 141, errors
        assert not errors
        check_run(world[0] / "unread", 2)


@pytest.mark.parametrize(
    "arguments", [["predict", "fashion", "fashion-mnist"], ["data", "list"]], ids=lambda a: a[0]
)
def test_a_closed_pipe_ends_quietly(world, fashion, arguments):
    with started(world, *arguments, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        assert process.wait(timeout=60) == 141
        assert not errors


def test_ctrl_c_while_python_starts_shows_no_traceback(world):
    code = (
        "import sys, signal\n"
        "class Hit:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Hit())\n"
        "from chainrule.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "data", "list"]
    done = subprocess.run(command, cwd=world[0], env=world[1], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")


class Slow(http.server.BaseHTTPRequestHandler):
    """A mirror, reached as a proxy, that sends for ever."""

    asked: list = []

    def log_message(self, *args):
        pass

    def do_GET(self):
        have = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.asked.append(have)
        self.send_response(206 if have else 200)
        self.send_header("Content-Length", str(26_421_880 - have))
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"\x1f\x8b" + bytes(99_998))
                threading.Event().wait(0.02)
        except OSError:
            pass


@pytest.fixture
def mirror():
    Slow.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_fetching_tells_how_far_it_is_and_goes_on_after_ctrl_c(world, mirror):
    environment = {
        "http_proxy": mirror,
        "https_proxy": "http://127.0.0.1:9",  # nobody is there: on to the next mirror
        "no_proxy": "",
        "XDG_CACHE_HOME": str(world[0] / "slow"),
    }
    options = {"environment": environment, "stderr": subprocess.PIPE}
    for _ in range(2):
        with started(world, "data", "fetch", "fashion-mnist", **options) as process:
            assert " of 26.4 MB (" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=30)
        assert process.returncode == 130
        assert not out
        assert errors.splitlines()[-1].startswith("Stopped. What came is kept")
    first, second = Slow.asked
    assert first == 0 < second


def test_runs_at_the_same_time_take_a_folder_each(world):
    with contextlib.ExitStack() as stack:
        runs = [
            stack.enter_context(started(world, *QUICK, "--quiet", "--json", stderr=subprocess.PIPE))
            for _ in range(2)
        ]
        folders = {json.loads(run.communicate(timeout=60)[0])["folder"] for run in runs}
    assert len(folders) == 2


def test_overwriting_leaves_nothing_of_the_earlier_run_and_all_else(world):
    again, small = ["--out", "anew", "--quiet"], ["--epochs", "1", "--hidden", "4"]
    assert run(world, "train", "fashion-mnist", *small, *again).returncode == 0
    (world[0] / "anew" / "notes.txt").write_text("mine")
    done = run(world, *QUICK, *again, "--overwrite")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (world[0] / "anew").iterdir()}
    assert not names & {"confusion.png", "predictions.png"}
    assert {"model.safetensors", "history.csv", "run.json", "notes.txt"} <= names
    assert json.loads((world[0] / "anew" / "run.json").read_text())["dataset"] == "exam-scores"


def test_without_matplotlib_one_line_says_how_to_get_pictures(world):
    code = (
        "import sys\nsys.modules['matplotlib'] = None\n"
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'matplotlib' else find(name, *a)\n"
        "from chainrule.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, *QUICK, "--out", "plain"]
    done = subprocess.run(command, cwd=world[0], env=world[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["For pictures of the run: pip install 'chainrule[plot]'"]
    assert not list((world[0] / "plain").glob("*.png"))
