"""Symbols for the arrays of a network: z₁, a₁, δ₁ as in textbooks, or S_H, A_H, S_O, A_O, E.

Layers with weights are numbered from 1; layers without share the number of the one before. A layer
that is used again has its second use's arrays marked ⁽²⁾. Where two arrays would have one symbol,
the later has a prime.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chainrule.core.graph import LOSS, Y_TRUE, Graph, X

_SUB = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

WEIGHTS = {
    "kernel": "W",
    "bias": "b",
    "gamma": "γ",
    "beta": "β",
    "moving_mean": "μ",
    "moving_variance": "σ²",
    "embeddings": "T",
    "alpha": "α",
    "scale": "γ",
    "mean": "μ",
    "variance": "σ²",
}
"""Letters of parameters, by their name within the layer; another keeps its name."""


def subscript(number: int) -> str:
    """``"₁₂"``."""
    return str(number).translate(_SUB)


@dataclass
class Symbols:
    """The symbol of each array of a graph.

    Attributes:
        graph: The training graph.
        parameters: Names of the parameters, in order.
        notation: ``"textbook"`` or ``"lesson"``.
    """

    graph: Graph
    parameters: tuple[str, ...]
    notation: str
    table: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = _numbered(self.graph, self.parameters)
        for name in self.parameters:
            self._add(name, self._parameter(name))
        for name in _outside(self.graph, self.parameters):
            self._add(name, self._given(name))
        for node in self.graph.nodes:
            for output in reversed(list(node.outputs.values())):
                self._add(output, self._made(output))

    def __getitem__(self, array: str) -> str:
        return self.table[array]

    @property
    def loss(self) -> str:
        """``"L"``, or ``"E"`` in the lesson."""
        return "E" if self.notation == "lesson" else "L"

    def cotangent(self, array: str) -> str:
        """``"δ₁"`` for a pre-activation in textbooks; else ``"∂L/∂a₁"``."""
        symbol = self.table.get(array, array)
        if self.notation == "textbook" and symbol.startswith("z") and _tail(array) == "z":
            return f"δ{symbol[1:]}"
        return f"∂{self.loss}/∂{symbol}"

    # ------------------------------------------------------------ one array

    def _add(self, array: str, symbol: str) -> None:
        taken = set(self.table.values())
        while symbol in taken:
            symbol += "′"
        self.table[array] = symbol

    def _number(self, array: str) -> int:
        return self._numbers.get(_owner(array), 0)

    def _parameter(self, name: str) -> str:
        letter = WEIGHTS.get(_tail(name), _tail(name))
        if self.notation == "lesson" and letter == "W":
            letter = "w"
        number = self._number(name)
        return f"{letter}{subscript(number)}" if number else letter

    def _given(self, name: str) -> str:
        kind, _, rest = name.partition("/")
        lesson = self.notation == "lesson"
        letters = {X: "X" if lesson else "x", Y_TRUE: "y"}
        if kind in letters:
            return f"{letters[kind]}_{rest}" if rest else letters[kind]
        if kind == LOSS:
            return {"weight": "w", "divisor": "d"}.get(_tail(name), _tail(name))
        number = self._number(name)  # a random mask
        return f"{_noise(_tail(name))}{subscript(number) if number else ''}"

    def _made(self, name: str) -> str:
        if name == LOSS:
            return self.loss
        kind = name.partition("/")[0]
        if kind == LOSS:
            parts = name.split("/")
            mark = f"_{parts[1]}" if len(parts) > 2 or parts[-1] != "values" else ""
            if parts[-1] == "values":
                return ("e" if self.notation == "lesson" else "ℓ") + mark
            return self.loss + mark
        if kind == "penalty":
            return f"R_{name.partition('/')[2]}"
        tail = _tail(name)
        if tail == "z" or tail == "a":
            return self._neuron(tail, name)
        number, letter = self._number(name), "h" if tail == "y" else tail  # y is the target
        return f"{letter}{subscript(number) if number else ''}{_use(name)}"

    def _neuron(self, tail: str, name: str) -> str:
        """A weighted sum or an activation."""
        number = self._number(name)
        if self.notation == "textbook":
            return f"{tail}{subscript(number) if number else ''}{_use(name)}"
        last = max(self._numbers.values(), default=0)
        letter = "S" if tail == "z" else "A"
        if number == last:
            return f"{letter}_O{_use(name)}"
        return f"{letter}_H{number if last > 2 else ''}{_use(name)}"


def _numbered(graph: Graph, parameters: Iterable[str]) -> dict[str, int]:
    """The number of each layer, in the order of the graph."""
    weighted = {_owner(name) for name in parameters}
    found: dict[str, int] = {}
    order = dict.fromkeys(
        _owner(array) for node in graph.nodes for array in reversed(list(node.outputs.values()))
    )
    owners = [o for o in order if o not in (LOSS, "penalty")]
    for owner in owners:
        if owner in weighted:
            found[owner] = max(found.values(), default=0) + 1
        else:
            found[owner] = max(found.values(), default=0)
    return found


def _outside(graph: Graph, parameters: Iterable[str]) -> list[str]:
    """Arrays that the graph takes and does not make, in the order in which it reads them."""
    known = {*parameters, *(name for node in graph.nodes for name in node.outputs.values())}
    taken = (name for node in graph.nodes for name in node.inputs.values())
    return list(dict.fromkeys(name for name in taken if name not in known))


def _owner(array: str) -> str:
    """The layer that an array or parameter belongs to."""
    return array.partition("/")[0].partition("@")[0]


def _tail(array: str) -> str:
    return array.rpartition("/")[2]


def _use(array: str) -> str:
    use = array.partition("/")[0].partition("@")[2]
    return f"⁽{str(int(use) + 1).translate(_SUPER)}⁾" if use else ""


def _noise(tail: str) -> str:
    return {"keep": "k", "noise": "ε"}.get(tail, tail)
