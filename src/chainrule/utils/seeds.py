"""One seed for everything."""

from __future__ import annotations

import random

import numpy as np

from chainrule.core import rng
from chainrule.errors import ArgumentError


def set_random_seed(seed: int) -> None:
    """Make models, shuffling and dropout functions of ``seed``; seeds Python and NumPy too.

    Args:
        seed: An integer from 0 to 2³² − 1.

    Raises:
        ArgumentError: It is something else.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ArgumentError("`seed` must be an integer from 0 to 2**32 - 1.", seed=seed)
    random.seed(seed)
    np.random.seed(seed)
    rng.set_seed(seed)
