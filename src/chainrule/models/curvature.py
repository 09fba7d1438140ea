"""The loss of given weights on given data, its gradient, and how the gradient turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.empirical_loss import EmpiricalLoss
    from chainrule.models.model import Model

    Array = NDArray[Any]


FEW = 200
"""Parameters for which all eigenvalues of the exact Hessian are computed at once."""

Which = Literal["largest", "smallest", "magnitude"]
_LANCZOS = {"largest": "LA", "smallest": "SA", "magnitude": "LM"}


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
        from chainrule.models.empirical_loss import EmpiricalLoss  # not before it must

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

    def hessian(
        self, x: Any, y: Any, theta: Array | None = None, sample_weight: Any = None
    ) -> Array:
        """The exact Hessian of the loss: how the gradient turns along each parameter.

        A product for each parameter, by dual numbers and in float64 (see
        :meth:`hessian_vector_product`): for networks of up to some hundreds of them.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            theta: As for :meth:`loss_at`.
            sample_weight: One weight per sample.

        Returns:
            ∂²L/∂θ∂θᵀ: float64, symmetric, shape (P, P), in the order of ``model.layout``.

        Raises:
            StateError: ``compile()`` was not called.
            ShapeError, DataError: The data or ``theta`` do not fit the model.
            NoCurvatureError: A rule's derivatives cannot be differentiated.
        """
        return self.empirical_loss(x, y, sample_weight).hessian(theta)

    def hessian_vector_product(
        self, x: Any, y: Any, v: Array, theta: Array | None = None, sample_weight: Any = None
    ) -> Array:
        """The Hessian of the loss times a vector, without the Hessian: for networks of any size.

        The rules' derivatives are run over dual numbers, forward over reverse (Pearlmutter, 1994):
        exactly, at the price of some four gradients of the NumPy engine in float32, in float64.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            v: A direction, shape (P,).
            theta: As for :meth:`loss_at`.
            sample_weight: One weight per sample.

        Returns:
            H v: float64, shape (P,).

        Raises:
            StateError, ShapeError, DataError, NoCurvatureError: As :meth:`hessian`.
        """
        return self.empirical_loss(x, y, sample_weight).hessian_vector(theta, v)

    def hessian_eigenvalues(
        self,
        x: Any,
        y: Any,
        k: int = 6,
        which: Which = "largest",
        theta: Array | None = None,
        sample_weight: Any = None,
    ) -> Array:
        """Some eigenvalues of the Hessian: the curvatures along its principal directions.

        Of up to 200 parameters they come from the Hessian itself; of more, by Lanczos' method from
        products with vectors, for which SciPy must be installed.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            k: How many.
            which: ``"largest"``, ``"smallest"`` (the most negative), or those of the largest
                ``"magnitude"``.
            theta: As for :meth:`loss_at`.
            sample_weight: One weight per sample.

        Returns:
            Float64, shape (k,), the largest first.

        Raises:
            ArgumentError: ``k`` is not between 1 and P (P − 1 of many), or ``which`` is unknown.
            StateError, ShapeError, DataError, NoCurvatureError: As :meth:`hessian`.
        """
        loss = self.empirical_loss(x, y, sample_weight)
        if which not in _LANCZOS:
            raise ArgumentError(f"`which` must be one of {tuple(_LANCZOS)}.", which=which)
        most = loss.size if loss.size <= FEW else loss.size - 1
        if not 1 <= k <= most:
            raise ArgumentError(f"`k` must be between 1 and {most}.", k=k)
        if loss.size <= FEW:
            return _selected(np.linalg.eigvalsh(loss.hessian(theta)), k, which)
        return _by_lanczos(loss, theta, k, _LANCZOS[which])

    def condition_number(
        self, x: Any, y: Any, theta: Array | None = None, sample_weight: Any = None
    ) -> float:
        """The largest magnitude of the Hessian's eigenvalues, divided by the smallest.

        The larger it is, the narrower the valleys in which gradient descent zigzags. Computed from
        the exact Hessian. It is infinite where some direction has no curvature at all; where the
        smallest eigenvalue is lost in rounding, about 10¹⁶ or more.

        Args:
            x: Inputs, as for ``fit``: arrays.
            y: Targets.
            theta: As for :meth:`loss_at`.
            sample_weight: One weight per sample.

        Raises:
            StateError, ShapeError, DataError, NoCurvatureError: As :meth:`hessian`.
        """
        sizes = np.abs(np.linalg.eigvalsh(self.hessian(x, y, theta, sample_weight)))
        return float(sizes.max() / sizes.min()) if sizes.min() else float("inf")


def _selected(values: Array, k: int, which: Which) -> Array:
    """``k`` of all eigenvalues, which ascend; the largest first."""
    if which == "magnitude":
        values = np.sort(values[np.argsort(np.abs(values))[-k:]])
    return (values[:k] if which == "smallest" else values[-k:])[::-1].copy()


def _by_lanczos(loss: EmpiricalLoss, theta: Array | None, k: int, which: str) -> Array:
    try:
        from scipy.sparse.linalg import LinearOperator, eigsh
    except ImportError:
        raise ArgumentError(
            f"The eigenvalues of a Hessian of more than {FEW} parameters need SciPy: "
            "pip install 'chainrule[science]'.",
            parameters=loss.size,
        ) from None
    shape, start = (loss.size, loss.size), np.random.default_rng(0).normal(size=loss.size)
    product = LinearOperator(shape, lambda v: loss.hessian_vector(theta, v.ravel()), dtype="f8")
    values = eigsh(product, k, which=which, v0=start, return_eigenvectors=False)
    return np.sort(values)[::-1].copy()
