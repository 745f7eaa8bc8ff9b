from fastapi.testclient import TestClient

from jobs.files import FileStore, job_prefix, result_key
from jobs.links import Links
from server.hall import Hall

DATA = bytes(range(256)) * 40
KEY = result_key("a-job", "speech.mp3")


def linked(hall: Hall, files: FileStore, *, key: str = KEY, seconds: int = 60) -> str:
    files.put(key, DATA)
    return hall.links.path(key, seconds=seconds)


def anonymous(client: TestClient) -> TestClient:
    """A client that follows a link knows no key."""
    client.headers.update({"Authorization": "", "x-api-key": ""})
    return client


def test_a_link_is_all_that_is_needed(client: TestClient, hall: Hall, files: FileStore) -> None:
    answer = anonymous(client).get(linked(hall, files))
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private"


def test_a_link_ends_in_the_files_name(hall: Hall, files: FileStore) -> None:
    assert linked(hall, files).endswith("/speech.mp3")


def test_a_part_of_a_file(client: TestClient, hall: Hall, files: FileStore) -> None:
    link = linked(hall, files)
    answer = anonymous(client).get(link, headers={"Range": "bytes=100-199"})
    assert (answer.status_code, answer.content) == (206, DATA[100:200])
    assert answer.headers["content-range"] == f"bytes 100-199/{len(DATA)}"
    assert client.get(link, headers={"Range": "bytes=-10"}).content == DATA[-10:]
    assert client.get(link, headers={"Range": "bytes=10000-"}).content == DATA[10_000:]
    assert client.get(link, headers={"Range": "bytes=999999-"}).status_code == 416


def test_the_head_of_a_file(client: TestClient, hall: Hall, files: FileStore) -> None:
    answer = anonymous(client).head(linked(hall, files))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))


def test_types_of_results(client: TestClient, hall: Hall, files: FileStore) -> None:
    types = {"a.wav": "audio/wav", "b.ogg": "audio/ogg", "c.json": "application/json", "d": "application/octet-stream"}
    for name, media_type in types.items():
        link = linked(hall, files, key=result_key("a-job", name))
        assert client.get(link).headers["content-type"] == media_type


def test_a_wrong_link_tells_nothing(client: TestClient, hall: Hall, files: FileStore) -> None:
    link = linked(hall, files)
    _, _, token, name = link.split("/")
    forged = Links("another secret of the same length").path(KEY, seconds=60)
    swapped = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    wrong = [
        forged,
        linked(hall, files, seconds=-2),
        f"/files/{swapped}/{name}",
        f"/files/{token}x/{name}",
        "/files/x/y",
    ]
    answers = [client.get(path) for path in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["error"]["message"] for answer in answers} == {"The link is wrong or has expired."}


def test_a_deleted_job_has_no_file(client: TestClient, hall: Hall, files: FileStore) -> None:
    link = linked(hall, files)
    files.delete(job_prefix("a-job"))
    assert client.get(link).status_code == 404
