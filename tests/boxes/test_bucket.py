"""The file store on an S3 over real HTTP, with keys."""

import io
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from obstore.store import MemoryStore

from jobs.errors import NotFound, Unavailable
from jobs.files import LONGEST_LINK, FileStore, open_files, result_key, segment_key, segment_prefix
from jobs.settings import Settings
from server.app import create_app
from tests.boxes.servers import Bucket

DATA = bytes(range(256)) * 40
KEY = result_key("a-job", "speech.mp3")


@pytest.fixture
def client(settings: Settings, bucket: Bucket, database: object) -> Iterator[TestClient]:
    with TestClient(create_app(settings.model_copy(update={"store_url": bucket.url})), "http://127.0.0.1") as client:
        yield client


def test_what_is_put_is_got(files: FileStore, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"path")
    large = bytes(range(256)) * 50_000  # more than one part of an upload
    for key, source, content in (
        ("a/1", b"bytes", b"bytes"),
        ("a/2", path, b"path"),
        ("a/3", io.BytesIO(large), large),
        ("a/4", b"", b""),
    ):
        files.put(key, source)
        assert files.get(key) == content
        size, pieces = files.opened(key)
        assert (size, b"".join(pieces)) == (len(content), content)
        with files.local(key) as local:
            assert local.read_bytes() == content
        assert not local.exists()
    files.delete("a/")


def test_files_that_another_deletes_as_well(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(3):
        files.put(f"both/{index}", b"x")
    listed = files.list

    def overtaken(prefix: str) -> list[str]:
        found = listed(prefix)
        files.remove(found[0])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(files, "list", overtaken)
        files.delete("both/")
    assert files.list("both/") == []


def test_every_way_to_name_a_bucket_has_the_same_options(bucket: Bucket) -> None:
    """Plain http, for one, which the library refuses by itself."""
    files = open_files(Settings(store_url=bucket.url.replace("s3:", "s3a:")))
    files.put("a/1", b"bytes")
    assert files.get("a/1") == b"bytes"
    files.delete("a/")


def test_what_is_not_there_is_not_found(files: FileStore) -> None:
    with pytest.raises(NotFound):
        files.get("a/none")
    with pytest.raises(NotFound):
        files.opened("a/none")
    with pytest.raises(NotFound), files.local("a/none"):
        pass
    files.remove("a/none")
    files.delete("none/")


def test_more_files_than_a_bucket_lists_at_once(files: FileStore) -> None:
    keys = [segment_key("long", 0, index) for index in range(1_100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: files.put(key, b"x"), keys))
    assert files.list(segment_prefix("long")) == keys
    files.put(segment_key("longer", 0, 0), b"another job's")
    files.delete(segment_prefix("long"))
    assert files.list("jobs/") == [segment_key("longer", 0, 0)]
    files.delete("jobs/")


def test_a_link_is_signed_and_expires(files: FileStore) -> None:
    files.put(KEY, DATA)
    link = files.presigned(KEY, 60)
    assert link
    whole = httpx.get(link)
    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["content-type"] == "audio/mpeg"
    assert httpx.get(link, headers={"Range": "bytes=-10"}).content == DATA[-10:]
    assert httpx.get(link.replace("speech.mp3", "other.mp3")).status_code in {400, 403}
    assert httpx.get(link.partition("?")[0]).status_code in {400, 403}
    short = files.presigned(KEY, 1)
    assert short
    time.sleep(2.1)  # the bucket's clock counts whole seconds
    assert httpx.get(short).status_code in {400, 403}
    assert files.presigned(KEY, LONGEST_LINK + 1) is None


def test_files_say_what_they_are(files: FileStore) -> None:
    """The bucket's own guess would be another."""
    key = result_key("a-job", "speech.srt")
    files.put(key, b"1")
    link = files.presigned(key, 60)
    assert link
    assert httpx.get(link).headers["content-type"] == "application/x-subrip"


def test_a_servers_own_link_leads_to_the_bucket(client: TestClient, files: FileStore) -> None:
    """One that lives longer than the bucket signs for."""
    files.put(KEY, DATA)
    own = client.app.state.hall.links.path(KEY, seconds=LONGEST_LINK + 60)  # type: ignore[attr-defined]
    for method, content in (("GET", DATA), ("HEAD", b"")):
        answer = client.request(method, own, follow_redirects=False)
        assert (answer.status_code, answer.headers["cache-control"]) == (307, "private")
        assert httpx.request(method, answer.headers["location"]).raise_for_status().content == content
    assert client.get("/files/x/y").status_code == 404


def test_wrong_keys_and_addresses_are_told(bucket: Bucket, files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("voices", "s3://", "ftp://x/y"):
        with pytest.raises(Unavailable, match="VOXHALL_STORE_URL"):
            open_files(Settings(store_url=url))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another one")
    stranger = open_files(Settings(store_url=bucket.url))
    for call in (lambda: stranger.put("a/1", b"x"), lambda: stranger.get("a/1"), lambda: stranger.list("a/")):
        with pytest.raises(Unavailable):
            call()
    files.delete("a/")
    with pytest.raises(NotFound):
        files.get("a/1")


def test_other_remote_stores_have_no_links() -> None:
    assert FileStore(MemoryStore()).presigned(KEY, 60) is None


def test_a_bucket_that_is_away_is_told_of_and_missed_no_longer(bucket: Bucket, files: FileStore) -> None:
    """It ends this module's bucket."""
    files.put(KEY, DATA)
    bucket.process.send_signal(signal.SIGKILL)
    bucket.process.wait()
    for call in (
        lambda: files.put(KEY, b""),
        lambda: files.get(KEY),
        lambda: files.opened(KEY),
        lambda: files.list("a"),
    ):
        with pytest.raises(Unavailable, match="does not answer"):
            call()
