"""A story of a network's numbers as findings: one for each parameter, in words and formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.source import lines
from chainrule.glass.faults import FAULTS
from chainrule.glass.finding import Finding
from chainrule.glass.handwritten.holdings import Place
from chainrule.glass.handwritten.network import HandWritten
from chainrule.glass.handwritten.options import Arrays, Option, hidden_deltas, output_deltas, sub
from chainrule.glass.handwritten.products import bias_gradients, kernel_gradients
from chainrule.glass.handwritten.scene import Scene
from chainrule.glass.handwritten.search import UNKNOWN, Story, Subject
from chainrule.glass.handwritten.sources import place_in_source
from chainrule.layers.dense import dense

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Teller:
    """Tells what the numbers say.

    Args:
        written: The network.
        scenes: The points.
        stories: Explanations with equally many mistakes, the likeliest first.
        tolerance: How near numbers must be to be the same.
    """

    def __init__(
        self,
        written: HandWritten,
        scenes: Sequence[Scene],
        stories: Sequence[Story],
        tolerance: float,
    ) -> None:
        self.written, self.scenes, self.stories = written, scenes, stories
        self.tolerance = tolerance
        self.chain = scenes[0].chain
        self.depth = self.chain.depth
        self.story = stories[0]
        self.deltas, self.truths = self._right(self.story)
        self.subjects: dict[Place, Subject] = {}
        for layer, link in enumerate(self.chain.links, 1):
            self.subjects[link.kernel] = ("kernel", layer)
            if link.bias is not None:
                self.subjects[link.bias] = ("bias", layer)

    def findings(self) -> list[Finding]:
        """One for each parameter, as they are held."""
        return [
            self._finding(place, self.subjects[place])
            for place in self.written.values
            if place in self.subjects
        ]

    # ------------------------------------------------------------ what is right

    def _right(self, story: Story) -> tuple[dict[int, Option], dict[Subject, Option]]:
        """The right formulas with their numbers."""
        deltas: dict[int, Option] = {}
        errors: dict[int, Option] = {}
        truths: dict[Subject, Option] = {}
        for layer in range(self.depth, 0, -1):
            if layer == self.depth:
                made = output_deltas(story.objective, self.scenes, 0)
            else:
                made = hidden_deltas(layer, self.scenes, deltas, errors, 0)
            deltas[layer], errors[layer] = next(pair for pair in made if not pair[0].faults)
            for kind, options in (("kernel", kernel_gradients), ("bias", bias_gradients)):
                if kind == "kernel" or self.chain.links[layer - 1].bias is not None:
                    found = options(layer, self.scenes, deltas, errors, 0)
                    truths[kind, layer] = next(iter(found))
        return deltas, truths

    def _truth(self, subject: Subject) -> Arrays:
        assert self.story.scale is not None  # noqa: S101
        made = []
        for index, scene in enumerate(self.scenes):
            true = self.story.scale.of(scene.samples) * self.truths[subject].arrays[index]
            if self.story.penalty and subject[0] == "kernel":
                true = true + self.story.penalty[index] * scene.w(subject[1])
            made.append(true)
        return tuple(made)

    def _error(self, subject: Subject) -> float:
        """The largest relative difference from the truth; of other shapes, infinite."""
        worst = 0.0
        for true, scene in zip(self._truth(subject), self.scenes, strict=True):
            layer = subject[1]
            claim = scene.kernel_claim(layer) if subject[0] == "kernel" else scene.bias_claim(layer)
            if claim.shape != true.shape:
                return float("inf")
            scale = float(np.max(np.abs(true), initial=0.0)) or 1.0
            rounding = 1e-14 * float(np.max(np.abs(scene.a(self.depth) - scene.y), initial=0.0))
            if scene.claim.moved is not None:
                rounding += 1e-14 / scene.point.rate
            apart = float(np.max(np.abs(claim - true), initial=0.0))
            worst = max(worst, max(0.0, apart - rounding) / scale)
        return worst

    # ------------------------------------------------------------ findings

    def _finding(self, place: Place, subject: Subject) -> Finding:
        name, error = str(place), self._error(subject)
        layer = subject[1]
        right = self._right_text(subject, set(range(layer, self.depth + 1)))
        told = self._faults(self.story, subject)
        if not told or (error <= 10 * self.tolerance and not self.story.overall):
            message = f"It is the gradient of the loss, {self.truths[subject].text}."
            return Finding(name, "right", message=message, right=right, error=error)
        own = self.story.written[subject]
        where = place_in_source(self.written, place)
        if UNKNOWN in own.faults:
            return Finding(name, "wrong", message=self._unknown(subject), right=right, error=error)
        guilty = {k for k in range(layer, self.depth + 1) if self.story.faults(k)}
        written = f"{self._written_text(subject, guilty)}{where}"
        others = self._others(subject, told)
        message = self._message(subject)
        return Finding(
            name,
            "diagnosed",
            told,
            message,
            written,
            self._right_text(subject, guilty),
            error,
            others,
        )

    def _faults(self, story: Story, subject: Subject) -> tuple[str, ...]:
        """All mistakes that a gradient suffers from, the nearest first."""
        found = list(story.written[subject].faults)
        for k in range(subject[1], self.depth + 1):
            found += story.faults(k)
        return tuple(dict.fromkeys([*found, *story.overall]))

    def _others(self, subject: Subject, told: tuple[str, ...]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        chosen = set(told)
        for story in self.stories:
            for faults in self._alternatives(story, subject):
                if set(faults) == chosen or UNKNOWN in faults:
                    continue
                if faults in (self._faults(story, subject), ()):
                    faults = tuple(dict.fromkeys(fault for _, fault in sorted(story.all_faults)))
                found[" + ".join(faults)] = None
        return tuple(found)

    def _alternatives(self, story: Story, subject: Subject) -> Iterator[tuple[str, ...]]:
        """The mistakes of a story, and those with one place told otherwise."""
        layers = range(subject[1], self.depth + 1)
        parts = [[story.written[subject].faults, *story.written[subject].ties]]
        parts += [[story.faults(k), *story.deltas[k].ties] for k in layers]
        first = [part[0] for part in parts]
        yield tuple(dict.fromkeys(f for one in first for f in one)) + story.overall
        for index, part in enumerate(parts):
            for other in part[1:]:
                chosen = [*first[:index], other, *first[index + 1 :]]
                yield tuple(dict.fromkeys(f for one in chosen for f in one)) + story.overall

    # ------------------------------------------------------------ words

    def _message(self, subject: Subject) -> str:
        """What is wrong, in one sentence: in the gradient's own line, then in each δ behind it."""
        parts = [FAULTS[fault].title for fault in self.story.written[subject].faults]
        for k in range(subject[1], self.depth + 1):
            titles = [FAULTS[fault].title for fault in self.story.faults(k)]
            if titles:
                parts.append(f"in δ{sub(k)}, {' and '.join(titles)}")
        parts += [f"in all gradients, {FAULTS[fault].title}" for fault in self.story.overall]
        told = "; ".join(parts)
        return f"{told[:1].upper()}{told[1:]}."

    def _unknown(self, subject: Subject) -> str:
        wrong = [
            f"{place}"
            for place, (kind, layer) in self.subjects.items()
            if UNKNOWN in self.story.written[kind, layer].faults
        ]
        outermost = max(
            layer
            for kind, layer in self.subjects.values()
            if UNKNOWN in self.story.written[kind, layer].faults
        )
        told = "It is not the gradient of the loss, and no known mistake gives its numbers."
        if len(wrong) > 1:
            told += f" It starts in layer {outermost} of {self.depth}."
        return told

    def _written_text(self, subject: Subject, guilty: set[int]) -> str:
        own = self.story.written[subject]
        parts = [f"{_symbol(subject)} = {own.text}"]
        parts += [f"δ{sub(k)} = {self.story.deltas[k].text}" for k in sorted(guilty | {subject[1]})]
        return "; ".join(parts)

    def _right_text(self, subject: Subject, guilty: set[int]) -> str:
        """The right formulas, and the rules' own equations that they come from."""
        layer = subject[1]
        shown = sorted(guilty | {layer})
        penalty = " + λ W" if self.story.penalty and subject[0] == "kernel" else ""
        parts = [f"{_symbol(subject)} = {self.truths[subject].text}{penalty}"]
        parts += [f"δ{sub(k)} = {self.deltas[k].text}" for k in shown]
        rules = [self.chain.links[k - 1].activation for k in shown]
        laws = {
            f"{activation.name}: {activation.equation}": None
            for activation in rules
            if activation.name != "linear"
        }
        wrt = {"kernel": "kernel", "bias": "bias"}[subject[0]]
        own = lines(dense.cotangents[wrt], f"∂L/∂{wrt}")[-1].equation
        return "; ".join(parts) + f"  [dense: {own}{''.join(f'; {law}' for law in laws)}]"


def _symbol(subject: Subject) -> str:
    return f"∂L/∂{'W' if subject[0] == 'kernel' else 'b'}{sub(subject[1])}"
