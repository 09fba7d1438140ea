"""How the time of an epoch grows with rows, with width and with depth: three plots and a JSON file.

Run: python -m benchmarks.growth --out growth.svg [--peers ours,numpy] [--repeats 3] [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.peers import PEERS
from benchmarks.suite import Settings, measure
from benchmarks.workloads import TABLE, Workload

ROWS = 20_000
"""Where another size grows."""
SIZES: dict[str, tuple[int, ...]] = {
    "rows": (1_000, 10_000, 100_000, 1_000_000),
    "width": (4, 16, 64, 256, 1024),
    "depth": (1, 2, 4, 8, 16),
}
MEANINGS = {
    "rows": "rows, network 50-64-64-1",
    "width": f"units in each of two hidden layers, {ROWS:,} rows",
    "depth": f"hidden layers of 64 units, {ROWS:,} rows",
}
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999")
"""Okabe and Ito's, told apart by colour-blind readers; ours first."""


def workload(kind: str, size: int) -> Workload:
    """The table's workload with one size changed."""
    inputs, last = TABLE.widths[0], TABLE.widths[-1]
    named = replace(TABLE, name=f"{kind} {size:,}", title=MEANINGS[kind])
    if kind == "rows":
        return replace(named, rows=size)
    hidden = (size,) * 2 if kind == "width" else (64,) * size
    return replace(named, rows=ROWS, widths=(inputs, *hidden, last))


def grown(names: list[str], settings: Settings, quick: bool) -> dict[str, Any]:
    """Median seconds of an epoch: ``found[kind][peer]`` is a list with one entry per size."""
    found: dict[str, Any] = {}
    for kind, sizes in SIZES.items():
        found[kind] = {name: [] for name in names}
        for size in sizes[:2] if quick else sizes:
            work = workload(kind, size)
            work = replace(work, rows=min(work.rows, size + 600)) if quick else work
            settings.say(f"{work.name}  ({work.title})")
            for name, result in measure(work, names, settings).items():
                found[kind][name].append(result.median)
    return found


def draw(found: dict[str, Any], path: Path) -> None:
    """Three plots beside each other with logarithmic axes.

    Args:
        found: What :func:`grown` gave.
        path: A picture that matplotlib can write.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    for axes, (kind, peers) in zip(figure.subplots(1, len(found)), found.items(), strict=True):
        for colour, (name, seconds) in zip(COLOURS * 2, peers.items(), strict=False):
            sizes = SIZES[kind][: len(seconds)]
            points = [(n, s) for n, s in zip(sizes, seconds, strict=True) if s is not None]
            if points:
                thick = 2.5 if name == "ours" else 1.5
                axes.loglog(*zip(*points, strict=True), "o-", color=colour, lw=thick, ms=4)
                axes.lines[-1].set_label(PEERS[name].title)
        axes.set(xlabel=MEANINGS[kind], title=f"Growing {kind}")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("seconds per epoch")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--peers", default="ours,numpy,jax,torch,sklearn,keras-jax")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of each peer")
    parser.add_argument("--out", type=Path, default=Path("growth.svg"), help="the picture")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the code")
    options = parser.parse_args(arguments)
    found = grown(options.peers.split(","), Settings(options.repeats), options.quick)
    draw(found, options.out)
    record = {"machine": machine.describe(), "sizes": SIZES, "seconds": found}
    options.out.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
