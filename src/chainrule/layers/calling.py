"""What ``layer(x)`` does: for symbols it notes the call, for arrays it computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.layout import Layout
from chainrule.core.rng import fresh_seed
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.layers.symbols import Call, Symbol, leaves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.layers.layer import Layer

    Array = NDArray[Any]


def call(layer: Layer, inputs: Any, training: bool) -> Any:
    """See :meth:`Layer.__call__`.

    Raises:
        ArgumentError: Symbols and arrays are mixed.
        ShapeError: The layer cannot take such inputs.
    """
    symbols = [isinstance(one, Symbol) for one in leaves(inputs)]
    if symbols and all(symbols):
        return note(layer, inputs).output
    if any(symbols):
        raise ArgumentError(
            f"Layer {layer.name!r} was called on symbols and arrays together. Make an Input of "
            "each array.",
            inputs=[type(one).__name__ for one in leaves(inputs)],
        )
    return _compute(layer, inputs, bool(training))


def note(layer: Layer, inputs: Any) -> Call:
    """One use of a layer in a model that is being written down."""
    shapes = _shapes(inputs)
    layer.ensure_built(shapes)
    made = Call(layer, inputs, layer.compute_output_shape(shapes))
    layer.calls.append(made)
    return made


def own_weights(layer: Layer) -> None:
    """Give a layer that is in no model arrays of its own."""
    layout = Layout(weight.slot for weight in layer.declared)
    theta = np.empty(layout.size, layer.dtype or config.floatx())
    views = layout.views(theta)
    seed = fresh_seed()
    for weight in layer.declared:
        views[weight.slot.name][...] = weight.initial(seed, 0)
    layer.attach(views)


def _compute(layer: Layer, inputs: Any, training: bool) -> Any:
    from chainrule.engines import interpret  # what is only noted needs no engine
    from chainrule.engines.noise import draw

    listed = isinstance(inputs, list | tuple) and any(hasattr(a, "__array__") for a in inputs)
    arrays = [np.asarray(one) for one in (inputs if listed else [inputs])]
    if not all(array.ndim for array in arrays) or len({len(array) for array in arrays}) > 1:
        raise ShapeError(
            f"Layer {layer.name!r} takes arrays with a samples' axis, of one length.",
            shapes=[array.shape for array in arrays],
        )
    shapes = [(None, *array.shape[1:]) for array in arrays]
    layer.ensure_built(shapes if listed else shapes[0])
    graph = layer.graph(shapes if listed else shapes[0], training)
    weights = zip(layer.declared, layer.weights, strict=True)
    values: dict[str, Any] = {weight.slot.name: array for weight, array in weights}
    dtype = layer.dtype or config.floatx() if layer.home is None else layer.home.dtype
    labels = graph.label_counts()
    names = [f"x/{i}" for i in range(len(arrays))] if listed else ["x"]
    for name, given in zip(names, arrays, strict=True):
        classes = labels.get(name, graph.bounds.get(name))
        if classes is not None:
            _check_class_numbers(layer, given, classes)
        values[name] = given.astype(np.int64 if name in labels else dtype)
    seed = fresh_seed() if graph.noises else 0
    for noise in graph.noises:
        values[noise.name] = draw(noise, seed, 0, len(arrays[0]), dtype)
    interpret.forward(graph, values)
    for slot, array in graph.assigned.items():
        values[slot][...] = values[array]
    return values[graph.output]


def _check_class_numbers(layer: Layer, array: Array, classes: int) -> None:
    wrong = (array != np.round(array)) | (array < 0) | (array >= classes)
    if wrong.any():
        raise DataError(
            f"Layer {layer.name!r} ({type(layer).__name__}) takes integers from 0 to "
            f"{classes - 1}.",
            x=array[wrong][0],
        )


def _shapes(inputs: Any) -> Any:
    if isinstance(inputs, list | tuple):
        return [symbol.shape for symbol in inputs]
    return inputs.shape
