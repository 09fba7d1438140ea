import pytest

from chainrule.core.files import atomic_write


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.write(b"half" + None)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_as_given(tmp_path):
    with atomic_write(tmp_path / "a.csv", "w") as file:
        file.write("σ\r\n")
    assert (tmp_path / "a.csv").read_bytes() == "σ\r\n".encode()
