"""What TTS.ai offers and this server does not yet: the paths are there, and say what does the work meanwhile."""

from collections.abc import Callable

from fastapi import APIRouter

from jobs.errors import NotOffered
from server.callers import BearerKey

router = APIRouter()

TRANSLATE = "Transcribe with `/v1/stt/`, translate the text, and speak it with `/v1/tts/` or `/v1/tts/clone/`."
ENHANCE = "A reference is cleaned on its way where a request of `/jobs` says `denoise`."
NO_TOOL = "Use another tool before the upload."

LATER = {
    "speech-translate": f"Speech is not translated here. {TRANSLATE}",
    "speech-to-speech": "Speech is not restyled here. `/v1/voice-convert/` puts another voice into it, as it was said.",
    "audio/enhance": f"Audio is not enhanced here. {ENHANCE}",
    "audio-enhance": f"Audio is not enhanced here. {ENHANCE}",
    "audio/separate": f"Stems are not separated here. {NO_TOOL}",
    "audio/remove-echo": f"Echo and reverb are not removed here. {NO_TOOL}",
    "audio/analyze": f"Key and tempo are not found here. {NO_TOOL}",
    "audio/convert": "Audio is not converted here. Jobs take many formats, and answer in the `format` that they name.",
    "voice-chat": "There is no language model here. Speak its answers with `/v1/tts/`, or with its `stream`.",
}
"""Path below `/v1/` and `/api/v1/`, without its slashes at the ends: what to say. Where TTS.ai's documentation names no
path, it is the one that its other paths suggest."""

PREFIXES = tuple(f"/v1/{path}/" for path in LATER)


def _telling(message: str) -> Callable[[BearerKey], None]:
    def later(_key: BearerKey) -> None:
        raise NotOffered(message)

    return later


for path, message in LATER.items():
    router.add_api_route(
        f"/{path}/",
        _telling(message),
        methods=["POST"],
        status_code=501,
        # Paths that differ in a dash alone would have one name.
        name=path.replace("/", "_of_"),
        summary="Not offered yet",
        description=message,
    )
