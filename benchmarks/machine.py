"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

SYSFS = Path("/sys/devices/system/cpu/cpu0/cache")
THAT_MATTER = ("OMP_", "OPENBLAS_", "MKL_", "VECLIB_", "XLA_", "TF_NUM", "CHAINRULE_NUM")
"""Beginnings of environment variables that set threads or kernels: told if they are set."""


def describe() -> dict[str, Any]:
    """The machine, JSON-ready; what cannot be found out is left out."""
    found = {
        "cpu": _cpu(),
        "cores": cores(),
        "caches": _caches(),
        "memory": _memory(),
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load before": _load(),
        "variables": {k: v for k, v in os.environ.items() if k.startswith(THAT_MATTER)},
    }
    return {name: value for name, value in found.items() if value}


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    fields = dict(_field(line) for line in text.splitlines() if ":" in line)
    name = fields.get("model name", platform.processor())
    kind = ", ".join(f"{k} {fields[k]}" for k in ("cpu family", "model") if k in fields)
    vectors = [v for v in ("avx2", "avx512f", "asimd") if v in fields.get("flags", "").split()]
    return " · ".join(filter(None, (name, kind, " ".join(vectors))))


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _caches() -> str:
    """``"L1 32K, L2 1024K, L3 32768K"``, of the first core; instructions' caches left out."""
    found = []
    for folder in sorted(SYSFS.glob("index*")):
        kind, level, size = ((folder / n).read_text().strip() for n in ("type", "level", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found)


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return ""
    return f"{size / 2**30:.0f} GiB"


def _load() -> str:
    """Processes that ran or waited to, on average: what else the machine was doing."""
    try:
        return ", ".join(f"{load:.2f}" for load in os.getloadavg())
    except (AttributeError, OSError):
        return ""
