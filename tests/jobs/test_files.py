import io
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from jobs.errors import NotFound
from jobs.files import FileStore, input_key, job_prefix, segment_key, segment_prefix


def test_what_is_put_is_got(files: FileStore, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"path")
    for key, source, content in (
        ("a/1", b"bytes", b"bytes"),
        ("a/2", path, b"path"),
        ("a/3", io.BytesIO(b"io"), b"io"),
    ):
        files.put(key, source)
        assert files.get(key) == content
        with files.local(key) as local:
            assert local.read_bytes() == content


def test_a_prefix_is_listed_in_order_and_deleted_whole(files: FileStore) -> None:
    for index in (2, 0, 10):
        files.put(segment_key("job", 0, index), b"x")
    files.put(input_key("job", "audio"), b"x")
    files.put(input_key("other", "audio"), b"x")
    assert files.list(segment_prefix("job")) == [segment_key("job", 0, index) for index in (0, 2, 10)]
    files.delete(job_prefix("job"))
    assert files.list("jobs/") == [input_key("other", "audio")]
    files.delete(job_prefix("job"))


def test_one_file_is_removed(files: FileStore) -> None:
    for index in (1, 2):
        files.put(segment_key("job", 0, index), b"x")
        files.remove(segment_key("job", 0, 1))
    assert files.list(segment_prefix("job")) == [segment_key("job", 0, 2)]


def test_what_is_not_there_is_not_found(files: FileStore) -> None:
    with pytest.raises(NotFound):
        files.get("a/none")
    with pytest.raises(NotFound), files.local("a/none"):
        pass


def test_a_deleted_job_leaves_no_folder(files: FileStore) -> None:
    files.put(segment_key("job", 0, 0), b"x")
    files.delete(job_prefix("job"))
    assert files.root
    assert list(files.root.iterdir()) == []


def test_files_are_the_owners_only(files: FileStore) -> None:
    assert files.root
    assert stat.S_IMODE(files.root.stat().st_mode) == 0o700


def test_a_key_never_leaves_the_store(files: FileStore, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)path|invalid|\.\."):
        files.put("../outside", b"x")
    assert not (tmp_path / "outside").exists()


def test_two_may_delete_the_same_files_at_once(files: FileStore) -> None:
    for _ in range(20):
        for index in range(8):
            files.put(segment_key("job", 0, index), b"x")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: files.delete(job_prefix("job")), range(4)))
        assert files.list("jobs/") == []


def test_a_remote_file_is_a_path_for_as_long_as_it_is_used() -> None:
    remote = FileStore(MemoryStore())
    content = bytes(range(256)) * 100_000
    remote.put("a/1", content)
    with remote.local("a/1") as path:
        assert path.read_bytes() == content
    assert not path.exists()
    with pytest.raises(NotFound), remote.local("a/2"):
        pass


def test_it_says_what_it_has(files: FileStore) -> None:
    files.put("a/1", b"x")
    assert (files.has("a/1"), files.has("a/2")) == (True, False)
