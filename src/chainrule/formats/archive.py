"""Models on disk: structure and state as JSON, weights and optimizer vectors as tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule import losses, metrics, optimizers
from chainrule.errors import ArgumentError, ModelFileError
from chainrule.formats import container
from chainrule.models.lowering import Compiled
from chainrule.models.sequential import Sequential
from chainrule.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EXTENSION = ".safetensors"
WEIGHTS_EXTENSION = ".weights.safetensors"


def save(model: Sequential, path: str | os.PathLike[str], overwrite: bool = True) -> None:
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
        "model": model.get_config(),
        "compile": _compile_config(model),
        "state": {
            "seed": model.seed,
            "iterations": optimizer.iterations if optimizer is not None else 0,
        },
    }
    container.write(path, tensors, facts)


def load(
    path: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
) -> Sequential:
    """Load a model: it predicts, and trains on, as the saved one would have.

    Args:
        path: A file that :func:`save` wrote.
        custom_objects: Layer classes of your own, by name.
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
        return _restored(tensors, facts, custom_objects, compile)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelFileError(
            f"{path}: its description of the model is broken ({error!r})."
        ) from None
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def save_weights(model: Sequential, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save the weights alone. Raises as :func:`save` does."""
    path = _writable(path, WEIGHTS_EXTENSION, overwrite)
    container.write(path, _weights(model), {"kind": "weights", "chainrule": __version__})


def load_weights(model: Sequential, path: str | os.PathLike[str]) -> None:
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


def _weights(model: Sequential) -> dict[str, Array]:
    """Views of all weights, named by the place of their layer: ``layers.0.kernel``.

    So the weights of one model fit another of the same structure, whatever its layers are called.
    """
    views = model.layout.views(model.theta)
    return {
        f"layers.{place}.{weight.slot.name.rpartition('/')[2]}": views[weight.slot.name]
        for place, layer in enumerate(model.layers)
        for weight in layer.declared
    }


def _compile_config(model: Sequential) -> dict[str, Any] | None:
    compiled = model._compiled
    if compiled is None:
        return None
    return {
        "optimizer": optimizers.serialize(compiled.optimizer),
        "loss": _loss_config(compiled),
        "metrics": [_metric_config(metric) for metric in compiled.metrics],
        "weighted_metrics": [_metric_config(metric) for metric in compiled.weighted_metrics],
    }


def _loss_config(compiled: Compiled) -> Any:
    if compiled.loss is not None:
        return losses.serialize(compiled.loss)
    return "crossentropy" if compiled.loss_by_targets else None


def _metric_config(metric: Any) -> Any:
    return metric if isinstance(metric, str) else optimizers.serialize(metrics.get(metric))


def _restored(
    tensors: Mapping[str, Array],
    facts: Mapping[str, Any],
    custom_objects: dict[str, Any] | None,
    compile_too: bool,
) -> Sequential:
    model = Sequential.from_config(facts["model"], custom_objects)
    model.seed = facts["state"]["seed"]
    _fill(model, tensors)
    given = facts["compile"]
    if compile_too and given is not None:
        model.compile(**given)
        _restore_optimizer(model, tensors, facts["state"]["iterations"])
    return model


def _restore_optimizer(model: Sequential, tensors: Mapping[str, Array], iterations: int) -> None:
    optimizer = model.optimizer
    assert optimizer is not None  # noqa: S101  (just compiled)
    if not iterations:
        return
    size, names = model.layout.trainable_size, optimizer.update().states
    for name in names:
        vector = tensors.get(f"optimizer.{name}")
        if vector is None or vector.shape != (size,):
            raise ModelFileError(f"the optimizer's state {name!r} is missing or has another size.")
    optimizer.state = {name: tensors[f"optimizer.{name}"].copy() for name in names}
    optimizer.iterations = int(iterations)


def _fill(model: Sequential, tensors: Mapping[str, Array]) -> None:
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
