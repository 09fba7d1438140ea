"""A model as text, as data and in files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from chainrule.models.model import Model


class Storable:
    """What a model can be made into, and made of again."""

    @property
    def _model(self) -> Model:
        return cast("Model", self)  # the only class that has this base

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers: output shapes, parameters, memory, fusions.

        Args:
            line_length: Width in characters.
            positions: Ends of the columns as fractions of the width.
            print_fn: Called once with the whole text, instead of printing.
            expand_nested: Kept for Keras' signature: layers of a nested model are always shown.
            show_trainable: Whether to add a column for that.
            layer_range: First and last layer to show, by name.
        """
        from chainrule.report.summary import print_summary

        print_summary(self._model, line_length, positions, print_fn, show_trainable, layer_range)

    def get_config(self) -> dict[str, Any]:
        """The model's structure as JSON-ready data."""
        from chainrule.models.structure import config_of

        return config_of(self._model)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Model:
        """A model, with new weights, from :meth:`get_config`."""
        from chainrule.models.structure import model_from

        return model_from(cast("type[Model]", cls), config, custom_objects)

    def to_json(self, **kwargs: Any) -> str:
        """The model's structure as JSON text, for ``models.model_from_json``.

        Args:
            **kwargs: For ``json.dumps``.
        """
        import json

        from chainrule.models.structure import serialize

        return json.dumps(serialize(self._model), **kwargs)

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
    ) -> None:
        """Save structure, weights, optimizer and their state in one ``.safetensors`` file.

        The file is written beside and renamed, so a reader or a crash never meets half of it.

        Raises:
            ArgumentError: The extension is another, or the file exists and ``overwrite`` is off.
        """
        from chainrule.formats import archive

        archive.save(self._model, filepath, overwrite)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Save the weights alone in a ``.weights.safetensors`` file."""
        from chainrule.formats import archive

        archive.save_weights(self._model, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Load the weights of a model or weights file; nothing changes if they do not fit."""
        from chainrule.formats import archive

        archive.load_weights(self._model, filepath)

    def __reduce__(self) -> Any:
        from chainrule.models.structure import pickled

        return pickled(self._model)
