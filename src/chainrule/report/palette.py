"""Colours that colour-blind readers tell apart, on light and dark style sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, AMBER, GREY = "#56B4E9", "#E69F00", "#666666"
FEW = (BLUE, VERMILION, GREEN, PURPLE, AMBER, SKY)
"""Okabe and Ito (2008), Color universal design, without yellow and black."""
MANY = (
    *("#332288", "#CC6677", "#DDCC77", "#117733", "#88CCEE"),
    *("#882255", "#44AA99", "#999933", "#AA4499", "#777777"),
)
"""Tol (2021), Colour schemes, "muted"."""
MARKERS = "osD^vPX*<>"
"""Shapes of points: what is told by colour is told by shape too."""


def series(count: int) -> list[Any]:
    """Colours of so many lines or classes: of the reader's style sheet if it has its own."""
    from matplotlib import rcParams, rcParamsDefault

    cycle = rcParams["axes.prop_cycle"]
    colours: Sequence[Any] = FEW if count <= len(FEW) else MANY
    if cycle != rcParamsDefault["axes.prop_cycle"]:
        colours = cycle.by_key().get("color", colours)
    return [colours[number % len(colours)] for number in range(count)]


def paper(ax: Any) -> tuple[float, float, float]:
    """What is behind the picture: of an Axes that lets it through, the figure's colour."""
    from matplotlib.colors import to_rgba

    *colour, alpha = to_rgba(ax.get_facecolor())
    if alpha == 0:
        *colour, alpha = to_rgba(ax.figure.get_facecolor())
        colour = colour if alpha else [1.0, 1.0, 1.0]
    red, green, blue = colour
    return red, green, blue


def ink() -> Any:
    """The colour of text."""
    from matplotlib import rcParams

    return rcParams["text.color"]


def rising(ax: Any, colour: Any) -> Any:
    """A colour map from the paper to ``colour``."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    return LinearSegmentedColormap.from_list("rising", [to_rgb(paper(ax)), to_rgb(colour)])


def diverging(ax: Any) -> Any:
    """A colour map from blue (negative) over the paper (0) to vermilion (positive)."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    colours = [to_rgb(BLUE), paper(ax), to_rgb(VERMILION)]
    return LinearSegmentedColormap.from_list("diverging", colours)


def on(background: Any) -> str:
    """Black or white, whichever is read more easily on a colour (WCAG 2.2, relative luminance)."""
    from matplotlib.colors import to_rgb

    parts = to_rgb(background)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"
