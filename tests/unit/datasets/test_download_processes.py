"""Processes that fetch at the same time, are killed, or run out of disk."""

import os
import signal
import subprocess
import sys
import time

import pytest

from chainrule.datasets.download import fetch, flaw

from .conftest import BODY, CONTENT, SHA256

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits are those of Unix")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "a.gz"


def process(mirror, path, server, before="pass", **options):
    code = (
        f"{before}; from chainrule.datasets.download import fetch; "
        f"fetch([{mirror.url(server)!r}], {str(path)!r}, {SHA256!r}, {len(CONTENT)}, timeout=20)"
    )
    return subprocess.Popen([sys.executable, "-c", code], text=True, **options)


def until_it_has(path, size):
    deadline = time.monotonic() + 20
    while not path.exists() or path.stat().st_size < size:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_processes_at_the_same_time_fetch_once(mirror, path):
    processes = [process(mirror, path, "slow") for _ in range(4)]
    assert [p.wait(30) for p in processes] == [0] * 4
    assert mirror.requests == [("slow", 0)]
    assert path.read_bytes() == BODY


def test_who_waits_takes_over_from_one_that_is_killed(mirror, path):
    part = path.with_name("a.gz.part")
    first = process(mirror, path, "slow")
    until_it_has(part, 1)
    second = process(mirror, path, "slow")
    until_it_has(part, 30_000)
    first.kill()
    assert first.wait(10) == -signal.SIGKILL
    assert second.wait(30) == 0
    (_, zero), (_, start) = mirror.requests
    assert zero == 0 < start
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_download_is_gone_on_with(mirror, path, by):
    part = path.with_name("a.gz.part")
    killed = process(mirror, path, "slow", stderr=subprocess.DEVNULL)
    until_it_has(part, len(BODY) * 3 // 10)
    killed.send_signal(by)
    assert killed.wait(10) != 0
    assert not path.exists()
    have = part.stat().st_size
    fetch([mirror.url("good")], path, SHA256, len(CONTENT))
    assert mirror.requests == [("slow", 0), ("good", have)]
    assert flaw(path, SHA256, len(CONTENT)) == ""


def test_a_full_disk_is_not_blamed_on_the_mirror(mirror, path):
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (20_000, 20_000))"
    full = process(mirror, path, "good", before=limit, stderr=subprocess.PIPE)
    _, said = full.communicate(timeout=30)
    assert full.returncode == 1
    assert f"DownloadError: Cannot use the cache {path.parent}: File too large. Make room" in said
    assert not path.exists()
    fetch([mirror.url("good")], path, SHA256, len(CONTENT))
    assert mirror.requests == [("good", 0), ("good", 20_000)]
    assert path.read_bytes() == BODY
