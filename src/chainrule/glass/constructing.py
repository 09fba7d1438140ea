"""Make an object of a network's class that somebody wrote, and data that fit it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.update_rules.copies import silent
from chainrule.glass.update_rules.names import called_parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

INPUTS, HIDDEN, OUTPUTS, SAMPLES = 3, 4, 2, 5
"""Sizes where the code leaves them open: all different, so that a transposed array is noticed."""

_SIZES: Mapping[str, frozenset[str]] = {
    meaning: frozenset(names.split())
    for meaning, names in {
        "inputs": "input_size input_dim inputs n_inputs num_inputs n_input in_features input "
        "n_in input_nodes inputnodes input_layer_size inputlayersize n_x n_features d_in nin "
        "input_neurons",
        "hidden": "hidden_size hidden_dim hidden n_hidden num_hidden hidden_nodes hiddennodes "
        "hidden_units hiddensize hidden_layer_size hiddenlayersize n_h h nh units "
        "hidden_neurons",
        "outputs": "output_size output_dim outputs n_outputs num_outputs n_output out_features "
        "output n_out output_nodes outputnodes output_layer_size outputlayersize n_y n_classes "
        "num_classes classes d_out nout output_neurons",
        "sizes": "sizes layers layer_sizes layer_dims dims layers_dims architecture shape "
        "layer_size nodes",
        "rate": "lr learning_rate learningrate alpha eta rate",
        "data": "x",
        "targets": "y",
        "seed": "seed random_state random_seed",
        "count": "epochs iterations n_iter epoch num_epochs n_epochs iters max_iter",
    }.items()
}


def network_with_data(kind: type, data: tuple[Array, Array] | None) -> tuple[Any, Array, Array]:
    """An object of the class, and inputs and targets that go through it.

    Args:
        kind: The class.
        data: Inputs and targets that it is meant for; if ``None``, or if they do not fit, random
            ones are made.

    Raises:
        ArgumentError: The constructor asks for something that nobody knows.
    """
    wide = (data[0].shape[1:] or (1,))[0] if data else INPUTS
    out = (data[1].shape[1:] or (1,))[0] if data else OUTPUTS
    network, x, y = None, None, None
    if data:
        x, y = data[0][:SAMPLES], data[1][:SAMPLES]
    network = _constructed(kind, wide, out, x, y)
    if x is None or y is None:
        x, y = _data_for(network, wide)
    return network, x, y


def _constructed(kind: type, wide: int, out: int, x: Array | None, y: Array | None) -> Any:
    values: dict[str, Any] = {
        "inputs": wide,
        "hidden": HIDDEN,
        "outputs": out,
        "sizes": [wide, HIDDEN, out],
        "rate": 0.1,
        "data": x,
        "targets": y,
        "seed": 1,
        "count": 1,
    }
    arguments = {}
    for name, parameter in _parameters(kind).items():
        meaning = next((m for m, names in _SIZES.items() if name.lower() in names), None)
        optional = parameter.default is not parameter.empty
        value = values.get(meaning) if meaning else None
        if value is None and not optional:
            raise ArgumentError(
                f"{kind.__name__} needs {name!r} to be made, which is not known. Give it a default "
                "value, or call it input_size, hidden_size, output_size, layer_sizes or "
                "learning_rate.",
                constructor=str(inspect.signature(kind)),
            )
        if value is not None and not optional:
            arguments[name] = value
    state = np.random.get_state()
    np.random.seed(812)
    try:
        with silent():
            return kind(**arguments)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise ArgumentError(f"{kind.__name__} could not be made: {told}.", **arguments) from None
    finally:
        np.random.set_state(state)


def _parameters(kind: type) -> Mapping[str, inspect.Parameter]:
    try:
        return called_parameters(kind)
    except (TypeError, ValueError):
        return {}


def _data_for(network: Any, wide: int) -> tuple[Array, Array]:
    """Inputs that go through the network, and targets of the shape of what comes out."""
    from chainrule.glass.hand_ins import FORWARD

    draw = np.random.default_rng(812)
    forward = next(method for name in FORWARD if callable(method := getattr(network, name, None)))
    widths = [wide, *_widths(network)]
    for width in dict.fromkeys(widths):
        x = draw.uniform(0.1, 1, (SAMPLES, width))
        try:
            with silent():
                made = forward(x)
        except Exception:  # noqa: S112  (of another width)
            continue
        out = np.asarray(made[-1] if isinstance(made, tuple) else made)
        if out.ndim and out.shape[0] == SAMPLES:
            return x, _targets(out, draw)
    raise ArgumentError(
        "No inputs were found that go through its forward pass. Put data for it into the module "
        "as X and y, one sample a row.",
        network=type(network).__name__,
    )


def _widths(network: Any) -> list[int]:
    """The lengths of axes of the network's arrays, the first array's first."""
    arrays = [value for value in vars(network).values() if isinstance(value, np.ndarray)]
    lists = [value for value in vars(network).values() if isinstance(value, list)]
    arrays += [one for value in lists for one in value if isinstance(one, np.ndarray)]
    return [axis for array in arrays if array.ndim == 2 for axis in array.shape]


def _targets(out: Array, draw: np.random.Generator) -> Array:
    """Targets like what comes out: one class a row if rows add up to 1, else numbers in (0, 1)."""
    if out.ndim == 2 and out.shape[1] > 1 and np.allclose(out.sum(axis=1), 1):
        return np.eye(out.shape[1])[draw.integers(0, out.shape[1], len(out))]
    return draw.uniform(0.1, 0.9, out.shape)
