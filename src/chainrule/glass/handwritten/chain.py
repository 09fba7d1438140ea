"""A network rebuilt as a chain of layers: found by trying which chain gives its outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, islice, permutations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule import activations
from chainrule.core.rule import Rule, parameters
from chainrule.core.source import lines
from chainrule.glass.handwritten.holdings import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Axes = Literal["rows", "columns"]
"""Whether a sample is a row of the inputs or a column."""

CLOSE = 1e-9
"""Relative: the same sums in another order, through four layers."""


@dataclass(frozen=True)
class Activation:
    """An activation as its rule has it.

    Attributes:
        rule: The rule.
        options: Its options.
    """

    rule: Rule
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def symbol(self) -> str:
        """What a formula calls it."""
        return {"sigmoid": "σ", "linear": "id"}.get(self.name, self.name)

    @property
    def elementwise(self) -> bool:
        """Whether each output depends on its own input only."""
        return self.rule.elementwise

    def __call__(self, z: Array) -> Array:
        """f(z)."""
        return np.asarray(self.rule.forward(z, **self.options))

    def slope(self, z: Array) -> Array:
        """f′(z), element by element."""
        return self._cotangent(z, self(z), np.ones_like(z))

    @cached_property
    def has_form_in_output(self) -> bool:
        """Whether the rule writes its derivative with the output alone, as a (1 − a)."""
        asked = parameters(self.rule.cotangents["z"])
        return "y" in asked and "z" not in asked

    def slope_of_output(self, a: Array) -> Array:
        """f′ by the form that is written with a = f(z)."""
        return self._cotangent(a, a, np.ones_like(a))

    def back(self, z: Array, a: Array, bar: Array) -> Array:
        """∂L/∂z from ∂L/∂a."""
        return self._cotangent(z, a, bar)

    def _cotangent(self, z: Array, y: Array, bar: Array) -> Array:
        function = self.rule.cotangents["z"]
        known = {"z": z, "y": y, "y_bar": bar, **self.options}
        return np.asarray(function(**{n: known[n] for n in parameters(function) if n in known}))

    @property
    def equation(self) -> str:
        """The rule's own equation of its derivative."""
        return lines(self.rule.cotangents["z"], "∂L/∂z")[-1].equation


COMMON = tuple(
    Activation(rule)
    for rule in (activations.sigmoid, activations.tanh, activations.relu, activations.linear)
)
SOFTMAX = Activation(activations.softmax)
RARE = (
    Activation(activations.leaky_relu, {"negative_slope": 0.01}),
    Activation(activations.leaky_relu, {"negative_slope": 0.1}),
    Activation(activations.leaky_relu, {"negative_slope": 0.2}),
    Activation(activations.elu),
    Activation(activations.softplus),
    Activation(activations.silu),
    Activation(activations.gelu_tanh),
    Activation(activations.gelu),
)
KNOWN = (*COMMON, *RARE)


@dataclass(frozen=True)
class Link:
    """One layer.

    Attributes:
        kernel: Where its weights are.
        bias: Where its bias is; ``None`` if it has none.
        turned: Whether the weights are held as [outputs, inputs].
        activation: Its activation.
    """

    kernel: Place
    bias: Place | None
    turned: bool
    activation: Activation

    def weights(self, value: Any) -> Array:
        """The weights as [inputs, outputs]."""
        array = np.asarray(value, np.float64)
        array = array.reshape(-1, 1) if array.ndim == 1 else array
        return array.T if self.turned else array


@dataclass(frozen=True)
class Chain:
    """Layers in a row.

    Attributes:
        links: The layers, from the input.
        axes: How samples lie in the user's arrays.
    """

    links: tuple[Link, ...]
    axes: Axes

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.links)

    def rows(self, array: Any, width: int | None = None) -> Array:
        """An array of the user's with a sample in each row."""
        found = np.asarray(array, np.float64)
        if found.ndim < 2:
            single = width is not None and width > 1 and found.size == width
            return found.reshape(1, -1) if single else found.reshape(-1, 1)
        return found.T if self.axes == "columns" else found

    def run(self, values: Mapping[Place, Any], x: Array) -> tuple[list[Array], list[Array]]:
        """Pre-activations z₁ … z_L and activations a₀ … a_L, samples in rows."""
        first = self.links[0].weights(values[self.links[0].kernel])
        zs, activated = [], [self.rows(x, len(first))]
        for link in self.links:
            z = activated[-1] @ link.weights(values[link.kernel])
            if link.bias is not None:
                z = z + np.asarray(values[link.bias], np.float64).reshape(1, -1)
            zs.append(z)
            activated.append(link.activation(z))
        return zs, activated

    def __str__(self) -> str:
        return " → ".join(link.activation.name for link in self.links)


Seen = tuple[Mapping[Place, Any], Any, Any]
"""Parameters, inputs, and what the network makes of them."""


def find_chain(seen: Sequence[Seen], tolerance: float = CLOSE) -> Chain | None:
    """The chain of layers that makes what was seen; ``None`` if there is none.

    Args:
        seen: The network at random parameters, several times: two activations may look alike
            where all pre-activations are positive.
        tolerance: How near outputs must come, relative to the largest.
    """
    values = seen[0][0]
    for axes in ("rows", "columns"):
        for order in _orders(values):
            for pool in ((*COMMON, SOFTMAX), (*KNOWN, SOFTMAX)):
                if len(pool) ** len(order) > 20_000:
                    continue
                search = _Search(order, axes, pool, seen, tolerance)
                if found := search.found():
                    return found
    return None


Order = tuple[tuple[Place, Place | None], ...]


def _orders(values: Mapping[Place, Any]) -> Iterator[Order]:
    """Ways to pair kernels and biases: as they are held first, then any that shapes allow."""
    kernels = [place for place, value in values.items() if _is_kernel(value)]
    others = [place for place in values if place not in kernels]
    loose = [place for place in kernels if 1 in np.shape(values[place])]
    tried: set[Order] = set()
    for count in range(len(loose), -1, -1):  # a row of weights may be a bias, (1, units)
        for biases in combinations(loose, count):
            own = [k for k in kernels if k not in biases]
            named = _by_name(own, [*others, *biases])
            for order in named:
                if order not in tried and len(tried) < 400:
                    tried.add(order)
                    yield order


def _is_kernel(value: Any) -> bool:
    return np.ndim(value) == 2


def _by_name(kernels: list[Place], biases: list[Place]) -> Iterator[Order]:
    """Kernels in their order first, biases in theirs, any layers without one last."""
    if not kernels:
        for one in biases:  # the weights of one unit are often a plain vector
            rest = [b for b in biases if b != one]
            if len(rest) <= 1:
                yield ((one, rest[0] if rest else None),)
        return
    gaps = len(kernels) - len(biases)
    if gaps < 0:
        return
    padded: list[Place | None] = [*biases, *[None] * gaps]
    for ordered in permutations(kernels) if len(kernels) <= 4 else [tuple(kernels)]:
        for chosen in dict.fromkeys(islice(permutations(padded), 120)):
            yield tuple(zip(ordered, chosen, strict=True))


@dataclass(eq=False)
class _Search:
    """Tries activations, and how the weights lie, layer by layer."""

    order: Order
    axes: Axes
    pool: Sequence[Activation]
    seen: Sequence[Seen]
    tolerance: float

    def __post_init__(self) -> None:
        self.values, self.x, self.output = self.seen[0]

    def _holds(self, links: Sequence[Link]) -> bool:
        """Whether layers make all that was seen."""
        chain = Chain(tuple(links), self.axes)
        for values, x, output in self.seen:
            made = chain.run(values, x)[1][-1]
            wanted = chain.rows(output, made.shape[1])
            if made.shape != wanted.shape or not close(made, wanted, self.tolerance):
                return False
        return True

    def found(self) -> Chain | None:
        empty = Chain((), self.axes)
        for turned in (self.axes == "columns", self.axes == "rows"):
            width = self._width(turned)
            x = empty.rows(self.x, width)
            wanted = empty.rows(self.output, self._last(turned))
            if x.shape[1] == width and wanted.shape[0] == x.shape[0]:
                links = self._below((), x, wanted, turned)
                if links is not None:
                    return Chain(links, self.axes)
        return None

    def _weights(self, place: Place, turned: bool) -> Array:
        return Link(place, None, turned and np.ndim(self.values[place]) == 2, COMMON[0]).weights(
            self.values[place]
        )

    def _width(self, turned: bool) -> int:
        return len(self._weights(self.order[0][0], turned))

    def _last(self, turned: bool) -> int:
        return self._weights(self.order[-1][0], turned).shape[1]

    def _below(
        self, links: tuple[Link, ...], a: Array, wanted: Array, turned: bool
    ) -> tuple[Link, ...] | None:
        at = len(links)
        kernel, bias = self.order[at]
        weights = self._weights(kernel, turned)
        if weights.shape[0] != a.shape[1]:
            return None
        z = a @ weights
        if bias is not None:
            b = np.asarray(self.values[bias], np.float64).reshape(1, -1)
            if b.shape[1] != z.shape[1]:
                return None
            z = z + b
        last = at == len(self.order) - 1
        for activation in self.pool:
            made = activation(z)
            link = Link(kernel, bias, turned and np.ndim(self.values[kernel]) == 2, activation)
            if not last:
                whole = self._below((*links, link), made, wanted, turned)
                if whole is not None:
                    return whole
            elif close(made, wanted, self.tolerance) and self._holds((*links, link)):
                return (*links, link)
        return None


def close(a: Array, b: Array, tolerance: float) -> bool:
    """Whether two arrays agree, relative to the largest element of the second."""
    if a.shape != b.shape:
        return False
    scale = float(np.max(np.abs(b), initial=0.0))
    difference = float(np.max(np.abs(a - b), initial=0.0))
    return difference <= tolerance * scale or difference == 0.0
