"""Small networks with one mistake in their backward pass, to practise on.

An exercise is a Python file that runs. What is random in it follows from its seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ArgumentError

LEVELS = (1, 2, 3)
"""1: one hidden layer and sigmoids; 2: other activations, factors and sums; 3: two hidden layers of
one size and softmax. A factor that all gradients have in common is no exercise: which loss a
network is meant to have, its gradients alone do not say."""

_FUNCTIONS = {
    "sigmoid": ("1 / (1 + np.exp(-z))", "sigmoid(z) * (1 - sigmoid(z))"),
    "tanh": ("np.tanh(z)", "1 - np.tanh(z) ** 2"),
    "relu": ("np.maximum(z, 0)", "(z > 0).astype(float)"),
}


@dataclass(frozen=True)
class Mistake:
    """A mistake that can be put into an exercise.

    Attributes:
        fault: Its id in the catalogue of faults.
        line: The name of what the line computes: ``"dz1"``.
        right: How the line is written.
        wrong: How it is written with the mistake.
    """

    fault: str
    line: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Exercise:
    """A file to write, and what is wrong in it.

    Attributes:
        seed: What it was made from.
        level: 1 to 3.
        text: The file.
        solution: The same without the mistake.
        mistake: What is wrong.
    """

    seed: int
    level: int
    text: str
    solution: str
    mistake: Mistake


@dataclass(frozen=True)
class _Design:
    """A network: its sizes from input to output, and what stands between."""

    sizes: Sequence[int]
    hidden: str
    output: str

    @property
    def depth(self) -> int:
        return len(self.sizes) - 1

    @property
    def functions(self) -> tuple[str, ...]:
        """The activations that are used, each once."""
        used = dict.fromkeys((self.hidden, self.output))
        return tuple(name for name in used if name in _FUNCTIONS)


def exercise(seed: int, level: int = 1, file: str = "exercise.py") -> Exercise:
    """The exercise of a seed.

    Args:
        seed: Any whole number from 0.
        level: 1 to 3.
        file: What the file will be called; it says so itself.

    Raises:
        ArgumentError: There is no such level, or the seed is negative.
    """
    if level not in LEVELS:
        raise ArgumentError(f"`level` must be one of {LEVELS}.", level=level)
    if seed < 0:
        raise ArgumentError("`seed` must not be negative.", seed=seed)
    draw = np.random.default_rng([seed, level])
    design = _design(level, draw)
    lines = _backward(design)
    known = mistakes(level, design.sizes, design.hidden, design.output)
    chosen = known[int(draw.integers(len(known)))]
    wrong = {**lines, chosen.line: chosen.wrong}
    text, solution = (_text(seed, level, file, design, body) for body in (wrong, lines))
    return Exercise(seed, level, text, solution, chosen)


def mistakes(level: int, sizes: Sequence[int], hidden: str, output: str) -> tuple[Mistake, ...]:
    """What can be wrong in the backward pass of a network.

    Args:
        level: 1 to 3.
        sizes: Units of each layer, the input's first.
        hidden: Activation of the hidden layers.
        output: Activation of the output: ``"sigmoid"``, ``"linear"`` or ``"softmax"``.
    """
    design = _Design(sizes, hidden, output)
    lines, last = _backward(design), design.depth
    out = f"dz{last}"

    def mistake(fault: str, line: str, wrong: str) -> Mistake:
        return Mistake(fault, line, lines[line], wrong)

    easy = [
        mistake("derivative-missing", "dz1", "da1"),
        mistake("gradient-sign", f"dW{last}", "-" + lines[f"dW{last}"]),
        mistake("bias-averaged", "db1", "dz1.mean(axis=0)"),
    ]
    if hidden != "relu":  # where it is right: max(z, 0) > 0 wherever z > 0
        easy.append(mistake("derivative-of-activation", "dz1", f"da1 * {hidden}_prime(self.a1)"))
    if output == "sigmoid":
        error = "2 * (y_hat - y) / y.size"
        easy.append(mistake("derivative-missing", out, error))
        easy.append(mistake("derivative-of-activation", out, f"{error} * sigmoid_prime(y_hat)"))
    if level == 1:
        return tuple(easy)
    harder = [
        mistake("error-sign", out, lines[out].replace("(y_hat - y)", "(y - y_hat)")),
        mistake("gradient-averaged", f"dW{last}", lines[f"dW{last}"] + " / len(x)"),
        mistake("first-sample-only", f"db{last}", f"dz{last}[0]"),
        mistake("bias-summed-over-all", "db1", "dz1.sum()"),
        mistake("error-for-delta", "dW1", "x.T @ da1"),
        mistake("pre-activation-as-input", "dW2", "self.z1.T @ dz2"),
    ]
    if level == 2:
        harder.append(mistake("gradient-doubled", "dW1", "2 * x.T @ dz1"))
        harder.append(mistake("delta-averaged", "dz1", lines["dz1"] + " / len(x)"))
        return (*easy, *harder)
    hardest = [
        mistake("weights-not-transposed", "da1", "dz2 @ self.W2"),
        mistake("weights-missing", "da1", "dz2"),
        mistake("derivative-of-another-layer", "dz1", f"da1 * {hidden}_prime(self.z2)"),
        mistake("cross-entropy-extra-derivative", out, f"{lines[out]} * y_hat * (1 - y_hat)"),
        mistake("true-class-only", out, f"y * {lines[out]}"),
        mistake("input-of-another-layer", "dW3", "self.a1.T @ dz3"),
    ]
    return (*harder, *hardest)


def _design(level: int, draw: np.random.Generator) -> _Design:
    inputs, units = int(draw.integers(2, 4)), int(draw.integers(4, 6))
    if level == 1:
        return _Design((inputs, units, 1), "sigmoid", "sigmoid")
    if level == 2:
        hidden = ("tanh", "relu", "sigmoid")[int(draw.integers(3))]
        return _Design((inputs, units, 2), hidden, ("linear", "sigmoid")[int(draw.integers(2))])
    return _Design((inputs, units, units, 3), ("tanh", "sigmoid")[int(draw.integers(2))], "softmax")


# ---------------------------------------------------------------- the lines of the file


def _backward(design: _Design) -> Mapping[str, str]:
    """The right-hand sides of the backward pass, by what they compute."""
    last = design.depth
    lines = {
        f"dz{last}": {
            "sigmoid": f"2 * (y_hat - y) / y.size * sigmoid_prime(self.z{last})",
            "linear": "2 * (y_hat - y) / y.size",
            "softmax": "(y_hat - y) / len(x)",
        }[design.output]
    }
    for layer in range(last, 0, -1):
        lines[f"dW{layer}"] = f"{f'self.a{layer - 1}' if layer > 1 else 'x'}.T @ dz{layer}"
        lines[f"db{layer}"] = f"dz{layer}.sum(axis=0)"
        if layer > 1:
            lines[f"da{layer - 1}"] = f"dz{layer} @ self.W{layer}.T"
            lines[f"dz{layer - 1}"] = f"da{layer - 1} * {design.hidden}_prime(self.z{layer - 1})"
    return lines


def _forward(design: _Design) -> list[str]:
    """The lines of the forward pass."""
    lines, before = [], "x"
    for layer in range(1, design.depth + 1):
        lines.append(f"self.z{layer} = {before} @ self.W{layer} + self.b{layer}")
        if layer < design.depth:
            lines.append(f"self.a{layer} = {design.hidden}(self.z{layer})")
            before = f"self.a{layer}"
    last = f"self.z{design.depth}"
    if design.output == "softmax":
        lines.append(f"e = np.exp({last} - {last}.max(axis=1, keepdims=True))")
        lines.append("return e / e.sum(axis=1, keepdims=True)")
    else:
        lines.append(f"return {last if design.output == 'linear' else f'sigmoid({last})'}")
    return lines


def _text(seed: int, level: int, file: str, design: _Design, backward: Mapping[str, str]) -> str:
    last = design.depth
    names = [f"{letter}{layer}" for layer in range(1, last + 1) for letter in "Wb"]
    functions = "\n\n".join(
        f"def {name}(z):\n    return {value}\n\n\ndef {name}_prime(z):\n    return {slope}\n"
        for name, (value, slope) in ((name, _FUNCTIONS[name]) for name in design.functions)
    )
    weights = []
    for layer, (wide, units) in enumerate(zip(design.sizes, design.sizes[1:], strict=False), 1):
        weights.append(f"self.W{layer} = draw.normal(size=({wide}, {units}))")
        weights.append(f"self.b{layer} = draw.normal(size={units})")
    if design.output == "softmax":
        loss = "-np.sum(y * np.log(self.forward(x))) / len(x)"
        told, targets = "cross-entropy", f"np.eye({design.sizes[-1]})[draw.integers(0, 3, 6)]"
    else:
        loss, told = "np.mean((self.forward(x) - y) ** 2)", "mean squared error"
        targets = f"draw.uniform(0.1, 0.9, size=(6, {design.sizes[-1]}))"
    return _TEMPLATE.format(
        seed=seed,
        level=level,
        file=file,
        layers=" → ".join(map(str, design.sizes)),
        hidden=design.hidden,
        output=design.output,
        told=told,
        functions=functions,
        weights=_indented(weights),
        forward=_indented(_forward(design)),
        loss=loss,
        backward=_indented([f"{name} = {value}" for name, value in backward.items()]),
        gradients=", ".join(f'"{name}": d{name}' for name in names),
        inputs=design.sizes[0],
        targets=targets,
    )


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)


_TEMPLATE = '''\
"""Exercise {seed}, level {level}: one line of `backward` is wrong. Find it and mend it.

The network: {layers} units, {hidden} in the hidden layers, then {output}; the loss is the
{told}. All but `backward` is right, and `backward` is right but for one line.

Whether it is mended:

    chainrule practice --check {file}

The answer, when you give up:

    chainrule practice --check {file} --explain
"""

import numpy as np


{functions}

class Network:
    def __init__(self):
        draw = np.random.default_rng({seed})
{weights}

    def forward(self, x):
{forward}

    def loss(self, x, y):
        return {loss}

    def backward(self, x, y):
        """The gradient of the loss by each weight and bias."""
        y_hat = self.forward(x)
{backward}
        return {{{gradients}}}


draw = np.random.default_rng({seed} + 1)
X = draw.normal(size=(6, {inputs}))
y = {targets}

if __name__ == "__main__":
    network = Network()
    for step in range(501):
        if step % 100 == 0:
            print(f"step {{step}}: loss {{network.loss(X, y):.6f}}")
        for name, gradient in network.backward(X, y).items():
            setattr(network, name, getattr(network, name) - 0.1 * gradient)
'''
