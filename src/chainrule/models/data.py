"""A user's data made ready: checked once, kept in its own type, never broadcast silently."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.core.graph import WEIGHT, Y_TRUE
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.losses import Loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_CHUNK = 1 << 22
"""Elements looked at in one go when searching for NaN: small against a cache of memory."""


class Data(NamedTuple):
    """Checked arrays by their names in the plan: inputs, targets, and weights if there are any.

    Attributes:
        arrays: The arrays, each with one row per sample.
        rows: Number of samples.
    """

    arrays: Mapping[str, Array]
    rows: int

    def take(self, rows: slice) -> Data:
        """A part of the rows."""
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        return Data(arrays, len(range(*rows.indices(self.rows))))


def named(
    value: Any, names: Sequence[str], argument: str, needed: Sequence[str] | None = None
) -> dict[str, Any]:
    """What a user gave for several inputs or outputs, by name.

    Args:
        value: An array for one name; for several a list in their order, or a dictionary.
        names: The names of inputs or outputs.
        argument: What messages call ``value``.
        needed: Those of the names that must be there; all, if not given. A list may be of these
            alone.

    Raises:
        ArgumentError: Something else was given, or a name is unknown or missing.
    """
    needed = names if needed is None else needed
    if isinstance(value, Mapping):
        if not set(needed) <= set(value) <= set(names):
            raise ArgumentError(_expected(argument, names, needed), keys=list(value))
        return {name: value[name] for name in names if name in value}
    if len(names) == 1:
        lone = isinstance(value, list | tuple) and len(value) == 1 and hasattr(value[0], "shape")
        return {names[0]: value[0] if lone and len(value[0].shape) > 1 else value}
    if isinstance(value, list | tuple):
        for those in (names, needed):
            if len(value) == len(those):
                return dict(zip(those, value, strict=True))
        raise ArgumentError(_expected(argument, names, needed), **{f"len({argument})": len(value)})
    raise ArgumentError(_expected(argument, names, needed), type=type(value).__name__)


def inputs(x: Any, shape: Shape, owner: str, name: str = "x") -> Array:
    """Check inputs against the shape that the model takes.

    Args:
        x: Anything that NumPy makes an array of.
        shape: The model's input shape, ``None`` being the number of samples.
        owner: Names model and layer in messages.
        name: The argument's name in messages.

    Raises:
        DataError: There are no samples, or not all values are finite numbers.
        ShapeError: A sample has the wrong shape.
    """
    array = numbers(x, name)
    if array.ndim == len(shape) - 1 and shape[-1] == 1:
        array = array[..., None]
    elif array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    shape = (None, *shape[1:])
    fits = array.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        one = array.shape == tuple(shape[1:])
        raise ShapeError(
            f"{owner} takes `{name}` of shape {shown(shape)}."
            + (f" For one sample, add the samples' axis: {name}[None]." if one else ""),
            shape=array.shape,
        )
    check_finite(array, name)
    return array


def labels(array: Array, count: int, owner: str, name: str) -> Array:
    """Inputs that are class numbers, as integers.

    Raises:
        DataError: One is no integer, negative, or not below ``count``.
    """
    whole = array if array.dtype.kind in "iu" else array.astype(np.int64)
    wrong = (whole != array) | (whole < 0) | (whole >= count)
    if wrong.any():
        place = tuple(int(axis) for axis in np.argwhere(wrong)[0])
        raise DataError(
            f"{owner} takes integers from 0 to {count - 1} as `{name}`.",
            **{f"{name}{list(place)}": array[place]},
        )
    return whole


def targets(y: Any, loss: Loss | None, output_shape: Shape, name: str = "y") -> Array:
    """Check targets against loss and output: (N,) and (N, 1) are reconciled, nothing broadcasts.

    Without a loss, for metrics alone, anything goes that has numbers.

    Returns:
        Integer class numbers for a sparse loss, else numbers of the output's shape.

    Raises:
        DataError: A label is out of range or no integer, or a value is not finite.
        ShapeError: The targets do not have the output's shape.
    """
    array = numbers(y, name)
    check_finite(array, name)
    if loss is None:
        return array
    if loss.sparse:
        return _labels(array, output_shape, loss, name)
    if array.ndim == len(output_shape) - 1 and output_shape[-1] == 1:
        array = array[..., None]
    if not _matches(array.shape, output_shape):
        raise ShapeError(_target_advice(array, loss, output_shape, name), shape=array.shape)
    if loss.rule.signature.inputs[0].domain == "unit":
        _check_unit(array, loss, name)
    return array


def weights(
    sample_weight: Any, samples: int, losses: Shape = (None,), name: str = "sample_weight"
) -> Array | None:
    """One weight per sample, in float64; ``None`` if none are given.

    Args:
        sample_weight: One number per sample, or per loss where a sample has several.
        samples: How many samples there are.
        losses: Shape of the losses, ``None`` being the number of samples.
        name: The argument's name in messages.

    Raises:
        ShapeError: There is not one weight per sample or loss.
        DataError: A weight is not a finite number of at least 0.
    """
    if sample_weight is None:
        return None
    weight = numbers(sample_weight, name)
    while weight.ndim > 1 and weight.shape[-1] == 1:  # one for all losses of a sample
        weight = weight[..., 0]
    if weight.shape[0] != samples or not _matches(weight.shape, losses[: weight.ndim]):
        raise ShapeError(
            f"`{name}` must have one number per sample: shape ({samples},).",
            shape=weight.shape,
        )
    check_finite(weight, name)
    if samples and weight.min() < 0:
        place = [int(axis) for axis in np.unravel_index(weight.argmin(), weight.shape)]
        raise DataError(
            f"`{name}` must not be negative.", **{f"{name}{place}": float(weight.min())}
        )
    return weight.astype(np.float64)


def weighted_by_class(
    data: Data, class_weight: Mapping[Any, float] | None, loss: Loss | None
) -> Data:
    """The data with each sample's weight multiplied by that of its class.

    Raises:
        ArgumentError: ``class_weight`` is not a dictionary of classes, there are no classes, or
            the model has several outputs.
    """
    if class_weight is None:
        return data
    if Y_TRUE not in data.arrays or loss is None:
        raise ArgumentError(
            "`class_weight` is for models with a single output; use `sample_weight`.",
            class_weight=class_weight,
        )
    weight = _class_weights(class_weight, data.arrays[Y_TRUE], loss)
    if WEIGHT in data.arrays:
        given = data.arrays[WEIGHT]
        weight = given * weight.reshape(weight.shape + (1,) * (given.ndim - 1))
    return Data({**data.arrays, WEIGHT: weight}, data.rows)


def check_lengths(**arrays: Any) -> None:
    """All given arrays must have as many samples, and at least one.

    Raises:
        DataError: They have not.
    """
    sizes = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(sizes.values())) > 1:
        shown_sizes = ", ".join(f"`{name}` has {size}" for name, size in sizes.items())
        raise DataError(f"All arrays must contain the same number of samples: {shown_sizes}.")
    if not min(sizes.values(), default=1):
        raise DataError(
            f"There are no samples: {', '.join(f'`{name}`' for name in sizes)} is empty."
        )


def split(data: Data, fraction: float) -> tuple[Data, Data]:
    """Cut off the last ``fraction`` of the rows, before any shuffling, as Keras does.

    Raises:
        ArgumentError: ``fraction`` is not between 0 and 1, or one part would be empty.
    """
    if not 0 < fraction < 1:
        raise ArgumentError(
            "`validation_split` must be between 0 and 1.", validation_split=fraction
        )
    rows = data.rows
    cut = math.floor(rows * (1 - fraction))
    if cut in (0, rows):
        raise ArgumentError(
            f"`validation_split` leaves no samples on one side of {rows}.",
            validation_split=fraction,
        )
    return data.take(slice(0, cut)), data.take(slice(cut, None))


def numbers(values: Any, name: str) -> Array:
    """An array of numbers, in its own type; booleans become bytes.

    Raises:
        DataError: It holds text, objects, complex numbers, or rows of unequal length.
    """
    if values is None:
        raise ArgumentError(f"`{name}` must be given.", **{name: None})
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"`{name}` has rows of unequal length.") from None
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind in "OUSTV":
        array = _from_objects(array, name)
    if array.dtype.kind not in "iuf":
        raise DataError(f"`{name}` must hold real numbers.", dtype=str(array.dtype))
    if array.ndim == 0:
        raise ShapeError(f"`{name}` must have a samples' axis.", shape=())
    return array


def check_finite(array: Array, name: str) -> None:
    """Refuse NaN and infinity, naming the first rows that have one.

    Raises:
        DataError: There is one.
    """
    if array.dtype.kind != "f" or not array.size:
        return
    rows = max(1, _CHUNK // max(1, array[:1].size))
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        finite = np.isfinite(part)
        if finite.all():
            continue
        bad = np.argwhere(~finite)
        value = part[tuple(bad[0])]
        first = [int(row) + start for row in dict.fromkeys(bad[:, 0].tolist())][:5]
        where = f", first at column {tuple(bad[0][1:].tolist())}" if array.ndim > 1 else ""
        raise DataError(
            f"`{name}` must be finite: rows {first}{' and more' if len(first) == 5 else ''} hold "
            f"{value}{where}. Remove or replace them.",
            **{f"{name}[{first[0]}]": float(value)},
        )


def _expected(argument: str, names: Sequence[str], needed: Sequence[str]) -> str:
    if len(names) == 1:
        return f"`{argument}` must be an array, or a dictionary with the key {names[0]!r}."
    some = "" if len(needed) == len(names) else f", of which {list(needed)} must be there"
    return (
        f"`{argument}` must be a list of {len(names)} arrays or a dictionary with the keys "
        f"{list(names)}{some}."
    )


def shown(shape: Shape) -> str:
    """A shape as text, with N for the number of samples."""
    axes = ["N" if axis is None and index == 0 else str(axis) for index, axis in enumerate(shape)]
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def _matches(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want in (None, got) for want, got in zip(wanted, shape, strict=True)
    )


def _from_objects(array: Array, name: str) -> Array:
    try:
        if array.dtype.kind == "O":
            return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    for place, value in np.ndenumerate(array):
        if not isinstance(value, int | float | np.number):
            where = [int(axis) for axis in place]
            raise DataError(
                f"`{name}` must hold numbers. Encode text first.", **{f"{name}{where}": value}
            )
    raise DataError(f"`{name}` must hold numbers.", dtype=str(array.dtype))


def _labels(array: Array, output_shape: Shape, loss: Loss, name: str) -> Array:
    classes = output_shape[-1]
    if array.ndim == len(output_shape) and array.shape[-1] == 1:
        array = array[..., 0]
    if not _matches(array.shape, output_shape[:-1]):
        one_hot = _matches(array.shape, output_shape) and classes != 1
        advice = (
            " Those look one-hot: use loss='categorical_crossentropy', or np.argmax(y, axis=-1)."
            if one_hot
            else ""
        )
        raise ShapeError(
            f"Loss {loss.name!r} needs class numbers `{name}` of shape "
            f"{shown(output_shape[:-1])}.{advice}",
            shape=array.shape,
        )
    labels = array.astype(np.int64)
    if array.dtype.kind == "f" and not np.array_equal(labels, array):
        row = int(np.argmax((labels != array).reshape(len(array), -1).any(axis=1)))
        raise DataError(
            f"Loss {loss.name!r} needs integer class numbers.", **{f"{name}[{row}]": array[row]}
        )
    outside = (labels < 0) | (labels >= (classes or 0))
    if loss.ignore_class is not None:
        outside &= labels != loss.ignore_class
    if outside.any():
        row = int(np.argmax(outside.reshape(len(array), -1).any(axis=1)))
        raise DataError(
            f"Class numbers must be from 0 to {(classes or 0) - 1}: the output layer has {classes} "
            "units.",
            **{f"{name}[{row}]": array[row].tolist()},
        )
    return labels


def _target_advice(array: Array, loss: Loss, output_shape: Shape, name: str) -> str:
    text = f"Loss {loss.name!r} needs `{name}` of the output's shape {shown(output_shape)}."
    integers = array.dtype.kind in "iu" or bool(np.all(array == np.round(array)))
    labels = array.ndim == len(output_shape) - 1 or array.shape[-1] == 1
    if labels and integers and "categorical" in loss.rule.name:
        return (
            f"{text} Those look like class numbers: use loss='sparse_categorical_crossentropy', or "
            f"to_categorical({name}, {output_shape[-1]})."
        )
    return text


def _check_unit(array: Array, loss: Loss, name: str) -> None:
    if array.size and (array.min() < 0 or array.max() > 1):
        outside = (array < 0) | (array > 1)
        row = int(np.argmax(outside.reshape(len(array), -1).any(axis=1)))
        raise DataError(
            f"Loss {loss.name!r} needs targets between 0 and 1.",
            **{f"{name}[{row}]": array[row].tolist()},
        )


def _class_weights(class_weight: Mapping[Any, float], y: Array, loss: Loss) -> Array:
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(
            "`class_weight` must be a dictionary: class number to weight.",
            class_weight=class_weight,
        )
    try:
        table = {int(label): float(weight) for label, weight in class_weight.items()}
    except (TypeError, ValueError):
        raise ArgumentError(
            "`class_weight` must map class numbers to weights.", class_weight=class_weight
        ) from None
    labels = y.argmax(axis=-1) if not loss.sparse and y.shape[-1] > 1 else np.round(y)
    labels = labels.reshape(len(y), -1)
    if labels.shape[1] != 1:
        raise ArgumentError("`class_weight` needs one class per sample.", y_shape=y.shape)
    result = np.ones(len(y))
    for label, weight in table.items():
        result[labels[:, 0] == label] = weight
    return result
