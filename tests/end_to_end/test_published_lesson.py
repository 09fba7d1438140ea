"""The published lesson: all that it prints, its two silent mistakes, and the network put right.

The code is that of the page in the documentation, so that what is told there is what is checked
here.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from chainrule import check_backprop

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "the_published_lesson.md"

SUMS = 1e-12
"""How far a loss after 10,000 updates may be from the printed one, relatively: matrix products of
another machine round otherwise, by 1e-16 each, and the network forgets most of it."""


@pytest.fixture
def lesson():
    """What the page defines before it trains: data, functions, the network, the class put right."""
    random = np.random.get_state()
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    repaired = next(block for block in blocks if "class Repaired" in block)
    space = {}
    for code in (*blocks[:2], repaired.split("\n\n\nrepaired = ")[0]):
        exec(compile(code, str(PAGE), "exec"), space)
    yield space
    np.random.set_state(random)


def printed(text):
    return np.array([[float(n) for n in line.split()] for line in text.strip().split("\n")])


def digits(found, text):
    """Whether an array prints as in the lesson: eight digits."""
    return np.array_equal(np.round(found, 8), printed(text))


def networks(lesson, count):
    """The lesson's networks in their order: each draws its weights when it is made."""
    return [lesson["ExamNetwork"]() for _ in range(count)]


def test_normalised_data(lesson):
    assert digits(lesson["X"], "1 1 \n 0.25 0.625 \n 0.875 0.75")
    assert digits(lesson["y"], "1 \n 0.35714286 \n 0.83928571")


def test_the_first_networks_weights(lesson):
    (first,) = networks(lesson, 1)
    assert digits(first.w1, "2.48783189 0.11697987 -1.97118428\n-0.48325593 -1.50361209 0.57515126")
    assert digits(first.w2, "-0.20672583 \n 0.41271104 \n -0.57757999")


def test_the_seconds_forward_pass_errors_and_weights(lesson):
    _, second = networks(lesson, 2)
    X, y = lesson["X"], lesson["y"]
    assert digits(second.forward(X[:1]), "0.21945787")
    assert digits(y[:1] - second.A_O, "0.78054213")
    assert digits(y - second.forward(X), "0.78054213 \n 0.0114108 \n 0.6013965")
    assert digits(second.w1, "-1.75351135 1.23279898 0.24464757\n-0.06568225 0.30190098 0.79723428")
    sums = """
        -1.8191936   1.53469996  1.04188185
        -0.47942924  0.49688786  0.55943332
        -1.58358412  1.30512484  0.81199233"""
    assert digits(second.S_H, sums)
    hidden = """
        0.13953066 0.82269293 0.73921295
        0.38238691 0.62172769 0.63632141
        0.17028848 0.78669622 0.6925339"""
    assert digits(second.A_H, hidden)
    assert digits(second.w2, "1.23073545 \n -1.52187331 \n -0.25502715")
    assert digits(second.A_O, "0.21945787 \n 0.34573206 \n 0.23788921")


def test_the_thirds_step(lesson):
    *_, third = networks(lesson, 3)
    X, y = lesson["X"], lesson["y"]
    third.train(X, y)
    assert digits(third.error, "0.70644301 \n 0.10036169 \n 0.56649547")
    slopes = lesson["sigmoid_prime"](third.error)
    assert digits(slopes, "0.22123085 \n 0.24937153 \n 0.23096866")
    assert digits(third.delta_O, "0.17285985 \n 0.02468133 \n 0.13902149")
    after = """
        -0.28194591 -0.23236088  0.12295841
        -0.04025689 -0.03317703  0.01755629
        -0.22675329 -0.18687483  0.09888856"""
    assert digits(third.delta_O.dot(third.w2.T), after)  # printed after the step: with new weights
    hidden = """
        0.43460965 0.23985861 0.42340322
        0.37111212 0.48687214 0.52242758
        0.48093658 0.2520165  0.4192448"""
    assert digits(third.A_H, hidden)
    delta = """
        -0.06388859 -0.05136035  0.020324
        -0.00839476 -0.00674859  0.00267051
        -0.04915074 -0.03951252  0.01563565"""
    assert digits(third.delta_H, delta)
    update = "-0.10899418 -0.08762095 0.03467281 \n -0.10599837 -0.0852126 0.0337198"
    assert digits(X.T.dot(third.delta_H), update)
    assert digits(third.A_H.T.dot(third.delta_O), "0.15114662 \n 0.08851428 \n 0.14436766")


def trained(network, X, y, steps=10_000):
    """The mean squared error before the first and before the last step, as the lesson prints."""
    errors = []
    for _ in range(steps):
        errors.append(np.mean(np.square(y - network.forward(X))))
        last = network.A_O
        network.train(X, y)
    return errors[0], errors[-1], last


def test_the_fourths_training(lesson):
    *_, fourth = networks(lesson, 4)
    X, y = lesson["X"], lesson["y"]
    assert digits(fourth.forward(X), "0.37768395 \n 0.40886333 \n 0.39684567")
    first, last, output = trained(fourth, X, y)
    assert first == pytest.approx(0.19523515397548788, rel=1e-15)
    assert last == pytest.approx(0.0037978381910849734, rel=SUMS)
    assert digits(output, "0.92226356 \n 0.36399293 \n 0.91211178")


def test_both_mistakes_are_found(lesson):
    (network,) = networks(lesson, 1)
    report = check_backprop(network, lesson["X"], lesson["y"])
    w1, w2 = report.findings
    assert report.layers == ("sigmoid", "sigmoid")
    assert report.loss == "½ Σ (a − y)²"
    assert w2.faults == ("derivative-of-activation",)
    assert w1.faults == ("derivative-of-another-layer", "derivative-of-activation")
    assert w1.others == w2.others == ()
    assert "δ₂ = (a₂ − y) ⊙ σ′(a₂)" in w2.written
    assert "δ₁ = δ₂ W₂ᵀ ⊙ σ′(z₂)" in w1.written
    assert "δ₁ = δ₂ W₂ᵀ ⊙ σ′(z₁)" in w1.right


def test_the_repaired_network_is_right_and_ends_lower(lesson):
    *_, fourth = networks(lesson, 4)
    X, y = lesson["X"], lesson["y"]
    repaired = lesson["Repaired"]()
    repaired.w1, repaired.w2 = fourth.w1.copy(), fourth.w2.copy()
    assert check_backprop(repaired, X, y).ok
    first, last, _ = trained(repaired, X, y)
    assert first == pytest.approx(0.19523515397548788, rel=1e-15)
    assert last == pytest.approx(0.003176761553649576, rel=SUMS)
