"""Models on disk: structure and state as JSON, weights and optimizer vectors as tensors."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule import losses, metrics, optimizers
from chainrule.core.custom import custom_object_scope
from chainrule.errors import ArgumentError, ModelFileError
from chainrule.formats import container
from chainrule.models.model import Model
from chainrule.models.objectives import BY_TARGETS
from chainrule.models.structure import deserialize_model, serialize
from chainrule.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EXTENSION = ".safetensors"
WEIGHTS_EXTENSION = ".weights.safetensors"


def save(model: Model, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save structure, weights, loss, metrics and the optimizer with its state.

    Raises:
        ArgumentError: The extension is wrong, or the file exists and ``overwrite`` is off.
        StateError: The model is not built.
        OSError: The folder is missing or not writable, or the disk is full.
    """
    path = _writable(path, EXTENSION, overwrite)
    tensors = _weights(model)
    optimizer = model.optimizer
    if optimizer is not None:
        tensors |= {f"optimizer.{name}": vector for name, vector in optimizer.state.items()}
    facts = {
        "kind": "model",
        "chainrule": __version__,
        "model": serialize(model),
        "compile": _compile_config(model),
        "state": {
            "seed": model.seed,
            "iterations": optimizer.steps if optimizer is not None else 0,
        },
    }
    container.write(path, tensors, facts)


def load(
    path: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
) -> Model:
    """Load a model: it predicts, and trains on, as the saved one would have.

    Args:
        path: A file that :func:`save` wrote.
        custom_objects: Classes of your own, by name.
        compile: Whether to restore loss, metrics and optimizer too.

    Raises:
        ModelFileError: The file is not a whole and unchanged model file.
        UnknownNameError: It has a layer that is neither chainrule's nor in ``custom_objects``.
        OSError: It cannot be opened.
    """
    tensors, facts = container.read(path)
    if facts.get("kind") != "model":
        raise ModelFileError(f"{path}: holds weights only; use model.load_weights().")
    try:
        with custom_object_scope(custom_objects):
            return _restored(tensors, facts, compile)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelFileError(
            f"{path}: its description of the model is broken ({error!r})."
        ) from None
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def save_weights(model: Model, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save the weights alone. Raises as :func:`save` does."""
    path = _writable(path, WEIGHTS_EXTENSION, overwrite)
    container.write(path, _weights(model), {"kind": "weights", "chainrule": __version__})


def load_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """Load weights into a built model, from a weights file or a model file.

    Raises:
        ModelFileError: The file is damaged, or its weights do not fit; the model is unchanged.
    """
    tensors, _ = container.read(path)
    try:
        _fill(model, tensors)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def _writable(path: str | os.PathLike[str], extension: str, overwrite: bool) -> Path:
    path = Path(path)
    if path.suffix == ".keras":
        raise ArgumentError(
            "The extension .keras is reserved for Keras' own archive, which this version does not "
            f"write. Use {extension!r}.",
            filepath=str(path),
        )
    if not path.name.endswith(extension):
        raise ArgumentError(f"`filepath` must end in {extension!r}.", filepath=str(path))
    if not overwrite and path.exists():
        raise ArgumentError("The file exists; give overwrite=True.", filepath=str(path))
    return path


def _weights(model: Model) -> dict[str, Array]:
    """Views of all weights, named by the place of their layer: ``layers.0.kernel``.

    So the weights of one model fit another of the same structure, whatever its layers are called.
    """
    views = model.layout.views(model.theta)
    return {
        f"layers.{place}.{weight.key}": views[weight.slot.name]
        for place, layer in enumerate(model.topology.operations)
        for weight in layer.declared
    }


def _compile_config(model: Model) -> dict[str, Any] | None:
    compiled = model._compiled
    if compiled is None:
        return None
    return {
        "optimizer": optimizers.serialize(compiled.optimizer),
        "loss": _described(compiled.loss, _loss),
        "loss_weights": compiled.loss_weights,
        "metrics": _described(compiled.metrics, _metric),
        "weighted_metrics": _described(compiled.weighted_metrics, _metric),
    }


def _described(value: Any, describe: Callable[[Any], Any]) -> Any:
    """What ``compile()`` was given, in lists and dictionaries, as JSON-ready data."""
    if isinstance(value, list | tuple):
        return [_described(one, describe) for one in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {name: _described(one, describe) for name, one in value.items()}
    return None if value is None else describe(value)


def _loss(loss: Any) -> Any:
    return loss if loss in BY_TARGETS else losses.serialize(loss)


def _metric(metric: Any) -> Any:
    return metric if isinstance(metric, str) else metrics.serialize(metrics.get(metric))


def _restored(
    tensors: Mapping[str, Array],
    facts: Mapping[str, Any],
    compile_too: bool,
) -> Model:
    model = deserialize_model(facts["model"])
    model.seed = facts["state"]["seed"]
    _fill(model, tensors)
    given = facts["compile"]
    if compile_too and given is not None:
        model.compile(**given)
        _restore_optimizer(model, tensors, facts["state"]["iterations"])
    return model


def _restore_optimizer(model: Model, tensors: Mapping[str, Array], iterations: int) -> None:
    optimizer = model.optimizer
    assert optimizer is not None  # noqa: S101  (just compiled)
    if not iterations:
        return
    states = optimizer.update(model.layout).states
    for name, state in states.items():
        vector = tensors.get(f"optimizer.{name}")
        if vector is None or vector.shape != (state.layout.size,):
            raise ModelFileError(f"the optimizer's state {name!r} is missing or has another size.")
    optimizer.state = {name: tensors[f"optimizer.{name}"].copy() for name in states}
    optimizer.steps = int(iterations)


def _fill(model: Model, tensors: Mapping[str, Array]) -> None:
    """Copy weights in by name, all or none."""
    views = _weights(model)
    found = {name: tensor for name, tensor in tensors.items() if name.startswith("layers.")}
    if set(found) != set(views):
        wrong = sorted(set(found) ^ set(views))
        raise ModelFileError(f"the model and the file differ in these weights: {', '.join(wrong)}.")
    for name, view in views.items():
        if found[name].shape != view.shape:
            raise ModelFileError(
                f"{name} must have shape {view.shape}, the file has {found[name].shape}."
            )
    for name, view in views.items():
        view[...] = found[name]
