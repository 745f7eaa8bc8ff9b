"""What a speech server around Celery usually is: a message into Redis is all that is kept of a job."""

import os
from typing import Any

from celery import Celery
from fastapi import FastAPI
from pydantic import BaseModel

queue = Celery("plain", broker=os.environ["PLAIN_BROKER"], backend=os.environ["PLAIN_BACKEND"])
app = FastAPI()


class Speech(BaseModel):
    text: str
    voice: str


@app.post("/v1/tts/")
def create(body: Speech) -> dict[str, Any]:
    return {"uuid": queue.send_task("plain.speak", args=[body.text, body.voice], queue="plain").id}
