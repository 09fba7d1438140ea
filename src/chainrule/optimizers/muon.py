"""Muon: momentum whose matrices are made orthogonal, and Adam for all that is no matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from chainrule.core.layout import Layout, Slot
from chainrule.core.plan import UpdateNode
from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.adam import adam
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import (
    Rate,
    Undecayed,
    fraction,
    not_negative,
    positive,
    share,
    whole,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@update_rule("muon_momentum", "grad[I,O] m[I,O] -> direction[I,O] m[I,O]")
def muon_momentum(grad, m, *, momentum):
    """The momentum of Muon (Jordan et al., 2024), shortened to length 1."""
    m = m + (grad + m * (momentum - 1))  # m ← β m + g
    direction = m / (np.sqrt(np.sum(m * m)) + 1e-7)  # d = m / (‖m‖ + 10⁻⁷)
    return direction, m  # d, m


@update_rule("muon_nesterov", "grad[I,O] m[I,O] -> direction[I,O] m[I,O]")
def muon_nesterov(grad, m, *, momentum):
    """The same one step ahead."""
    m = m + (grad + m * (momentum - 1))  # m ← β m + g
    ahead = grad + momentum * m  # h = g + β m
    direction = ahead / (np.sqrt(np.sum(ahead * ahead)) + 1e-7)  # d = h / (‖h‖ + 10⁻⁷)
    return direction, m  # d, m


@update_rule("newton_schulz", "direction[I,O] -> direction[I,O]")
def newton_schulz(direction, *, muon_a, muon_b, muon_c):
    """One Newton-Schulz step: singular values s become a s + b s³ + c s⁵, nearer to 1."""
    gram = direction @ direction.T  # A = d dᵀ
    bend = muon_b * gram + muon_c * gram @ gram  # B = b A + c A²
    return muon_a * direction + bend @ direction  # d ← a d + B d


@update_rule("newton_schulz_tall", "direction[I,O] -> direction[I,O]")
def newton_schulz_tall(direction, *, muon_a, muon_b, muon_c):
    """The same with the smaller of the two products, for matrices of more rows than columns."""
    gram = direction.T @ direction  # A = dᵀ d
    bend = muon_b * gram + muon_c * gram @ gram  # B = b A + c A²
    return muon_a * direction + direction @ bend  # d ← a d + d B


@update_rule("muon", "theta[I,O] direction[I,O] -> theta[I,O]")
def muon(theta, direction, *, learning_rate, scale):
    """Step as far as Adam would (Liu et al., 2025, eq. 4)."""
    return theta - learning_rate * scale * direction  # θ ← θ − η s d


class Muon(Optimizer):
    """Muon for matrices, AdamW for the rest: vectors, embeddings, kernels of convolutions.

    Args:
        learning_rate: Step size η.
        adam_beta_1: β₁ of Adam.
        adam_beta_2: β₂ of Adam.
        adam_weight_decay: λ for the variables that Adam moves; ``None`` for none.
        epsilon: ε of Adam.
        weight_decay: λ for the variables that Muon moves; ``None`` for none.
        exclude_layers: Patterns; a matrix is left to Adam if one is found in its name
            (``"dense_2/kernel"``). The last layer of a network usually is.
        exclude_embeddings: Whether variables with "embedding" in their name are left to Adam.
        muon_a: a of the Newton-Schulz step.
        muon_b: b of it.
        muon_c: c of it.
        adam_lr_ratio: How many times η Adam's step size is.
        momentum: β of Muon.
        ns_steps: How many Newton-Schulz steps are made.
        nesterov: Whether the momentum looks one step ahead.
        rms_rate: ρ: steps are ρ √max(rows, columns) times a matrix with singular values near 1,
            which makes them as long as Adam's; ``None`` leaves the factor out.
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **common: Unpack[Undecayed],
    ) -> None:
        decay = adam_weight_decay
        own = {
            "adam_beta_1": fraction("adam_beta_1", adam_beta_1),
            "adam_beta_2": fraction("adam_beta_2", adam_beta_2),
            "epsilon": positive("epsilon", epsilon),
            "exclude_layers": list(exclude_layers or ()),
            "muon_a": float(muon_a),
            "muon_b": float(muon_b),
            "muon_c": float(muon_c),
            "adam_lr_ratio": not_negative("adam_lr_ratio", adam_lr_ratio),
            "momentum": share("momentum", momentum),
            "ns_steps": whole("ns_steps", ns_steps, 0),
            "nesterov": bool(nesterov),
            "exclude_embeddings": bool(exclude_embeddings),
            "adam_weight_decay": None
            if decay is None
            else not_negative("adam_weight_decay", decay),
            "rms_rate": None if rms_rate is None else float(rms_rate),
        }
        super().__init__(learning_rate, own, weight_decay=weight_decay, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        first = muon_nesterov if self.hyperparameters["nesterov"] else muon_momentum
        return (first, newton_schulz, newton_schulz_tall, muon, adam)

    @property
    def constants(self) -> Mapping[str, Any]:
        known = self.hyperparameters
        return {**known, "beta_1": known["adam_beta_1"], "beta_2": known["adam_beta_2"]}

    def scalars(self, first: int, count: int, part: float = 1.0) -> dict[str, Array]:
        found = super().scalars(first, count, part)
        return {**found, "step_size": found["step_size"] * self.hyperparameters["adam_lr_ratio"]}

    def own_nodes(self, layout: Layout) -> Iterator[UpdateNode]:
        for slot in layout:
            if self._by_adam(slot):
                yield self.node(adam, slot.name)
            else:
                yield from self._muon_nodes(slot)

    def _muon_nodes(self, slot: Slot) -> Iterator[UpdateNode]:
        known, (rows, columns) = self.hyperparameters, slot.shape
        yield self.node(self.rules()[0], slot.name)
        for _ in range(known["ns_steps"]):
            yield self.node(newton_schulz_tall if rows > columns else newton_schulz, slot.name)
        rate = known["rms_rate"]
        scale = 1.0 if rate is None else rate * float(np.sqrt(max(rows, columns)))
        yield self.node(muon, slot.name, scale=scale)

    def decayed(self, layout: Layout) -> Iterator[tuple[str | None, float | None]]:
        for slot in layout:
            which = "adam_weight_decay" if self._by_adam(slot) else "weight_decay"
            if not self._excluded(slot.name):
                yield slot.name, self.hyperparameters[which]

    def _by_adam(self, slot: Slot) -> bool:
        known = self.hyperparameters
        if len(slot.shape) != 2 or (
            known["exclude_embeddings"] and "embedding" in slot.name.lower()
        ):
            return True
        return any(re.search(pattern, slot.name) for pattern in known["exclude_layers"])
