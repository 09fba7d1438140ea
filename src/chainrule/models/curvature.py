"""The loss of given weights on given data, its gradient, and how the gradient turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chainrule.models.empirical_loss import EmpiricalLoss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]


class Differentiable:
    """What can be asked of a compiled model's loss as a function of its weights.

    The loss is what ``evaluate`` measures, of all rows together: Dropout rests, and normalization
    uses its moving averages. The model stays as it is.
    """

    def empirical_loss(
        self, x: Any, y: Any, sample_weight: Any = None, batch_size: int | None = None
    ) -> EmpiricalLoss:
        """The loss on these data as a function of θ, made ready to be called many times.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            sample_weight: One weight per sample.
            batch_size: Rows computed at once; the result does not depend on it but for rounding.

        Raises:
            StateError: ``compile()`` was not called.
            ShapeError, DataError: The data do not fit the model.
        """
        model = cast("Model", self)
        data = model._data(x, y, sample_weight)
        rows = {} if batch_size is None else {"rows": batch_size}
        return EmpiricalLoss(model.plan, data, model.theta, model._engine, **rows)

    def loss_at(
        self, x: Any, y: Any, theta: Array | None = None, sample_weight: Any = None
    ) -> float:
        """The loss that the model has with other weights.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            theta: The parameters that training moves, shape (P,), or all of them; the model's own
                if not given.
            sample_weight: One weight per sample.

        Returns:
            The loss of all rows together, in its unit.

        Raises:
            StateError: ``compile()`` was not called.
            ShapeError, DataError: The data or ``theta`` do not fit the model.
        """
        return self.empirical_loss(x, y, sample_weight).loss(theta)

    def gradient_at(
        self, x: Any, y: Any, theta: Array | None = None, sample_weight: Any = None
    ) -> tuple[float, Array]:
        """The loss that the model has with other weights, and its gradient.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            theta: As for :meth:`loss_at`.
            sample_weight: One weight per sample.

        Returns:
            The loss, and ∂L/∂θ of the parameters that training moves: float64, shape (P,), in the
            order of ``model.layout``.

        Raises:
            StateError: ``compile()`` was not called.
            ShapeError, DataError: The data or ``theta`` do not fit the model.
        """
        return self.empirical_loss(x, y, sample_weight).gradient(theta)
