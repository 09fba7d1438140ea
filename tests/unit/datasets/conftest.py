"""A mirror on this machine that can misbehave in every way that a server can."""

import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

from chainrule.datasets import idx

CONTENT = idx.encode(np.random.default_rng(0).integers(0, 256, (300, 20, 20)).astype(np.uint8))
BODY = gzip.compress(CONTENT, 1, mtime=0)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Mirror(http.server.ThreadingHTTPServer):
    """Serves ``BODY`` under /good; other paths misbehave."""

    daemon_threads = True

    def __init__(self):
        self.requests = []
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        path, _, number = self.path[1:].partition("-")
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.server.requests.append((path, start))
        getattr(self, f"serve_{path}")(start, int(number or 0))

    def send(self, status, body, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def serve_good(self, start, number):
        if start >= len(BODY):
            return self.send(416, b"")
        return self.send(206 if start else 200, BODY[start:])

    def serve_norange(self, start, number):
        self.send(200, BODY)

    def serve_cut(self, start, number):
        """Ends after ``number`` bytes although it promised more."""
        self.send(206 if start else 200, BODY[start:number], len(BODY) - start)

    def serve_status(self, start, number):
        self.send(number, b"sorry")

    def serve_file(self, start, number):
        self.send(302, b"", Location="file:///etc/passwd")

    def serve_ftp(self, start, number):
        self.send(302, b"", Location="ftp://127.0.0.1/a.gz")

    def serve_login(self, start, number):
        self.send(200, b"<html>Please log in</html>")

    def serve_other(self, start, number):
        self.send(200, gzip.compress(CONTENT[:-1] + b"!"))

    def serve_bomb(self, start, number):
        self.send(200, gzip.compress(b"\0" * 50_000_000))

    def serve_slow(self, start, number):
        """A little at a time, for others to interrupt."""
        self.send(206 if start else 200, b"", len(BODY) - start)
        try:
            for place in range(start, len(BODY), 2000):
                self.wfile.write(BODY[place : place + 2000])
                self.wfile.flush()
                self.server.pause.wait(0.02)
        except OSError:
            pass


@pytest.fixture
def mirror():
    server = Mirror()
    server.pause = threading.Event()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield server
    server.shutdown()
    server.server_close()
