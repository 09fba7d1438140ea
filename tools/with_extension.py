"""Run the tests with another build of the native extension: python tools/with_extension.py FILE …

What follows the file goes to pytest.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

import chainrule


def main(path: str, *arguments: str) -> int:
    """Take the extension from ``path`` and run the tests."""
    spec = importlib.util.spec_from_file_location("chainrule._native", Path(path).resolve())
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is no extension.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["chainrule._native"] = chainrule._native = module  # type: ignore[attr-defined]
    return int(pytest.main(list(arguments)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
