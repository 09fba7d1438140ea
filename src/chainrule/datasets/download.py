"""Fetch a file once: resumed, checked before it gets its name, safe against two at a time."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chainrule.errors import DownloadError

TIMEOUT = 30.0
"""Seconds without a byte after which a mirror is given up."""
CHUNK = 1 << 16

Progress = Callable[[int, int | None], None]
"""Told the bytes so far, and the bytes in all where known."""


def fetch(
    urls: Sequence[str],
    path: str | os.PathLike[str],
    sha256: str,
    most_bytes: int,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> Path:
    """Bring a gzip file to ``path`` unless it is there.

    The hash is that of the decompressed content: mirrors differ in the gzip header. A part that
    was fetched before an interruption is kept beside the file and resumed.

    Args:
        urls: Mirrors, tried in order.
        path: Where the file goes; its folder is made.
        sha256: Of the decompressed content.
        most_bytes: Length of the decompressed content: more is not read.
        progress: Called while bytes come in.
        timeout: Seconds without a byte after which a mirror is given up.

    Raises:
        DownloadError: No mirror gave the file; the message has the reason of each and a way out.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_name(f".{path.name}.lock")):
            if path.exists() and content_hash(path, most_bytes) == sha256:
                return path
            return _from_any(urls, path, sha256, most_bytes, progress, timeout)
    except PermissionError as error:
        raise DownloadError(
            f"Cannot write to the cache {path.parent}: {error.strerror}. Set XDG_CACHE_HOME to a "
            "folder that you may write to."
        ) from None


def content_hash(path: Path, most_bytes: int) -> str:
    """SHA-256 of a gzip or plain file's content; empty if it is damaged or too long."""
    digest, length = hashlib.sha256(), 0
    try:
        with open(path, "rb") as probe:
            compressed = probe.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if compressed else open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                length += len(chunk)
                if length > most_bytes:
                    return ""
                digest.update(chunk)
    except (EOFError, OSError, zlib.error):
        return ""
    return digest.hexdigest()


def _from_any(
    urls: Sequence[str],
    path: Path,
    sha256: str,
    most_bytes: int,
    progress: Progress | None,
    timeout: float,
) -> Path:
    part = path.with_name(f"{path.name}.part")
    reasons = []
    for url in urls:
        try:
            _stream(url, part, progress, timeout, 2 * most_bytes + CHUNK)
        except (OSError, ValueError) as error:  # urllib's errors are OSErrors
            reasons.append(f"{url}: {_reason(error)}")
            continue
        if content_hash(part, most_bytes) == sha256:
            os.replace(part, path)
            return path
        part.unlink(missing_ok=True)
        reasons.append(f"{url}: its content is another (SHA-256 must be {sha256})")
    raise DownloadError(
        f"Could not fetch {path.name}.\n  "
        + "\n  ".join(reasons)
        + f"\nIt would go to {path}. Ways out: on Debian or Ubuntu, apt install "
        "dataset-fashion-mnist; or put the files into a folder and set CHAINRULE_DATA to it."
    )


def _stream(
    url: str, part: Path, progress: Progress | None, timeout: float, most_bytes: int
) -> None:
    """Append what is missing of ``url`` to ``part``; begin anew if the server cannot resume."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("only http and https are followed")
    have = part.stat().st_size if part.exists() else 0
    with _request(url, have, timeout) as response:
        resumed = response.status == 206
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None and length.isdigit() else None
        with open(part, "ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                have += len(chunk)
                if have > most_bytes:
                    raise ValueError("it does not end where it should")
                if progress is not None:
                    progress(have, total)
    if total is not None and have < total:
        raise ValueError(f"the connection ended after {have} of {total} bytes")


def _request(url: str, have: int, timeout: float) -> Any:
    import urllib.error
    import urllib.request

    class SafeRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
        ) -> Any:
            if not newurl.startswith(("http://", "https://")):
                raise ValueError(f"redirected to {newurl}")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    headers = {"User-Agent": "chainrule"} | ({"Range": f"bytes={have}-"} if have else {})
    opener = urllib.request.build_opener(SafeRedirects)
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (checked above)
    try:
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # the part is as long as the file, or longer: begin anew
            return opener.open(
                urllib.request.Request(url, headers={"User-Agent": "chainrule"}),  # noqa: S310
                timeout=timeout,
            )
        raise


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process in at a time; the lock goes with the process, even if it is killed."""
    with open(path, "a+b") as file:
        if os.name == "nt":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
                    break
                except OSError:
                    time.sleep(0.1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
