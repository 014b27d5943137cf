"""Measure a device once and keep the result: ``python -m course_utils.lessons.u03_recording [FILE]``."""

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.devices import pick_device, seconds
from course_utils.environment import DATA
from course_utils.files import write_whole

FILE = DATA / "gpu_recording.json"
SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048)
KINDS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"matrix product": torch.matmul, "elementwise sum": torch.add}
COLUMNS = ("cpu", "device", "device with transfer")
PARTS = ("times", "precision", "transfer")
FACTS = ("device", "driver", "torch", "date", "sizes", "times", "precision", "transfer")


def measure(device: torch.device, sizes: Sequence[int] = SIZES, passes: int = 5) -> dict[str, Any]:
    """Measure unit 3's work on a device, beside the CPU with as many threads as PyTorch has now.

    Args:
        device: what to measure; the CPU works too.
        sizes: the n of the n x n float32 matrices, ascending.
        passes: how often each piece of work is timed; the shortest counts.

    Returns:
        The facts of :data:`FACTS`. All times are in seconds, memory is in bytes.
    """
    cpu = torch.device("cpu")
    times: dict[str, dict[str, list[float]]] = {kind: {column: [] for column in COLUMNS} for kind in KINDS}
    generator = torch.Generator().manual_seed(0)
    for n in sizes:
        a, b = torch.rand(n, n, generator=generator), torch.rand(n, n, generator=generator)
        there = a.to(device), b.to(device)
        for kind, work in KINDS.items():
            row = times[kind]
            row["cpu"].append(seconds(lambda work=work, a=a, b=b: work(a, b), cpu, passes))
            row["device"].append(seconds(lambda work=work, pair=there: work(*pair), device, passes))
            both_ways = lambda work=work, a=a, b=b: work(a.to(device), b.to(device)).cpu()  # noqa: E731
            row["device with transfer"].append(seconds(both_ways, device, passes))
    return {
        "device": _name(device),
        "driver": _driver(device),
        "torch": torch.__version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sizes": list(sizes),
        "times": times,
        "precision": _precisions(device, max(sizes), passes),
        "transfer": _transfers(device, max(sizes), passes),
    }


def write(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON. The file is there whole or not at all.

    Args:
        results: what :func:`measure` returned.
        path: the file; its folder must exist.

    Raises:
        ValueError: the file cannot be written.
    """
    try:
        write_whole(path, (json.dumps(results, indent=1) + "\n").encode())
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror}). Name a file in a folder of yours.") from None


def read(path: Path = FILE) -> dict[str, Any]:
    """Read a recording.

    Args:
        path: the file.

    Returns:
        The recorded results.

    Raises:
        ValueError: there is no such file, or it is not a recording.
    """
    again = "python -m course_utils.lessons.u03_recording" + ("" if path == FILE else f' "{path}"')
    if not path.exists():
        raise ValueError(
            f"{path.name} is missing. It ships with the course; a recording of your own device makes: {again}"
        )
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        lengths = {len(v) for rows in results["times"].values() for v in rows.values()}
        whole = (
            set(FACTS) <= set(results) and lengths == {len(results["sizes"])} and set(results["times"]) == set(KINDS)
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise ValueError(f"{path.name} is no recording of this course. Make it again: {again}")
    return results


def show(results: dict[str, Any], recorded: bool, parts: Sequence[str] = PARTS) -> str:
    """Describe results in a few lines, for a notebook.

    Args:
        results: measured or recorded results.
        recorded: whether they were recorded elsewhere, and not measured here and now.
        parts: which of :data:`PARTS` to describe.

    Returns:
        The lines; the first one says which device it was, and where and when the results come from.
    """
    mark = f"RECORDED on {results['date']}, not on this machine" if recorded else "measured on this machine"
    lines = [f"{results['device']} ({mark}; driver {results['driver']}, torch {results['torch']})"]
    for kind, rows in results["times"].items() if "times" in parts else ():
        pairs = zip(results["sizes"], *(rows[column] for column in COLUMNS), strict=True)
        lines += [f"{kind + ', n':>18}" + "".join(f"{column + ' ms':>25}" for column in COLUMNS)]
        lines += [f"{n:18}" + "".join(f"{1e3 * value:25.3f}" for value in values) for n, *values in pairs]
    for name, row in results["precision"].items() if "precision" in parts else ():
        lines.append(
            f"{name:>18}{1e3 * row['seconds']:10.3f} ms  {row['bytes'] / 1e6:6.1f} MB  error {row['error']:.0e}"
        )
    for name, gigabytes in results["transfer"].items() if "transfer" in parts else ():
        lines.append(f"{name:>18}{gigabytes:10.1f} GB/s to the device")
    return "\n".join(lines)


def curves(results: dict[str, Any], kind: str, recorded: bool) -> dict[str, list[float]]:
    """Return the times in results, for a figure over their sizes.

    Args:
        results: measured or recorded results.
        kind: "sum" or "product".
        recorded: whether they were recorded elsewhere; then each label says so.

    Returns:
        For the CPU, the device with its data there and the device with transfer, each under its label: the times in seconds.
    """
    rows = next(rows for name, rows in results["times"].items() if kind in name)
    labels = ("CPU", f"{results['device']}, data are there", f"{results['device']}, with transfer")
    mark = "recorded: " if recorded else ""
    return {mark + label: rows[column] for label, column in zip(labels, COLUMNS, strict=True)}


def _name(device: torch.device) -> str:
    get = getattr(getattr(torch, device.type, None), "get_device_name", None)
    return get(device) if get else device.type


def _driver(device: torch.device) -> str:
    tool = shutil.which("nvidia-smi") if device.type == "cuda" else None
    if tool is None:
        return "unknown" if device.type == "cuda" else "none"
    query = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, encoding="utf-8", check=False).stdout.split()  # noqa: S603
    return answer[0] if answer else "unknown"


def _precisions(device: torch.device, n: int, passes: int) -> dict[str, dict[str, float]]:
    """Time one matrix product in each precision; the error is the largest one, relative to the largest exact value."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(n, n, generator=generator, dtype=torch.float64) - 0.5 for _ in range(2))
    exact = a @ b
    modes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if device.type == "cuda":
        modes = {"tf32": torch.float32, **modes}
    rows = {}
    before = torch.get_float32_matmul_precision()
    for name, dtype in modes.items():
        torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
        left, right = a.to(dtype).to(device), b.to(dtype).to(device)  # mps has no float64
        taken = seconds(lambda x=left, y=right: x @ y, device, passes)
        error = ((left @ right).cpu().double() - exact).abs().max() / exact.abs().max()
        rows[name] = {"seconds": taken, "bytes": left.nbytes, "error": error.item()}
    torch.set_float32_matmul_precision(before)
    return rows


def _transfers(device: torch.device, n: int, passes: int) -> dict[str, float]:
    """Measure GB/s from main memory to the device, from pageable and from pinned memory."""
    if device.type != "cuda":
        return {}
    x = torch.rand(n, n)
    pinned = x.pin_memory()
    work = {
        "pageable": lambda: x.to(device),
        "pinned": lambda: pinned.to(device, non_blocking=True),
        "pin, then copy": lambda: x.pin_memory().to(device, non_blocking=True),
    }
    return {name: x.nbytes / seconds(w, device, passes) / 1e9 for name, w in work.items()}


def main(arguments: Sequence[str]) -> int:
    """Measure the device at hand, and write the file that was named, or data/gpu_recording.json; return the exit status."""
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print("Use: python -m course_utils.lessons.u03_recording [FILE]", file=sys.stderr)
        return 2
    device = pick_device()
    if not arguments and device.type == "cpu":
        print(
            "There is no GPU here, and the recording of the course is of a GPU. Name a file to record a CPU.",
            file=sys.stderr,
        )
        return 2
    try:
        write(measure(device), Path(arguments[0]) if arguments else FILE)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"recorded: {_name(device)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
