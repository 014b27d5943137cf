"""What unit 4 claims about workers holds for each way to start them, and its pictures show what a DataLoader yields."""

import itertools
import multiprocessing
import os
import re
import sys

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from course_utils import data, explorers
from course_utils.lessons import u04_dataset_dataloader as lesson
from course_utils.pictures import u04_dataset_dataloader as pictures


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


# ---- workers


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_started_in_each_way(method):
    if method == "forkserver":
        multiprocessing.set_forkserver_preload([lesson.__name__])  # one import of torch serves all workers
    assert lesson.worker_facts(method) == {
        "processes": 2,
        "main reads": False,
        "reads counted in the main process": 0,
        "same batches": True,
        "shared stream": [0, 1, 2, 3, 4, 5],
    }


def test_a_class_outside_a_module_does_not_arrive(monkeypatch):
    Local = type("Local", (Dataset,), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "Local", Local, raising=False)
    assert lesson.sent_to_a_new_process(Local()) == "AttributeError"
    assert lesson.sent_to_a_new_process(lesson.Slow(2, 0.0)) == "arrived"


def test_datasets():
    counted = lesson.Counted(lesson.InMemory(6))
    assert [batch.tolist() for batch in DataLoader(counted, 4)] == [[0, 1, 2, 3], [4, 5]] and counted.reads == 6
    assert counted[[1, 2]].tolist() == [1, 2] and (counted.reads, len(counted)) == (7, 6)
    assert list(lesson.WhichWorker(2)) == [-1, -1] and len(lesson.WhichWorker(2)) == 2
    assert [t.item() for t in (lesson.InMemory(3)[2], lesson.Slow(3, 0.0)[1])] == [2.0, 1.0]
    who = lesson.WhoReads(2)
    assert list(who) == [os.getpid()] * 2 and who.reads == 2 and len(who) == 2
    assert list(lesson.Stream(3, share=True)) == [0, 1, 2]
    assert lesson.seconds([1, 2]) > 0


# ---- the careful reader


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"b,c\n1,2\n", "line 1: no column a"),
        (b"a,b\n1,2\nx,3\n", "line 3: not all numbers"),
        (b"a,b\n1,2\n3\n", "line 3: not all numbers"),
        (b"", "line 1: no rows"),
        (b"a,b\n", "line 1: no rows"),
        (b"a,b\n1,2\n\xe4,3\n", "line 3: not UTF-8 text"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(tmp_path, content, mistake):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"^t.csv, {mistake}$"):
        lesson.read_table(tmp_path / "t.csv", ["a", "b"])


def test_a_right_file_becomes_a_tensor(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,name,b\n1,x,2.5\n3,y,4\n")
    table = lesson.read_table(tmp_path / "t.csv", ["b", "a"])
    assert table.tolist() == [[2.5, 1.0], [4.0, 3.0]] and table.dtype == torch.float32


# ---- the split


@given(st.lists(st.integers(0, 3), min_size=1, max_size=80), st.integers(0, 5))
def test_the_split_is_stratified_and_seeded(labels, seed):
    labels = torch.tensor(labels)
    train, test = lesson.stratified_split(labels, 0.25, seed)
    assert sorted(train.tolist() + test.tolist()) == list(range(len(labels)))
    for label in labels.unique():
        assert (labels[test] == label).sum() == round(0.25 * (labels == label).sum().item())
    assert all(
        torch.equal(a, b) for a, b in zip((train, test), lesson.stratified_split(labels, 0.25, seed), strict=True)
    )


def test_species_and_columns_are_those_of_the_file():
    header, *rows = data.iris_path().read_text(encoding="utf-8").split()
    assert tuple(header.split(",")) == (*lesson.COLUMNS, "species")
    assert tuple(dict.fromkeys(row.rsplit(",", 1)[1] for row in rows)) == lesson.SPECIES


# ---- the picture of the batches


@given(st.integers(1, 24), st.integers(1, 24), st.booleans(), st.booleans())
@settings(max_examples=60)
def test_the_plan_is_what_a_loader_yields(samples, batch_size, shuffle, drop_last):
    plan = pictures.batch_plan(samples, batch_size, shuffle, drop_last)
    loader = DataLoader(
        range(samples), batch_size, shuffle=shuffle, drop_last=drop_last, generator=torch.Generator().manual_seed(1)
    )
    assert plan == [[batch.tolist() for batch in loader] for _ in range(2)]


@pytest.mark.parametrize(("samples", "batch_size"), [(1, 1), (24, 1), (24, 24), (3, 24), (10, 4)])
@pytest.mark.parametrize("drop_last", [False, True])
def test_the_picture_shows_each_sample_once(samples, batch_size, drop_last):
    figure = pictures.draw_batches(samples, batch_size, True, drop_last)
    figure.canvas.draw()
    for ax, plan in zip(figure.axes, pictures.batch_plan(samples, batch_size, True, drop_last), strict=True):
        shown = {t.get_position(): int(t.get_text()) for t in ax.texts}
        assert sorted(shown.values()) == list(range(samples))
        places = {(column, row): sample for row, batch in enumerate(plan) for column, sample in enumerate(batch)}
        assert places.items() <= shown.items()
        steps = [label.get_text() for label in ax.get_yticklabels()]
        lost = drop_last and samples % batch_size > 0
        assert len(steps) == (samples // batch_size + lost if drop_last else -(-samples // batch_size))
        assert ("left out" in steps) == lost


@pytest.mark.parametrize("bad", [{"samples": 0}, {"samples": 25}, {"batch_size": 0}, {"batch_size": 2.5}])
def test_bad_input_gets_one_sentence(bad):
    with pytest.raises(ValueError, match=re.escape("Choose a whole number from 1 to")):
        pictures.draw_batches(**{"samples": 5, "batch_size": 2, "shuffle": False, "drop_last": False, **bad})


def test_the_explorer_static_and_live(monkeypatch, capsys):
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    monkeypatch.setenv("COURSE_STATIC", "1")
    explorers.batches()
    monkeypatch.delenv("COURSE_STATIC")
    explorers.batches()
    assert "Error" not in capsys.readouterr().out


# ---- the other pictures


def test_the_way_through_a_loader_is_that_of_a_loader():
    (ax,) = pictures.draw_loader(7, 3).axes
    loader = DataLoader(range(7), 3, shuffle=True, generator=torch.Generator().manual_seed(0))
    batches = [batch.tolist() for batch in loader]
    shown = [(*t.get_position(), int(t.get_text())) for t in ax.texts if t.get_text().isdigit()]
    column = {x: [n for _, n in sorted((y, n) for at, y, n in shown if at == x)] for x in (0, 5)}
    assert column == {0: list(range(7)), 5: list(itertools.chain(*batches))}
    rows = sorted({y for x, y, _ in shown if x >= 10})
    assert [[n for x, y, n in sorted(shown) if x >= 10 and y == row] for row in rows] == batches
    assert any("batch_size=3" in t.get_text() for t in ax.texts)


@given(st.integers(1, 20), st.integers(1, 5), st.integers(1, 5), st.integers(0, 4))
def test_the_schedule_is_possible_and_workers_save_time(batches, read, train, workers):
    works = pictures.worker_schedule(batches, read, train, workers)
    reads, trains = ([w for w in works if w.kind == kind] for kind in ("read", "train"))
    assert [w.batch for w in reads] == [w.batch for w in trains] == list(range(batches))
    for process in {w.process for w in works}:
        own = sorted((w.start, w.end) for w in works if w.process == process)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(own)), "two at the same time"
    assert all(a.end <= b.start for a, b in zip(reads, trains, strict=True)), "trained before it is read"
    assert all(w.process == (w.batch % workers if workers else -1) for w in reads) and {w.process for w in trains} == {
        -1
    }
    for w in reads:  # no worker is more than two batches ahead
        assert not workers or sum(t.start <= w.start for t in trains) >= w.batch - 2 * workers + 1
    end = trains[-1].end
    if workers == 0:
        assert end == batches * (read + train)
    else:
        assert max(read + batches * train, -(-batches // workers) * read + train) <= end <= batches * (read + train)


def test_the_worker_of_a_batch_is_the_one_of_the_schedule():
    loader = DataLoader(lesson.WhichWorker(12), batch_size=2, num_workers=2)
    works = pictures.worker_schedule(6, 2, 1, 2)
    assert [batch[0].item() for batch in loader] == [w.process for w in works if w.kind == "read"]


def test_the_picture_of_workers_shows_the_schedule():
    figure = pictures.draw_workers(6, 2, 1, 2)
    for ax, workers, end in zip(figure.axes, (0, 2), (18, 8), strict=True):
        works = pictures.worker_schedule(6, 2, 1, workers)
        bars = [(p.get_x(), p.get_x() + p.get_width()) for p in ax.patches]
        assert bars == [(w.start, w.end) for w in works]
        texts = [t.get_text() for t in ax.texts]
        assert texts == [*[str(w.batch) for w in works], f"end: {end}"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["read", "train"]


def test_the_descents_are_drawn_as_they_are_given():
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)
    paths = {"one": [(0.0, 0.0), (0.4, 0.3)], "two": [(0.0, 0.0), (0.1, 0.2), (0.5, 0.5)]}
    (ax,) = pictures.draw_descents(paths, x, 0.8 * x + 0.5).axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert lines["best line"] == [pytest.approx([0.8, 0.5])]
    assert {name: [tuple(p) for p in lines[name]] for name in paths} == paths


def test_each_time_has_its_bar():
    (ax,) = pictures.draw_times({"a": 3.0, "b": 1.0}).axes
    assert [bar.get_width() for bar in ax.patches] == [3.0, 1.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
