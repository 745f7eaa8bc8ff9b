"""The steps of a clone for which somebody has to listen: to the reference before it, to the speech after it."""

from typing import Any

from jobs.specs import CloneSpec
from workers.step import Runner, Step


class ListeningRunner:
    def __init__(self, *, reference: Runner, verification: Runner) -> None:
        self._reference = reference
        self._verification = verification

    def run(self, step: Step, spec: CloneSpec) -> dict[str, Any]:
        runner = self._reference if step.claim.position < spec.spoken_at else self._verification
        return runner.run(step, spec)
