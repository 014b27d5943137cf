"""How an answer is run: without traces, and within limits of time and memory."""

import contextlib
import io
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

try:
    import resource
except ImportError:  # Windows
    resource = None

MEMORY = 4 * 2**30  # bytes that an answer may take beside what is in use
# what an answer could set for all, as pairs: how to read it, and how to set it
SETTINGS = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_default_device, lambda device: torch.set_default_device(None if device.type == "cpu" else device)),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (sys.getrecursionlimit, sys.setrecursionlimit),
)
PROCESS = (
    (lambda: os.environ.copy(), lambda names: (os.environ.clear(), os.environ.update(names))),
    (lambda: Path.cwd() if os.path.exists(".") else None, lambda folder: folder and os.chdir(folder)),
)


def _is_torchs_own(new: Any, old: Any) -> bool:
    """Say whether PyTorch itself wrapped one of its functions, as its first optimizer does with ``manual_seed``."""
    wraps = getattr(new, "__wrapped__", None) is old
    return wraps and Path(new.__code__.co_filename).is_relative_to(Path(torch.__file__).parent)


class TimeUp(BaseException):
    """The time of an answer is up. It is no ``Exception``, so that ``except Exception`` in an endless loop lets it pass."""


@contextlib.contextmanager
def restored(settings: Sequence[tuple[Callable, Callable]]) -> Iterator[None]:
    """Set back what was changed inside, for each pair of how to read it and how to set it."""
    before = [read() for read, _ in settings]
    try:
        yield
    finally:
        for (read, write), value in zip(settings, before, strict=True):
            if read() != value:
                write(value)


@contextlib.contextmanager
def repeatable() -> Iterator[None]:
    """Let every answer start with the same random numbers and PyTorch's own default settings, and leave both as they were."""
    states = random.getstate(), np.random.get_state()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with restored(SETTINGS), torch.random.fork_rng(gpus), torch.enable_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Keep whatever answers print, draw, warn or set for all away from the notebook."""
    patched = [(place, {n: f for n, f in vars(place).items() if callable(f)}) for place in (torch, torch.nn.functional)]
    pyplot = sys.modules.get("matplotlib.pyplot")
    with contextlib.ExitStack() as stack:
        for context in (repeatable(), restored(PROCESS), np.printoptions(), np.errstate()):
            stack.enter_context(context)
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        if pyplot:
            stack.enter_context(pyplot.rc_context())
        figures = pyplot.get_fignums() if pyplot else []
        try:
            yield
        finally:
            for place, functions in patched:
                for name, function in functions.items():
                    now = vars(place).get(name)
                    if now is not function and not _is_torchs_own(
                        now, function
                    ):  # an answer put another one in its place
                        setattr(place, name, function)
            for number in set(pyplot.get_fignums() if pyplot else []) - set(figures):
                pyplot.close(number)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the code inside when it has run for some seconds.

    This needs the main thread, and Linux or macOS; elsewhere the code runs without a limit. Nothing can interrupt one call into C
    that never comes back to Python, such as ``sum(itertools.count())``, or a loop that catches everything twice over. Imports
    have their own time: the first use of an optimizer imports a lot, and half an import would break that module for good.

    Args:
        seconds: how long the code may run.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    tracer, alarms = sys.gettrace(), []

    def raise_at_next_line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            raise TimeUp
        return raise_at_next_line

    def on_alarm(number: int, frame: FrameType | None) -> None:
        frames = []
        while frame and Path(frame.f_code.co_filename).parent != Path(__file__).parent:
            frames.append(frame)
            frame = frame.f_back
        if any("importlib._bootstrap" in f.f_code.co_filename for f in frames):
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
            return
        if alarms:  # a bare `except:` in the loop caught the first one, so the next line of the answer raises one more
            for f in frames:
                f.f_trace = raise_at_next_line
            sys.settrace(lambda *_: None)
        alarms.append(number)
        raise TimeUp

    def stop() -> None:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
        sys.settrace(tracer)

    handler, timer = signal.signal(signal.SIGALRM, on_alarm), signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        try:
            stop()
        except TimeUp:  # it rang just now
            stop()


@contextlib.contextmanager
def memory_limit() -> Iterator[None]:
    """Make a huge allocation raise at once, on Linux; without it the system would end the notebook's kernel.

    Beside an NVIDIA driver there is no limit, because CUDA reserves much more memory than it uses.
    """
    pages = Path("/proc/self/statm")
    if resource is None or not pages.exists() or Path("/dev/nvidiactl").exists():
        yield
        return
    used = int(pages.read_text(encoding="utf-8").split()[5]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (min([used + MEMORY, *limits]), hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
