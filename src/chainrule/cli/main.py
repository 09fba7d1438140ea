"""Where the program ``chainrule`` begins and ends: what it was asked, and how errors are told.

The commands, and with them Typer, are loaded when there is something to do for them.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from typing import Any

from chainrule.version import __version__

TRACEBACK = "CHAINRULE_TRACEBACK"
"""Environment variable that shows where an internal error came from."""


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["--version"]:  # 65 ms sooner than through Typer
        print(f"chainrule {__version__}")
        return
    if hasattr(sys.stdout, "reconfigure"):  # a name that the encoding lacks is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.showwarning = _note
    code: Any = 0
    try:
        from chainrule.cli.app import app

        code = app(prog_name="chainrule", standalone_mode=False)
        sys.stdout.flush()  # a closed pipe is noticed here, not while Python ends
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BrokenPipeError:
        code = reader_gone()
    except SystemExit as end:  # Typer and Rich end the program themselves when a pipe is closed
        code = reader_gone() if isinstance(end.__context__, BrokenPipeError) else end.code
    except Exception as error:
        code = _told(error)
    sys.exit(code)


def reader_gone() -> int:
    """Write to nowhere from now on; the exit code of a program whose reader went away."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + 13  # SIGPIPE, which Windows does not name


def _told(error: Exception) -> int:
    """Tell a wrong call in Typer's words, or an error of ours that nobody expected."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(context.get_help() if context else error, file=sys.stderr)
        return 2
    if hasattr(error, "format_message"):
        command = context.command_path if context else "chainrule"
        print(f"Error: {error.format_message()}", file=sys.stderr)
        print(f"Try: {command} --help", file=sys.stderr)
        return int(getattr(error, "exit_code", 2))
    if os.environ.get(TRACEBACK):
        raise error
    print(f"Error: {type(error).__name__} inside chainrule: {error}", file=sys.stderr)
    print(f"Try: {TRACEBACK}=1 shows where, for a report of this bug", file=sys.stderr)
    return 1


def _note(message: Warning | str, *place: Any, **more: Any) -> None:
    """A warning as one line, without the place in the source."""
    print(f"Note: {message}", file=sys.stderr)


if __name__ == "__main__":
    main()
