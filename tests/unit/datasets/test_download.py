"""Whatever a server does, no bad or partial file gets the final name."""

import os
import signal
import subprocess
import sys
import time

import pytest

from chainrule.datasets.download import content_hash, fetch
from chainrule.errors import DownloadError

from .conftest import BODY, CONTENT, SHA256


def get(path, *urls, **arguments):
    return fetch(urls, path, SHA256, len(CONTENT), timeout=5, **arguments)


def test_a_file_is_fetched_once(mirror, tmp_path):
    seen = []
    path = get(tmp_path / "new" / "a.gz", mirror.url("good"), progress=lambda *a: seen.append(a))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    get(path, mirror.url("good"))
    assert len(mirror.requests) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("status-404", "Not Found"),
        ("status-500", "Internal Server Error"),
        ("file", "not allowed"),
        ("ftp", "redirected to ftp://127.0.0.1/a.gz"),
        ("login", "its content is another"),
        ("other", "its content is another"),
        ("bomb", "its content is another"),
        *((f"cut-{len(BODY) * tenth // 10}", f"of {len(BODY)} bytes") for tenth in range(0, 10, 3)),
    ],
)
def test_a_bad_mirror_leaves_nothing_and_the_next_is_tried(mirror, tmp_path, bad, reason):
    path = tmp_path / "a.gz"
    with pytest.raises(DownloadError, match=reason):
        get(path, mirror.url(bad))
    assert not path.exists()
    get(path, mirror.url(bad), mirror.url("good"))
    assert path.read_bytes() == BODY


def test_what_was_fetched_is_not_fetched_again(mirror, tmp_path):
    half = len(BODY) // 2
    get(tmp_path / "a.gz", mirror.url(f"cut-{half}"), mirror.url("good"))
    assert mirror.requests == [("cut", 0), ("good", half)]
    assert (tmp_path / "a.gz").read_bytes() == BODY


@pytest.mark.parametrize("part", [BODY[:100], BODY, BODY + b"more", b"rubbish" * 20])
def test_a_part_of_any_kind_ends_as_the_right_file(mirror, tmp_path, part):
    (tmp_path / "a.gz.part").write_bytes(part)
    get(tmp_path / "a.gz", mirror.url("good"), mirror.url("good"))
    assert (tmp_path / "a.gz").read_bytes() == BODY
    assert not (tmp_path / "a.gz.part").exists()


def test_a_server_that_cannot_resume_begins_anew(mirror, tmp_path):
    (tmp_path / "a.gz.part").write_bytes(BODY[:1000])
    get(tmp_path / "a.gz", mirror.url("norange"))
    assert (tmp_path / "a.gz").read_bytes() == BODY


def test_a_damaged_file_in_the_cache_is_replaced(mirror, tmp_path):
    (tmp_path / "a.gz").write_bytes(BODY[:-9])
    get(tmp_path / "a.gz", mirror.url("good"))
    assert (tmp_path / "a.gz").read_bytes() == BODY


def test_offline_says_why_and_what_to_do(tmp_path):
    with pytest.raises(DownloadError) as caught:
        get(tmp_path / "a.gz", "http://127.0.0.1:9/a.gz", "ftp://127.0.0.1/a.gz")
    said = str(caught.value)
    assert "refused" in said
    assert "only http" in said
    assert "apt install dataset-fashion-mnist" in said
    assert "CHAINRULE_DATA" in said
    assert str(tmp_path) in said


def process(mirror, path, what):
    code = (
        "import sys; from chainrule.datasets.download import fetch; "
        f"fetch([{mirror.url(what)!r}], {str(path)!r}, {SHA256!r}, {len(CONTENT)}, timeout=5)"
    )
    return subprocess.Popen([sys.executable, "-c", code])


def test_two_processes_at_once_fetch_once(mirror, tmp_path):
    processes = [process(mirror, tmp_path / "a.gz", "slow") for _ in range(3)]
    assert [p.wait(20) for p in processes] == [0, 0, 0]
    assert len(mirror.requests) == 1
    assert content_hash(tmp_path / "a.gz", len(CONTENT)) == SHA256


def test_a_killed_download_is_resumed(mirror, tmp_path):
    killed = process(mirror, tmp_path / "a.gz", "slow")
    part = tmp_path / "a.gz.part"
    deadline = time.monotonic() + 10
    while (not part.exists() or part.stat().st_size < 10_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "a.gz").exists()
    have = part.stat().st_size
    get(tmp_path / "a.gz", mirror.url("good"))
    assert mirror.requests[-1] == ("good", have)
    assert (tmp_path / "a.gz").read_bytes() == BODY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_named(mirror, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DownloadError, match="XDG_CACHE_HOME"):
        get(tmp_path / "a.gz", mirror.url("good"))


def test_a_refused_permission_is_a_download_error(mirror, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(DownloadError, match="XDG_CACHE_HOME"):
        get(tmp_path / "a.gz", mirror.url("good"))
