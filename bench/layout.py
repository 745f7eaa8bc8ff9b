"""What lies where in the folder that `bench.pack` writes; light, so that it can be read before anything else is."""

from pathlib import Path

PHONEMES = "phonemes.json"
EXPORT = "kokoro-int8.onnx.xz"
PACKAGES = "packages"
VOICES = "voices"
COMMIT = "commit"


def commit_of(folder: Path) -> str:
    """Of the checkout that it was packed from."""
    return (folder / COMMIT).read_text()
