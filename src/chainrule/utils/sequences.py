"""Sequences of unequal length as one array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, DataError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float | str = 0.0,
) -> NDArray[Any]:
    """Cut sequences, or fill them up, to one length.

    Args:
        sequences: N sequences of steps; all steps have one shape.
        maxlen: The length T; that of the longest by default.
        dtype: Type of the result.
        padding: Whether to fill up before the steps (``"pre"``) or after them (``"post"``).
        truncating: Whether to cut off the first steps (``"pre"``) or the last (``"post"``).
        value: What to fill up with.

    Returns:
        An array of shape ``(N, T, *step)``.

    Raises:
        ArgumentError: ``padding`` or ``truncating`` is neither, ``maxlen`` is negative, or
            ``value`` is text and ``dtype`` is not.
        DataError: There are no sequences but something else.
        ShapeError: A step has another shape than the first.
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ArgumentError(f"`{name}` must be 'pre' or 'post'.", **{name: side})
    if isinstance(value, str) and np.dtype(dtype).kind not in "OSU":
        raise ArgumentError(
            "`value` is text, so `dtype` must be too: `object` for texts of any length.",
            value=value,
            dtype=dtype,
        )
    lengths = _lengths(sequences)
    length = max(lengths, default=0) if maxlen is None else maxlen
    if length < 0:
        raise ArgumentError("`maxlen` must not be negative.", maxlen=maxlen)
    shape = next((np.shape(steps)[1:] for steps in sequences if len(steps)), ())
    result = np.full((len(lengths), length, *shape), value, dtype)
    for row, steps in enumerate(sequences):
        kept = min(length, lengths[row])
        if not kept:
            continue
        last = steps[lengths[row] - kept :] if truncating == "pre" else steps[:kept]
        array = np.asarray(last, dtype)
        if array.shape[1:] != shape:
            raise ShapeError(
                f"All steps must have the shape of the first: {shape}.",
                **{f"sequences[{row}]": array.shape[1:]},
            )
        result[row, length - kept if padding == "pre" else 0 :][:kept] = array
    return result


def _lengths(sequences: Any) -> list[int]:
    if not hasattr(sequences, "__len__"):
        raise DataError("`sequences` must be a list of sequences.", sequences=sequences)
    for row, steps in enumerate(sequences):
        if not hasattr(steps, "__len__"):
            raise DataError(
                "`sequences` must be a list of sequences.", **{f"sequences[{row}]": steps}
            )
    return [len(steps) for steps in sequences]
