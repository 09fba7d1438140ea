"""Whatever a server or a disk does, no bad or partial file gets the final name."""

import re

import pytest

from chainrule.datasets import download
from chainrule.errors import DownloadError

from .conftest import BODY, CONTENT, SHA256, closed

DAMAGED = f"the SHA-256 of its content is [0-9a-f]{{64}}, not {SHA256}"


def get(path, *urls, timeout=5, **arguments):
    return download.fetch(urls, path, SHA256, len(CONTENT), timeout=timeout, **arguments)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.gz"


@pytest.fixture
def part(tmp_path):
    return tmp_path / "a.gz.part"


def test_a_file_is_fetched_once(mirror, tmp_path):
    seen = []
    path = get(tmp_path / "new" / "a.gz", mirror.url("good"), progress=lambda *a: seen.append(a))
    assert path.read_bytes() == BODY
    assert seen == sorted(seen)
    assert seen[-1] == (len(BODY), len(BODY))
    get(path, mirror.url("good"))
    assert len(mirror.requests) == 1
    assert not list(path.parent.glob("*.part"))


def test_a_server_need_not_say_how_long_the_file_is(mirror, path):
    seen = []
    get(path, mirror.url("unsized"), progress=lambda *a: seen.append(a))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), None)


@pytest.mark.parametrize("mirrors_own", ["renamed", "plain", "redirect-http"])
def test_the_content_is_judged_and_not_its_wrapping(mirror, path, mirrors_own):
    get(path, mirror.url(mirrors_own))
    assert download.flaw(path, SHA256, len(CONTENT)) == ""


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("status-404", "HTTP Error 404: Not Found"),
        ("status-403", "HTTP Error 403: Forbidden"),
        ("status-416", "HTTP Error 416"),
        ("status-500", "HTTP Error 500: Internal Server Error"),
        ("redirect-file", "not allowed"),
        ("redirect-ftp", "only http and https are followed, not ftp://127.0.0.1/a.gz"),
        ("loop", "infinite loop"),
        ("login", DAMAGED + "; it is no gzip file but begins with b'<html>Please log in</html>'"),
        ("other", DAMAGED),
        ("rubbish", "not a whole gzip file"),
        ("bomb", f"its content is longer than {len(CONTENT)} bytes"),
        ("endless", "it does not end"),
        ("nonsense", "220 mail.example.org"),
        ("cutchunk", "IncompleteRead"),
        ("reset", "reset"),
    ],
)
def test_a_bad_mirror_leaves_nothing_and_the_next_is_tried(mirror, path, bad, reason):
    with pytest.raises(DownloadError, match=reason):
        get(path, mirror.url(bad))
    assert not path.exists()
    get(path, mirror.url(bad), mirror.url("good"))
    assert path.read_bytes() == BODY


@pytest.mark.parametrize(
    "bad", ["other", "rubbish", "login", "bomb"], ids="wrong content: {}".format
)
def test_wrong_content_is_deleted(mirror, path, part, bad):
    with pytest.raises(DownloadError):
        get(path, mirror.url(bad))
    assert not path.exists()
    assert not part.exists()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [("silent", "timed out"), ("drip", "slower than 1000 bytes a second")],
)
def test_a_mirror_that_hardly_sends_is_given_up(mirror, path, bad, reason):
    with pytest.raises(DownloadError, match=reason):
        get(path, mirror.url(bad), timeout=0.3)
    assert not path.exists()


@pytest.mark.parametrize("tenths", range(10))
def test_a_connection_that_ends_early_is_gone_on_with(mirror, path, part, tenths):
    cut = len(BODY) * tenths // 10
    with pytest.raises(DownloadError, match=f"ended after {cut} of {len(BODY)} bytes"):
        get(path, mirror.url(f"cut-{cut}"))
    assert not path.exists()
    seen = []
    get(path, mirror.url("good"), progress=lambda *a: seen.append(a))
    assert mirror.requests == [("cut", 0), ("good", cut)]
    assert path.read_bytes() == BODY
    assert cut < seen[0][0] <= seen[-1][0] == seen[-1][1] == len(BODY)
    assert not part.exists()


def test_the_next_mirror_goes_on_where_one_ended(mirror, path):
    half = len(BODY) // 2
    get(path, mirror.url(f"cut-{half}"), mirror.url("good"))
    assert mirror.requests == [("cut", 0), ("good", half)]
    assert path.read_bytes() == BODY


def test_a_beginning_that_does_not_go_with_this_mirror_is_fetched_anew(mirror, path):
    half = len(BODY) // 2
    get(path, mirror.url(f"cut-{half}"), mirror.url("renamed"))
    assert mirror.requests == [("cut", 0), ("renamed", half), ("renamed", 0)]
    assert download.flaw(path, SHA256, len(CONTENT)) == ""


@pytest.mark.parametrize(
    "old", [b"", BODY[:100], BODY[:-1], BODY, BODY + b"more", b"rubbish" * 20], ids=len
)
@pytest.mark.parametrize("server", ["good", "norange"])
def test_a_part_of_any_kind_ends_as_the_right_file(mirror, path, part, old, server):
    part.write_bytes(old)
    get(path, mirror.url(server))
    assert path.read_bytes() == BODY
    assert not part.exists()


def test_a_server_that_cannot_go_on_begins_anew_at_once(mirror, path, part):
    part.write_bytes(BODY[:1000])
    get(path, mirror.url("norange"))
    assert mirror.requests == [("norange", 1000)]
    assert path.read_bytes() == BODY


def test_an_endless_answer_does_not_fill_the_disk(mirror, path, part):
    with pytest.raises(DownloadError, match="it does not end"):
        get(path, mirror.url("endless"))
    assert part.stat().st_size <= 2 * len(CONTENT) + download.CHUNK
    get(path, mirror.url("good"))
    assert path.read_bytes() == BODY


def test_a_part_that_is_whole_is_not_fetched_again(mirror, path, part):
    part.write_bytes(BODY)
    get(path, mirror.url("good"))
    assert mirror.requests == [("good", len(BODY))]


def test_ctrl_c_keeps_the_part(mirror, path, part):
    def stop(done, total):
        if done > 20_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(path, mirror.url("slow"), progress=stop)
    assert not path.exists()
    have = part.stat().st_size
    assert have > 20_000
    get(path, mirror.url("good"))
    assert mirror.requests[-1] == ("good", have)
    assert path.read_bytes() == BODY


def test_a_fault_of_the_caller_is_not_blamed_on_the_mirror(mirror, path):
    def fail(done, total):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        get(path, mirror.url("good"), mirror.url("good"), progress=fail)
    assert len(mirror.requests) == 1


@pytest.mark.parametrize("damage", [BODY[:-9], BODY[:-9] + bytes(9), b"", b"rubbish"], ids=len)
def test_a_damaged_file_in_the_cache_is_replaced(mirror, path, damage):
    path.write_bytes(damage)
    get(path, mirror.url("good"))
    assert path.read_bytes() == BODY


def test_offline_says_why_where_what_and_how_else(path):
    urls = ["http://127.0.0.1:9/a.gz", "ftp://127.0.0.1/a.gz", "file:///a.gz"]
    with pytest.raises(DownloadError) as caught:
        get(path, *urls, advice="Buy it in a shop.")
    said = str(caught.value)
    for part in (*urls, "refused", "only http", str(path), SHA256, "Buy it in a shop."):
        assert part in said


@pytest.fixture
def read_only(common_folder):
    with closed(common_folder, 0o555):
        yield common_folder


def test_a_cache_that_cannot_be_written_is_named(mirror, read_only):
    with pytest.raises(DownloadError, match=f"{re.escape(str(read_only))}.*XDG_CACHE_HOME"):
        get(read_only / "a.gz", mirror.url("good"))
    assert not mirror.requests
    assert not list(read_only.iterdir())


def test_a_file_in_a_read_only_cache_is_used(mirror, common_folder):
    (common_folder / "a.gz").write_bytes(BODY)
    with closed(common_folder, 0o555):
        get(common_folder / "a.gz", mirror.url("good"))
    assert not mirror.requests


def test_a_file_in_place_of_the_cache_is_named(mirror, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DownloadError, match=r"Cannot use the cache .*Not a directory"):
        get(tmp_path / "cache" / "fashion" / "a.gz", mirror.url("good"))
