"""Lines and planes through the space of weights, on which a loss surface can be drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.layout import Layout
from chainrule.core.rng import stream
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Plane:
    """A point of the space of weights and one or two directions from there.

    Attributes:
        centre: The point, shape (P,), float64.
        vectors: The directions, shape (1, P) or (2, P); linearly independent.
        labels: What a step along each means.
        kind: ``"random"``, ``"pca"``, ``"weights"``, ``"models"`` or ``"directions"``; of a
            function of two variables ``"variables"``.
        explained: For ``"pca"`` each direction's share of the paths' squared distances from the
            centre.
    """

    centre: Array
    vectors: Array
    labels: tuple[str, ...]
    kind: str
    explained: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if np.linalg.matrix_rank(self.vectors) < len(self.vectors):
            raise ArgumentError(
                "The directions must differ from 0 and from each other.", directions=self.labels
            )

    def point(self, *coordinates: float) -> Array:
        """The weights at a place of the plane: shape (P,)."""
        return self.centre + np.asarray(coordinates) @ self.vectors

    def project(self, points: Array) -> tuple[Array, Array]:
        """Where the plane is nearest to points, and how far they are from there.

        Args:
            points: Shape (T, P).

        Returns:
            Coordinates, shape (T, k), and Euclidean distances, shape (T,).
        """
        apart = np.asarray(points, np.float64) - self.centre
        coordinates = np.linalg.lstsq(self.vectors.T, apart.T, rcond=None)[0].T
        return coordinates, np.linalg.norm(apart - coordinates @ self.vectors, axis=1)


def random_plane(layout: Layout, centre: Array, seed: int = 0) -> Plane:
    """Two random directions, each filter of which is as long as the model's own.

    A filter is what leads to one output of a layer: of a kernel [I, O] a column. Arrays of one
    axis (biases, scales) stay as they are, as in the paper's own pictures. Without that, how sharp
    a surface looks depends on how large the weights happen to be, which a layer followed by a
    normalization or a ReLU may choose freely.

    Args:
        layout: The weights that training moves.
        centre: Their values, shape (P,).
        seed: Another seed draws other directions.

    Raises:
        ArgumentError: No array has two axes, or all weights are 0.

    Source: Li, Xu, Taylor, Studer, Goldstein (2018), Visualizing the Loss Landscape of Neural
    Nets, section 4: d_ij ← d_ij / ‖d_ij‖ · ‖θ_ij‖.
    """
    generator = stream(seed, "landscape")
    vectors = np.zeros((2, layout.size))
    own = layout.views(np.asarray(centre, np.float64))
    for vector in vectors:
        for name, direction in layout.views(vector).items():
            if direction.ndim > 1:
                axes = tuple(range(direction.ndim - 1))
                drawn = generator.standard_normal(direction.shape)
                length = np.linalg.norm(drawn.reshape(-1, drawn.shape[-1]), axis=0)
                wanted = np.sqrt(np.sum(own[name] ** 2, axis=axes))
                direction[...] = drawn * (wanted / length)
    if not vectors.any():
        raise ArgumentError(
            "Random directions are as long as the model's kernels, and it has none, or all are 0. "
            "Choose weights by name.",
            directions="random",
        )
    labels = "random direction 1 (in lengths of the filters)", "random direction 2"
    return Plane(np.asarray(centre, np.float64), vectors, labels, "random")


def principal_plane(paths: Sequence[Array], centre: Array) -> Plane:
    """The plane through a point that is nearest to all points of some paths.

    Args:
        paths: Points, each of shape (T, P).
        centre: Where the plane goes through, shape (P,): usually where a path ends.

    Raises:
        ArgumentError: The points lie on a line.

    Source: Li et al. (2018), section 7: principal components of [θ₀ − θₙ; …; θₙ₋₁ − θₙ].
    """
    centre = np.asarray(centre, np.float64)
    apart = np.concatenate([np.asarray(points, np.float64) for points in paths]) - centre
    _, singular, right = np.linalg.svd(apart, full_matrices=False)
    squares, vectors = singular[:2] ** 2, right[:2]
    total = float(np.sum(apart**2))
    if len(squares) < 2 or squares[1] <= 1e-24 * total:
        raise ArgumentError(
            "A plane through paths needs at least three points that are not on a line: record "
            "more of them, or choose other directions.",
            points=len(apart),
        )
    shares = tuple(float(square / total) for square in squares)
    labels = tuple(f"principal direction {n} ({s:.0%})" for n, s in enumerate(shares, 1))
    # The sign of a singular vector means nothing: let paths begin on the positive side.
    signs = np.where(vectors @ apart[0] < 0, -1.0, 1.0)
    return Plane(centre, vectors * signs[:, None], labels, "pca", shares)


def chosen_plane(layout: Layout, centre: Array, chosen: Sequence[Any]) -> Plane:
    """Directions that somebody names: weights, or vectors.

    Args:
        layout: The weights that training moves.
        centre: Their values, shape (P,).
        chosen: One or two; each ``"dense/kernel[0, 0]"``, or an array of shape (P,).

    Raises:
        ArgumentError: There are more of them, or two are the same.
        UnknownNameError: There is no such weight.
        ShapeError: An array has another size.
    """
    if not 1 <= len(chosen) <= 2:
        raise ArgumentError("There must be one direction, or two.", directions=chosen)
    vectors, labels = np.zeros((len(chosen), layout.size)), []
    named = [isinstance(one, str) for one in chosen]
    middle = np.zeros(layout.size)
    for number, (vector, one) in enumerate(zip(vectors, chosen, strict=True), start=1):
        if isinstance(one, str):
            place = index_of(layout, one)
            vector[place] = 1.0
            labels.append(layout.name_of(place))
            middle[place] = centre[place]
            continue
        given = np.asarray(one, np.float64)
        if given.shape != vector.shape:
            raise ShapeError(f"A direction must have the shape {vector.shape}.", shape=given.shape)
        vector[...] = given
        labels.append(f"direction {number}")
    # Along weights the axes show the weights themselves, so that 0 is a weight of 0.
    kind = "weights" if all(named) else "directions"
    origin = np.asarray(centre, np.float64) - (middle if kind == "weights" else 0)
    return Plane(origin, vectors, tuple(labels), kind)


def index_of(layout: Layout, name: str) -> int:
    """The place in the flat vector of ``"dense_1/kernel[0, 1]"``: what ``name_of`` says of it.

    Raises:
        UnknownNameError: There is no such weight.
    """
    slots = {slot.name: slot for slot in layout}
    found = re.fullmatch(r"(.+?)(?:\[([\d, ]*)\])?", name.strip())
    slot = slots.get(found[1]) if found else None
    if found is None or slot is None:
        raise UnknownNameError(
            f"There is no such weight to train. There are: {_names(layout)}.", weight=name
        )
    where = tuple(int(axis) for axis in re.findall(r"\d+", found[2] or ""))
    if len(where) != len(slot.shape) or any(
        axis >= length for axis, length in zip(where, slot.shape, strict=True)
    ):
        raise UnknownNameError(
            f"{slot.name} has the shape {slot.shape}: name an element of it, from 0.", weight=name
        )
    place = np.ravel_multi_index(where, slot.shape) if where else 0
    return layout.offsets[slot.name] + int(place)


def _names(layout: Layout) -> str:
    ends = [slot.name + str([length - 1 for length in slot.shape] or "") for slot in layout]
    return ", ".join(f"… {end}" if end.endswith("]") else end for end in ends)
