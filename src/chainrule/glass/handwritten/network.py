"""What a network that somebody wrote does: its outputs, and the gradients that it claims.

All runs on copies, without output, with the same random numbers each time.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.handwritten.functions import Calls, failed, name_of, present, undisturbed
from chainrule.glass.handwritten.holdings import Place, arrays, copied, held
from chainrule.glass.handwritten.results import numbers, output_of, returned
from chainrule.glass.handwritten.roles import BACKWARD, UPDATE, call, parameters, role, signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Values = Mapping[Place, Any]
Way = Literal["updates", "stores", "returns"]


@dataclass(frozen=True, eq=False)
class Point:
    """Where a network is looked at.

    Attributes:
        values: Its parameters.
        x: Inputs, as its methods take them.
        y: Targets, likewise.
        rate: The learning rate that it is given, where it takes one.
    """

    values: Values
    x: Array
    y: Array
    rate: float = 1.0


@dataclass(frozen=True, eq=False)
class Claim:
    """What its backward pass gave at a point.

    Attributes:
        gradients: By parameter; of a step, its part that is multiplied by the learning rate.
        moved: The parameters after the step; ``None`` where it does none.
    """

    gradients: dict[Place, Array]
    moved: dict[Place, Array] | None = None


@dataclass
class HandWritten:
    """A network that can be run at any point.

    Attributes:
        calls: Its functions.
        x: The user's inputs.
        y: The user's targets.
        values: Its parameters in double precision, those that its output depends on.
        way: What its backward pass does.
        names: For gradients that are returned or stored, where each parameter's is.
        rates: Places of its learning rate.
        rate: Its learning rate, where that cannot be set; ``None``: unknown.
        takes_rate: Whether it can be set.
        sign: -1 if what is returned or stored is added to the weights.
        draw: Random numbers for other weights.
    """

    calls: Calls
    x: Array
    y: Array
    values: dict[Place, Any] = field(default_factory=dict)
    way: Way = "updates"
    names: dict[Place, Place] = field(default_factory=dict)
    rates: list[Place] = field(default_factory=list)
    rate: float | None = None
    takes_rate: bool = False
    sign: float = 1.0
    draw: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))

    # ------------------------------------------------------------ running

    def output(self, point: Point) -> Array:
        """What comes out at a point.

        Raises:
            Exception: What the code raises.
        """
        with undisturbed():
            target = self._copy(point)
            return self._forward(target, point)[0]

    def loss(self, point: Point) -> float | None:
        """What its own loss method says; ``None`` if it has none that can be called."""
        if self.calls.loss is None:
            return None
        with undisturbed():
            target = self._copy(point)
            output, _ = self._forward(target, point)
            what = self.calls.loss
            function = self.calls.function(what, target)
            known = {**self.calls.known(what, target), "y": point.y, "output": output}
            if any(role(name) == "x" for name in parameters(function)):
                known["x"] = point.x
            made = call(function, known)
        return float(made) if np.size(made) == 1 else None

    def claim(self, point: Point) -> Claim:
        """The gradients that its backward pass claims at a point.

        Raises:
            Exception: What the code raises.
        """
        with undisturbed():
            target, result = self._ran(self.calls.backward, point)
            if self.way == "updates":
                return self._update(target, point)
            found = returned(result, self.calls, self.calls.backward)
            if self.way == "stores":
                found = numbers(target)
            return Claim({
                place: self.sign * np.array(found[self.names[place]], np.float64)
                if place in self.names and self.names[place] in found
                else np.zeros(np.shape(value))
                for place, value in self.values.items()
            })  # fmt: skip

    def _update(self, target: Any, point: Point) -> Claim:
        rate = point.rate if self.takes_rate else self.rate or 1.0
        moved = {place: np.array(place.of(target), np.float64) for place in self.values}
        old = {place: np.asarray(point.values[place], np.float64) for place in self.values}
        return Claim({place: (old[place] - moved[place]) / rate for place in self.values}, moved)

    def _copy(self, point: Point) -> Any:
        target = copied(self.calls.root, point.values)
        for place in self.rates:
            place.put(target, point.rate)
        for place, value in held(self.calls.root):
            plain = str(place.key).lower().replace("_", "")
            if isinstance(value, int) and not isinstance(value, bool):
                if role(plain) == "one":
                    place.put(target, 1)
                elif plain in ("batchsize", "minibatchsize"):
                    place.put(target, len(point.x))
            elif isinstance(value, np.ndarray) and place not in point.values:
                for given, new in ((self.x, point.x), (self.y, point.y)):
                    if value.shape == given.shape and np.array_equal(value, given):
                        place.put(target, new)
        return target

    def _forward(self, target: Any, point: Point) -> tuple[Array, Any]:
        what = self.calls.forward
        function = self.calls.function(what, target)
        known = {**self.calls.known(what, target), "x": point.x, "off": False}
        raw = call(function, known)
        return output_of(raw, target, point.y), raw

    def _ran(self, what: Any, point: Point) -> tuple[Any, Any]:
        """A copy after its backward pass, and what that returned."""
        target = self._copy(point)
        output, raw = self._forward(target, point)
        cache = raw if not isinstance(raw, tuple | list) or len(raw) != 2 else raw[1]
        known = {
            **self.calls.known(what, target),
            "x": point.x,
            "y": point.y,
            "output": output,
            "cache": cache,
            "rate": point.rate if self.takes_rate else self.rate or 1.0,
            "one": 1,
            "size": len(point.x),
            "off": False,
        }
        return target, call(self.calls.function(what, target), known)

    # ------------------------------------------------------------ finding out

    def find_parameters(self, start: Point) -> None:
        """Keep the values that the output depends on.

        Raises:
            ArgumentError: There are none, or the forward pass cannot be run.
        """
        try:
            self.output(start)
        except Exception as error:
            raise failed("forward", self.calls.forward, error) from error
        draw = np.random.default_rng(7)
        self.values = {p: np.array(v, np.float64) for p, v in self.candidates().items()}
        bases = [start, self._elsewhere(start), self._elsewhere(start)]
        found = {
            place: value
            for place, value in self.values.items()
            if any(self._matters(place, value, base, draw) for base in bases)
        }
        self.values = found
        if not found:
            raise ArgumentError(
                "The network's weights were not found: no array of floats in it changes the "
                "output of its forward pass. Keep them as attributes, or in a list or dictionary.",
                network=type(self.calls.root).__name__,
            )

    def _matters(self, place: Place, value: Any, at: Point, draw: np.random.Generator) -> bool:
        """Whether the output changes with a value; where units are dead it does not."""
        other = draw.normal(0, 1, np.shape(value))
        values = {**at.values, place: other if np.ndim(value) else float(other)}
        try:
            before = self.output(at)
            after = self.output(Point(values, at.x, at.y))
        except Exception:  # not a weight: other values make no sense
            return False
        return after.shape == before.shape and not np.array_equal(before, after, equal_nan=True)

    def candidates(self) -> dict[Place, Any]:
        """Floats that may be weights: those that are neither data nor a learning rate."""
        found: dict[Place, Any] = dict(arrays(self.calls.root))
        for place, value in held(self.calls.root):
            if isinstance(value, float | np.floating) and role(str(place.key)) != "rate":
                found[place] = value
        data = (self.x, self.y)
        return {
            place: value
            for place, value in found.items()
            if not any(np.shape(value) == d.shape and np.array_equal(value, d) for d in data)
        }

    def find_backward(self, start: Point, given: Any) -> None:
        """Find the method that gives gradients, and what it does.

        Raises:
            ArgumentError: None can be run, or none does anything.
        """
        names = [given] if given is not None else present(self.calls.root, BACKWARD)
        reasons: list[str] = []
        best: tuple[int, Any, Way, dict[Place, Place]] | None = None
        for what in names:
            self._find_rate(what)
            try:
                way, found, covered = self._what_it_does(what, start)
                for _ in range(5):
                    if covered:
                        break  # else all units may be dead, so that nothing moves
                    way, found, covered = self._what_it_does(what, self._elsewhere(start))
            except Exception as error:
                reasons.append(f"{name_of(what)}: {type(error).__name__}: {error}")
                continue
            if covered and (best is None or covered > best[0]):
                best = covered, what, way, found
            if covered == len(self.values):
                break
            reasons.append(f"{name_of(what)}: gives gradients of {covered} parameters")
        if best is None:
            told = "".join(f"\n- {reason}" for reason in reasons)
            raise ArgumentError(
                "No method was found that computes gradients or moves the weights. Say which with "
                f"`backward=`.{told}",
                network=type(self.calls.root).__name__,
            )
        _, self.calls.backward, self.way, self.names = best
        self._find_rate(self.calls.backward)
        if self.way == "updates":
            self._drop_constants(start)
        elif given is None:
            self.sign = self._orientation(self._elsewhere(start))

    def _orientation(self, point: Point) -> float:
        """Whether another method takes what is returned or stored off the weights, or adds it."""
        claim = self.claim(point).gradients
        for what in present(self.calls.root, (*UPDATE, *BACKWARD)):
            if what == self.calls.backward:
                continue
            for begun in (True, False):
                try:
                    with undisturbed():
                        target = self._after(what, point, begun)
                except Exception:  # noqa: S112  (it needs something that nobody knows)
                    continue
                steps = {p: np.asarray(point.values[p]) - p.of(target) for p in self.values}
                inner = [_cosine(steps[p], claim[p]) for p in self.values]
                if all(one is not None and one < -0.999 for one in inner):
                    return -1.0
                if all(one is not None and one > 0.999 for one in inner):
                    return 1.0
        return 1.0

    def _after(self, what: Any, point: Point, begun: bool) -> Any:
        """A copy after a method, its backward pass run before if that is ``begun``."""
        if not begun:
            return self._ran(what, point)[0]
        target, result = self._ran(self.calls.backward, point)
        known = {"x": point.x, "y": point.y, "rate": point.rate, "grads": result, "one": 1}
        call(self.calls.function(what, target), known)
        return target

    def _drop_constants(self, start: Point) -> None:
        """Plain numbers that no step moves are settings, not weights."""
        claim = self.claim(start)
        self.values = {
            place: value
            for place, value in self.values.items()
            if np.ndim(value) or isinstance(place.of(self.calls.root), np.ndarray)
            or np.any(claim.gradients[place])
        }  # fmt: skip

    def _what_it_does(self, what: Any, start: Point) -> tuple[Way, dict[Place, Place], int]:
        with undisturbed():
            target, result = self._ran(what, start)
        moved = [
            place
            for place in self.values
            if not np.array_equal(place.of(target), start.values[place], equal_nan=True)
        ]
        stored = self._matched(numbers(target), marked=True)
        back = self._matched(returned(result, self.calls, what), marked=False)
        if moved:
            if len(stored) == len(self.values) and not self._proportional(target, stored, start):
                return "stores", stored, len(stored)
            return "updates", {}, len(self.values)
        if len(back) >= len(stored) and back:
            return "returns", back, len(back)
        return "stores", stored, len(stored)

    def _elsewhere(self, start: Point) -> Point:
        """The same data with random weights."""
        values = {
            place: self.draw.normal(0, 1, np.shape(value))
            if np.ndim(value)
            else float(self.draw.normal())
            for place, value in self.values.items()
        }
        return Point(values, start.x, start.y, start.rate)

    def _proportional(self, target: Any, stored: dict[Place, Place], start: Point) -> bool:
        """Whether each step is a multiple of the stored gradient, as without an optimizer."""
        for place, where in stored.items():
            step = np.asarray(start.values[place], np.float64) - place.of(target)
            grad = np.asarray(where.of(target), np.float64)
            if step.shape != grad.shape:
                return True
            inner = abs(float(np.sum(step * grad)))
            if inner < (1 - 1e-6) * float(np.linalg.norm(step) * np.linalg.norm(grad)):
                return False
        return True

    def _matched(self, found: Mapping[Place, Array], marked: bool) -> dict[Place, Place]:
        """For each parameter, where its gradient is among arrays: by name, else by shape."""
        free = {
            place: array
            for place, array in found.items()
            if not (marked and (place in self.values or signature(place, gradient=True) is None))
        }
        keys = {place: signature(place, gradient=True) or signature(place) for place in free}
        own = {place: signature(place) for place in self.values}
        matched: dict[Place, Place] = {}
        for place in self.values:
            same = [one for one in free if keys[one] == own[place] and one not in matched.values()]
            fit = [one for one in same if np.shape(free[one]) == np.shape(self.values[place])]
            if fit or same:
                matched[place] = (fit or same)[0]
        if len(matched) == len(self.values) or (marked and len(free) != len(self.values)):
            return matched
        for order in _orders(list(self.values), self.values):
            places = list(free)
            if len(places) == len(order) and all(
                np.size(free[a]) == np.size(self.values[b])
                for a, b in zip(places, order, strict=True)
            ):
                return dict(zip(order, places, strict=True))
        return matched

    def _find_rate(self, what: Any) -> None:
        function = self.calls.function(what, self.calls.root)
        self.rates = [
            place
            for place, value in held(self.calls.root)
            if isinstance(value, float | int) and not isinstance(value, bool)
            and place not in self.values and role(str(place.key)) == "rate"
        ]  # fmt: skip
        asked = any(role(name) == "rate" for name in parameters(function))
        self.takes_rate = bool(self.rates) or asked
        code = getattr(inspect.unwrap(function), "__code__", None)
        space = getattr(function, "__globals__", {})
        named = [n for n in (code.co_names if code else ()) if role(n) == "rate" and n in space]
        values = [space[n] for n in named if isinstance(space[n], float | int)]
        self.rate = None if self.takes_rate or not values else float(values[0])


def _cosine(a: Any, b: Any) -> float | None:
    """Of the angle between two arrays; ``None`` if one has no direction."""
    if np.shape(a) != np.shape(b):
        return None
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.sum(a * b)) / length if length else None


def _orders(places: list[Place], values: Values) -> Iterator[list[Place]]:
    """Orders in which gradients are commonly listed: as held, kernels first, last layer first."""
    kernels = [p for p in places if np.ndim(values[p]) == 2]
    others = [p for p in places if p not in kernels]
    yield places
    yield kernels + others
    yield places[::-1]
    yield kernels[::-1] + others[::-1]
