"""From a network that can be run to findings: points, layers, loss, the story of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.handwritten import objectives
from chainrule.glass.handwritten.chain import Chain, close, find_chain
from chainrule.glass.handwritten.holdings import held
from chainrule.glass.handwritten.measuring import measured_findings
from chainrule.glass.handwritten.network import HandWritten, Point
from chainrule.glass.handwritten.objectives import Objective, Scale
from chainrule.glass.handwritten.roles import role
from chainrule.glass.handwritten.scene import Scene, targets
from chainrule.glass.handwritten.search import TOLERANCE, Search, Story
from chainrule.glass.handwritten.telling import Teller

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BUDGET = 3
"""Mistakes that are looked for at most."""

SINGLE = 3e-5
"""Tolerance for code that computes in single precision whatever it is given."""

SHORT = ((0, False), (1, False))
"""What is looked for in single precision, where little can be told apart."""

RATES = (0.37, 0.61, 0.83)
"""Learning rates at random points: different, so that one too many shows."""


class Examination:
    """One network under examination.

    Args:
        written: The network.
        loss: A loss that is stated, by name or as a function.
    """

    def __init__(self, written: HandWritten, loss: Any) -> None:
        self.written = written
        self.notes: list[str] = []
        self.draw = np.random.default_rng(812)
        self.tolerance, self.single = TOLERANCE, False
        self.chain = self._chain()
        self.layers = tuple(link.activation.name for link in self.chain.links) if self.chain else ()
        self.loss_text = "unknown"
        if self.chain is None:
            self.loss_text, self.findings = measured_findings(self.written, loss)
            return
        self.scenes = self._scenes(self.chain)
        self.strict = False
        losses = self._losses(loss)
        stories, search = self._stories(losses)
        if stories and stories[0].scale is not None:
            outputs = self.scenes[0].y.shape[1]
            self.loss_text = objectives.described(stories[0].objective, stories[0].scale, outputs)
        self.findings = Teller(self.written, self.scenes, stories, search.tolerance).findings()

    @property
    def how(self) -> str:
        """What was run, in words."""
        what = self.written.calls.backward
        name = what if isinstance(what, str) else getattr(what, "__name__", "backward")
        does = {
            "updates": "moves the weights; the gradients are what it takes off them",
            "stores": "stores them",
            "returns": "returns them",
        }[self.written.way]
        return f"{name} {does}"

    # ------------------------------------------------------------ the network

    def _chain(self) -> Chain | None:
        points = [self._random(None) for _ in range(5)]
        try:
            seen = [(p.values, p.x, self.written.output(p)) for p in points]
        except Exception:
            return None
        self.single = all(np.array_equal(o, o.astype(np.float32)) for _, _, o in seen)
        if self.single:
            self.tolerance = SINGLE
            self.notes.append("It computes in single precision: compared to 3e-5 only.")
        return find_chain(seen, self.tolerance / 10)

    def _random(self, samples: int | None) -> Point:
        """A random point; with the user's own data if no number of samples is given."""
        values: dict[Any, Any] = {}
        for place, value in self.written.values.items():
            made = self.draw.normal(0, 0.9, np.shape(value))
            values[place] = made if np.ndim(value) else np.float64(made)
        x, y = self.written.x, self.written.y
        if samples is not None:
            x, y = self._inputs(samples), self._targets(samples)
        rate = float(self.draw.choice(RATES)) if self.written.takes_rate else 1.0
        return Point(values, x, y, rate)

    def _inputs(self, samples: int) -> Array:
        assert self.chain is not None  # noqa: S101
        given = self.written.x
        if given.ndim < 2:
            return self.draw.normal(0, 1, given.shape)
        shape = (samples, given.shape[1])
        if self.chain.axes == "columns":
            shape = (given.shape[0], samples)
        return self.draw.normal(0, 1, shape)

    def _targets(self, samples: int) -> Array:
        """Random targets of the kind that the user's are."""
        assert self.chain is not None  # noqa: S101
        y = self.written.y
        if y.ndim < 2 and self.written.x.ndim < 2:
            return self.draw.uniform(0.05, 0.95, y.shape)
        last = self.chain.links[-1]
        outputs = last.weights(self.written.values[last.kernel]).shape[1]
        columns = self.chain.axes == "columns"
        if y.dtype.kind in "iub" and (y.ndim < 2 or 1 in y.shape) and outputs > 1:
            shape = (samples,) if y.ndim < 2 else (1, samples) if columns else (samples, 1)
            return self.draw.integers(0, outputs, shape)
        rows = y.T if columns else y
        if outputs > 1 and np.array_equal(np.sort(rows, axis=1)[:, -1], rows.sum(axis=1)):
            made = np.eye(outputs)[self.draw.integers(0, outputs, samples)]
        elif np.all((y >= 0) & (y <= 1)) or last.activation.name in ("sigmoid", "softmax"):
            made = self.draw.uniform(0.05, 0.95, (samples, outputs))
            if last.activation.name == "softmax":
                made /= made.sum(axis=1, keepdims=True)
        else:
            made = self.draw.normal(0, 1, (samples, outputs))
        made = made.T if columns else made
        return made.reshape(-1) if y.ndim < 2 else made

    def _scenes(self, chain: Chain) -> list[Scene]:
        """The user's point, and random ones with other numbers of samples where they can be."""
        widths = {w for v in self.written.values.values() for w in np.shape(v)}
        counts = [n for n in (5, 7, 6, 8, 9, 11, 10, 13) if n not in widths][:3]
        own: Point | None = Point(
            self.written.values, self.written.x, self.written.y, self.usual_rate
        )
        if self.sequential(chain):
            counts = [1] * 5
            self.notes.append("The weights are moved after every sample: each step is checked.")
            own = None
        points = [] if own is None else [own]
        for number, count in enumerate(counts):
            point = self._random(count)
            if self.written.takes_rate:
                point = replace(point, rate=RATES[number % len(RATES)])
            points.append(point)
        try:
            return [self._scene(chain, point) for point in points]
        except Exception:
            points = [own] if own is not None else []
            points += [self._random(None) for _ in range(3)]
            self.notes.append("It runs with this number of samples only: factors of n may hide.")
            try:
                return [self._scene(chain, point) for point in points]
            except Exception as error:
                told = f"{type(error).__name__}: {error}"
                raise ArgumentError(f"The backward pass could not be run: {told}.") from error

    def _scene(self, chain: Chain, point: Point) -> Scene:
        outputs = chain.run(point.values, point.x)[1][-1]
        y = targets(chain, point.y, outputs.shape[1])
        return Scene(chain, point, self.written.claim(point), y)

    def sequential(self, chain: Chain) -> bool:
        """Whether a step on two samples is a step on one and then a step on the other."""
        if self.written.way != "updates" or self.written.x.ndim < 2:
            return False
        both = self._random(2)
        columns = chain.axes == "columns"
        try:
            end = self.written.claim(both).moved
            values: Any = both.values
            for k in (0, 1):
                x = both.x[:, k : k + 1] if columns else both.x[k : k + 1]
                y = both.y[:, k : k + 1] if columns and both.y.ndim > 1 else both.y[k : k + 1]
                values = self.written.claim(Point(values, x, y, both.rate)).moved
        except Exception:
            return False
        if end is None or values is None:
            return False
        return all(
            end[p].shape == values[p].shape and close(end[p], values[p], 1e-12) for p in values
        )

    @property
    def usual_rate(self) -> float:
        """The learning rate at the user's own point."""
        return 0.5 if self.written.takes_rate else 1.0

    # ------------------------------------------------------------ the loss

    def _losses(self, loss: Any) -> list[tuple[Objective, Sequence[Scale]]]:
        assert self.chain is not None  # noqa: S101
        output = self.chain.links[-1].activation.name
        outputs = self.scenes[0].y.shape[1]
        if isinstance(loss, str):
            objective, scale = objectives.stated(loss, outputs, output)
            self.strict = True
            return [(objective, [scale])]
        own = self._recognized(loss)
        if own is not None:
            objective, scale = own
            if loss is not None:
                self.strict = True
                return [(objective, [scale])]
            scales = [scale, *objectives.conventions(objective, outputs)]
            return [(objective, list(dict.fromkeys(scales)))]
        if loss is not None:
            raise ArgumentError(
                "`loss` was not recognized: it must be a multiple of a sum of squares or of a "
                "cross-entropy of (y, output).",
                loss=loss,
            )
        return [
            (objective, objectives.conventions(objective, outputs))
            for objective in objectives.candidates(output)
        ]

    def _recognized(self, loss: Callable[..., Any] | None) -> tuple[Objective, Scale] | None:
        """Which loss a function, or the network's own method, computes."""
        assert self.chain is not None  # noqa: S101
        output = self.chain.links[-1].activation.name
        orders = ((0, 1), (1, 0)) if callable(loss) else ((0, 1),)
        for order in orders:
            found = []
            for scene in self.scenes:
                made = scene.a(scene.chain.depth)
                try:
                    if callable(loss):
                        pair = (scene.point.y, self.written.output(scene.point))
                        value = float(loss(pair[order[0]], pair[order[1]]))
                    else:
                        own = self.written.loss(scene.point)
                        value = np.nan if own is None else own
                except Exception:
                    break
                found.append((made, scene.y, value))
            if len(found) == len(self.scenes) and np.isfinite([f[2] for f in found]).all():
                known = objectives.recognized(found, output)
                if known is not None:
                    return known
        return None

    # ------------------------------------------------------------ the story

    def _penalties(self) -> tuple[float, ...]:
        """Numbers in the network that are named like the factor of a penalty."""
        return tuple(
            float(value)
            for place, value in held(self.written.calls.root)
            if role(str(place.key)) == "penalty" and isinstance(value, float | int) and value
        )

    def _courses(self) -> list[tuple[int, bool]]:
        """How many mistakes are looked for, without and with a penalty on the weights, in order."""
        plain = [(budget, False) for budget in range(BUDGET + 1)]
        if self._penalties():
            return [(budget, penalized) for budget, _ in plain for penalized in (False, True)]
        return [*plain[:BUDGET], (0, True), (1, True), *plain[BUDGET:]]

    def _stories(
        self, losses: Sequence[tuple[Objective, Sequence[Scale]]]
    ) -> tuple[list[Story], Search]:
        free = (
            self.written.way == "updates"
            and not self.written.takes_rate
            and self.written.rate is None
        )
        search = Search(self.scenes, self.tolerance, losses, free, self.strict, self._penalties())
        for budget, penalized in SHORT if self.single else self._courses():
            if stories := search.stories(budget, penalized):
                return stories, search
        return search.partial_stories(), search
