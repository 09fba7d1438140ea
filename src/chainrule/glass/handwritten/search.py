"""The search for what was written: the fewest mistakes that give a network's numbers.

The layers are gone through from the output to the input, as backpropagation does. At each, every
way of writing δ is tried that leaves enough of a budget of mistakes, and is kept if the claimed
gradients of the layer's kernel and bias follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.handwritten.objectives import Objective, Scale
from chainrule.glass.handwritten.options import Arrays, Option, hidden_deltas, output_deltas
from chainrule.glass.handwritten.products import bias_gradients, kernel_gradients, ratios
from chainrule.glass.handwritten.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TOLERANCE = 1e-8
"""How near a formula must come to the claimed numbers, relative to the largest."""

UNKNOWN = "unknown"
"""Stands for a mistake that no formula reproduces."""

_PENALTIES = ((1.0, ""), (2.0, "regularization-doubled"), (-1.0, "regularization-sign"))
"""By what a penalty's gradient may be multiplied."""

Subject = tuple[str, int]
"""``("kernel", 2)``, ``("bias", 2)``: whose gradient."""


@dataclass(frozen=True, eq=False)
class Written:
    """How one gradient is written.

    Attributes:
        faults: What is wrong in its own line.
        text: The formula.
        ties: Other mistakes, as many, that give the same numbers.
    """

    faults: tuple[str, ...]
    text: str
    ties: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class Story:
    """One way to explain all numbers.

    Attributes:
        objective: The loss.
        scale: Its factor; ``None`` while that is open.
        overall: Mistakes in the factor of all gradients.
        rate: What the steps are longer than gradients by, where no learning rate was found.
        cost: How many mistakes.
        deltas: How δ of each layer is written.
        errors: What it was made of.
        written: How each gradient is.
        penalty: λ of each scene, if there is a penalty on the weights; open: an empty tuple.
        rank: The place of the loss among those that are possible.
        unknown: How many gradients are not explained.
        usual: The place of the scale among those that are usual.
    """

    objective: Objective
    scale: Scale | None
    overall: tuple[str, ...] = ()
    cost: int = 0
    deltas: dict[int, Option] = field(default_factory=dict)
    errors: dict[int, Option] = field(default_factory=dict)
    written: dict[Subject, Written] = field(default_factory=dict)
    penalty: tuple[float, ...] | None = None
    rank: int = 0
    unknown: int = 0
    usual: int = 9

    def faults(self, layer: int) -> tuple[str, ...]:
        """The mistakes in δ of a layer itself, not in those behind it."""
        return self.deltas[layer].faults

    @cached_property
    def all_faults(self) -> frozenset[tuple[str, str]]:
        """Every mistake with its place."""
        found = [("overall", fault) for fault in self.overall]
        found += [(f"δ{k}", f) for k, delta in self.deltas.items() for f in delta.faults]
        found += [(f"{s[0]}{s[1]}", f) for s, w in self.written.items() for f in w.faults]
        return frozenset(found)


@dataclass(eq=False)
class Search:
    """Stories of a network's claims.

    Attributes:
        scenes: The points.
        tolerance: Relative, for double or single precision.
        losses: Possible losses, each with the scales that are its writer's choice.
        free: Whether a factor of all gradients is the writer's choice (an unknown learning rate).
        strict: Whether the loss is stated, so that a factor of all gradients is a mistake.
        penalties: Numbers in the network that may be the factor of a penalty.
        forgiving: Whether a gradient may stay unexplained.
    """

    scenes: Sequence[Scene]
    tolerance: float
    losses: Sequence[tuple[Objective, Sequence[Scale]]]
    free: bool = False
    strict: bool = False
    penalties: tuple[float, ...] = ()
    forgiving: bool = False
    _ratios: dict[tuple[int, Any], list[tuple[Option, list[float] | None]]] = field(
        default_factory=dict
    )
    _outputs: dict[tuple[str, int], list[tuple[Option, Option]]] = field(default_factory=dict)
    _alive: list[Option] = field(default_factory=list)

    @cached_property
    def _floors(self) -> list[float]:
        """What is rounding at each scene, where sums cancel."""
        largest = [
            max(float(np.max(np.abs(g), initial=0)) for g in scene.claim.gradients.values())
            for scene in self.scenes
        ]
        errors = [float(np.max(np.abs(s.a(self.depth) - s.y), initial=0)) for s in self.scenes]
        return [1e-14 * max(g, 0.1 * e) for g, e in zip(largest, errors, strict=True)]

    @property
    def depth(self) -> int:
        """Number of layers."""
        return self.scenes[0].chain.depth

    def stories(self, budget: int, penalized: bool = False) -> list[Story]:
        """All explanations with exactly this many mistakes, the likeliest first."""
        found = [story for story in self._all(budget, penalized) if story.cost == budget]
        return sorted(found, key=lambda story: (story.rank, _weight(story)))

    def partial_stories(self) -> list[Story]:
        """Explanations that leave as few gradients as possible unexplained."""
        self.forgiving = True
        found = self._all(100, penalized=False)
        least = min(((s.unknown, s.cost) for s in found), default=(0, 0))
        found = [story for story in found if (story.unknown, story.cost) == least]
        return sorted(found, key=lambda story: (story.rank, _weight(story)))

    def _all(self, budget: int, penalized: bool) -> list[Story]:
        return [
            story
            for start in self._starts(penalized)
            if start.cost <= budget
            for story in self._from(self.depth, start, budget)
            if story.scale is not None
        ]

    def _most(self, story: Story, budget: int) -> int:
        """How many mistakes may be in one place."""
        return min(1, 2 - story.cost) if self.forgiving else min(2, budget - story.cost)

    def _starts(self, penalized: bool) -> Iterator[Story]:
        penalty = () if penalized else None
        for rank, (objective, scales) in enumerate(self.losses):
            for place, scale in enumerate(scales):
                yield Story(objective, scale, penalty=penalty, rank=rank, usual=place)
            if self.free:
                yield Story(objective, None, penalty=penalty, rank=rank)
                continue
            if self.strict:
                for fault, scale in _misscaled(scales[0]):
                    yield Story(objective, scale, (fault,), 1, penalty=penalty, rank=rank)
            overall = ("gradient-factor",)
            yield Story(objective, None, overall, 1, penalty=penalty, rank=rank)

    # ------------------------------------------------------------ layer by layer

    def _from(self, layer: int, story: Story, budget: int) -> Iterator[Story]:
        if layer == 0:
            yield story
            return
        for delta, error in self._deltas(layer, story, self._most(story, budget)):
            cost = story.cost + len(delta.faults)
            if cost > budget:
                continue
            begun = replace(
                story,
                cost=cost,
                deltas={**story.deltas, layer: delta},
                errors={**story.errors, layer: error},
            )
            for told in self._kernel(layer, begun, budget):
                for whole in self._bias(layer, told, budget):
                    own = [w for (_, k), w in whole.written.items() if k == layer]
                    if delta.faults and all(UNKNOWN in w.faults for w in own):
                        continue  # nothing speaks for it
                    yield from self._from(layer - 1, whole, budget)

    def _deltas(self, layer: int, story: Story, most: int) -> Iterator[tuple[Option, Option]]:
        if layer == self.depth:
            key = (story.objective.id, most)
            if key not in self._outputs:
                made = output_deltas(story.objective, self.scenes, most)
                self._outputs[key] = list(distinct(made, most))
            yield from self._outputs[key]
            return
        made = hidden_deltas(layer, self.scenes, story.deltas, story.errors, most)
        yield from distinct(made, most)

    def _kernel(self, layer: int, story: Story, budget: int) -> Iterator[Story]:
        most = self._most(story, budget)
        claimed = tuple(s.kernel_claim(layer) for s in self.scenes)
        options = self._options("kernel", layer, story, most, claimed)
        yield from self._judged(("kernel", layer), story, budget, options, claimed)

    def _bias(self, layer: int, story: Story, budget: int) -> Iterator[Story]:
        if self.scenes[0].chain.links[layer - 1].bias is None:
            yield story
            return
        most = self._most(story, budget)
        claimed = tuple(s.bias_claim(layer) for s in self.scenes)
        options = self._options("bias", layer, story, most, claimed)
        yield from self._judged(("bias", layer), story, budget, options, claimed)

    def _options(
        self, kind: str, layer: int, story: Story, most: int, claimed: Arrays
    ) -> list[tuple[Option, list[float] | None]]:
        """Formulas of a gradient, each with the factors by which the claims are multiples of it."""
        made = {"kernel": kernel_gradients, "bias": bias_gradients}[kind]
        penalized = kind == "kernel" and story.penalty is not None
        key = (id(story.deltas[layer]), (kind, layer, most, story.penalty))
        if layer == self.depth and key in self._ratios:
            return self._ratios[key]
        tolerances = [self._tolerance(c, s) for c, s in zip(claimed, self.scenes, strict=True)]
        options = made(layer, self.scenes, story.deltas, story.errors, most)
        if penalized:
            return [(one, None) for one in options]
        found: list[tuple[Option, list[float] | None]] = [
            (one, factors)
            for one in options
            if (factors := ratios(one.arrays, claimed, tolerances, self._floors)) is not None
        ]
        if layer == self.depth:
            self._alive.append(story.deltas[layer])  # so that its id stays its own
            self._ratios[key] = found
        return found

    def _tolerance(self, claim: Array, scene: Scene) -> float:
        """Absolute: a step's rounding is that of the weights, over the learning rate."""
        largest = float(np.max(np.abs(claim), initial=0.0))
        rounding = 0.0
        if scene.claim.moved is not None:
            weights = max(float(np.max(np.abs(v), initial=0)) for v in scene.point.values.values())
            rounding = 4e-16 * weights / abs(scene.point.rate or 1.0)
        return self.tolerance * largest + rounding

    def _judged(
        self,
        subject: Subject,
        story: Story,
        budget: int,
        options: list[tuple[Option, list[float] | None]],
        claimed: Arrays,
    ) -> Iterator[Story]:
        """The story with the cheapest ways to write one gradient."""
        found: list[tuple[int, Written, Story]] = []
        for one, factors in options:
            if factors is None:
                found += self._with_penalty(subject, story, one, claimed)
                continue
            for faults, bound in self._by_factor(story, factors, subject[0] == "bias"):
                own = (*one.faults, *faults)
                text = one.text if not faults else f"{_factor_text(faults)} {one.text}"
                found.append((len(own), Written(own, text), bound))
        found = [entry for entry in found if story.cost + entry[0] <= budget]
        if not found:
            if self.forgiving:
                left = {**story.written, subject: Written((UNKNOWN,), "")}
                yield replace(story, unknown=story.unknown + 1, written=left)
            return
        least = min(entry[0] for entry in found)
        unbound = story.scale is None or story.penalty == ()  # a dearer way may bind it otherwise
        bounds: dict[Any, list[Written]] = {}
        homes: dict[Any, Story] = {}
        for cost, written, bound in found:
            if cost == least or (unbound and cost == least + 1):
                key = (bound.scale, bound.penalty, cost)
                bounds.setdefault(key, []).append(written)
                homes[key] = bound
        for key, same in bounds.items():
            first, *others = sorted(same, key=lambda w: _rank(w.faults))
            ties = tuple(dict.fromkeys(o.faults for o in others if o.faults != first.faults))
            told = {**story.written, subject: replace(first, ties=ties)}
            yield replace(homes[key], cost=story.cost + key[2], written=told)

    def _by_factor(
        self, story: Story, factors: list[float], bias: bool
    ) -> Iterator[tuple[tuple[str, ...], Story]]:
        """What factors mean: nothing, or mistakes; or they say what the open factor of all is."""
        counts = [scene.samples for scene in self.scenes]
        if all(np.isnan(factors)):
            yield (), story
            return
        if story.scale is None:
            stated = self.losses[0][1][0].power
            for power in (stated,) if self.strict else (0, 1):
                found = _filled([f * n**power for f, n in zip(factors, counts, strict=True)])
                if found[0] > 0 and _constant(found, self.tolerance):
                    yield (), replace(story, scale=Scale(found[0], power))
            yield ("gradient-factor",), story
            return
        left = [f / story.scale.of(n) for f, n in zip(factors, counts, strict=True)]
        for faults in self._meanings(left, bias):
            yield faults, story

    def _meanings(self, left: list[float], bias: bool) -> Iterator[tuple[str, ...]]:
        known_at = [i for i, factor in enumerate(left) if not np.isnan(factor)]
        left = [left[i] for i in known_at]
        counts = [float(self.scenes[i].samples) for i in known_at]
        rates = [self.scenes[i].point.rate for i in known_at]
        sign = () if left[0] > 0 else ("gradient-sign",)
        size = [abs(one) for one in left]
        ones = [1.0] * len(left)
        if _same(size, ones, self.tolerance) and np.ptp(np.sign(left)) == 0:
            yield sign
            return
        known = [
            (counts, "bias-not-averaged" if bias else "gradient-not-averaged"),
            ([1 / n for n in counts], "bias-averaged" if bias else "gradient-averaged"),
            ([2.0] * len(left), "gradient-doubled"),
            ([0.5] * len(left), "gradient-halved"),
            (rates, "learning-rate-twice"),
            ([1 / rate for rate in rates], "learning-rate-missing"),
        ]
        for values, fault in known:
            if _same(size, values, self.tolerance):
                yield (*sign, fault)
                return
        if _constant(left, self.tolerance):
            yield ("gradient-factor",)

    # ------------------------------------------------------------ penalties

    def _bound_penalties(self, story: Story, made: list[float]) -> Iterator[Story]:
        """What λ may be, by the first gradient that has it: that, or a number that is held."""
        yield replace(story, penalty=tuple(made), usual=story.usual + bool(self.penalties))
        for given in self.penalties:
            for power in (0, 1):
                known = tuple(given / s.samples**power for s in self.scenes)
                factors = [m / k for m, k in zip(made, known, strict=True)]
                if _constant(factors, 1e-6):
                    yield replace(story, penalty=known)

    def _with_penalty(
        self, subject: Subject, story: Story, one: Option, claimed: Arrays
    ) -> Iterator[tuple[int, Written, Story]]:
        """Ways in which a claim is a formula's gradient and a multiple of the weights."""
        if one.faults and len(one.faults) > 1:
            return
        assert story.scale is not None or self.free or story.overall  # noqa: S101
        layer = subject[1]
        made = []
        for formula, claim, scene in zip(one.arrays, claimed, self.scenes, strict=True):
            if formula.shape != claim.shape or story.scale is None:
                return
            rest = claim - story.scale.of(scene.samples) * formula
            w = scene.w(layer)
            factor = float(np.sum(rest * w) / np.sum(w * w))
            if np.max(np.abs(rest - factor * w)) > self._tolerance(claim, scene) * 10:
                return
            made.append(factor if abs(factor) > 1e-10 else 0.0)
        if not any(made):
            faults = (*one.faults, "regularization-missing")
            yield len(faults), Written(faults, one.text), story
            return
        if not story.penalty:
            counts = [scene.samples for scene in self.scenes]
            averaged = [f * n for f, n in zip(made, counts, strict=True)]
            if not (_constant(made, 1e-6) or _constant(averaged, 1e-6)):
                return
            for bound in self._bound_penalties(story, made):
                yield from self._with_penalty(subject, bound, one, claimed)
            return
        size = [f / p for f, p in zip(made, story.penalty, strict=True)]
        for factor, fault in _PENALTIES:
            if _same(size, [factor] * len(size), 1e-6):
                faults = (*one.faults, fault) if fault else one.faults
                text = f"{one.text} + {factor:g} λ W" if factor != 1 else f"{one.text} + λ W"
                yield len(faults), Written(faults, text), story


# ---------------------------------------------------------------- comparing


def distinct(made: Iterable[tuple[Option, Option]], most: int) -> Iterator[tuple[Option, Option]]:
    """Options of different numbers, of equal ones the one with the fewest mistakes."""
    same: dict[Any, list[tuple[Option, Option]]] = {}
    for delta, error in made:
        if len(delta.faults) <= most:
            numbers = tuple(_digest(array) for array in (*delta.arrays, *error.arrays))
            same.setdefault(numbers, []).append((delta, error))
    kept = []
    for pairs in same.values():
        (delta, error), *others = sorted(pairs, key=lambda pair: _order(pair[0]))
        ties = dict.fromkeys(o.faults for o, _ in others if len(o.faults) == len(delta.faults))
        ties.pop(delta.faults, None)
        kept.append((replace(delta, ties=tuple(ties)), error))
    yield from sorted(kept, key=lambda pair: _order(pair[0]))


def _digest(array: Array) -> bytes:
    scale = float(np.max(np.abs(array), initial=0.0)) or 1.0
    return np.round(array / scale, 9).tobytes() + f"{array.shape}{scale:.9e}".encode()


def _misscaled(scale: Scale) -> Iterator[tuple[str, Scale]]:
    """What a stated factor of the loss is mistaken for."""
    if scale.power:
        yield "gradient-not-averaged", Scale(scale.factor, 0)
    else:
        yield "gradient-averaged", Scale(scale.factor, 1)
    yield "gradient-doubled", Scale(2 * scale.factor, scale.power)
    yield "gradient-halved", Scale(scale.factor / 2, scale.power)


def _order(one: Option) -> tuple[int, int]:
    return len(one.faults), _rank(one.faults)


def _rank(faults: Sequence[str]) -> int:
    from chainrule.glass.faults import FAULTS

    places = list(FAULTS)
    return sum(places.index(fault) for fault in faults if fault in FAULTS)


def _weight(story: Story) -> tuple[int, int, int]:
    """Less for stories whose mistakes stand in few places, and are common."""
    places = {place for place, _ in story.all_faults}
    return story.usual, len(places), _rank([fault for _, fault in story.all_faults])


def _constant(values: Sequence[float], tolerance: float) -> bool:
    return _same(values, [values[0]] * len(values), tolerance)


def _same(values: Sequence[float], others: Sequence[float], tolerance: float) -> bool:
    return all(
        abs(a - b) <= 10 * max(tolerance, 1e-9) * abs(b)
        for a, b in zip(values, others, strict=True)
    )


def _filled(factors: list[float]) -> list[float]:
    """Factors with those that may be anything set to one that is known."""
    known = next(factor for factor in factors if not np.isnan(factor))
    return [known if np.isnan(factor) else factor for factor in factors]


def _factor_text(faults: Sequence[str]) -> str:
    told = {
        "gradient-sign": "−",
        "gradient-doubled": "2",
        "gradient-halved": "½",
        "gradient-not-averaged": "n ·",
        "bias-not-averaged": "n ·",
        "gradient-averaged": "1/n ·",
        "bias-averaged": "1/n ·",
        "learning-rate-twice": "η ·",
        "learning-rate-missing": "1/η ·",
        "gradient-factor": "c ·",
    }
    return " ".join(told[fault] for fault in faults if fault in told)
