"""Keras' surface beside chainrule's: what docs/keras.md must say, and a writer of its tables.

A row is ``| `names` | status | arguments | note |``. The note alone is written by hand; the rest is
computed from the two libraries: a name is *out* where chainrule lacks it, *different* where its
arguments differ or there is a note, else *in*. A row of several names is a group that is out.

Run: python -m tests.docs.keras_page   to bring the tables of docs/keras.md up to date
"""

import inspect
import os
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from tests.properties import test_loss_stability, test_stability

from chainrule.core.rule import Formula
from chainrule.losses import LossRule
from chainrule.optimizers.settings import DEFAULTS

KEYWORD = inspect.Parameter.KEYWORD_ONLY
PAGE = Path(__file__).parents[2] / "docs" / "keras.md"
VERSION = ".".join(keras.__version__.split(".")[:2])

MODULES = (
    "layers",
    "activations",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "initializers",
    "regularizers",
    "constraints",
    "callbacks",
    "models",
    "utils",
)
CLASSES = {"Sequential": "models", "Layer": "layers"}
"""Classes whose methods have a section, and where they are."""

SECTIONS = (*MODULES, *CLASSES)
RANGES = "## Numerical ranges"
DISGUISED = {keras.Model: lambda inputs=None, outputs=None, name=None, trainable=True: None}
"""Classes that take any arguments, and which they understand."""

BASES = ("Layer", "Loss", "Metric", "Optimizer", "LearningRateSchedule", "Initializer")
"""What differs in the arguments of a base is said there, and not at every subclass."""

ROW = re.compile(r"\| (`.+?`) \| (in|different|out|\?) \| ?(.*?) ?\| ?(.*?) ?\|")


@dataclass
class Row:
    """One row of a table."""

    names: list[str]
    status: str = "?"
    arguments: str = ""
    note: str = ""

    def __str__(self):
        names = ", ".join(f"`{name}`" for name in self.names)
        cells = (names, self.status, self.arguments, self.note)
        return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def read(text):
    """The rows of every section."""
    rows, section = {name: [] for name in SECTIONS}, None
    for line in text.split("\n"):
        if line.startswith("## "):
            section = line.removeprefix("## keras.")
        match = ROW.fullmatch(line)
        if match and section in rows:
            names, *cells = match.groups()
            rows[section].append(Row(re.findall(r"`(.+?)`", names), *cells))
    return rows


# ---------------------------------------------------------------- the two libraries


def place(library, section):
    """The module or class that a section is about; ``None`` if chainrule has none."""
    if section in CLASSES:
        return getattr(place(library, CLASSES[section]), section, None)
    try:
        return import_module(f"{library}.{section}")
    except ModuleNotFoundError:
        return None


def public_names(section):
    """Keras' public names of a section."""
    return [name for name in dir(place("keras", section)) if not name.startswith("_")]


def ours(section, name):
    """What chainrule has under a name; ``None`` if nothing public."""
    home = place("chainrule", section)
    if inspect.isclass(home):
        return getattr(home, name, name if name in vars(home()) else None)
    found = getattr(home, name, None)
    if hasattr(home, "__all__") and name not in home.__all__:
        return None
    if callable(getattr(place("keras", section), name)) and not callable(found):
        return None
    origin = getattr(found, "__module__", getattr(found, "__name__", ""))
    return found if origin.startswith("chainrule") else None


def arguments(thing, base=None):
    """Names and defaults, with what ``**kwargs`` hands on to the base."""
    if isinstance(thing, Formula):
        return arguments_of_rule(thing)
    function = thing.__init__ if isinstance(thing, type) else thing
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    if "Unpack" in str(found.get("common", "")):  # what all optimizers take
        common = get_args(get_type_hints(function)["common"])[0].__annotations__
        found |= {n: inspect.Parameter(n, KEYWORD, default=DEFAULTS.get(n)) for n in common}
    elif any(p.kind is p.VAR_KEYWORD for p in found.values()) and base not in (None, thing):
        found |= {name: p for name, p in arguments(base).items() if name not in found}
    return {n: p for n, p in found.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}


def arguments_of_rule(rule):
    """What a rule takes when it is called as a function."""
    found = dict(inspect.signature(rule.forward).parameters)
    called = dict(inspect.signature(type(rule).__call__).parameters)
    if isinstance(rule, LossRule):
        optional = {"from_logits": rule.logits is not None, "ignore_class": rule.sparse}
        return found | {name: called[name] for name, has in optional.items() if has}
    if any(p.kind is p.VAR_POSITIONAL for p in called.values()):
        return found  # called as every rule is: arrays, then options
    return {name: p for name, p in called.items() if name != "self"}


def base_of(thing):
    """The base, among ``BASES``, that a class has its common arguments from."""
    kinds = thing.__mro__ if isinstance(thing, type) else ()
    return next((kind for kind in kinds if kind.__name__ in BASES), None)


def differences(our_thing, keras_thing):
    """How the arguments of one thing differ: pairs of a kind, or a default, and a name."""
    keras_thing = DISGUISED.get(keras_thing, keras_thing)
    mine, theirs = (arguments(t, base_of(t)) for t in (our_thing, keras_thing))
    if isinstance(our_thing, Formula):  # arrays are given by place
        renamed = dict(zip(our_thing.inputs, theirs, strict=False))
        mine = {renamed.get(name, name): p for name, p in mine.items()}
    both = (mine, theirs), (theirs, mine)
    said = [("no", name) for name in theirs if name not in mine]
    own = arguments(our_thing) if not takes_all(keras_thing) else ()
    said += [("more", name) for name in mine if name not in theirs and name in own]
    places = [[n for n in one if is_placed(one, n) and is_placed(other, n)] for one, other in both]
    if places[0] != places[1]:
        said.append(("order", next(a for a, b in zip(*places, strict=True) if a != b)))
    for name in theirs:
        if name in mine and name != "name" and not same(mine[name].default, theirs[name].default):
            default = mine[name].default
            said.append(("required" if default is mine[name].empty else repr(default), name))
    return said


def is_placed(found, name):
    """Whether an argument may be given by its place."""
    return name in found and found[name].kind is not KEYWORD


def takes_all(thing):
    """Whether a function takes any arguments at all, so that its signature says nothing."""
    kinds = [p.kind for p in inspect.signature(thing).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds


def same(a, b):
    """Whether two defaults mean the same; Keras knows ``"zeros"`` as ``"Zeros"`` too."""
    a, b = (value.lower() if isinstance(value, str) else value for value in (a, b))
    return a == b or (isinstance(a, type) and isinstance(b, type))


def unused(thing):
    """What a docstring says of arguments that must have one value, or have no effect."""
    text = re.sub(r"\n {5,}", " ", inspect.getdoc(thing) or "")
    idle, further = [], 0
    for name, said in re.findall(r"^    (\w+): ([^.:;]+)", text, re.M):
        if said.startswith("Must be"):
            yield f"`{name}` {said.lower()}"
        if said.startswith("Kept for Keras' signature") or further:
            idle.append(f"`{name}`")
            count = re.search("as are the next (two|three)", said)
            further = {"two": 2, "three": 3}[count[1]] if count else max(further - 1, 0)
    if idle:
        yield f"without effect: {', '.join(idle)}"


def described(section, name):
    """The text of the column of arguments."""
    mine, theirs = ours(section, name), getattr(place("keras", section), name)
    if not (callable(mine) and callable(theirs)):
        return ""
    found = differences(mine, theirs)
    bases = base_of(mine), base_of(theirs)
    if None not in bases and theirs is not bases[1]:
        common = differences(*bases)
        found = [pair for pair in found if pair not in common]
    texts = list(unused(mine))
    for kind in ("no", "more", "order"):
        names = [f"`{name}`" for said, name in found if said == kind]
        shown = "in another order from" if kind == "order" else kind
        texts += [f"{shown} {', '.join(names)}"] if names else []
    texts += [f"`{name}={value}`" for value, name in found if value not in ("no", "more", "order")]
    return "; ".join(texts)


# ---------------------------------------------------------------- what must be


def expected(section, row):
    """The row as it must be, the note as it is."""
    missing = [ours(section, name) is None for name in row.names]
    if all(missing):
        return Row(row.names, "out", "", row.note)
    text = described(section, row.names[0])
    return Row(row.names, "different" if text or row.note else "in", text, row.note)


def problems(section, rows):
    """All that is wrong with the rows of a section, in words."""
    listed = [name for row in rows for name in row.names]
    names = public_names(section)
    for name in names:
        if listed.count(name) != 1:
            yield f"`{name}` has {listed.count(name)} rows, not one"
    for name in listed:
        if name not in names:
            yield f"`{name}` is not in Keras {VERSION}"
    for row in rows:
        if not set(row.names) <= set(names):
            continue
        missing = [ours(section, name) is None for name in row.names]
        right = expected(section, row)
        if len(row.names) > 1 and not all(missing):
            there = [n for n, gone in zip(row.names, missing, strict=True) if not gone]
            yield f"give these a row each, for chainrule has them: {there}"
        elif str(row) != str(right):
            yield f"this row is wrong:\n    {row}\n  write:\n    {right}"
        elif right.status == "out" and not row.note:
            yield f"say why, in the last column: {row}"


def updated(section, rows):
    """The rows with their computed cells put right, in order: single names, then groups."""
    names = public_names(section)
    done = []
    for row in rows:
        gone = [name for name in row.names if name in names and ours(section, name) is None]
        there = [name for name in row.names if name in names and name not in gone]
        was_out = len(row.names) > 1 or row.status == "out"
        done += [Row(gone, note=row.note if was_out else "")] if gone else []
        done += [Row([name], note="" if was_out else row.note) for name in there]
    listed = {name for row in done for name in row.names}
    done += [Row([name]) for name in names if name not in listed]
    done.sort(key=lambda row: (len(row.names) > 1, row.names[0].lower()))
    return [expected(section, row) for row in done]


def ranges(table):
    """The rows of a table of what overflows by nature: of activations, or of losses."""
    if table.startswith("| Loss"):
        for name, limit in test_loss_stability.LIMITS.items():
            cells = [cell.replace("|", "\\|") for cell in (limit.range, limit.reason)]
            yield f"| `{name}` | {' | '.join(cells)} |"
        return
    for name, (limit, why) in test_stability.LIMITS.items():
        largest = [limit(np.finfo(dtype).max) for dtype in (np.float32, np.float64)]
        yield f"| `{name}` | {' | '.join(f'{float(z):.4g}' for z in largest)} | {why} |"


def rewritten(text):
    """The page with its tables put right."""
    rows = read(text)
    lines, section = [], None
    for line in text.split("\n"):
        if line.startswith("## "):
            section = line.removeprefix("## keras.")
        if line.startswith("| `") and (section in rows or section == RANGES):
            continue
        lines.append(line)
        if line.startswith("| ---"):
            known = section in rows
            lines += map(str, updated(section, rows[section])) if known else ranges(lines[-2])
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
