"""The API reference, narrowed to requests that this server can do: known voices and models, ids of jobs."""

import base64
import copy
from typing import Any

import requests

from audio.encode import encode
from audio.formats import format_named
from tests.server.conftest import hum

WAV = encode(hum(0.5), 24_000, format_named("wav"))
VALUES: dict[str, list[Any]] = {
    "voice": ["af_heart"],
    "tts_voice": ["af_heart"],
    "speaker": ["Emma"],
    "voiceId": ["Emma"],
    "dialect": ["en"],
    "lang": ["en-us"],
    "text": ["Good evening."],
    "tts_text": ["Good evening."],
    "input": ["Good evening."],
    "texts": [["Good evening.", "Come in."]],
    "audioBase64": [base64.b64encode(WAV).decode()],
}
OF_PATHS: dict[str, dict[str, list[Any]]] = {
    "/api/v2/audio/transcriptions": {"model": ["WhisperLargeV3"], "include_ts": [False]},
    "/api/v": {"model": ["Kokoro"], "speed": [1.0], "format": ["mp3"], "sample_rate": [24_000]},
    "/v1/audio/speech": {"model": ["tts-1"], "response_format": ["wav"]},
    "/v1/audio/t": {"model": ["whisper-1"]},
}
"""By how a path begins, the first that fits."""

SPEECH = {"kind": "speech", "text": "Good evening.", "voice": "af_heart"}


def ids(address: str, session: requests.Session, headers: dict[str, str]) -> dict[str, dict[str, str]]:
    """By how a path begins, its parameters: jobs that were asked for in that dialect."""

    def submit(path: str, body: dict[str, Any]) -> Any:
        answer = session.post(address + path, json=body, headers=headers, timeout=30)
        assert answer.status_code in {200, 202}, answer.text
        return answer.json()

    speech = {"text": "Good evening.", "voice": "af_heart"}
    how = {"model": "Kokoro", "lang": "en-us", "speed": 1, "format": "mp3", "sample_rate": 24000}
    deapi = submit("/api/v2/audio/speech", speech | how)
    ttsai = submit("/v1/tts/", speech)
    twintune = submit("/v1/inferences-tts", {"tts_text": "Good evening.", "tts_voice": "af_heart"})
    hamsa = submit("/v1/jobs/text-to-speech", {"text": "Good evening.", "voiceId": "Emma"})
    return {
        "/jobs": {"job_id": submit("/jobs", SPEECH)["id"]},
        "/v1/inferences-tts": {"inference_id": twintune["inferenceId"]},
        "/api/v": {"request_id": deapi["data"]["request_id"], "job_request": deapi["data"]["request_id"]},
        "/v1/speech/": {"uuid": ttsai["uuid"]},
        "/api/v1/speech/": {"uuid": ttsai["uuid"]},
        "/v1/jobs": {"job_id": hamsa["data"]["id"]},
        "/v2/jobs": {"job_id": hamsa["data"]["id"], "jobId": hamsa["data"]["id"]},
        "/v1/models": {"name": "kokoro"},
        "/v1/voices/preview": {"voice": "af_heart"},
    }


def narrowed(document: dict[str, Any], known: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What is not needed is left out of its requests."""
    document = copy.deepcopy(document)
    for path, operations in document["paths"].items():
        params = {name: value for start, of in known.items() if path.startswith(start) for name, value in of.items()}
        values = VALUES | next((of for start, of in OF_PATHS.items() if path.startswith(start)), {})
        for operation in operations.values():
            operation["parameters"] = [
                given | ({"schema": {"enum": [params[given["name"]]]}} if given["name"] in params else {})
                for given in operation.get("parameters", [])
                if given["required"] or given["name"] in params
            ]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = _least(document, content["schema"], values)
                content.pop("examples", None)
    return document


def _least(document: dict[str, Any], schema: dict[str, Any], values: dict[str, list[Any]]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "oneOf" in schema:  # our own specs: a job that any server can do
        return {"enum": [SPEECH]}
    properties = {
        name: {"enum": values[name]} if name in values else of
        for name, of in schema.get("properties", {}).items()
        if name in schema.get("required", ()) or name in values or _is_file(of)
    }
    needed = [name for name in properties if name in schema.get("required", ()) or name in values]
    properties = {
        name: {"type": "string", "format": "binary"} if _is_file(of) else of for name, of in properties.items()
    }
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _is_file(schema: dict[str, Any]) -> bool:
    return "octet-stream" in str(schema) or schema.get("format") == "binary"
