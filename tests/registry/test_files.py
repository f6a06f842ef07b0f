"""What the store does to files."""

import threading
from pathlib import Path

import pytest

from bridge.registry import files


def test_a_folder_and_its_parents_are_for_the_owner_only(tmp_path: Path) -> None:
    """0700, whatever the umask."""
    made = files.make_folder(tmp_path / "a" / "b")
    assert [oct(path.stat().st_mode & 0o777) for path in (made, made.parent)] == ["0o700", "0o700"]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_only_plain_files_are_sealed(tmp_path: Path, kind: str) -> None:
    """A link could point outside the store."""
    (tmp_path / "file").write_bytes(b"content")
    odd = tmp_path / "odd"
    odd.symlink_to("file") if kind == "link" else odd.mkdir()
    with pytest.raises(ValueError, match="odd is not a plain file"):
        files.seal(odd)


def test_a_sealed_file_is_private_and_known_by_size_and_sha256(tmp_path: Path) -> None:
    """The digest is that of `sha256sum`."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    path.chmod(0o644)
    assert files.seal(path) == (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_held_lock_keeps_others_out_until_it_is_given_up(tmp_path: Path) -> None:
    """Threads of one process too."""
    entered = threading.Event()

    def enter() -> None:
        with files.locked(tmp_path / "lock"):
            entered.set()

    with files.locked(tmp_path / "lock"):
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.1)
        assert files.take_lock(tmp_path / "lock") is None
    assert entered.wait(10)
    other.join()
