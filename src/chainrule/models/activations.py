"""What every layer of a model makes of some inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.engines.numpy import NumpyProgram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]


def activations(model: Model, x: Any) -> tuple[dict[str, Array], dict[str, Array]]:
    """The inputs as the model takes them, and what leaves each layer in a prediction.

    Args:
        model: The model; it is not changed.
        x: Inputs, as ``predict`` takes them.

    Returns:
        Arrays by the name of the input, and by that of the layer (of a second use ``"dense@1"``),
        in the order in which they are computed, each with a row per sample.
    """
    data = model._inputs(x)
    plan = model.prediction_plan
    values = NumpyProgram(plan).prediction(model._run(), data.arrays)
    given = {name: values[name] for name in plan.inputs}
    return given, {use: values[array] for use, array in plan.predict.layer_outputs().items()}
