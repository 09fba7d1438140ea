"""Results as JSON and as Markdown: medians, and by how much each peer is slower than we are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.workloads import Workload

Result = dict[str, Any]
"""A workload's entry of the JSON file: see :func:`entry`."""


def entry(work: Workload, floor: Any, peers: dict[str, Any]) -> Result:
    """One workload's results, JSON-ready.

    Args:
        work: The workload.
        floor: Its floor, or ``None``.
        peers: A measurement of each peer.
    """
    ours = peers["ours"].median if "ours" in peers else None
    measured = {name: result.as_dict() for name, result in peers.items()}
    for result in measured.values():
        median = result["median"]
        result["ratio"] = median / ours if median and ours else None
    return {
        "name": work.name,
        "title": work.title,
        "rows": work.rows,
        "widths": work.widths,
        "batch_size": work.batch_size,
        "epochs": work.epochs,
        "floor": floor
        and {"products": floor.products, "bytes": floor.bytes, "seconds": floor.seconds},
        "peers": measured,
    }


def markdown(results: dict[str, Any]) -> str:
    """The table for a README: our time, each peer's with its ratio to ours, and the floor."""
    entries, names = results["workloads"], results["peers"]
    heads = ["", *(PEERS[name].title for name in names), "floor"]
    rows = [[_line_title(e), *(_cell(e, name) for name in names), _floor_cell(e)] for e in entries]
    parts = [_table(heads, rows), *_remarks(entries, names), _spreads(entries, names)]
    return "\n\n".join([*parts, _machine(results)]) + "\n"


def _line_title(entry: Result) -> str:
    return f"**{entry['name']}** {entry['title']}"


def _cell(entry: Result, name: str) -> str:
    result = entry["peers"][name]
    if result["status"] != "ok":
        return "—" if result["status"] == "not installed" else result["status"]
    text = duration(result["median"])
    if name == "ours":
        return f"**{text}**"
    if result["ratio"] is not None:
        text += f" ({ratio(result['ratio'])})"
    return text + (" ‡" if result["differs"] else " ✗" if result["disagreements"] else "")


def _floor_cell(entry: Result) -> str:
    floor = entry["floor"]
    return duration(floor["seconds"]) if floor else ""


def duration(seconds: float) -> str:
    """Three significant digits: ``"0.156 s"``, ``"8.31 µs"``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.1 * size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def ratio(value: float) -> str:
    """``"0.87×"``, ``"2.6×"``, ``"44×"``."""
    return f"{value:,.0f}×" if value >= 10 else f"{value:.1f}×" if value >= 1 else f"{value:.2g}×"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}".rstrip(".")


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------- below the table


def _remarks(entries: list[Result], names: list[str]) -> Iterable[str]:
    """What the marks in the table mean, and who is missing and why."""
    remarks: dict[str, list[str]] = {}
    for e in entries:
        for name in names:
            for remark in _remarks_on(e["peers"][name]):
                remarks.setdefault(f"{PEERS[name].title}: {remark}", []).append(e["name"])
    everywhere = len(entries)
    lines = [
        f"- {text}" + ("" if len(where) == everywhere else f" ({', '.join(where)})")
        for text, where in remarks.items()
    ]
    head = "Medians; in brackets peer ÷ chainrule. ‡ other work, ✗ another loss than ours."
    return [head, *(["\n".join(lines)] if lines else [])]


def _remarks_on(result: dict[str, Any]) -> Iterable[str]:
    if result["status"] != "ok":
        yield f"{result['status']}: {result['reason']}"
    if result["note"]:
        yield ("‡ " if result["differs"] else "") + result["note"]
    yield from (f"✗ {text}" for text in result["disagreements"])


def _spreads(entries: list[Result], names: list[str]) -> str:
    """Spread of the repeats, and the time to compile, where there is any."""
    heads = ["spread of repeats; compiling", *(PEERS[name].title for name in names)]
    rows = [[e["name"], *(_spread_cell(e["peers"][name]) for name in names)] for e in entries]
    return _table(heads, rows)


def _spread_cell(result: dict[str, Any]) -> str:
    if result["median"] is None:
        return ""
    prepare = result["prepare"]
    text = f"±{100 * result['spread']:.0f} % of {len(result['seconds'])}"
    return text + (f"; {duration(prepare)}" if prepare and prepare >= 0.01 else "")


def _machine(results: dict[str, Any]) -> str:
    found = {**results["machine"], "versions": _versions(results["workloads"])}
    found["repeats"], found["command"] = results["repeats"], f"`{results['command']}`"
    return "\n".join(f"- {name}: {_said(value)}" for name, value in found.items())


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)


def _versions(entries: list[Result]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for e in entries:
        for name, result in e["peers"].items():
            for package, version in result["versions"].items():
                package = f"{name}: {package}" if package == "threads" else package
                found[package] = version
    return dict(sorted(found.items()))
