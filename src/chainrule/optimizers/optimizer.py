"""What all optimizers share: a learning rate, update rules in a row, and their scalars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.names import snake_case
from chainrule.core.plan import Update, UpdateNode
from chainrule.core.rule import UpdateRule, parameters
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Optimizer:
    """Base of the optimizers.

    Attributes:
        learning_rate: Step size; may be set between steps.
        iterations: Updates done so far.
        state: The state vectors by name, once training began.
        hyperparameters: The constants of the update rules, by name.
    """

    def __init__(self, learning_rate: float, name: str | None, **hyperparameters: Any) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.iterations = 0
        self.state: dict[str, Array] = {}
        self.hyperparameters = hyperparameters
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """Step size."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise ArgumentError("`learning_rate` must be a number.", learning_rate=value)
        if not (np.isfinite(value) and value >= 0):
            raise ArgumentError(
                "`learning_rate` must be finite and not negative.", learning_rate=value
            )
        self._learning_rate = float(value)

    def rules(self) -> tuple[UpdateRule, ...]:
        """The update rules, in the order in which they are applied."""
        raise NotImplementedError

    def update(self) -> Update:
        """The optimizer as data. Arrays of the same name flow from rule to rule."""
        nodes = tuple(
            UpdateNode(rule, {n: n for n in rule.inputs}, {n: n for n in rule.outputs})
            for rule in self.rules()
        )
        kept = {name for node in nodes for name in node.inputs if name in node.outputs}
        states = [n for node in nodes for n in node.outputs if n in kept and n != "theta"]
        return Update(nodes, tuple(dict.fromkeys(states)))

    def scalars(self, first: int, count: int) -> dict[str, Array]:
        """The options of the update rules for steps ``first``, …, counted from 1.

        Returns:
            For each option an array of ``count`` numbers in float64.
        """
        known = {"learning_rate": self.learning_rate, **self.hyperparameters}
        steps = np.arange(first, first + count, dtype=np.float64)
        found = {}
        for rule in self.rules():
            for option in rule.options:
                value = known.get(option)
                if option in rule.scalars:
                    function = rule.scalars[option]
                    names = {"t": steps, **known}
                    value = function(**{n: names[n] for n in parameters(function)})
                found[option] = np.broadcast_to(np.asarray(value, dtype=np.float64), (count,))
        return found

    def allocate(self, names: tuple[str, ...], size: int, dtype: str) -> None:
        """Make the state vectors, of zeros, if there are none yet.

        Raises:
            ArgumentError: The optimizer already trains a model of another size.
        """
        if not self.state and not self.iterations:
            self.state = {name: np.zeros(size, dtype) for name in names}
        for name, vector in self.state.items():
            if vector.shape != (size,):
                raise ArgumentError(
                    f"This {type(self).__name__} has state for {vector.size} parameters, the model "
                    f"trains {size}. Give each model an optimizer of its own.",
                    **{name: vector.shape},
                )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"learning_rate": self.learning_rate, **self.hyperparameters, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """An optimizer from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items() if k != "name")
        return f"{type(self).__name__}({shown})"


def fraction(name: str, value: float) -> float:
    """A hyper-parameter that must lie in [0, 1).

    Raises:
        ArgumentError: It does not.
    """
    if not 0 <= value < 1:
        raise ArgumentError(f"`{name}` must be at least 0 and less than 1.", **{name: value})
    return float(value)


def positive(name: str, value: float) -> float:
    """A hyper-parameter that must be greater than 0.

    Raises:
        ArgumentError: It is not.
    """
    if not value > 0:
        raise ArgumentError(f"`{name}` must be greater than 0.", **{name: value})
    return float(value)
