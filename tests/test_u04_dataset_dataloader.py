"""What unit 4 claims about workers holds for each way to start them, and its pictures show what a DataLoader yields."""

import json
import multiprocessing
import os
import re
import subprocess
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
from tools import ROOT

WORKERS = """
import json, sys
from course_utils.lessons import u04_dataset_dataloader as lesson
if __name__ == "__main__":
    print(json.dumps(lesson.worker_facts(sys.argv[1])))
"""


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


# ---- workers


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_started_in_each_way(method, tmp_path):
    script = tmp_path / "workers.py"  # a file: a spawned worker imports the script of its parent
    script.write_text(WORKERS, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
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
    assert [t.item() for t in (lesson.InMemory(3)[2], lesson.Slow(3, 0.0)[1])] == [2.0, 1.0]
    who = lesson.WhoReads(2)
    assert list(who) == [os.getpid()] * 2 and who.reads == 2 and len(who) == 2
    assert list(lesson.Stream(3, share=True)) == [0, 1, 2]
    assert lesson.seconds([1, 2]) > 0


# ---- the split


@given(st.lists(st.integers(0, 3), min_size=1, max_size=80), st.integers(0, 5))
@settings(deadline=None)
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
@settings(deadline=None, max_examples=60)
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
    for ax in figure.axes:
        assert sorted(int(t.get_text()) for t in ax.texts) == list(range(samples))
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
