"""What unit 3 needs beside its notebook: a GPU to pretend with, and what the makers of processors state."""

from dataclasses import dataclass, replace

LAUNCH = 1e-5  # seconds for one launch: assumed, as no data sheet states it


class PretendGPU:
    """A model of an asynchronous device, on a clock of its own that only the model moves. It computes nothing.

    ``launch`` puts one piece of work into the device's queue and returns at once; ``synchronize`` waits until the queue is empty.
    The first launch also sets the device up, as with a real GPU. All times are in milliseconds.

    Args:
        work: how long the device needs for one piece of work.
        launch: how long the host needs to put it into the queue.
        set_up: how much longer the first launch takes.
    """

    def __init__(self, work: float = 5.0, launch: float = 0.01, set_up: float = 300.0) -> None:
        self._work, self._launch, self._set_up = work, launch, set_up
        self._now = 1000.0  # what the clock shows; not 0, so that only a difference of two readings is a time
        self._idle_at = 0.0  # when the device will have emptied its queue

    def clock(self) -> float:
        """Return what the clock of the host shows, in milliseconds."""
        return self._now

    def launch(self) -> None:
        """Put one piece of work into the queue, and return before it is done."""
        self._now += self._launch + self._set_up
        self._set_up = 0.0
        self._idle_at = max(self._idle_at, self._now) + self._work

    def synchronize(self) -> None:
        """Wait until the queue is empty."""
        self._now = max(self._now, self._idle_at)


@dataclass(frozen=True)
class Sheet:
    """What the maker of a processor states. Nothing here was measured.

    Attributes:
        name: the processor.
        kind: "CPU" or "GPU".
        cores: how many cores its maker counts.
        cache: the size of the last cache, in MB.
        tflops: the peak for float32 without tensor cores, in 10^12 operations a second.
        bandwidth: the peak of its own memory, in GB/s.
        link: the peak between main memory and the device, one way, in GB/s; 0 for a CPU.
        watts: the power that it may draw.
        source: the documents.
    """

    name: str
    kind: str
    cores: int
    cache: float
    tflops: float
    bandwidth: float
    link: float
    watts: int
    source: str

    def shortest(self, operations: float, moved: float) -> float:
        """Return the least time that the work can take, in seconds: the peaks of the sheet allow no less.

        Args:
            operations: additions and multiplications.
            moved: bytes that are read from memory or written to it.
        """
        return max(operations / (self.tflops * 1e12), moved / (self.bandwidth * 1e9))

    def transfer(self, moved: float) -> float:
        """Return the least time that a transfer between main memory and this device can take, in seconds; 0 for a CPU.

        Args:
            moved: bytes that go over the link, in both directions together.
        """
        return moved / (self.link * 1e9) if self.link else 0.0


SHEETS = (
    Sheet(
        "AMD EPYC 9654", "CPU", 96, 384, 96 * 2.4e9 * 32 / 1e12, 460.8, 0, 360,
        "AMD, EPYC 9004 Series Processors data sheet; peak = 96 cores x 2.4 GHz x 32 operations a cycle (AMD, Software "
        "Optimization Guide for the Zen 4 Microarchitecture)",
    ),
    Sheet(
        "NVIDIA T4", "GPU", 2560, 4, 8.1, 320, 16, 70,
        "NVIDIA, T4 Tensor Core GPU data sheet and product brief; cache: Turing GPU Architecture white paper",
    ),
    Sheet(
        "NVIDIA H200", "GPU", 16896, 50, 67, 4800, 64, 700,
        "NVIDIA, H200 Tensor Core GPU data sheet; cores and cache: H100 Tensor Core GPU Architecture white paper",
    ),
)  # fmt: skip

# one core of that CPU, which may use all of the chip's memory bandwidth
ONE_CORE = replace(SHEETS[0], cores=1, tflops=SHEETS[0].tflops / SHEETS[0].cores)
