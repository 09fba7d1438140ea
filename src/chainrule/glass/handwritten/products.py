"""What may stand where a kernel's or a bias's gradient belongs, up to a factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.handwritten.options import Arrays, Make, Option, act, option, sub
from chainrule.glass.handwritten.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Named = tuple[tuple[str, ...], str, Make]


def kernel_gradients(
    layer: int,
    scenes: Sequence[Scene],
    deltas: dict[int, Option],
    errors: dict[int, Option],
    most: int,
) -> Iterator[Option]:
    """What may stand where aₗ₋₁ᵀ δₗ belongs; the right one first."""
    right = _kernel(_inputs(layer, scenes)[0], _deltas(layer, deltas, errors)[0])
    yield from _options(right, scenes, 0)
    if not most:
        return
    for given in _inputs(layer, scenes):
        for delta in _deltas(layer, deltas, errors):
            yield from _options(_kernel(given, delta), scenes, most)
    yield from option(["gradient-missing"], "0", scenes, lambda i, s: np.zeros_like(s.w(layer)))


def _inputs(layer: int, scenes: Sequence[Scene]) -> list[Named]:
    """Arrays that may stand for a layer's input."""
    before = layer - 1
    found: list[Named] = [((), act(before), lambda i, s: s.a(before))]
    if before:
        own = scenes[0].chain.links[before - 1].activation
        found.append((("pre-activation-as-input",), f"z{sub(before)}", lambda i, s: s.z(before)))
        if own.name != "linear":
            found.append(
                (("input-activated-twice",), f"{own.symbol}({act(before)})",
                 lambda i, s: own(s.a(before)))
            )  # fmt: skip
    for k in range(scenes[0].chain.depth + 1):
        if k != before:
            found.append((("input-of-another-layer",), act(k), lambda i, s, k=k: s.a(k)))
    return found


def _deltas(layer: int, deltas: dict[int, Option], errors: dict[int, Option]) -> list[Named]:
    """Arrays that may stand for a layer's δ."""
    found: list[Named] = [((), f"δ{sub(layer)}", lambda i, s: deltas[layer].arrays[i])]
    if layer in errors:
        of = errors[layer].arrays
        found.append((("error-for-delta",), f"e{sub(layer)}", lambda i, s: of[i]))
    for k in sorted(deltas, reverse=True):
        if k != layer:
            other = ("delta-of-another-layer",)
            found.append((other, f"δ{sub(k)}", lambda i, s, k=k: deltas[k].arrays[i]))
    return found


def _kernel(given: Named, delta: Named) -> list[Named]:
    """The products of an input and a δ: over all samples, and over some of them."""
    faults = (*given[0], *delta[0])
    a, d = given[1], delta[1]

    def product(pick: Callable[[Any, Any], Any]) -> Callable[[int, Scene], Any]:
        return lambda i, s: pick(given[2](i, s), delta[2](i, s))

    return [
        (faults, f"{a}ᵀ {d}", product(lambda x, y: x.T @ y)),
        ((*faults, "gradient-transposed"), f"{d}ᵀ {a}", product(lambda x, y: y.T @ x)),
        (
            (*faults, "first-sample-only"),
            f"{a}[0]ᵀ {d}[0]",
            product(lambda x, y: np.outer(x[0], y[0])),
        ),
        (
            (*faults, "last-sample-only"),
            f"{a}[−1]ᵀ {d}[−1]",
            product(lambda x, y: np.outer(x[-1], y[-1])),
        ),
        (
            (*faults, "last-input-for-all"),
            f"{a}[−1]ᵀ Σₙ {d}",
            product(lambda x, y: np.outer(x[-1], y.sum(axis=0))),
        ),
        (
            (*faults, "averaged-before-product"),
            f"n mean({a})ᵀ mean({d})",
            product(lambda x, y: np.outer(x.mean(axis=0), y.sum(axis=0))),
        ),
    ]


def _options(named: list[Named], scenes: Sequence[Scene], most: int) -> Iterator[Option]:
    for faults, text, make in named:
        if len(faults) <= most:
            yield from option(faults, text, scenes, make)


def bias_gradients(
    layer: int,
    scenes: Sequence[Scene],
    deltas: dict[int, Option],
    errors: dict[int, Option],
    most: int,
) -> Iterator[Option]:
    """What may stand where Σ δₗ belongs; the right one first."""
    for faults, text, make in _deltas(layer, deltas, errors):
        yield from _options(_reduced(layer, faults, text, make), scenes, most)
        if not most:
            return
    zero = ["bias-gradient-missing"]
    yield from option(zero, "0", scenes, lambda i, s: np.zeros(s.z(layer).shape[1]))


def _reduced(
    layer: int, faults: tuple[str, ...], text: str, make: Callable[[int, Scene], Any]
) -> list[Named]:
    def units(s: Scene) -> int:
        return int(s.z(layer).shape[1])

    def wide(array: Any, s: Scene) -> Any:
        if array.shape[-1] not in (1, units(s)):
            return array
        return np.broadcast_to(array, (*array.shape[:-1], units(s)))

    return [
        (faults, f"Σₙ {text}", lambda i, s: wide(make(i, s).sum(axis=0), s)),
        (("bias-not-summed", *faults), text, lambda i, s: wide(make(i, s), s)),
        (
            ("bias-summed-over-all", *faults),
            f"Σₙ Σₖ {text}",
            lambda i, s: np.full(units(s), make(i, s).sum()),
        ),
        (
            ("bias-wrong-axis", *faults),
            f"Σₖ {text}",
            lambda i, s: np.repeat(make(i, s).sum(axis=1, keepdims=True), units(s), axis=1),
        ),
        (("first-sample-only", *faults), f"{text}[0]", lambda i, s: wide(make(i, s)[0], s)),
        (("last-sample-only", *faults), f"{text}[−1]", lambda i, s: wide(make(i, s)[-1], s)),
    ]


# ---------------------------------------------------------------- comparing


def ratios(
    made: Arrays, claimed: Arrays, tolerances: Sequence[float], floors: Sequence[float]
) -> list[float] | None:
    """By which factor each claim is what a formula gives; ``None`` if it is no multiple.

    A claim of another size of the same meaning is compared as a broadcast would have it: one
    number for all units, one for each sample. Where both are nothing but rounding, any factor
    will do: not a number.
    """
    found = []
    for formula, claim, tolerance, floor in zip(made, claimed, tolerances, floors, strict=True):
        p = _like(formula, claim)
        if p is None:
            return None
        largest = float(np.max(np.abs(claim), initial=0.0))
        own = float(np.max(np.abs(p), initial=0.0))
        if not np.isfinite(largest):
            return None
        if own <= floor or largest <= floor:
            if own > floor or largest > floor:
                return None
            found.append(float("nan"))
            continue
        place = np.unravel_index(int(np.abs(p).argmax()), p.shape)
        factor = float(np.sum(claim * p) / np.sum(p * p))
        if not np.isfinite(factor) or factor == 0:
            return None
        quick = abs(claim[place] - factor * p[place])
        if quick > tolerance or np.max(np.abs(claim - factor * p)) > tolerance:
            return None
        found.append(factor)
    return found


def _like(made: Array, claim: Array) -> Array | None:
    """A formula's array in the shape of a claim, if a broadcast leads there."""
    if made.shape == claim.shape:
        return made
    if claim.ndim == 0 and made.ndim == 1 and np.ptp(made) == 0:
        return made.flat[0] * np.ones(())
    if made.ndim == 2 and claim.size == made.shape[0] and np.all(np.ptp(made, axis=1) == 0):
        return made[:, 0].reshape(claim.shape)
    return None
