"""Layers to compare: each class with the options and shapes that are worth it.

A case names a class and its arguments, and both libraries build it: ``Case.both()``.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from tests.parity.builders import LIBRARIES, of

SAMPLES = 4


@dataclass(frozen=True)
class Case:
    """One layer and what it is given.

    Attributes:
        name: The class.
        shapes: The shapes of its input arrays, without the samples' axis.
        options: The constructor's arguments; functions are called with the library.
        classes: Inputs are class numbers below this; ``None``: normal numbers.
        random: Whether it draws in training.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    options: dict[str, Any] = field(default_factory=dict)
    classes: int | None = None
    random: bool = False

    def __str__(self):
        options = ", ".join(f"{name}={_short(value)}" for name, value in self.options.items())
        return f"{self.name}({options}) on {' '.join(map(str, self.shapes))}"

    @property
    def listed(self):
        """Whether the layer takes a list."""
        return len(self.shapes) > 1

    def of(self, library):
        """The layer of one library."""
        return getattr(library.layers, self.name)(**of(library, self.options))

    def input_shape(self, samples=None):
        """What the layer's ``build`` takes."""
        shapes = [(samples, *shape) for shape in self.shapes]
        return shapes if self.listed else shapes[0]

    def arrays(self, seed=0, samples=SAMPLES):
        """Input arrays, always as a list."""
        generator = np.random.default_rng(seed)
        shapes = [(samples, *shape) for shape in self.shapes]
        if self.classes is not None:
            return [generator.integers(0, self.classes, shape) for shape in shapes]
        return [generator.normal(0.3, 2, shape) for shape in shapes]

    def given(self, arrays):
        """What the layer is called with."""
        return list(arrays) if self.listed else arrays[0]

    def both(self, seed=0):
        """Both libraries' layers, built, with the same random weights."""
        ours, theirs = pair = tuple(map(self.of, LIBRARIES))
        for layer in pair:
            layer.build(self.input_shape())
        generator = np.random.default_rng(seed + 1)
        whole = self.name == "Normalization"  # one of its weights is a count
        draw = partial(generator.integers, 1, 9) if whole else partial(generator.uniform, 0.5, 1.5)
        ours.set_weights([draw(w.shape) for w in ours.get_weights()])
        theirs.set_weights(ours.get_weights())
        if self.name == "Normalization":
            theirs.finalize_state()  # it keeps a copy of its weights
        return pair


def _short(value):
    return value.__name__ if callable(value) else repr(value)


def cases(name, shapes, *options, **attributes):
    """One case for each shape (or list of shapes) and each set of options."""
    return [
        Case(name, tuple(shape) if isinstance(shape, list) else (shape,), given, **attributes)
        for given in options or ({},)
        for shape in shapes
    ]


ROW, TABLE, BOX = (6,), (3, 4), (2, 3, 4)

ACTIVATIONS = [
    *cases("Activation", [ROW], {"activation": "tanh"}, {"activation": None}),
    *cases("Activation", [TABLE], {"activation": "softmax"}, {"activation": "glu"}),
    *cases("ReLU", [TABLE], {}, {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.3}),
    *cases("LeakyReLU", [TABLE], {}, {"negative_slope": 0}),
    *cases("ELU", [TABLE], {}, {"alpha": 0.4}),
    *cases("Softmax", [TABLE, BOX], {}, {"axis": 1}, {"axis": [1]}, {"axis": (1, 2)}),
    *cases("Softmax", [BOX], {"axis": -2}, {"axis": (-1, -3)}, {"axis": [3, 1, 2]}),
    *cases("PReLU", [ROW, BOX], {}),
    *cases("PReLU", [BOX], {"shared_axes": 1}, {"shared_axes": (2, 3)}, {"shared_axes": [1, 2, 3]}),
]

CORE = [
    *cases("Dense", [ROW, TABLE, BOX], {"units": 5, "activation": "relu"}),
    *cases(
        "Dense", [ROW, TABLE], {"units": 4, "use_bias": False}, {"units": 4, "activation": "glu"}
    ),
    *cases("Embedding", [(), (1,), TABLE], {"input_dim": 7, "output_dim": 3}, classes=7),
    *cases("Identity", [(), BOX]),
    *cases("ActivityRegularization", [TABLE], {"l1": 0.1, "l2": 0.2}),
    *cases("Rescaling", [BOX], {"scale": 1 / 255}, {"scale": 2, "offset": -1}),
    *cases("Rescaling", [BOX], {"scale": [1.0, 2.0, 3.0, 4.0], "offset": [4.0, 3.0, 2.0, 1.0]}),
]

SHAPES = [
    *cases("Flatten", [(), ROW, BOX], {}, {"data_format": "channels_first"}),
    *cases("Reshape", [BOX], {"target_shape": (4, 6)}, {"target_shape": (-1, 8)}),
    *cases("Reshape", [BOX], {"target_shape": (24,)}, {"target_shape": [4, -1, 3, 1]}),
    *cases("Reshape", [(), (1,)], {"target_shape": (1, 1)}),
    *cases("Reshape", [(1,)], {"target_shape": ()}),
    *cases("Permute", [TABLE], {"dims": (2, 1)}),
    *cases("Permute", [BOX], {"dims": (3, 1, 2)}, {"dims": [2, 3, 1]}),
    *cases("RepeatVector", [ROW], {"n": 3}, {"n": 1}),
]

NORMALIZATIONS = [
    *cases("BatchNormalization", [ROW, TABLE, BOX], {}),
    *cases("BatchNormalization", [TABLE, BOX], {"axis": 1, "epsilon": 0.1, "momentum": 0.6}),
    *cases("BatchNormalization", [BOX], {"axis": 2, "scale": False}, {"axis": -2, "center": False}),
    *cases("BatchNormalization", [ROW], {"scale": False, "center": False}, {"momentum": 0.0}),
    *cases("LayerNormalization", [ROW, TABLE, BOX], {}),
    *cases("LayerNormalization", [BOX], {"axis": 1}, {"axis": [1, 2]}, {"axis": (-1, -2)}),
    *cases("LayerNormalization", [BOX], {"axis": [1, 3], "scale": False, "epsilon": 0.1}),
    *cases("LayerNormalization", [BOX], {"axis": [3, 1], "center": False}, {"axis": [1, 2, 3]}),
    *cases("GroupNormalization", [ROW, (3, 6)], {"groups": 3}, {"groups": -1}, {"groups": 1}),
    *cases("GroupNormalization", [(4, 3, 2)], {"groups": 2, "axis": 1, "epsilon": 0.1}),
    *cases("GroupNormalization", [BOX], {"groups": 2, "scale": False, "center": False}),
    *cases("RMSNormalization", [ROW, BOX], {}),
    *cases("RMSNormalization", [BOX], {"axis": [3], "epsilon": 0.1}),
    *cases("UnitNormalization", [ROW, BOX], {}, {"axis": 1}),
    *cases("UnitNormalization", [BOX], {"axis": [1, 2]}, {"axis": (-1, -3)}),
]

PREPARATIONS = [
    *cases("Normalization", [ROW, TABLE, BOX], {}, {"axis": None}, {"axis": 1, "invert": True}),
    *cases("Normalization", [BOX], {"axis": (1, 2)}, {"axis": [-1, 1]}, {"axis": (1, 2, 3)}),
    *cases("Normalization", [ROW, TABLE], {"mean": 0.5, "variance": 2.0}),
    *cases("Normalization", [TABLE], {"mean": [1.0, 2, 3, 4], "variance": [1.0, 0, 2, 3]}),
    *cases(
        "Normalization", [BOX], {"axis": (1, 3), "mean": np.arange(4.0), "variance": np.ones(4)}
    ),
    *cases(
        "Normalization",
        [BOX],
        {"axis": 2, "mean": [1.0, 2, 3], "variance": [4.0, 5, 6], "invert": True},
    ),
    *cases("Normalization", [TABLE], {"axis": None, "mean": 2.0, "variance": 3.0, "invert": True}),
    *cases("Discretization", [(), ROW, TABLE], {"bin_boundaries": [-1.0, 0.5, 2.0]}),
    *cases("Discretization", [(1,)], {"bin_boundaries": [0.5], "output_mode": "one_hot"}),
    *cases(
        "CategoryEncoding",
        [(), (1,), TABLE],
        {"num_tokens": 5, "output_mode": "one_hot"},
        classes=5,
    ),
    *cases(
        "CategoryEncoding",
        [(1,), ROW],
        {"num_tokens": 5},
        {"num_tokens": 5, "output_mode": "count"},
        classes=5,
    ),
    *cases(
        "Discretization", [ROW, TABLE], {"bin_boundaries": [-1.0, 0.5], "output_mode": "one_hot"}
    ),
    *cases(
        "Discretization", [(1,), ROW], {"bin_boundaries": [-1.0, 0.5], "output_mode": "multi_hot"}
    ),
    *cases("Discretization", [(1,), ROW], {"bin_boundaries": [-1.0, 0.5], "output_mode": "count"}),
]

TWO, STRETCHED, RANKS = [TABLE, TABLE], [(1, 4), TABLE, (3, 1)], [(4,), BOX, TABLE]
THREE, FOUR = [ROW] * 3, [BOX] * 4

MERGES = [
    *(
        case
        for name in ("Add", "Average", "Maximum", "Minimum", "Multiply")
        for case in cases(name, [TWO, THREE, FOUR, STRETCHED, RANKS])
    ),
    *cases("Subtract", [TWO, [TABLE, (1, 4)], [(4,), BOX], [(), ROW]]),
    *cases("Concatenate", [TWO, [ROW, (2,)], [BOX, (2, 3, 1), (2, 3, 2)], FOUR]),
    *cases("Concatenate", [[BOX, (2, 1, 4)]], {"axis": 2}, {"axis": -2}),
    *cases("Concatenate", [[BOX, (5, 3, 4), (1, 3, 4)]], {"axis": 1}, {"axis": -3}),
    *cases("Dot", [[ROW, ROW]], {"axes": 1}, {"axes": -1, "normalize": True}),
    *cases("Dot", [TWO], {"axes": 1}, {"axes": (2, 2)}, {"axes": [-1, -1], "normalize": True}),
    *cases("Dot", [[TABLE, (4, 3)]], {"axes": (1, 2)}, {"axes": [2, 1], "normalize": True}),
    *cases("Dot", [[ROW, (6, 3)], [(6, 3), ROW], [ROW, (6, 3, 2)]], {"axes": 1}),
    *cases("Dot", [[BOX, (3, 2)], [BOX, (4, 3, 2)]], {"axes": (2, 1)}, {"axes": (1, 2)})[:1],
    *cases("Dot", [[BOX, (4, 3, 2)]], {"axes": (1, 3)}, {"axes": (3, 1), "normalize": True}),
]

NOISES = [
    *cases(
        "Dropout",
        [TABLE],
        {"rate": 0.4},
        {"rate": 0.4, "noise_shape": [None, 1, 4], "seed": 3},
        random=True,
    ),
    *cases(
        "AlphaDropout",
        [TABLE],
        {"rate": 0.4},
        {"rate": 0.4, "noise_shape": (None, 3, 1)},
        random=True,
    ),
    *cases("GaussianDropout", [TABLE], {"rate": 0.4}, {"rate": 0.2, "seed": 1}, random=True),
    *cases("GaussianNoise", [TABLE], {"stddev": 0.4}, {"stddev": 1, "seed": 1}, random=True),
]

ALL = [*ACTIVATIONS, *CORE, *SHAPES, *NORMALIZATIONS, *PREPARATIONS, *MERGES, *NOISES]
