"""Load one file that somebody wrote and check what is in it; run as a process of its own.

``python -m chainrule.cli.examination FILE RESULTS SECONDS MEGABYTES [OPTIMIZER]`` writes one JSON
object a line into RESULTS: first how loading went, then a verdict for each class and function, as
soon as it is there. The process can be ended at any time; what was written stays.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

SHARE = 0.4
"""Of the time, for loading the file; the rest is for checking."""


class TimeIsUp(BaseException):
    """The time for a part is over."""


def main() -> None:
    """Load and check."""
    file, results, seconds, megabytes, *more = sys.argv[1:]
    _limit_memory(int(megabytes))
    begun = time.monotonic()
    with open(results, "a", encoding="utf-8") as written:

        def tell(**facts: Any) -> None:
            print(json.dumps(_plain(facts)), file=written, flush=True)

        from chainrule.glass import hand_ins  # before the file: its folder may have a numpy.py

        module, message = _loaded(Path(file).resolve(), float(seconds) * SHARE)
        found = hand_ins.hand_ins(module, *more)
        tell(message=message, found=[one.label for one in found])
        for index, one in enumerate(found):
            left = float(seconds) - (time.monotonic() - begun)
            tell(begun=one.label)
            tell(checked=asdict(_checked(one, module, left / (len(found) - index))))


def _loaded(path: Path, seconds: float) -> tuple[ModuleType, str]:
    """The module as far as it could be loaded, and what stopped it; ``""`` if nothing did."""
    os.chdir(path.parent)
    sys.path.append(str(path.parent))
    sys.argv = [str(path)]
    spec = importlib.util.spec_from_file_location("hand_in", path)
    assert spec is not None  # noqa: S101  (the name ends with .py)
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules["hand_in"] = module
    message = ""
    try:
        with _alarm(seconds):
            spec.loader.exec_module(module)
    except TimeIsUp:
        message = (
            f"Loading it was cut off after {seconds:.3g} s: it computes, or waits, at the top "
            'level. Put that under `if __name__ == "__main__":`.'
        )
    except SystemExit:
        message = "It calls exit() when it is loaded."
    except KeyboardInterrupt:
        raise
    except EOFError:
        message = "It asks for input() when it is loaded, and there is nobody to answer."
    except SyntaxError as error:
        message = f"It is not Python: {error.msg} (line {error.lineno})."
    except ModuleNotFoundError as error:
        message = f"It imports {error.name!r}, which is not installed."
    except MemoryError:
        message = "It needs more memory than it may have."
    except BaseException as error:
        message = f"Loading it raises {_described(error, path)}."
    return module, message


def _checked(one: Any, module: ModuleType, seconds: float) -> Any:
    from chainrule.glass.hand_ins import Checked, checked

    message = ""
    try:
        with _alarm(seconds):
            return checked(one, module)
    except TimeIsUp:
        message = f"It was still running after {seconds:.3g} s. Is there a loop without an end?"
    except SystemExit:
        message = "It calls exit()."
    except EOFError:
        message = "It asks for input(), and there is nobody to answer."
    except MemoryError:
        message = "It needs more memory than it may have."
    except Exception as error:
        path = Path(str(module.__file__))
        message = f"It raises {_described(error, path)}."
    return Checked(one.label, one.kind, one.rule, "unchecked", message)


def _described(error: BaseException, path: Path) -> str:
    """The error in one line, with the line of the file where it came from."""
    where, step = "", error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            where = f" (line {step.tb_lineno})"
        step = step.tb_next
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{where}" + (f": {text[:200]}" if text else "")


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeIsUp` in the block after a while, where the platform has such alarms."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit_memory(megabytes: int) -> None:
    """Let allocations fail beyond a size, where the platform can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        limit = megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _plain(value: Any) -> Any:
    """Without infinities and NaN, which JSON has not."""
    from chainrule.cli.output import json_text

    return json.loads(json_text(value))


if __name__ == "__main__":
    main()
