"""The classical functions have their slopes, minima and saddles. (Derivatives: conformance.)"""

import numpy as np
import pytest

from chainrule.glass.surfaces import SURFACES

surfaces = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.names)
STEP = 1e-4


def hessian(surface, point):
    steps = STEP * np.eye(2)
    slopes = [surface.gradient(point + s) - surface.gradient(point - s) for s in steps]
    return np.array(slopes) / (2 * STEP)


@surfaces
def test_minima_are_lowest_and_saddles_go_up_and_down(surface):
    for point in surface.minima:
        assert np.abs(surface.gradient(point)).max() < 1e-10
        assert surface.loss(point) == pytest.approx(0, abs=1e-25)
        assert np.linalg.eigvalsh(hessian(surface, np.array(point))).min() > 0
    for point in surface.saddles:
        assert np.abs(surface.gradient(point)).max() < 1e-10
        low, high = np.linalg.eigvalsh(hessian(surface, np.array(point)))
        assert low < 0 < high


@surfaces
def test_nothing_in_the_picture_is_lower_than_the_minima(surface):
    (left, right), (bottom, top) = surface.span
    x, y = np.meshgrid(np.linspace(left, right, 201), np.linspace(bottom, top, 201))
    assert surface(x, y).min() >= -1e-12
    for point in (surface.start, *surface.minima, *surface.saddles):
        assert left < point[0] < right
        assert bottom < point[1] < top


@surfaces
def test_the_gradient_is_that_of_the_function(surface):
    point = np.array(surface.start)
    steps = STEP * np.eye(2)
    measured = [(surface.loss(point + s) - surface.loss(point - s)) / (2 * STEP) for s in steps]
    assert surface.gradient(point) == pytest.approx(measured, rel=1e-5, abs=1e-6)


def test_the_valley_is_as_steep_as_it_says():
    values = np.linalg.eigvalsh(hessian(SURFACES["valley"], np.zeros(2)))
    assert values == pytest.approx([1, 40])


@surfaces
def test_the_hessian_is_that_of_the_gradient(surface):
    point = np.array(surface.start)
    assert surface.hessian(point) == pytest.approx(hessian(surface, point), rel=1e-6, abs=1e-6)
