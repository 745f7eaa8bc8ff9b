"""Runs the first step of jobs whose recording is at an address: it is fetched, as if it had been uploaded."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audio.bounds import check_length
from confinement.media import probe
from jobs.errors import Unavailable
from jobs.files import input_key
from jobs.settings import Settings
from jobs.specs import EnrolmentSpec, TranscriptionSpec
from outbound.fetch import fetch
from workers.clearing import nothing_kept
from workers.step import Step


class FetchRunner:
    """An attempt begins anew: a source that broke off may be another one by now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, step: Step, spec: TranscriptionSpec | EnrolmentSpec) -> dict[str, Any]:
        """Nothing: what it leaves is the job's input file.

        Raises:
            SourceRefused, SourceFailed, UploadTooLarge
            UnreadableAudio, AudioTooLong: what is there, is no recording, or longer than the server takes.
            Unavailable: the operator does not let anything be fetched.
            LeaseLost, Stopping
        """
        assert spec.source_url
        nothing_kept(step)
        if not self._settings.fetch_urls:  # it may have been switched off while the job waited
            raise Unavailable("This server fetches nothing: upload the recording, or set VOXHALL_FETCH_URLS.")
        limit = self._settings.max_upload_bytes
        with TemporaryDirectory(prefix="voxhall-") as folder:
            path = Path(folder) / "source"
            with path.open("wb") as file:
                private = self._settings.allow_private_urls
                fetch(spec.source_url, file, allow_private=private, limit=limit, going_on=step.check)
            check_length(probe(path, check=step.check).duration, self._settings.max_audio_seconds)
            step.check()
            step.files.put(input_key(step.job.id, _input(spec)), path)
        return {}


def _input(spec: TranscriptionSpec | EnrolmentSpec) -> str:
    return "audio" if isinstance(spec, TranscriptionSpec) else "reference"
