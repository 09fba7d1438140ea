"""Runs the command line as a process: in a pipe, in a terminal."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time

COMMAND = [sys.executable, "-m", "chainrule.cli.main"]
QUICK = ["train", "exam-scores", "--epochs", "2"]
LONG = ["train", "exam-scores", "--epochs", "100000"]


def run(world, *arguments, **environment):
    """In a pipe: what it wrote, and how it ended."""
    folder, base = world
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=base | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


@contextlib.contextmanager
def started(world, *arguments, **options):
    """In a pipe, for somebody to interrupt; ended in any case."""
    folder, environment = world
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment | options.pop("environment", {}),
        stdout=subprocess.PIPE,
        stderr=options.pop("stderr", subprocess.STDOUT),
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def in_terminal(world, *arguments, **environment):
    """Run in a pty; return the exit code and what a terminal would have got."""
    folder, base = world
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=base | {"TERM": "xterm"} | environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([controller], [], [], 0.2)
        if ready:
            try:
                part = os.read(controller, 65536)
            except OSError:
                break
            if not part:
                break
            seen += part
    os.close(controller)
    return process.wait(timeout=20), seen.decode("utf-8")
