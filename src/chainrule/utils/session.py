"""Begin anew."""

from __future__ import annotations

import gc

from chainrule.core.names import reset_names


def clear_session(free_memory: bool = True) -> None:
    """Count automatic names from none again: the next ``Dense`` is ``dense``.

    Models, settings and the seed stay as they are. (Keras forgets its seed too.)

    Args:
        free_memory: Whether to free the memory of models that nobody holds any longer.
    """
    reset_names()
    if free_memory:
        gc.collect()
