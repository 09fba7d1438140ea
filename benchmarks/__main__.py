"""The command: python -m benchmarks [--workloads W1,W3] [--peers ours,numpy,…]."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import floor, machine, table, workloads
from benchmarks.peers import PEERS
from benchmarks.suite import Settings, measure


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    names = options.peers.split(",")
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise SystemExit(f"There are the peers {', '.join(PEERS)}; no {', '.join(unknown)}.")
    try:
        chosen = workloads.chosen(options.workloads)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    settings = Settings(options.repeats, options.budget, options.limit)
    results: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks", *(arguments or sys.argv[1:])]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "repeats": options.repeats,
        "quick": options.quick,
        "peers": names,
        "workloads": [],
    }
    for work in chosen:
        work = workloads.quick(work) if options.quick else work
        print(f"{work.name}  {work.title}", flush=True)
        rates = floor.measured()  # before every workload, as machines change their pace
        entry = table.entry(work, floor.floor(work, rates), measure(work, names, settings))
        results["workloads"].append(entry | {"rates": asdict(rates)})
        if options.out:  # after every workload: what was measured is not lost
            options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            options.out.with_suffix(".md").write_text(table.markdown(results), encoding="utf-8")
    print("\n" + table.markdown(results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    every = ",".join(work.name for work in workloads.WORKLOADS)
    parser.add_argument("--workloads", default=every, help="names with commas between")
    parser.add_argument("--peers", default=",".join(PEERS), help="names with commas between")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each peer")
    parser.add_argument("--out", type=Path, help="a JSON file; its .md has the table")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the code")
    parser.add_argument("--budget", type=float, default=60, help="seconds per peer and workload")
    parser.add_argument(
        "--limit", type=float, default=1200, help="seconds until a peer is given up"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
