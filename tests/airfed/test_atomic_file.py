"""Files that are whole or as they were, also after a loss of power."""

import os
import stat

import pytest

from airfed.atomic_file import remove_unfinished, write_atomically


def test_parts_become_one_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, (part for part in (b"one ", memoryview(b"two "), bytearray(b"three"))))
    assert path.read_bytes() == b"one two three"
    write_atomically(path, b"other")
    assert path.read_bytes() == b"other"
    assert os.listdir(tmp_path) == ["file"]


def test_a_part_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def parts():
        yield b"half a "
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, parts())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere folders cannot be synchronised")
def test_content_is_on_disk_before_its_name_and_the_name_then(tmp_path, monkeypatch):
    """Else power that is lost leaves a name without content, or the old content after all."""
    order, fsync, replace = [], os.fsync, os.replace

    def synced(handle):
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(*paths):
        order.append("rename")
        replace(*paths)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    write_atomically(tmp_path / "file", b"content")
    assert order == ["file", "rename", "folder"]


def test_only_what_was_to_become_one_of_the_files_is_tidied_up(tmp_path, monkeypatch):
    """The temporary file of a process that was killed before it had renamed it."""
    mine = [".other.abcdefgh", ".file.swp", "file", "file.abcdefgh", ".file.ABCDEFGH", ".filex.abcdefgh"]
    for name in mine:
        (tmp_path / name).touch()
    monkeypatch.setattr(os, "replace", lambda *paths: None)
    monkeypatch.setattr(os, "chmod", lambda *paths: None)
    write_atomically(tmp_path / "file", b"new")
    write_atomically(tmp_path / "else", b"new")
    assert len(os.listdir(tmp_path)) == len(mine) + 2
    remove_unfinished(tmp_path, "file|else")
    assert sorted(os.listdir(tmp_path)) == sorted(mine)
