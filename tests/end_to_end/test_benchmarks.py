"""The benchmarks run, judge and report; on tiny sizes, and without a look at a time."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks import agreement, floor, growth, table, workloads
from benchmarks.agreement import disagreements
from benchmarks.peers import PEERS
from benchmarks.peers.numpy_loop import ThePeer as NumPyPeer
from benchmarks.suite import Measurement, Settings, measure
from benchmarks.workloads import Data

ROOT = Path(__file__).parents[2]
QUICK = {work.name: workloads.quick(work) for work in workloads.WORKLOADS}
ONCE = Settings(repeats=1, say=lambda line: None)
FIRST = "loss after the first steps"


@pytest.mark.parametrize("work", QUICK.values(), ids=lambda work: work.name)
def test_we_and_the_loop_by_hand_do_the_same_work(work):
    results = measure(work, ["ours", "numpy"], ONCE)
    for name, result in results.items():
        assert result.reason == ""
        assert result.status == "ok"
        assert result.disagreements == []
        assert len(result.seconds) == 1
        assert result.versions["chainrule" if name == "ours" else "numpy"]
    assert results["ours"].losses.keys() == results["numpy"].losses.keys()
    names = {
        "train": {FIRST, "mean loss of the last epoch", agreement.end_of(work)},
        "start": {"mean loss of the last epoch", agreement.end_of(work)},
    }
    assert set(results["ours"].losses) == names.get(work.action, {"loss of the predictions"})


# ---------------------------------------------------------------- other work is noticed


def first_loss(work, data):
    peer = NumPyPeer(work, data)
    peer.train()
    weights = peer.weights()
    given = workloads.load(work)
    loss = workloads.loss_of(
        work, given, lambda rows: workloads.outputs_of(work, weights, given.x[rows])
    )
    return {FIRST: loss}


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "W4", "W5", "W6"])
def test_another_learning_rate_is_noticed(name):
    work = QUICK[name]
    data = workloads.load(work)
    other = replace(work, learning_rate=1.02 * work.learning_rate)
    assert disagreements(first_loss(work, data), first_loss(work, data)) == []
    assert len(disagreements(first_loss(other, data), first_loss(work, data))) == 1


@pytest.mark.parametrize("name", ["W3", "W4", "W5", "W6"])
def test_another_order_of_rows_is_noticed(name):
    work = QUICK[name]
    data = workloads.load(work)
    turned = Data(data.x[::-1], data.y[::-1], data.weights)
    assert len(disagreements(first_loss(work, turned), first_loss(work, data))) == 1


def test_no_number_agrees_with_nothing():
    assert disagreements({FIRST: float("nan")}, {FIRST: 1.0}) == [f"{FIRST} nan, ours 1"]


# ---------------------------------------------------------------- peers in trouble


@pytest.mark.parametrize(
    ("module", "settings", "status", "reason"),
    [
        ("raise ModuleNotFoundError('No sklearn')", ONCE, "not installed", "No sklearn"),
        ("raise RuntimeError('broken')", ONCE, "failed", "RuntimeError: broken"),
        ("import os; os._exit(3)", ONCE, "failed", "the process ended: exit status 3"),
        ("import time; time.sleep(99)", replace(ONCE, limit=1), "failed", "longer than 1 s"),
    ],
)
@pytest.mark.parametrize("name", ["W2", "W7"])
def test_a_peer_in_trouble_is_told_of(
    name, module, settings, status, reason, tmp_path, monkeypatch
):
    (tmp_path / "sklearn.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = measure(QUICK[name], ["sklearn"], settings)["sklearn"]
    assert result.status == status
    assert reason in result.reason
    assert result.seconds == []


# ---------------------------------------------------------------- the floor


RATES = floor.Rates(flops=1e9, own=4e9, shared=2e9, memory=1e9)


def test_floor_of_training():
    work = workloads.chosen("W4")[0]
    found = floor.floor(work, RATES)
    flops = 60_000 * 2 * (2 * 784 * 128 + 3 * 128 * 10)
    assert found.products == pytest.approx(flops / 1e9)
    words = 6 * 101_770 * 1875
    assert found.bytes == pytest.approx(60_000 * 784 / 2e9 + 4 * words / 4e9)
    assert found.seconds == found.products + found.bytes


def test_floor_of_predictions():
    found = floor.floor(workloads.chosen("W9")[0], RATES)
    assert found.products == pytest.approx(60_000 * 2 * (784 * 128 + 128 * 10) / 1e9)
    assert found.bytes == pytest.approx(60_000 * 784 / 2e9 + 4 * 101_770 / 4e9)


def test_floor_of_a_process_is_unknown():
    assert floor.floor(workloads.chosen("W7")[0], RATES) is None


# ---------------------------------------------------------------- the table


def measured(seconds, **more):
    return Measurement(seconds=seconds, versions={"numpy": "2.0"}, **more)


def test_table():
    peers = {
        "ours": measured([0.2, 0.1, 0.3]),
        "numpy": measured([0.5], disagreements=["loss at the end 2, ours 1"]),
        "jax": measured([2.5], prepare=1.25),
        "sklearn": measured([0.1], differs=True, note="its output layer is linear"),
        "torch": Measurement("not installed", "No torch"),
        "keras-jax": Measurement("failed", "took longer than 5 s"),
    }
    entry = table.entry(QUICK["W2"], floor.Floor(3e-6, 1e-6), peers)
    text = table.markdown(
        {
            "workloads": [entry],
            "peers": list(peers),
            "machine": {"cpu": "one"},
            "repeats": 3,
            "command": "python -m benchmarks",
        }
    )
    line = next(line for line in text.splitlines() if line.startswith("| **W2**"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == [
        "**0.200 s**",
        "0.500 s (2.5×) ✗",
        "2.50 s (12×)",
        "0.100 s (0.5×) ‡",
        "—",
        "failed",
        "4.00 µs",
    ]
    assert "- NumPy by hand: ✗ loss at the end 2, ours 1\n" in text
    assert "- scikit-learn: ‡ its output layer is linear\n" in text
    assert "- PyTorch: not installed: No torch\n" in text
    assert "±50 % of 3" in text
    assert "±0 % of 1; 1.25 s" in text
    assert "- versions: numpy 2.0\n" in text


def test_durations():
    told = [table.duration(s) for s in (123.4, 1.0, 0.0995, 1.234e-4, 1.5e-5, 7e-9)]
    assert told == ["123 s", "1.00 s", "99.5 ms", "0.123 ms", "15.0 µs", "7.00 ns"]


# ---------------------------------------------------------------- the commands


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_command(tmp_path):
    out = tmp_path / "results.json"
    chosen = ["--workloads", "W8b", "--peers", "ours,numpy", "--repeats", "1", "--quick"]
    done = command("benchmarks", *chosen, "--out", str(out))
    assert done.returncode == 0, done.stderr
    results = json.loads(out.read_text("utf-8"))
    assert results["machine"]["cores"] >= 1
    assert results["command"].startswith("python -m benchmarks --workloads W8b")
    (entry,) = results["workloads"]
    assert entry["peers"]["numpy"]["ratio"] > 0
    assert min(entry["rates"].values()) > 0
    assert done.stdout.endswith(out.with_suffix(".md").read_text("utf-8") + "\n")


@pytest.mark.parametrize("option", [("--peers", "nobody"), ("--workloads", "W0")])
def test_unknown_names_are_refused(option):
    done = command("benchmarks", *option)
    assert done.returncode == 1
    assert done.stderr.startswith("There are the ")
    assert option[1] in done.stderr
    assert "Traceback" not in done.stderr


def test_w8_is_both():
    assert [work.name for work in workloads.chosen("W8,W1")] == ["W8a", "W8b", "W1"]


# ---------------------------------------------------------------- growth


@pytest.mark.parametrize("kind", growth.SIZES)
def test_growing(kind):
    works = [growth.workload(kind, size) for size in growth.SIZES[kind]]
    sizes = [
        {"rows": w.rows, "width": w.widths[1], "depth": len(w.widths) - 2}[kind] for w in works
    ]
    assert sizes == list(growth.SIZES[kind])


def test_drawing_of_growth(tmp_path):
    seconds = {"ours": [0.1, 0.2], "numpy": [0.3, None]}
    growth.draw(dict.fromkeys(growth.SIZES, seconds), tmp_path / "growth.svg")
    assert "<svg" in (tmp_path / "growth.svg").read_text()


def test_readme_names_all_peers_and_workloads():
    text = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    names = [*(f"`{name}`" for name in PEERS), *(work.name for work in workloads.WORKLOADS)]
    assert [name for name in names if name not in text] == []
