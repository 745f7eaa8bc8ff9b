"""What deAPI's clients are told of a transcript; the form itself is tested where it is sent from."""

from fastapi.testclient import TestClient

from jobs.deliveries import Deliveries
from outbound.webhooks.sender import Sender
from server.hall import Hall
from tests.audio.recordings import babble, recording
from tests.receivers import receiving
from tests.server.conftest import RvcVoices
from tests.server.dialects.deapi.conftest import Change, Listener

WAV = recording("wav", "pcm_s16le", babble(1.0))


def test_the_link_to_a_transcript(
    client: TestClient, listener: Listener, hall: Hall, models: RvcVoices, change: Change
) -> None:
    assert models
    change(allow_private_urls=True)
    with receiving() as receiver:
        form = {"model": "WhisperLargeV3Ct2", "include_ts": "true", "webhook_url": receiver.url()}
        request_id = listener.hear("/api/v2/audio/transcriptions", data=form, files={"source_file": WAV})
        deliveries = Deliveries(hall.database)
        sender = Sender(ledger=hall.ledger, files=hall.files, links=hall.links, settings=hall.settings)
        while delivery := deliveries.claim(lease_seconds=60):
            deliveries.record(delivery, sender.send(delivery))
    told = {message.content["event"]: message.content["data"] for message in receiver.told}
    assert set(told) == {"job.processing", "job.completed"}
    done = told["job.completed"]
    assert (done["job_request_id"], done["job_type"]) == (request_id, "audio_file2text")
    file = client.get(done["result_url"], headers={b"authorization": b""})
    assert file.json() == client.get(listener.status(request_id)["result_url"]).json()
    assert file.json()["ts_level"] == "segment"
