"""Classical functions of two variables: valleys, wells and saddles to run optimizers down.

Each is a rule like those of layers, with its derivatives beside it, and what is known about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.registry import Registry
from chainrule.core.rule import Rule, parameters, rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Point = tuple[float, float]


@rule("bowl", "x[*S] y[*S] -> z[*S]")
def bowl(x, y, *, steepness=1.0):
    """Convex: x²/2 and κ times as much of y²/2. κ is the condition number of its Hessian."""
    return (x**2 + steepness * y**2) / 2  # z = (x² + κ y²) / 2


@bowl.wrt("x")
def bowl_wrt_x(x, z_bar):
    return z_bar * x  # ∂L/∂x = z̄ · x


@bowl.wrt("y")
def bowl_wrt_y(y, z_bar, *, steepness=1.0):
    return z_bar * steepness * y  # ∂L/∂y = z̄ · κ y


@rule("rosenbrock", "x[*S] y[*S] -> z[*S]")
def rosenbrock(x, y):
    """A bent, narrow valley with a nearly flat floor (Rosenbrock, 1960)."""
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2  # z = (1 − x)² + 100 (y − x²)²


@rosenbrock.wrt("x")
def rosenbrock_wrt_x(x, y, z_bar):
    return z_bar * (2 * (x - 1) - 400 * x * (y - x**2))  # ∂L/∂x = z̄ (2 (x − 1) − 400 x (y − x²))


@rosenbrock.wrt("y")
def rosenbrock_wrt_y(x, y, z_bar):
    return z_bar * 200 * (y - x**2)  # ∂L/∂y = z̄ · 200 (y − x²)


@rule("beale", "x[*S] y[*S] -> z[*S]")
def beale(x, y):
    """Plains with a sharp cross of walls, and one minimum (Beale, 1958)."""
    a = 1.5 - x + x * y  # a = 1.5 − x + x y
    b = 2.25 - x + x * y**2  # b = 2.25 − x + x y²
    c = 2.625 - x + x * y**3  # c = 2.625 − x + x y³
    return a**2 + b**2 + c**2  # z = a² + b² + c²


@beale.wrt("x")
def beale_wrt_x(x, y, z_bar):
    a = (1.5 - x + x * y) * (y - 1)  # a · ∂a/∂x
    b = (2.25 - x + x * y**2) * (y**2 - 1)  # b · ∂b/∂x
    c = (2.625 - x + x * y**3) * (y**3 - 1)  # c · ∂c/∂x
    return z_bar * 2 * (a + b + c)  # ∂L/∂x = z̄ · 2 (a a′ + b b′ + c c′)


@beale.wrt("y")
def beale_wrt_y(x, y, z_bar):
    a = (1.5 - x + x * y) * x  # a · ∂a/∂y
    b = (2.25 - x + x * y**2) * 2 * x * y  # b · ∂b/∂y
    c = (2.625 - x + x * y**3) * 3 * x * y**2  # c · ∂c/∂y
    return z_bar * 2 * (a + b + c)  # ∂L/∂y = z̄ · 2 (a a′ + b b′ + c c′)


@rule("himmelblau", "x[*S] y[*S] -> z[*S]")
def himmelblau(x, y):
    """Four minima, all of them 0, four saddles and a hill (Himmelblau, 1972)."""
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2  # z = (x² + y − 11)² + (x + y² − 7)²


@himmelblau.wrt("x")
def himmelblau_wrt_x(x, y, z_bar):
    slope = 4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7)  # 4 x (x² + y − 11) + 2 (x + y² − 7)
    return z_bar * slope  # ∂L/∂x = z̄ · ∂z/∂x


@himmelblau.wrt("y")
def himmelblau_wrt_y(x, y, z_bar):
    slope = 2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7)  # 2 (x² + y − 11) + 4 y (x + y² − 7)
    return z_bar * slope  # ∂L/∂y = z̄ · ∂z/∂y


@rule("saddle", "x[*S] y[*S] -> z[*S]")
def saddle(x, y):
    """Two minima with a pass between them, where the gradient is 0 and nothing is minimal."""
    return (y**2 - 1) ** 2 / 4 + x**2 / 2  # z = (y² − 1)² / 4 + x² / 2


@saddle.wrt("x")
def saddle_wrt_x(x, z_bar):
    return z_bar * x  # ∂L/∂x = z̄ · x


@saddle.wrt("y")
def saddle_wrt_y(y, z_bar):
    return z_bar * y * (y**2 - 1)  # ∂L/∂y = z̄ · y (y² − 1)


@dataclass(frozen=True)
class Surface:
    """A function of two variables, and what is known about it.

    Calling it gives z at arrays of x and y.

    Attributes:
        name: ``"rosenbrock"``.
        rule: The function with its derivatives.
        span: Where it is worth looking at: ((x from, to), (y from, to)).
        start: Where paths begin.
        minima: Where it is lowest.
        saddles: Where its gradient is 0 and it is neither lowest nor highest.
        options: The rule's options.
    """

    name: str
    rule: Rule
    span: tuple[Point, Point]
    start: Point
    minima: tuple[Point, ...]
    saddles: tuple[Point, ...] = ()
    options: tuple[tuple[str, float], ...] = ()

    def __call__(self, x: Any, y: Any) -> Array:
        return np.asarray(self.rule.forward(x, y, **dict(self.options)))

    def loss(self, theta: Any) -> float:
        """The value at a point, shape (2,)."""
        return float(self(*np.asarray(theta, np.float64)))

    def gradient(self, theta: Any) -> Array:
        """The slopes at a point: shape (2,), float64."""
        return np.array(self._slopes(np.asarray(theta, np.float64)))

    def hessian(self, theta: Any) -> Array:
        """How the slopes change: shape (2, 2), float64.

        The gradient is taken a step of 10⁻³⁰ i beside the point: its imaginary part is the
        derivative, without any difference that rounding could spoil.

        Source: Squire, Trapp (1998), Using complex variables to estimate derivatives of real
        functions.
        """
        steps = np.asarray(theta, np.float64) + 1e-30j * np.eye(2)
        return np.array([np.imag(self._slopes(step)) / 1e-30 for step in steps])

    def _slopes(self, theta: Array) -> list[Any]:
        x, y = theta
        known = {**self.rule.options, **dict(self.options), "x": x, "y": y, "z_bar": 1.0}
        slopes = self.rule.cotangents["x"], self.rule.cotangents["y"]
        return [f(**{name: known[name] for name in parameters(f)}) for f in slopes]


SURFACES: Registry[Surface] = Registry("surface")
_FOUR = (
    *((3.0, 2.0), (-2.805118086952745, 3.131312518250573)),
    *((-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404)),
)
_PASSES = (
    *((0.08667750455539634, 2.884254701174776), (3.385154183607021, 0.07385187983774928)),
    *((-3.0730257507643897, -0.08135304428796751), (-0.12796134673068005, -1.9537149802445766)),
)
for _made in (
    Surface("bowl", bowl, ((-2.5, 2.5), (-2.5, 2.5)), (-2.0, 1.5), ((0.0, 0.0),)),
    Surface(
        "valley",
        bowl,
        ((-10.5, 2.0), (-2.6, 2.6)),
        (-10.0, 1.5),
        ((0.0, 0.0),),
        options=(("steepness", 40.0),),
    ),
    Surface("rosenbrock", rosenbrock, ((-2.0, 2.0), (-1.0, 3.0)), (-1.2, 1.0), ((1.0, 1.0),)),
    Surface("beale", beale, ((-4.5, 4.5), (-4.5, 4.5)), (1.0, 1.5), ((3.0, 0.5),)),
    Surface("himmelblau", himmelblau, ((-5.5, 5.5), (-5.5, 5.5)), (-0.5, -0.5), _FOUR, _PASSES),
    Surface(
        "saddle",
        saddle,
        ((-2.0, 2.0), (-1.6, 1.6)),
        (-1.7, 0.3),
        ((0.0, 1.0), (0.0, -1.0)),
        ((0.0, 0.0),),
    ),
):
    SURFACES.add(_made.name, _made)
