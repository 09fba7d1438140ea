"""An optimizer by hand: arrays are moved in place, in a training loop of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.layout import Layout, Slot
from chainrule.core.plan import Update
from chainrule.errors import ShapeError, StateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Applicable:
    """What moves arrays. A subclass says by which update.

    Example:
        >>> from chainrule.optimizers import SGD
        >>> weights, optimizer = np.array([1.0, -2.0]), SGD(0.5)
        >>> for _ in range(2):
        ...     optimizer.apply([2 * weights - 2], [weights])     # of (w − 1)²
        >>> weights
        array([1., 1.])
    """

    steps: int
    state: dict[str, Array]

    if TYPE_CHECKING:  # what the other half gives

        def update(self, layout: Layout) -> Update: ...
        def allocate(self, update: Update, dtype: str) -> None: ...
        def scalars(self, first: int, count: int) -> dict[str, Array]: ...

    def __init__(self) -> None:
        self._applied: tuple[list[Array], Update] | None = None

    @property
    def built(self) -> bool:
        """Whether the arrays that :meth:`apply` moves are known."""
        return self._applied is not None

    def build(self, variables: Sequence[Array]) -> None:
        """Say which arrays :meth:`apply` moves: of floats, all of one type."""
        if not self.built:
            slots = (Slot(f"variable_{i}", array.shape) for i, array in enumerate(variables))
            update = self.update(Layout(slots))
            self.allocate(update, str(np.result_type(*variables)))
            self._applied = list(variables), update

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Array] | None = None
    ) -> None:
        """One step: move the arrays in place.

        Args:
            grads: ∂L/∂variable for each array, of its shape.
            trainable_variables: The arrays; needed the first time only.

        Raises:
            StateError: The arrays are not known.
            ShapeError: The gradients are not of the arrays' shapes.
        """
        from chainrule.engines import interpret

        if trainable_variables is not None:
            self.build(trainable_variables)
        if self._applied is None:
            raise StateError("Give `trainable_variables` the first time, or call `build()` first.")
        variables, update = self._applied
        shapes, wanted = [np.shape(grad) for grad in grads], [array.shape for array in variables]
        if shapes != wanted:
            raise ShapeError(
                f"The gradients must have the variables' shapes {wanted}.", grads=shapes
            )
        scalars = {name: float(steps[0]) for name, steps in self.scalars(self.steps + 1, 1).items()}
        vectors = {"theta": _joined(variables), "grad": _joined(grads), **self.state}
        with np.errstate(all="ignore"):
            moved = interpret.update(update, vectors, scalars)
        for array, part in zip(
            variables, update.layout.views(moved["theta"]).values(), strict=True
        ):
            array[...] = part
        self.state = {name: moved[name] for name in self.state}
        self.steps += 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Array]]) -> None:
        """:meth:`apply` for pairs of a gradient and an array."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)


def _joined(arrays: Iterable[Any]) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays])
