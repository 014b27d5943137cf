"""Honest timing, the pretend GPU, the data sheets, their pictures, and the recording of a device."""

import json
import re
import time

import pytest
import torch

from course_utils import devices
from course_utils.lessons import u03_gpu as lesson
from course_utils.lessons import u03_recording as recording
from course_utils.pictures import u03_gpu as pictures

CPU = torch.device("cpu")


# ---- timing


class Clock:
    """Shows the given times, one at each call."""

    def __init__(self, *times):
        self.times = list(times)

    def __call__(self):
        return self.times.pop(0)


def test_the_shortest_pass_counts_and_the_warm_up_does_not(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", Clock(0, 9, 10, 13, 20, 25))
    calls = []
    assert devices.seconds(lambda: calls.append(1), passes=3) == 3
    assert len(calls) == 4


def test_the_timer_waits_for_the_device_before_and_after(monkeypatch):
    gpu = lesson.PretendGPU(work=5, launch=0.5, set_up=300)
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: gpu.synchronize())
    monkeypatch.setattr(time, "perf_counter", gpu.clock)
    assert devices.seconds(gpu.launch, "cuda", passes=2) == pytest.approx(5.5)


def test_nobody_waits_for_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: pytest.fail("the CPU has no queue"))
    devices.wait("cpu")
    devices.wait(CPU)


@pytest.mark.parametrize("passes", [0, -1, 2.0, "3"])
def test_the_number_of_passes_is_a_number(passes):
    with pytest.raises(ValueError, match="passes is"):
        devices.seconds(lambda: None, passes=passes)


def test_the_pretend_gpu_queues_its_work():
    gpu = lesson.PretendGPU(work=5, launch=1, set_up=100)
    start = gpu.clock()
    gpu.launch()
    assert gpu.clock() - start == 101  # the set-up is paid once, by the host
    gpu.launch()
    assert gpu.clock() - start == 102
    gpu.synchronize()
    assert gpu.clock() - start == 101 + 5 + 5  # the second waited for the first
    gpu.synchronize()
    assert gpu.clock() - start == 111


# ---- data sheets and pictures


def test_every_sheet_has_its_source_and_sane_magnitudes():
    for sheet in lesson.SHEETS:
        assert any(maker in sheet.source for maker in ("AMD", "NVIDIA")) and "data sheet" in sheet.source
        assert 1 < sheet.tflops < 1000 and 100 < sheet.bandwidth < 10_000 and (sheet.link > 0) == (sheet.kind == "GPU")


def test_the_least_time_is_that_of_the_slower_part():
    sheet = lesson.Sheet("x", "GPU", 1, 1, 2.0, 100.0, 1, 1, "")
    assert sheet.shortest(4e12, 1) == 2 and sheet.shortest(1, 3e11) == 3


def test_the_roofline_rises_then_stays():
    ax = pictures.roofline({"sum": 1 / 12}, {"mine": (10.0, 0.05)})
    roofs = {line.get_label(): line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 200}
    assert len(roofs) == len(lesson.SHEETS) + 1
    for sheet in (*lesson.SHEETS, lesson.ONE_CORE):
        one = sheet is lesson.ONE_CORE  # points measured with one core are compared with its roof
        y = roofs[f"one core of the {sheet.name}" if one else f"{sheet.name}, {sheet.kind}"]
        assert y[-1] == pytest.approx(sheet.tflops) and y[0] == pytest.approx(0.01 * sheet.bandwidth / 1000)
    assert ax.get_title() == "lines: data sheets; points: measured here"
    unmeasured = pictures.roofline({"sum": 1 / 12})
    assert "not measured" in unmeasured.get_title() and len(unmeasured.lines) == len(lesson.SHEETS) + 1
    assert [line.get_label() for line in ax.lines][-1] == "mine (measured)"


def test_one_core_has_its_share_of_the_chip():
    cpu, t4, _ = lesson.SHEETS
    assert lesson.ONE_CORE.tflops * cpu.cores == pytest.approx(cpu.tflops)
    assert lesson.ONE_CORE.bandwidth == cpu.bandwidth and lesson.ONE_CORE.cores == 1
    assert t4.transfer(16e9) == 1 and cpu.transfer(16e9) == 0


def test_the_curves_cross_where_the_notebook_says():
    """A sum with transfer never pays on the T4; a product does from n of about 80 on."""
    t4 = lesson.SHEETS[1]
    for kind, power, factor in (("sum", 2, 1), ("product", 3, 2)):
        faster = [
            lesson.LAUNCH + t4.shortest(factor * n**power, 12 * n**2) + t4.transfer(12 * n**2)
            < lesson.ONE_CORE.shortest(factor * n**power, 12 * n**2)
            for n in (16, 70, 95, 4096)
        ]
        assert faster == ([False] * 4 if kind == "sum" else [False, False, True, True])


def test_the_queue_is_drawn_as_the_pretended_device_works():
    ax = pictures.queue(pieces=3, work=5.0, launch=1.0)
    bars = [(round(p.get_x(), 6), round(p.get_width(), 6), p.get_y() > 1) for p in ax.patches]
    assert [bar[:2] for bar in bars if bar[2]] == [(0, 1), (1, 1), (2, 1), (3, 13)]  # launches, then waiting
    assert [bar[:2] for bar in bars if not bar[2]] == [(1, 5), (6, 5), (11, 5)]  # one after the other
    marks = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
    assert marks == {"stop without waiting: 3 ms": 3, "stop after synchronize: 16 ms": 16}
    assert {line.get_linestyle() for line in ax.lines} == {"-", "--"}
    slow = pictures.queue(pieces=2, work=1.0, launch=4.0)  # here the device waits for Python
    assert [p.get_x() for p in slow.patches if p.get_y() < 1] == [4, 8]


def test_the_chips_have_their_parts():
    figure = pictures.chips()
    counts = [len(ax.patches) for ax in figure.axes]
    assert counts[1] > 10 * 4 and counts[1] > 5 * counts[0]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == list(pictures.PARTS)
    for ax in figure.axes:
        words = [text.get_text() for text in ax.texts]
        assert "memory" in words and "cache, shared by all cores" in words
    looks = {(look["facecolor"], look.get("hatch")) for look in pictures.PARTS.values()}
    assert len({hatch for _, hatch in looks}) == len(looks) == 3, "told apart without colour"


def test_times_are_drawn_in_milliseconds():
    ax = pictures.times([1, 10], {"CPU": [0.001, 0.002], "data sheet T4": [0.1, 0.2]}, title="t")
    assert len(pictures.times([1], {str(i): [1.0] for i in range(9)}, title="nine").lines) == 9
    measured, sheet = ax.lines
    assert list(measured.get_ydata()) == [1, 2] and measured.get_marker() == "o" and sheet.get_marker() == "None"


# ---- the recording


@pytest.fixture(scope="module")
def results():
    return recording.measure(CPU, sizes=(16, 32), passes=1)


def test_a_recording_says_what_was_measured_and_where(results):
    assert set(results) == set(recording.FACTS)
    assert results["torch"] == torch.__version__ and results["sizes"] == [16, 32] and results["driver"] == "none"
    for kind in recording.KINDS:
        assert {len(results["times"][kind][column]) for column in recording.COLUMNS} == {2}
        assert all(v > 0 for column in recording.COLUMNS for v in results["times"][kind][column])
    errors = {name: row["error"] for name, row in results["precision"].items()}
    assert 0 < errors["float32"] < 1e-5 < errors["float16"] < errors["bfloat16"] < 0.05
    assert results["precision"]["float32"]["bytes"] == 2 * results["precision"]["float16"]["bytes"] == 32 * 32 * 4


def test_measuring_leaves_the_settings_alone(results):
    state, precision = torch.get_rng_state(), torch.get_float32_matmul_precision()
    recording.measure(CPU, sizes=(8,), passes=1)
    assert torch.equal(state, torch.get_rng_state()) and precision == torch.get_float32_matmul_precision()


def test_what_was_written_is_read(results, tmp_path):
    path = tmp_path / "r.json"
    with pytest.raises(ValueError, match=r"^r\.json is missing\."):
        recording.read(path)
    recording.write(results, path)
    assert recording.read(path) == results
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_an_interrupted_write_leaves_the_old_file(results, tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    recording.write(results, path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ValueError, match="No space left"):
        recording.write({**results, "date": "2000-01-01"}, path)
    assert recording.read(path) == results and [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_missing_folder_gets_one_sentence(results, tmp_path):
    with pytest.raises(ValueError, match="cannot be written"):
        recording.write(results, tmp_path / "no" / "r.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"times": 3}', '{"times": {"a": {"b": 3}}, "sizes": []}', "\x00"])
def test_another_file_is_refused(content, tmp_path):
    path = tmp_path / "r.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"r\.json is no recording"):
        recording.read(path)


@pytest.mark.parametrize("folder", [".", "a folder"])
def test_the_advice_writes_the_file_that_is_refused(folder, tmp_path, monkeypatch):
    path = tmp_path / folder / "r.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(f'u03_recording "{path}"')):
        recording.read(path)
    monkeypatch.setattr(recording, "FILE", path)
    with pytest.raises(ValueError, match=r"u03_recording$"):
        recording.read(path)


def test_a_recording_with_a_missing_value_is_refused(results, tmp_path):
    changed = json.loads(json.dumps(results))
    changed["times"]["matrix product"]["cpu"].pop()
    recording.write(changed, tmp_path / "r.json")
    with pytest.raises(ValueError, match="is no recording"):
        recording.read(tmp_path / "r.json")


def test_results_are_marked_for_what_they_are(results):
    recorded, own = (recording.show(results, mark) for mark in (True, False))
    assert f"RECORDED on {results['date']}, not on this machine" in recorded and "RECORDED" not in own
    assert "measured on this machine" in own and results["torch"] in recorded
    extra = {**results, "transfer": {"pinned": 12.0}}
    for part in recording.PARTS:  # each part carries the mark
        shown = recording.show(extra, True, [part])
        assert "RECORDED" in shown and ("12.0 GB/s to the device" in shown) == (part == "transfer")
        assert ("matrix product, n" in shown) == (part == "times") and (" error " in shown) == (part == "precision")


def test_the_curves_of_a_figure_come_from_the_results(results):
    curves = recording.curves({**results, "device": "GPU X"}, "product", recorded=False)
    assert list(curves) == ["CPU", "GPU X, data are there", "GPU X, with transfer"]
    assert list(curves.values()) == [results["times"]["matrix product"][column] for column in recording.COLUMNS]
    assert all(label.startswith("recorded: ") for label in recording.curves(results, "sum", recorded=True))


def test_the_command_records_a_cpu_into_the_named_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.setattr(recording.measure, "__defaults__", ((8, 16), 1))
    assert recording.main([str(tmp_path / "cpu.json")]) == 0
    assert capsys.readouterr().out == "recorded: cpu\n"
    assert recording.read(tmp_path / "cpu.json")["sizes"] == [8, 16]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["a", "b"], ["no-such-folder/x.json"]])
def test_the_command_says_in_one_line_what_is_wrong(arguments, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.setattr(recording.measure, "__defaults__", ((8,), 1))
    assert recording.main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1


def test_the_recording_that_ships_says_what_the_notebook_says_of_it():
    """Sections 3.13 and 3.14 name these figures; a new recording must have them, or the texts change."""
    shipped = recording.read()
    assert shipped["device"] == "NVIDIA H200" and shipped["sizes"] == list(recording.SIZES)
    wins = {}
    for kind in ("sum", "product"):
        cpu, *device = recording.curves(shipped, kind, recorded=True).values()
        for name, times in zip(("there", "transfer"), device, strict=True):
            wins[kind, name] = [n for n, a, b in zip(shipped["sizes"], cpu, times, strict=True) if b < a]
    assert wins == {
        ("sum", "there"): [1024, 2048],
        ("sum", "transfer"): [],
        ("product", "there"): [256, 512, 1024, 2048],
        ("product", "transfer"): [1024, 2048],
    }
    product = shipped["times"]["matrix product"]
    assert max(product["device"][:4]) < 2.1e-5 and product["device"][6] / product["device"][0] < 4.5  # the launch
    assert 2 * 2048**3 / product["cpu"][-1] / 1e12 > 4 * lesson.ONE_CORE.tflops  # many cores worked
    error = {name: row["error"] for name, row in shipped["precision"].items()}
    assert error["float32"] < error["tf32"] < error["float16"] < error["bfloat16"]
    assert shipped["transfer"]["pageable"] < shipped["transfer"]["pin, then copy"] < shipped["transfer"]["pinned"]
