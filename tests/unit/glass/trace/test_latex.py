"""Equations as LaTeX: every one of the library, in commands that GitHub and Jupyter know."""

import re

import pytest

import chainrule.layers
import chainrule.losses
import chainrule.optimizers  # noqa: F401  (registers its rules)
from chainrule.core.rule import RULES, UPDATES
from chainrule.core.source import lines
from chainrule.glass.trace.latex import latex

EQUATIONS = sorted(
    {
        line.equation
        for rules in (RULES, UPDATES)
        for rule in rules.values()
        if rule.__module__.startswith("chainrule.")
        for function in rule.functions().values()
        for line in lines(function)
    }
)

COMMANDS = {
    *("alpha", "beta", "gamma", "delta", "varepsilon", "eta", "theta", "lambda", "mu", "pi"),
    *("rho", "sigma", "tau", "varphi", "Phi", "kappa", "nu", "ell", "partial", "sum", "prod"),
    *("cdot", "leftarrow", "to", "le", "ge", "ne", "infty", "sqrt", "dots", "lVert", "rVert"),
    *("pm", "times", "tfrac", "in", "wedge", "vee", "sim", "approx", "odot", "frac", "bar"),
    *("hat", "tilde", "dot", "text", "operatorname", "mathrm", "exp", "ln", "log", "max", "min"),
    *("tanh", "sinh", "cosh", "sin", "cos"),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_every_equation_of_the_library(equation):
    found = latex(equation)
    assert found.isascii(), found
    assert set(re.findall(r"\\([A-Za-z]+)", found)) <= COMMANDS, found
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", found):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, found
    assert depth == 0, found
    assert "^{}" not in found
    assert not re.search(r"\}[_^]\{[^}]*\}[_^]\{[^}]*\}[_^]", found)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("z = x W + b", r"z = x W + b"),
        ("y = σ(z) = 1 / (1 + e⁻ᶻ)", r"y = \sigma (z) = 1 / (1 + e^{-z})"),
        ("∂L/∂W = xᵀ z̄", r"\frac{\partial L}{\partial W} = x^{T} \bar{z}"),
        ("L = Σₙ wₙ ℓₙ / d", r"L = \sum _{n} w_{n} \ell _{n} / d"),
        ("θ ← m / (√v + ε)", r"\theta \leftarrow m / (\sqrt {v} + \varepsilon )"),
        ("y = √(x² + 1)", r"y = \sqrt {x^{2} + 1}"),
        ("e = e^(−|z|)", r"e = e^{-|z|}"),
        ("n = ‖g‖", r"n = \lVert g\rVert"),
        ("S_H1 = X w₁", r"S_{\mathrm{H1}} = X w_{1}"),
        ("y = z for z ≥ 0, else s z", r"y = z \text{ for } z \ge 0, \text{ else } s z"),
        ("r ← clip(r, 0, c)", r"r \leftarrow \operatorname{clip}(r, 0, c)"),
    ],
)  # fmt: skip
def test_how_it_looks(equation, expected):
    assert latex(equation) == expected
