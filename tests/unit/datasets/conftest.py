"""Machines with and without the data, and a mirror that can misbehave as any server can."""

import contextlib
import gzip
import hashlib
import http.server
import os
import shutil
import socket
import struct
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from chainrule.datasets import fashion_mnist, idx

CONTENT = idx.encode(np.random.default_rng(0).integers(0, 256, (300, 20, 20)).astype(np.uint8))
BODY = gzip.compress(CONTENT, 1, mtime=0)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Mirror(http.server.ThreadingHTTPServer):
    """Serves ``BODY`` under /good, the sample under /sample-NAME; other paths misbehave."""

    daemon_threads = True

    def __init__(self):
        self.requests = []
        self.ended = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        path, _, argument = self.path[1:].partition("-")
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.server.requests.append((path, start))
        getattr(self, f"serve_{path}")(start, argument)

    def send(self, status, body, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def send_range(self, start, body):
        if start >= len(body):
            return self.send(416, b"")
        return self.send(206 if start else 200, body[start:])

    def serve_good(self, start, _):
        self.send_range(start, BODY)

    def serve_sample(self, start, name):
        self.send_range(start, (fashion_mnist.SAMPLE / name).read_bytes())

    def serve_renamed(self, start, _):
        """The same content behind another gzip header, as mirrors have it."""
        header = b"\x1f\x8b\x08\x08" + BODY[4:10] + b"a-longer-name\0"
        self.send_range(start, header + BODY[10:])

    def serve_plain(self, start, _):
        """What a proxy makes of it that unpacks all that it passes on."""
        self.send(200, CONTENT)

    def serve_norange(self, start, _):
        self.send(200, BODY)

    def serve_unsized(self, start, _):
        """Does not say how long it is."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)

    def serve_cut(self, start, number):
        """Ends after ``number`` bytes although it promised more."""
        self.send(206 if start else 200, BODY[start : int(number)], len(BODY) - start)

    def serve_cutchunk(self, start, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc")

    def serve_nonsense(self, start, _):
        self.wfile.write(b"220 mail.example.org ESMTP\r\n\r\n")

    def serve_reset(self, start, _):
        self.send(200, BODY[:1000], len(BODY))
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.connection.shutdown(socket.SHUT_RD)

    def serve_status(self, start, number):
        self.send(int(number), b"sorry")

    def serve_redirect(self, start, scheme):
        there = {"file": "file:///etc/passwd", "ftp": "ftp://127.0.0.1/a.gz", "http": "/good"}
        self.send(302, b"", Location=there[scheme])

    def serve_loop(self, start, _):
        self.send(302, b"", Location="/loop")

    def serve_login(self, start, _):
        self.send(200, b"<html>Please log in</html>")

    def serve_other(self, start, _):
        """The right length, the wrong bytes."""
        self.send(200, gzip.compress(CONTENT[:-1] + b"!", mtime=0))

    def serve_rubbish(self, start, _):
        """Begins as a gzip file does."""
        self.send(200, BODY[:10] + b"rubbish" * 1000)

    def serve_bomb(self, start, _):
        self.send(200, gzip.compress(b"\0" * 10_000_000, 1, mtime=0))

    def serve_endless(self, start, _):
        self.send(200, b"", 10**12)
        with contextlib.suppress(OSError):
            while not self.server.ended.is_set():
                self.wfile.write(b"\x1f\x8b" + bytes(99_998))

    def serve_silent(self, start, _):
        self.send(200, BODY[:1000], len(BODY))
        self.server.ended.wait()

    def serve_drip(self, start, _):
        """Never so slow that a read times out."""
        self.trickle(start, 1)

    def serve_slow(self, start, _):
        """A little at a time, for others to interrupt."""
        self.trickle(start, 4000)

    def trickle(self, start, step):
        self.send(206 if start else 200, b"", len(BODY) - start)
        with contextlib.suppress(OSError):
            for place in range(start, len(BODY), step):
                self.wfile.write(BODY[place : place + step])
                if self.server.ended.wait(0.02):
                    return


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server = Mirror()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def common_folder():
    """A folder that other users may enter, as those of pytest may not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def closed(folder, mode):
    """While it lasts, a folder's mode binds whoever runs the tests, even root."""
    root = os.geteuid() == 0
    folder.chmod(mode)
    if root:
        os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without the data set and without a network."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(fashion_mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """The sample takes the place of the full set."""
    files = []
    for file in fashion_mnist.FILES:
        content = gzip.decompress((fashion_mnist.SAMPLE / f"{file.name}.gz").read_bytes())
        digest = hashlib.sha256(content).hexdigest()
        files.append(file._replace(size=len(content), sha256=digest))
    monkeypatch.setattr(fashion_mnist, "FILES", tuple(files))


def put(folder, compressed=True):
    """A copy of the sample."""
    folder.mkdir(parents=True)
    for file in fashion_mnist.FILES:
        packed = (fashion_mnist.SAMPLE / f"{file.name}.gz").read_bytes()
        if compressed:
            (folder / f"{file.name}.gz").write_bytes(packed)
        else:
            (folder / file.name).write_bytes(gzip.decompress(packed))
    return folder
