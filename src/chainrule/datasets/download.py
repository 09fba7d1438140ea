"""Fetch a file once: resumed, checked before it gets its name, safe against two at a time."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from chainrule.errors import DownloadError

TIMEOUT = 30.0
"""Seconds without a byte after which a mirror is given up."""
SLOWEST = 1000
"""Bytes a second, over ``timeout`` seconds, below which a mirror is given up too."""
CHUNK = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"

Progress = Callable[[int, int | None], None]
"""Told the bytes so far, and the bytes in all where known."""


def fetch(
    urls: Sequence[str],
    path: str | os.PathLike[str],
    sha256: str,
    most_bytes: int,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
    advice: str = "",
) -> Path:
    """Bring a gzip file to ``path`` unless it is there.

    The hash is that of the decompressed content: mirrors differ in the gzip header. A part that
    was fetched before an interruption is kept beside the file, as ``….part``, and resumed.

    Args:
        urls: Mirrors, tried in order.
        path: Where the file goes; its folder is made.
        sha256: Of the decompressed content.
        most_bytes: Length of the decompressed content: more is not read.
        progress: Called while bytes come in.
        timeout: Seconds without a byte after which a mirror is given up.
        advice: How else to get the file, for the message of an error.

    Raises:
        DownloadError: No mirror gave the file, or the folder cannot be written to. The message
            has the reason of each mirror, the hash, the place and the advice.
    """
    path = Path(path)
    if _is_good(path, sha256, most_bytes):  # needs no right to write
        return path
    with contextlib.ExitStack() as stack:
        with _own_faults(path.parent, advice):
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(path.with_name(f".{path.name}.lock")))
        if not _is_good(path, sha256, most_bytes):  # another process may have fetched it meanwhile
            _Fetching(path, sha256, most_bytes, progress, timeout, advice).from_any(urls)
    return path


def flaw(path: Path, sha256: str, most_bytes: int) -> str:
    """What is wrong with a gzip or plain file's content; empty if it is as it should be.

    Args:
        path: The file.
        sha256: What its decompressed content must have.
        most_bytes: More is not read: a small file may become a very large one.

    Raises:
        OSError: It cannot be read.
    """
    import gzip
    import hashlib
    import zlib

    digest, length = hashlib.sha256(), 0
    with open(path, "rb") as packed:
        begin = packed.read(40)
        packed.seek(0)
        compressed = begin.startswith(GZIP_MAGIC)
        try:
            file = cast("IO[bytes]", gzip.GzipFile(fileobj=packed) if compressed else packed)
            while chunk := file.read(1 << 20):
                length += len(chunk)
                if length > most_bytes:
                    return f"its content is longer than {most_bytes} bytes"
                digest.update(chunk)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            return f"not a whole gzip file ({error})"
    if digest.hexdigest() == sha256:
        return ""
    what = "" if compressed else f"; it is no gzip file but begins with {begin!r}"
    return f"the SHA-256 of its content is {digest.hexdigest()}, not {sha256}{what}"


def _is_good(path: Path, sha256: str, most_bytes: int) -> bool:
    try:
        return not flaw(path, sha256, most_bytes)
    except OSError:  # most often: it is not there
        return False


class _MirrorError(Exception):
    """Why one mirror did not give the file."""


@dataclass(frozen=True)
class _Fetching:
    """One file on its way: what is asked for, and the part that has come."""

    path: Path
    sha256: str
    most_bytes: int
    progress: Progress | None
    timeout: float
    advice: str

    @property
    def part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    def from_any(self, urls: Sequence[str]) -> None:
        """Bring the file from the first mirror that has it.

        Raises:
            DownloadError: None has, or the folder cannot be written to.
        """
        reasons = []
        for url in urls:
            try:
                return self._from_one(url)
            except _MirrorError as error:
                reasons.append(f"  {url}: {error}\n")
        raise DownloadError(
            f"Could not fetch {self.path.name}.\n{''.join(reasons)}"
            f"It would go to {self.path}; the SHA-256 of its decompressed content must be "
            f"{self.sha256}. {self.advice}".rstrip()
        )

    def _from_one(self, url: str) -> None:
        resumed = self._stream(url)
        with self._own_faults():
            wrong = flaw(self.part, self.sha256, self.most_bytes)
            if not wrong:
                _sync(self.part)
                os.replace(self.part, self.path)
                return
            self.part.unlink()
        if not resumed:
            raise _MirrorError(wrong)
        # The beginning may be of another mirror, whose gzip header is another: once more, anew.
        self._from_one(url)

    def _stream(self, url: str) -> bool:
        """Append to the part what is missing of it; whether any of it was there before."""
        with self._own_faults():
            have = self.part.stat().st_size if self.part.exists() else 0
        with _mirrors_faults():
            response = _answer(url, have, self.timeout)
        if response is None:  # nothing comes after the part: it is whole, or not of this file
            return True
        with response:
            resumed = have > 0 and response.status == 206
            have = have if resumed else 0  # a server without ranges sends the whole again
            length = response.headers.get("Content-Length") or ""
            total = have + int(length) if length.isdecimal() else None
            for chunk in self._appended(self._chunks(response), "ab" if resumed else "wb"):
                have += len(chunk)
                if self.progress is not None:
                    self.progress(have, total)
        if total is not None and have < total:
            raise _MirrorError(f"the connection ended after {have} of {total} bytes")
        return resumed

    def _chunks(self, response: Any) -> Iterator[bytes]:
        """What a server sends, as it comes; not for ever, and not drop by drop."""
        most = 2 * self.most_bytes + CHUNK  # no compressed file is so long
        length, window, since = 0, 0, time.monotonic()
        while True:
            with _mirrors_faults():
                chunk: bytes = response.read1(CHUNK)
            if not chunk:
                return
            length, window = length + len(chunk), window + len(chunk)
            if length > most:
                raise _MirrorError(f"it does not end: {length} bytes came")
            if (seconds := time.monotonic() - since) >= self.timeout:
                if window < SLOWEST * seconds:
                    raise _MirrorError(f"slower than {SLOWEST} bytes a second")
                window, since = 0, time.monotonic()
            yield chunk

    def _appended(self, chunks: Iterator[bytes], mode: Literal["ab", "wb"]) -> Iterator[bytes]:
        """Pass chunks on once they are in the part."""
        # Unbuffered: what has come is in the file even if this process is killed.
        with contextlib.ExitStack() as stack:
            with self._own_faults():
                file = stack.enter_context(open(self.part, mode, buffering=0))
            for chunk in chunks:
                with self._own_faults():
                    rest = memoryview(chunk)
                    while rest:  # a full disk may take some of it before it refuses
                        rest = rest[file.write(rest) :]
                yield chunk

    def _own_faults(self) -> contextlib.AbstractContextManager[None]:
        return _own_faults(self.path.parent, self.advice)


def _answer(url: str, have: int, timeout: float) -> Any:
    """The answer of a server, from byte ``have`` on if it can; ``None`` if it has no more."""
    import urllib.error
    import urllib.request

    class SafeRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
        ) -> Any:
            try:
                _check_scheme(newurl)  # urllib would follow ftp
            except ValueError:
                fp.close()
                raise
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    _check_scheme(url)
    headers = {"User-Agent": "chainrule"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (checked above)
    try:
        return urllib.request.build_opener(SafeRedirects).open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return None
        raise


def _check_scheme(url: str) -> None:
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"only http and https are followed, not {url}")


def _sync(path: Path) -> None:
    """Let the content reach the disk before the name does."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _mirrors_faults() -> Iterator[None]:
    """Whatever goes wrong in talking to a server is a reason to try the next one."""
    from http.client import HTTPException  # a broken answer is no OSError
    from urllib.error import HTTPError

    try:
        yield
    except (OSError, ValueError, HTTPException) as error:
        reason = error if isinstance(error, HTTPError) else getattr(error, "reason", error)
        raise _MirrorError(str(reason).strip() or type(error).__name__) from error


@contextlib.contextmanager
def _own_faults(folder: Path, advice: str) -> Iterator[None]:
    """What goes wrong in our folder would go wrong with every server."""
    try:
        yield
    except OSError as error:
        raise DownloadError(
            f"Cannot use the cache {folder}: {error.strerror or error}. Make room or set "
            f"XDG_CACHE_HOME to a folder that you may write to. {advice}".rstrip()
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process in at a time; the lock goes with the process, even if it is killed."""
    with open(path, "a+b") as file:
        if os.name == "nt":
            _lock_on_windows(file)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_on_windows(file: IO[bytes]) -> None:
    import msvcrt

    while True:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return
        except OSError:  # another process has it
            time.sleep(0.1)
