"""What may stand at each place of a backward pass: the right formula, and the mistaken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.handwritten.chain import COMMON, Activation
from chainrule.glass.handwritten.objectives import BINARY, CATEGORICAL, Objective
from chainrule.glass.handwritten.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Arrays = tuple[Any, ...]
"""One array for each scene."""

Make = Callable[..., Any]
"""From the number of a scene and the scene to an array."""


@dataclass(frozen=True, eq=False)
class Option:
    """A formula at a place.

    Attributes:
        faults: What is wrong with it; empty for the right one.
        text: The formula.
        arrays: Its numbers, one array for each scene.
        ties: Other mistakes, as many, that give the same numbers.
    """

    faults: tuple[str, ...]
    text: str
    arrays: Arrays
    ties: tuple[tuple[str, ...], ...] = ()


_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def sub(number: int) -> str:
    """A subscript."""
    return str(number).translate(_DIGITS)


def act(layer: int) -> str:
    """What formulas call a layer's activation."""
    return f"a{sub(layer)}" if layer else "x"


def option(
    faults: Iterable[str], text: str, scenes: Sequence[Scene], make: Make
) -> Iterator[Option]:
    """The option, unless its shapes do not fit or its numbers are not finite."""
    try:
        with np.errstate(all="ignore"):
            arrays = tuple(np.asarray(make(i, scene)) for i, scene in enumerate(scenes))
    except ValueError:
        return
    if all(np.isfinite(array).all() for array in arrays):
        yield Option(tuple(faults), text, arrays)


# ---------------------------------------------------------------- f′


def slopes(layer: int, scenes: Sequence[Scene], errors: Arrays, most: int) -> list[Option]:
    """What may stand where f′(z) belongs, with at most so many mistakes; the right one first."""
    chain = scenes[0].chain
    own = chain.links[layer - 1].activation
    found: list[Option] = []
    functions = (own, *(g for g in COMMON[:3] if g.name != own.name))
    for g in functions:
        wrong = () if g.name == own.name else ("derivative-of-another-function",)
        for faults, text, make in _tensors(layer, chain.depth, errors):
            for in_output in (False, True) if g.has_form_in_output else (False,):
                told = _by_form(faults, in_output)
                if len(wrong) + len(told) <= most:
                    function = g.slope_of_output if in_output else g.slope
                    shown = _slope_text(g, text, in_output)
                    found += option(
                        (*wrong, *told), shown, scenes, lambda i, s, f=function, m=make: f(m(i, s))
                    )
    if most:
        found += _parts_of_slopes(layer, own, scenes)
    return sorted(found, key=lambda one: len(one.faults))


Tensor = tuple[tuple[str, ...], str, Make]


def _tensors(layer: int, depth: int, errors: Arrays) -> Iterator[Tensor]:
    """Arrays that a derivative may be taken at: the kind of mistake, a name, the array."""
    yield ("z",), f"z{sub(layer)}", lambda i, s: s.z(layer)
    yield ("a",), act(layer), lambda i, s: s.a(layer)
    for k in range(depth, 0, -1):
        if k != layer:
            yield ("z", "other"), f"z{sub(k)}", lambda i, s, k=k: s.z(k)
            yield ("a", "other"), act(k), lambda i, s, k=k: s.a(k)
    yield ("a", "other"), "x", lambda i, s: s.a(0)
    yield ("error",), f"e{sub(layer)}", lambda i, s: errors[i]


def _by_form(kinds: tuple[str, ...], in_output: bool) -> tuple[str, ...]:
    """The mistakes of taking a derivative, in one of its forms, at an array."""
    if kinds == ("error",):
        return ("derivative-of-error",)
    told = ("derivative-of-another-layer",) if "other" in kinds else ()
    if kinds[0] == "a" and not in_output:
        return (*told, "derivative-of-activation")
    if kinds[0] == "z" and in_output:
        return (*told, "derivative-of-pre-activation")
    return told


def _slope_text(g: Activation, at: str, in_output: bool) -> str:
    if g.name == "linear":
        return "1"
    if in_output:
        return {"sigmoid": f"{at} (1 − {at})", "tanh": f"(1 − {at}²)"}.get(
            g.name, f"{g.symbol}′ from output {at}"
        )
    return f"{g.symbol}′({at})"


def _parts_of_slopes(layer: int, own: Activation, scenes: Sequence[Scene]) -> Iterator[Option]:
    a = act(layer)
    yield from option(["derivative-missing"], "1", scenes, lambda i, s: np.ones_like(s.z(layer)))
    yield from option(["activation-for-derivative"], a, scenes, lambda i, s: s.a(layer))
    if own.name in ("sigmoid", "tanh"):
        yield from option(["derivative-half"], f"(1 − {a})", scenes, lambda i, s: 1 - s.a(layer))
    if own.name == "tanh":
        yield from option(["derivative-half"], f"{a}²", scenes, lambda i, s: s.a(layer) ** 2)
    yield from option(
        ["derivative-squared"],
        f"{own.symbol}′(z{sub(layer)})²",
        scenes,
        lambda i, s: own.slope(s.z(layer)) ** 2,
    )


# ---------------------------------------------------------------- δ at the output


def residuals(objective: Objective, scenes: Sequence[Scene]) -> Iterator[Option]:
    """What may stand where a − y belongs."""
    last = scenes[0].chain.depth
    a, y = act(last), "y"

    def of(i: int, s: Scene) -> Array:
        return objective.residual(s.a(last), s.y)

    shown = {"squared": f"({a} − {y})", "absolute": f"sign({a} − {y})"}.get(
        objective.id,
        f"({a} − {y})" if "logits" not in objective.id else f"({objective.error})",
    )
    yield from option((), shown, scenes, of)
    yield from option(["error-sign"], f"({y} − {a})", scenes, lambda i, s: -of(i, s))
    yield from option(["targets-missing"], a, scenes, lambda i, s: of(i, s) + s.y)
    yield from option(["loss-for-derivative"], f"{shown}²", scenes, lambda i, s: of(i, s) ** 2)
    bare = shown.strip("()")
    yield from option(["error-absolute"], f"|{bare}|", scenes, lambda i, s: np.abs(of(i, s)))
    yield from option(
        ["error-direction-only"], f"sign{shown}", scenes, lambda i, s: np.sign(of(i, s))
    )
    yield from option(
        ["pre-activation-as-output"], f"(z{sub(last)} − {y})", scenes, lambda i, s: s.z(last) - s.y
    )
    if scenes[0].y.shape[1] == 1:
        yield from option(
            ["targets-broadcast"], f"({a} − yᵀ)", scenes, lambda i, s: s.a(last) - s.y.T
        )
        yield from option(
            ["targets-broadcast"],
            f"Σⱼ ({a} − yⱼ)",
            scenes,
            lambda i, s: np.sum(s.a(last) - s.y.T, axis=1, keepdims=True),
        )
        yield from option(
            ["targets-broadcast"],
            f"meanⱼ ({a} − yⱼ)",
            scenes,
            lambda i, s: np.mean(s.a(last) - s.y.T, axis=1, keepdims=True),
        )


def output_deltas(
    objective: Objective, scenes: Sequence[Scene], most: int
) -> Iterator[tuple[Option, Option]]:
    """What may stand where δ of the last layer belongs, each with the error that it is made of."""
    last = scenes[0].chain.depth
    activation = scenes[0].chain.links[-1].activation
    for residual in residuals(objective, scenes):
        left = most - len(residual.faults)
        if left < 0:
            continue
        if activation.name == "softmax":
            for delta in _softmax_deltas(objective, scenes, residual, left):
                yield delta, residual
            if objective.id == CATEGORICAL.id:
                for error in _error(objective, scenes, residual):
                    if error.faults == residual.faults:
                        yield residual, error
            continue
        fused = activation.name in objective.fits and objective.id == BINARY.id
        if fused:
            yield residual, residual
            for slope in slopes(last, scenes, residual.arrays, left - 1) if left else ():
                extra = ("cross-entropy-extra-derivative",)
                yield _times(residual, slope, scenes, extra), residual
        if fused or objective.id == CATEGORICAL.id:
            for one in _error(objective, scenes, residual):
                for slope in slopes(last, scenes, one.arrays, left):
                    if len(one.faults) + len(slope.faults) <= most:
                        yield _times(one, slope, scenes), one
            continue
        for slope in slopes(last, scenes, residual.arrays, left):
            yield _times(residual, slope, scenes), residual


def _times(
    error: Option, slope: Option, scenes: Sequence[Scene], extra: tuple[str, ...] = ()
) -> Option:
    made = []
    for e, s in zip(error.arrays, slope.arrays, strict=True):
        try:
            made.append(e * s)
        except ValueError:
            return Option(("misfit",) * 9, "", error.arrays)
    text = error.text if slope.text == "1" else f"{error.text} ⊙ {slope.text}"
    return Option((*error.faults, *slope.faults, *extra), text, tuple(made))


def _error(objective: Objective, scenes: Sequence[Scene], residual: Option) -> Iterator[Option]:
    """∂L/∂a of a cross-entropy, written out."""
    last = scenes[0].chain.depth
    a = act(last)
    if objective.id == BINARY.id:
        shown = f"{residual.text} / ({a} (1 − {a}))"
        yield from option(
            residual.faults,
            shown,
            scenes,
            lambda i, s: residual.arrays[i] / (s.a(last) * (1 - s.a(last))),
        )
        if not residual.faults:
            half = ("cross-entropy-half",)
            yield from option(half, f"(−y / {a})", scenes, lambda i, s: -s.y / s.a(last))
    elif not residual.faults:
        yield from option((), f"(−y / {a})", scenes, lambda i, s: -s.y / s.a(last))
        yield from option(("error-sign",), f"(y / {a})", scenes, lambda i, s: s.y / s.a(last))


def _softmax_deltas(
    objective: Objective, scenes: Sequence[Scene], residual: Option, left: int
) -> Iterator[Option]:
    last = scenes[0].chain.depth
    softmax = scenes[0].chain.links[-1].activation
    a, own = act(last), residual.faults
    r = residual.arrays

    def jacobian(of: Make) -> Make:
        return lambda i, s: softmax.back(s.z(last), s.a(last), of(i, s))

    full = f"{a} ⊙ ({residual.text} − Σ {residual.text} {a})"
    crossed = objective.id == CATEGORICAL.id
    if not crossed:
        yield from option(own, full, scenes, jacobian(lambda i, s: r[i]))
    else:
        yield residual
    if not left:
        return
    if crossed:
        extra = (*own, "cross-entropy-extra-derivative")
        yield from option(extra, full, scenes, jacobian(lambda i, s: r[i]))
        for slope in _diagonals(scenes, left - 1):
            yield _times(residual, slope, scenes, ("cross-entropy-extra-derivative",))
        if not own:
            yield from option(
                ["softmax-jacobian-missing"], f"−y / {a}", scenes, lambda i, s: -s.y / s.a(last)
            )
            yield from option(
                ["softmax-cross-terms"],
                f"−y (1 − {a})",
                scenes,
                lambda i, s: -s.y * (1 - s.a(last)),
            )
    else:
        yield Option((*own, "softmax-jacobian-missing"), residual.text, r)
        for slope in _diagonals(scenes, left - 1):
            yield _times(residual, slope, scenes, ("softmax-cross-terms",))
        yield from option(
            (*own, "derivative-of-activation"),
            f"softmax′({a}) {residual.text}",
            scenes,
            lambda i, s: softmax.back(s.a(last), softmax(s.a(last)), r[i]),
        )
        for slope in _foreign(last, scenes):
            yield _times(residual, slope, scenes)
    true = (*own, "true-class-only")
    if crossed:
        yield from option(true, f"y ⊙ {residual.text}", scenes, lambda i, s: s.y * r[i])
    else:
        whole = jacobian(lambda i, s: r[i])
        yield from option(true, f"y ⊙ {full}", scenes, lambda i, s: s.y * whole(i, s))


def _diagonals(scenes: Sequence[Scene], left: int) -> Iterator[Option]:
    """Slopes of a sigmoid, which people take for the softmax's derivative."""
    last = scenes[0].chain.depth
    a, sigmoid = act(last), COMMON[0]
    yield from option((), f"{a} (1 − {a})", scenes, lambda i, s: sigmoid.slope_of_output(s.a(last)))
    if left:
        yield from option(
            ["derivative-of-activation"],
            f"σ′({a})",
            scenes,
            lambda i, s: sigmoid.slope(s.a(last)),
        )


def _foreign(layer: int, scenes: Sequence[Scene]) -> Iterator[Option]:
    wrong = ["derivative-of-another-function"]
    for g in COMMON[:3]:
        shown = _slope_text(g, f"z{sub(layer)}", in_output=False)
        yield from option(wrong, shown, scenes, lambda i, s, g=g: g.slope(s.z(layer)))
        if g.has_form_in_output and g.name != "sigmoid":
            shown = _slope_text(g, act(layer), in_output=True)
            yield from option(wrong, shown, scenes, lambda i, s, g=g: g.slope_of_output(s.a(layer)))


# ---------------------------------------------------------------- e of a hidden layer


def hidden_errors(
    layer: int,
    scenes: Sequence[Scene],
    deltas: dict[int, Option],
    errors: dict[int, Option],
    most: int,
) -> Iterator[Option]:
    """What may stand where δₗ₊₁ Wₗ₊₁ᵀ belongs."""
    after = layer + 1
    depth = scenes[0].chain.depth
    sources: list[tuple[tuple[str, ...], str, Option]] = [((), f"δ{sub(after)}", deltas[after])]
    if most:
        sources.append((("error-propagated-for-delta",), f"e{sub(after)}", errors[after]))
        sources += [
            (("delta-skips-layer",), f"δ{sub(k)}", deltas[k]) for k in range(after + 1, depth + 1)
        ]
        if after < depth:
            sources.append((("delta-skips-layer",), f"e{sub(depth)}", errors[depth]))
    for faults, text, source in sources:
        for more, shown, weights in _ways_back(layer, scenes):
            if len(faults) + len(more) <= most:
                yield from option(
                    (*faults, *more),
                    f"{text} {shown}".strip(),
                    scenes,
                    lambda i, s, d=source.arrays, w=weights, b=layer: _fit(w(s, d[i]), s.z(b)),
                )


def _fit(made: Array, like: Array) -> Array:
    if made.shape != like.shape:
        made = np.broadcast_to(made, like.shape)
    return made


def _transposed(array: Array | None) -> Any:
    return array.T if array is not None else None


Back = Callable[..., Any]


def _ways_back(layer: int, scenes: Sequence[Scene]) -> Iterator[tuple[tuple[str, ...], str, Back]]:
    after = layer + 1
    w = f"W{sub(after)}"
    yield (), f"{w}ᵀ", lambda s, d: d @ s.w(after).T
    if all(s.moved(after) is not None for s in scenes):
        yield (
            ("weights-updated-first",),
            f"({w} after its update)ᵀ",
            lambda s, d: d @ _transposed(s.moved(after)),
        )
    yield ("weights-not-transposed",), w, lambda s, d: d @ s.w(after)
    for k in range(1, scenes[0].chain.depth + 1):
        if k != after:
            other = ("weights-of-another-layer",)
            yield other, f"W{sub(k)}ᵀ", lambda s, d, k=k: d @ s.w(k).T
            if all(s.moved(k) is not None for s in scenes):
                yield (
                    (*other, "weights-updated-first"),
                    f"(W{sub(k)} after its update)ᵀ",
                    lambda s, d, k=k: d @ _transposed(s.moved(k)),
                )
            yield (
                (*other, "weights-not-transposed"),
                f"W{sub(k)}",
                lambda s, d, k=k: d @ s.w(k),
            )
    yield ("weights-missing",), "", lambda s, d: d
    yield ("weights-missing",), "summed over units", lambda s, d: np.sum(d, axis=1, keepdims=True)


def hidden_deltas(
    layer: int,
    scenes: Sequence[Scene],
    deltas: dict[int, Option],
    errors: dict[int, Option],
    most: int,
) -> Iterator[tuple[Option, Option]]:
    """What may stand where δ of a hidden layer belongs, each with the error that it is made of."""
    activation = scenes[0].chain.links[layer - 1].activation
    for error in hidden_errors(layer, scenes, deltas, errors, most):
        left = most - len(error.faults)
        if activation.name == "softmax":
            made = option(
                error.faults,
                f"softmax′ {error.text}",
                scenes,
                lambda i, s, e=error.arrays: activation.back(s.z(layer), s.a(layer), e[i]),
            )
            for one in made:
                yield one, error
            continue
        for slope in slopes(layer, scenes, error.arrays, left):
            delta = _times(error, slope, scenes)
            if any(d.shape != s.z(layer).shape for d, s in zip(delta.arrays, scenes, strict=True)):
                continue
            yield delta, error
            if len(delta.faults) < most:
                yield from _scaled_deltas(delta, error, scenes)


def _scaled_deltas(
    delta: Option, error: Option, scenes: Sequence[Scene]
) -> Iterator[tuple[Option, Option]]:
    for fault, text, factor in (
        ("delta-sign", "−", lambda s: -1.0),
        ("delta-factor", "2 ", lambda s: 2.0),
        ("delta-factor", "½ ", lambda s: 0.5),
        ("delta-averaged", "1/n ", lambda s: 1 / s.samples),
        ("delta-factor", "n ", lambda s: float(s.samples)),
        ("delta-factor", "η ", lambda s: s.point.rate),
    ):
        if fault == "delta-factor" and text == "η " and all(s.point.rate == 1 for s in scenes):
            continue
        arrays = tuple(d * factor(s) for d, s in zip(delta.arrays, scenes, strict=True))
        faults = (*delta.faults, fault)
        yield Option(faults, f"{text}{delta.text}", arrays), error
