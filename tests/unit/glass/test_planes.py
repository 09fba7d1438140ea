"""Directions through the space of weights are what they are said to be."""

import numpy as np
import pytest

from chainrule.core.layout import Layout, Slot
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.glass.planes import Plane, chosen_plane, index_of, principal_plane, random_plane

LAYOUT = Layout(
    [
        Slot("dense/kernel", (4, 3)),
        Slot("dense/bias", (3,)),
        Slot("convolution/kernel", (2, 5, 3)),
        Slot("scale", ()),
    ]
)
THETA = np.random.default_rng(0).normal(size=LAYOUT.size)


def test_each_filter_of_a_random_direction_is_as_long_as_the_models_own():
    plane = random_plane(LAYOUT, THETA, seed=3)
    own = LAYOUT.views(THETA)
    for vector in plane.vectors:
        direction = LAYOUT.views(vector.copy())
        for output in range(3):
            for name in ("dense/kernel", "convolution/kernel"):
                ours, theirs = direction[name][..., output], own[name][..., output]
                assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(theirs))
        assert not direction["dense/bias"].any()
        assert not direction["scale"]


def test_random_directions_are_drawn_by_the_seed():
    first, again, other = (random_plane(LAYOUT, THETA, seed).vectors for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    cosine = first[0] @ first[1] / np.linalg.norm(first[0]) / np.linalg.norm(first[1])
    assert abs(cosine) < 0.7


@pytest.mark.parametrize(
    ("layout", "theta"), [(Layout([Slot("bias", (3,))]), np.ones(3)), (LAYOUT, np.zeros(46))]
)
def test_without_kernels_there_is_no_scale_for_random_directions(layout, theta):
    with pytest.raises(ArgumentError, match="Choose weights by name"):
        random_plane(layout, theta)


@pytest.mark.parametrize("points", [8, 60])  # fewer than there are weights, and more
def test_the_principal_plane_is_nearest_to_the_path(points):
    generator = np.random.default_rng(1)
    inside = generator.normal(size=(points, 2)) * [5, 2]
    basis = np.linalg.qr(generator.normal(size=(20, 2)))[0].T
    centre = generator.normal(size=20)
    noise = 1e-3 * generator.normal(size=(points, 20))
    plane = principal_plane([centre + inside @ basis + noise], centre)
    assert np.allclose(plane.vectors @ plane.vectors.T, np.eye(2))
    assert np.allclose(np.abs(np.linalg.svd(plane.vectors @ basis.T)[1]), 1, atol=1e-3)
    apart = inside @ basis + noise
    shares = np.sum((apart @ plane.vectors.T) ** 2, axis=0) / np.sum(apart**2)
    assert np.allclose(plane.explained, shares)
    assert sum(plane.explained) > 0.999
    assert plane.explained[0] >= plane.explained[1]
    assert (plane.vectors @ apart[0] >= 0).all()


def test_a_path_on_a_line_has_no_plane():
    line = np.outer(np.arange(5.0), np.ones(7))
    with pytest.raises(ArgumentError, match="not on a line"):
        principal_plane([line], line[-1])


def test_projection_finds_the_nearest_point_also_of_skew_directions():
    plane = Plane(np.array([1.0, 0, 0]), np.array([[1.0, 0, 0], [1, 1, 0]]), ("a", "b"), "any")
    points = plane.point(2.0, 3.0) + np.array([[0, 0, 4.0], [0, 0, 0]])
    coordinates, distances = plane.project(points)
    assert np.allclose(coordinates, [[2, 3], [2, 3]])
    assert np.allclose(distances, [4, 0])


def test_along_weights_coordinates_are_the_weights_themselves():
    plane = chosen_plane(LAYOUT, THETA, ["dense/kernel[2, 1]", "dense/bias[0]"])
    moved = LAYOUT.views(plane.point(0.25, -3.0))
    assert moved["dense/kernel"][2, 1] == 0.25
    assert moved["dense/bias"][0] == -3.0
    moved["dense/kernel"][2, 1] = LAYOUT.views(THETA)["dense/kernel"][2, 1]
    moved["dense/bias"][0] = LAYOUT.views(THETA)["dense/bias"][0]
    assert np.array_equal(np.concatenate([m.ravel() for m in moved.values()]), THETA)
    assert plane.labels == ("dense/kernel[2, 1]", "dense/bias[0]")


def test_along_vectors_coordinates_count_from_the_model():
    plane = chosen_plane(LAYOUT, THETA, [np.ones(46)])
    assert np.allclose(plane.point(0.5), THETA + 0.5)
    with pytest.raises(ShapeError, match=r"\(46,\)"):
        chosen_plane(LAYOUT, THETA, [np.ones(45)])


@pytest.mark.parametrize("chosen", [["scale", "scale"], [np.zeros(46)], [], ["scale"] * 3])
def test_directions_that_span_nothing_are_refused(chosen):
    with pytest.raises(ArgumentError, match="directions="):
        chosen_plane(LAYOUT, THETA, chosen)


def test_every_weight_is_found_by_its_name():
    for place in range(LAYOUT.size):
        assert index_of(LAYOUT, LAYOUT.name_of(place)) == place


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dense/kernel[4, 0]", r"dense/kernel has the shape \(4, 3\)"),
        ("dense/kernel[0]", "name an element of it"),
        ("dense/kernel", "name an element of it"),
        ("dens/kernel[0, 0]", r"There are: … dense/kernel\[3, 2\], .* scale"),
        ("", "no such weight"),
    ],
)
def test_a_wrong_name_is_told_what_there_is(name, message):
    with pytest.raises(UnknownNameError, match=message):
        index_of(LAYOUT, name)
