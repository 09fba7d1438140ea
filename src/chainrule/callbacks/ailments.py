"""What can ail a layer that learns, each told in one plain sentence with what helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MANY = 0.5
"""Part of units or activations from which dead or saturated ones are an ailment."""
FAST, SLOW = 0.1, 1e-6
"""Updates beyond these parts of the weights are too large or too small; 1e-3 is usual (A. Karpathy,
CS231n notes on babysitting the learning process)."""
APART = 1e4
"""How far gradients of the first and last layer may be apart: float32 has seven digits."""
STILL, EPOCHS = 1e-4, 5
"""A loss that changes by less than this part in so many epochs does not move."""


@dataclass(frozen=True)
class LayerHealth:
    """One layer on one batch.

    Attributes:
        layer: Its name.
        gradient_norm: √Σ (∂L/∂w)² over its parameters.
        gradient_size: Root mean square of ∂L/∂w.
        weight_norm: √Σ w².
        update_ratio: Norm of the optimizer's next update over the norm of the weights.
        dead: Part of its units that are 0 for every sample; ``None`` if it has no ReLU.
        saturated: Part of its activations that are flat; ``None`` if it cannot saturate.
    """

    layer: str
    gradient_norm: float
    gradient_size: float
    weight_norm: float
    update_ratio: float
    dead: float | None
    saturated: float | None


class Ailment(NamedTuple):
    """Something that keeps a network from learning.

    Attributes:
        name: ``"dead"``, ``"saturated"``, ``"fast"``, ``"slow"``, ``"vanishing"``,
            ``"exploding"`` or ``"still"``.
        layer: The layer, or the first of several; ``""`` if it is none.
        sentence: What it is, and what helps.
    """

    name: str
    layer: str
    sentence: str


def ailments(layers: Sequence[LayerHealth], losses: Sequence[float]) -> Iterator[Ailment]:
    """What ails, given all layers as they are and the loss of every epoch so far."""
    for one in layers:
        if one.dead is not None and one.dead >= MANY:
            what = f"{one.dead:.0%} of its ReLUs are 0 for every sample and no longer learn"
            helps = "a smaller learning rate or leaky_relu helps"
            yield Ailment("dead", one.layer, f"{one.layer}: {what}; {helps}.")
        if one.saturated is not None and one.saturated >= MANY:
            what = f"{one.saturated:.0%} of its activations are where the slope is nearly 0"
            helps = "scale the inputs, or begin with smaller weights"
            yield Ailment("saturated", one.layer, f"{one.layer}: {what}; {helps}.")
    yield from _fast_and_slow(layers)
    if len(layers) > 1:
        yield from _along_the_way_back(layers[0], layers[-1])
    recent = losses[-EPOCHS - 1 :]
    if len(recent) > EPOCHS and max(recent) - min(recent) <= STILL * abs(recent[0]):
        what = f"The loss has not moved by more than {STILL:.2%} in {EPOCHS} epochs"
        yield Ailment("still", "", f"{what}; a larger learning rate, or other first weights, may.")


def _fast_and_slow(layers: Sequence[LayerHealth]) -> Iterator[Ailment]:
    """Steps that are too large or too small beside the weights: in one layer, or in all."""
    for name, rate, ill in (
        ("fast", "high", [one for one in layers if one.update_ratio > FAST]),
        ("slow", "low", [one for one in layers if one.update_ratio < SLOW]),
    ):
        if not ill:
            continue
        least, most = (pick(one.update_ratio for one in ill) for pick in (min, max))
        size = f"{least:.1e}" if least == most else f"{least:.1e} to {most:.1e}"
        who = "every layer" if len(ill) == len(layers) else ", ".join(one.layer for one in ill)
        what = f"One step moves the weights of {who} by {size} of their size (1e-3 is usual)"
        yield Ailment(name, ill[0].layer, f"{what}: the learning rate is too {rate} for it.")


def _along_the_way_back(first: LayerHealth, last: LayerHealth) -> Iterator[Ailment]:
    """What the first layer's gradient is beside the last's."""
    sizes = f"{first.gradient_size:.1e} in {first.layer}, {last.gradient_size:.1e} in {last.layer}"
    if first.gradient_size * APART < last.gradient_size:
        helps = "relu, he_normal weights or normalization help"
        sentence = f"Gradients vanish on the way back (root mean square {sizes}); {helps}."
        yield Ailment("vanishing", first.layer, sentence)
    elif first.gradient_size > APART * last.gradient_size:
        helps = "clipnorm or smaller first weights help"
        sentence = f"Gradients explode on the way back (root mean square {sizes}); {helps}."
        yield Ailment("exploding", first.layer, sentence)
