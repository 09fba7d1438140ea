r"""Equations of Unicode text as LaTeX: ``∂L/∂W = xᵀ z̄`` as ``\frac{\partial L}{\partial W} = …``.

What the text says is kept, letter for letter; only derivatives become fractions.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SUBS: Final = dict(
    zip(
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ",
        "0123456789+-=()aehijklmnoprstuvx",
        strict=True,
    )
)
_SUPERS: Final = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵞᵝᵟ",
        "0123456789+-=()abcdeghijklmnoprstuvwxyzTγβδ",
        strict=True,
    )
)
_LETTERS: Final = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
    "η": r"\eta", "θ": r"\theta", "λ": r"\lambda", "μ": r"\mu", "π": r"\pi", "ρ": r"\rho",
    "σ": r"\sigma", "τ": r"\tau", "φ": r"\varphi", "Φ": r"\Phi", "κ": r"\kappa", "ν": r"\nu",
    "ℓ": r"\ell", "∂": r"\partial", "Σ": r"\sum", "Π": r"\prod", "·": r"\cdot", "−": "-",
    "←": r"\leftarrow", "→": r"\to", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∞": r"\infty",
    "√": r"\sqrt", "…": r"\dots", "‖": r"\lVert", "±": r"\pm", "×": r"\times", "½": r"\tfrac12",
    "′": "'", "∈": r"\in", "∧": r"\wedge", "∨": r"\vee", "{": r"\{", "}": r"\}", "#": r"\#",
    "%": r"\%", "&": r"\&", "_": r"\_", "^": "^", "~": r"\sim", "≈": r"\approx", "⊙": r"\odot",
}  # fmt: skip
_FUNCTIONS: Final = {"exp", "ln", "log", "max", "min", "tanh", "sinh", "cosh", "sin", "cos"}
_ACCENTS: Final = {"\u0304": "bar", "\u0302": "hat", "\u0303": "tilde", "\u0307": "dot"}
_DERIVATIVE: Final = re.compile(r"∂([^\s/∂]+)/∂((?:ln )?[^\s,;:.)\]]+)")
_TOKEN: Final = re.compile(
    r"_\w+|[A-Za-z]{2,}(?![\u0300-\u036f])|\d+(?:\.\d+)?|\s+|.[\u0300-\u036f]*", re.S
)


def latex(equation: str) -> str:
    """An equation as LaTeX, without the dollar signs."""
    text = unicodedata.normalize("NFD", equation)
    out, last = [], 0
    for found in _DERIVATIVE.finditer(text):
        out.append(_plain(text[last : found.start()]))
        above, below = _plain(found[1]).strip(), _plain(found[2]).strip()
        out.append(rf"\frac{{\partial {above}}}{{\partial {below}}}")
        last = found.end()
    out.append(_plain(text[last:]))
    return " ".join("".join(out).split())


def _plain(text: str) -> str:
    """A text without derivatives."""
    text = _roots(text)
    tokens = _TOKEN.findall(text)
    out: list[str] = []
    at, open_norm = 0, False
    while at < len(tokens):
        token = tokens[at]
        for table, mark in ((_SUBS, "_"), (_SUPERS, "^")):
            if token in table:
                end = at
                while end < len(tokens) and tokens[end] in table:
                    end += 1
                inside = "".join(_token(table[t]) for t in tokens[at:end])
                out.append(f"{mark}{{{inside.strip()}}}")
                at = end
                break
        else:
            if token == "‖":  # noqa: S105  (a norm's bar, not a secret)
                out.append(r"\rVert " if open_norm else r"\lVert ")
                open_norm = not open_norm
            else:
                called = at + 1 < len(tokens) and tokens[at + 1] == "("
                out.append(_token(token, called))
            at += 1
    return _grouped_powers("".join(out))


def _token(token: str, called: bool = False) -> str:
    """One word, number or letter; ``called``: whether a bracket follows."""
    base, accents = token[0], token[1:]
    if token.startswith("_") and accents:
        return f"_{{{accents}}}" if len(accents) == 1 else rf"_{{\mathrm{{{accents}}}}}"
    if token.isspace():
        return " "
    if token.isascii() and token.isalpha() and len(token) > 1:
        if token in _FUNCTIONS:
            return rf"\{token} "
        return rf"\operatorname{{{token}}}" if called else rf"\text{{ {token} }}"
    if token[0].isdigit():
        return token
    written = _LETTERS.get(base, base)
    for accent in accents:
        if accent in _ACCENTS:
            written = rf"\{_ACCENTS[accent]}{{{written}}}"
    if written == base and not base.isascii() and base.isalpha():
        return rf"\text{{{base}}}"
    return f"{written} " if written.startswith("\\") and written[-1].isalpha() else written


def _roots(text: str) -> str:
    """``√(a + b)`` and ``√v`` with braces, kept from escaping by private letters."""
    out, at = [], 0
    while at < len(text):
        if text[at] != "√":
            out.append(text[at])
            at += 1
            continue
        at += 1
        if at < len(text) and text[at] == "(":
            end = _closing(text, at)
            out.append(f"√\ue000{_roots(text[at + 1 : end])}\ue001")
            at = end + 1
        else:
            end = at + 1
            while end < len(text) and (unicodedata.combining(text[end]) or text[end] in _SUBS):
                end += 1
            out.append(f"√\ue000{text[at:end]}\ue001")
            at = end
    return "".join(out)


def _closing(text: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def _grouped_powers(text: str) -> str:
    """``^(…)`` as ``^{…}``, and the braces of roots."""
    out, at = [], 0
    while at < len(text):
        if text.startswith("^(", at):
            end = _closing(text, at + 1)
            out.append(f"^{{{_grouped_powers(text[at + 2 : end])}}}")
            at = end + 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out).replace("\ue000", "{").replace("\ue001", "}")
