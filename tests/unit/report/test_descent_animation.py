import io
import itertools

import numpy as np
import pytest
from PIL import Image

from chainrule import descend, landscape
from chainrule.errors import ArgumentError
from chainrule.report.descent_animation import FRAMES, _moments, gif

TERRAIN = landscape(
    "beale", path=[descend("beale", "adam", 6), descend("beale", "bfgs", 4)], resolution=11
)


def frames(content):
    with Image.open(io.BytesIO(content)) as image:
        for number in range(image.n_frames):
            image.seek(number)
            yield np.asarray(image.convert("RGB")), image.info["duration"]


def test_a_gif_has_a_picture_for_each_point_and_rests_at_the_end():
    pictures, times = zip(*frames(gif(TERRAIN, fps=10)), strict=True)
    assert len(pictures) == 7
    assert times[:-1] == (100,) * 6
    assert times[-1] == 2000
    for before, after in itertools.pairwise(pictures):
        assert (before != after).any()
    moved = np.abs(pictures[0].astype(int) - pictures[-1]).sum(axis=2) > 60
    assert 0.001 < moved.mean() < 0.15  # the paths, not the ground


@pytest.mark.parametrize("longest", [1, 2, FRAMES, FRAMES + 1, 10_000])
def test_a_long_path_is_seen_in_some_pictures_from_its_start_to_its_end(longest):
    moments = _moments(longest)
    assert len(moments) <= FRAMES
    assert moments[0] == 1
    assert moments[-1] == longest
    assert (np.diff(moments) > 0).all()


def test_the_suffix_says_what_is_written(tmp_path):
    TERRAIN.animate(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"
    TERRAIN.animate(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.html"]
    with pytest.raises(ArgumentError, match=r"\.gif or \.html"):
        TERRAIN.animate(tmp_path / "a.mp4")


def test_what_has_no_paths_does_not_move(tmp_path):
    with pytest.raises(ArgumentError, match="paths on a plane"):
        landscape("beale", resolution=3).animate(tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())
