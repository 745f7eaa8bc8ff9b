import numpy as np
import pytest

from jobs.errors import NotFound
from jobs.files import REFERENCE, FileStore, voice_key, work_key
from jobs.ledger import Ledger
from jobs.voices import Voices
from workers.clips import FACTS, as_wav, saved_reference, stored_reference, warnings_of

CLIP = np.random.default_rng(1).uniform(-0.5, 0.5, 24_000).astype(np.float32)


def test_a_job_s_clip_comes_back_with_its_text(files: FileStore) -> None:
    files.put(work_key("job", REFERENCE), as_wav(CLIP))
    files.put(work_key("job", FACTS), b'{"text": "Hello.", "warnings": ["Loud."]}')
    reference = stored_reference(files, "job")
    assert np.abs(reference.samples - CLIP).max() < 1e-4
    assert (reference.text, reference.sample_rate, reference.seconds) == ("Hello.", 24_000, 1.0)
    assert warnings_of(files, "job") == ["Loud."]


def test_without_a_reference_step_there_is_nothing_to_warn_of(files: FileStore) -> None:
    assert warnings_of(files, "job") == []


@pytest.mark.parametrize("details", [{"text": "Hello."}, {}])
def test_a_voice_s_clip_comes_back(files: FileStore, ledger: Ledger, key_id: str, details: dict[str, str]) -> None:
    voices = Voices(ledger.database)
    voices.add("ann", key_id=key_id, name="Ann", kind="clone", shared=False, details=details)
    with pytest.raises(NotFound):
        saved_reference(files, voices.get("ann"))
    files.put(voice_key("ann", REFERENCE), as_wav(CLIP))
    assert saved_reference(files, voices.get("ann")).text == details.get("text")
