"""What a torch worker counts of its batches. Its presence carries the numbers to the API, which shows them."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

# A worker's name, a label of every sample, already tells one start from the next.
disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
RATIOS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


class BatchMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._wait = self._histogram(
            "queue_wait_seconds", "From submission to the start of the batch", SECONDS, "class"
        )
        self._size = self._histogram("batch_utterances", "Utterances in a batch", COUNTS)
        self._fill = self._histogram("batch_fill_ratio", "Frames of a batch, of those that it could hold", RATIOS)
        self._render = self._histogram("batch_render_seconds", "Seconds in the engine for a batch", SECONDS)
        self._audio = self._counter("audio_seconds", "Audio rendered, in seconds")
        self._padding = self._counter("padding_seconds", "Audio rendered only to make batches even, in seconds")
        self.out_of_memory = self._counter("out_of_memory", "Batches that the device's memory did not hold")
        self.broken = self._counter("batches_broken", "Batches that failed and went on one by one")
        self.preemptions = self._counter("preemptions", "Batches of callers, rendered amid a background batch")

    def began(self, *, waits: Iterable[tuple[bool, float]], frames: int, room: int) -> None:
        """A batch was taken.

        Args:
            waits: of each utterance, whether somebody waits for it, and its seconds in the queue.
            frames: all frames of the batch, its padding counted.
            room: those that it could hold; 0 on a device that does not batch.
        """
        for interactive, seconds in waits:
            self._wait.labels("interactive" if interactive else "background").observe(seconds)
        if room:
            self._fill.observe(min(1.0, frames / room))

    def rendered(self, lengths: Sequence[float], seconds: float) -> None:
        """A batch of utterances of these lengths, in seconds of audio, took so many seconds in the engine."""
        self._size.observe(len(lengths))
        self._render.observe(seconds)
        self._audio.inc(sum(lengths))
        self._padding.inc(sum(max(lengths) - length for length in lengths))

    def _histogram(self, name: str, what: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"voxhall_{name}", what, labels, buckets=buckets, registry=self._registry)

    def _counter(self, name: str, what: str) -> Counter:
        return Counter(f"voxhall_{name}", what, registry=self._registry)


class TileMetrics:
    """Of voice conversion: tiles of 1.7 s at most, decoded together."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._size = Histogram("voxhall_batch_tiles", "Tiles in a batch", buckets=COUNTS, registry=registry)
        self._seconds = Counter("voxhall_tile_seconds", "Seconds in the net for tiles", registry=registry)
        self._audio = Counter("voxhall_converted_seconds", "Audio converted, in seconds", registry=registry)

    def decoded(self, tiles: int, audio: float, seconds: float) -> None:
        """A batch of so many tiles, so many seconds of audio together, took so many seconds."""
        self._size.observe(tiles)
        self._audio.inc(audio)
        self._seconds.inc(seconds)
