"""The large comparison: equal budgets, a grid that grows, rows that are never lost, and the same numbers again."""

import argparse
import dataclasses
import importlib.util
import math
import os
from unittest import mock

import pytest

from tools import study
from tools.study import Job, Row

SETTINGS = argparse.Namespace(
    methods=["SGD", "Adam"], rates=[0.01, 0.1, 1.0], batch_sizes=[64], schedules=["cosine"], epochs=1, seeds=[1, 2]
)


def row(method, lr, accuracy, stage="sweep", seed=0):
    loss = math.nan if accuracy is None else 1 - accuracy
    return Row(stage, method, lr, 64, "cosine", seed, 1, validation_loss=loss, validation_accuracy=accuracy or math.nan)


def jobs(*rows):
    return [(job.stage, job.method, job.lr, job.seed) for job in study.wanted(rows, SETTINGS)]


SGD_DONE = [row("SGD", 0.01, 0.5), row("SGD", 0.1, 0.9), row("SGD", 1.0, None)]


def test_every_method_gets_the_same_grid_first():
    assert jobs() == [("sweep", method, lr, 0) for method in ("SGD", "Adam") for lr in (0.01, 0.1, 1.0)]


def test_the_best_rate_on_validation_is_trained_from_fresh_seeds_and_what_is_done_is_not_done_again():
    after = jobs(*SGD_DONE)
    assert after[:2] == [("final", "SGD", 0.1, 1), ("final", "SGD", 0.1, 2)] and len(after) == 5
    assert jobs(*SGD_DONE, row("SGD", 0.1, 0.9, "final", 1))[0] == ("final", "SGD", 0.1, 2)


@pytest.mark.parametrize(("best", "beyond"), [(0.01, 0.0032), (1.0, 3.2)])
def test_the_grid_grows_where_the_best_rate_lies_at_its_edge(best, beyond):
    rows = [row("SGD", lr, 0.9 if lr == best else 0.5) for lr in SETTINGS.rates]
    assert jobs(*rows)[0] == ("sweep", "SGD", beyond, 0)
    further = [beyond * (beyond / best) ** k for k in range(study.GROW)]
    stubborn = [*rows, *(row("SGD", lr, 0.91 + k / 100) for k, lr in enumerate(further))]
    assert jobs(*stubborn)[0][0] == "final", "it does not grow for ever"


def test_equal_accuracies_are_told_apart_by_the_loss():
    a, b = row("SGD", 0.01, 0.9), dataclasses.replace(row("SGD", 0.1, 0.9), validation_loss=0.01)
    assert study.better([a, b]) == b == study.better([b, a, row("SGD", 1.0, None)])


def test_rows_survive_a_file_that_was_cut_off(tmp_path):
    path = tmp_path / "study.csv"
    for r in SGD_DONE:
        study.append(path, r)
    assert [r.job for r in study.read(path)] == [r.job for r in SGD_DONE]
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])  # the process was killed while it wrote
    assert [r.job for r in study.read(path)] == [r.job for r in SGD_DONE[:2]]
    study.append(path, SGD_DONE[2])
    assert path.read_bytes() == whole
    assert study.read(tmp_path / "none.csv") == []


def numbers(r):
    values = [r.train_loss, r.train_accuracy, r.validation_loss, r.validation_accuracy, r.test_accuracy, r.goal_step]
    return r.job, [f"{v:.6g}" for v in values]


@pytest.fixture
def digits(monkeypatch):
    """The bundled digits in place of MNIST."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_MNIST", raising=False)
    monkeypatch.setattr("course_utils.environment.cache_folder", lambda: study.DATA / "no such folder")
    study.images.cache_clear()
    yield
    study.images.cache_clear()


def test_a_run_gives_the_same_numbers_twice_and_nan_where_it_diverges(digits):
    job = Job("final", "Adam", 0.01, 64, "cosine", 1, 2)
    first, second = study.train(job), study.train(job)
    assert numbers(first) == numbers(second) and first.job == job
    assert first.validation_accuracy > 0.7 and 0.7 < first.test_accuracy < 1
    assert math.isnan(study.train(dataclasses.replace(job, stage="sweep")).test_accuracy), "the test set is for the end"
    assert numbers(study.train(dataclasses.replace(job, schedule="constant"))) != numbers(first)
    diverged = study.train(Job("sweep", "SGD", 1e30, 64, "constant", 0, 1))
    assert math.isnan(diverged.validation_loss) and diverged.train_loss != diverged.train_loss


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed")
def test_two_workers_one_killed_and_started_again(digits, tmp_path, monkeypatch):
    import psutil

    path = tmp_path / "study.csv"
    arguments = ["--methods", "SGD", "--rates", "0.03", "0.1", "0.3", "--batch-sizes", "64", "--schedules", "constant"]
    arguments += ["--epochs", "3", "--seeds", "1", "2", "--workers", "2", "--file", str(path)]
    append, killed = study.append, []

    def append_and_kill(path, row):
        append(path, row)
        if not killed:
            spawned = [p for p in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]
            killed.append(spawned[-1])
            spawned[-1].kill()

    monkeypatch.setattr(study, "append", append_and_kill)
    monkeypatch.setattr(study, "SAME_ROUNDING", {})  # this process repeats the runs, and has computed already
    with mock.patch.dict(os.environ):  # dask sets a few names for the workers that it starts
        assert study.main(arguments) == 0 and killed
    rows = study.read(path)
    assert sorted(r.stage for r in rows) == sorted(["final"] * 2 + ["sweep"] * (len(rows) - 2)) and len(rows) >= 5
    assert len({r.job for r in rows}) == len(rows), "each run is there once"
    assert [numbers(study.train(r.job)) for r in rows] == [numbers(r) for r in rows]
    before = path.read_bytes()
    assert study.main(arguments) == 0 and path.read_bytes() == before, "nothing is done again"


def test_a_check_repeats_some_rows_and_tells_which_differ(digits, monkeypatch, capsys):
    monkeypatch.setattr(study.random, "sample", lambda rows, k: rows[:2])
    rows = [study.train(Job("sweep", "SGD", lr, 16, "constant", 0, 5)) for lr in (0.1, 0.3, 1e30)]
    again = lambda jobs: map(study.train, jobs)  # noqa: E731
    assert study.check(rows, 0.02, again) == 0 == study.check(rows[1:], 0.02, again)
    assert capsys.readouterr().out.count("Of 2 runs, 2 gave the same numbers to five digits, and 0 came out ") == 2
    assert rows[0].validation_accuracy > 0.9
    rounded = dataclasses.replace(rows[0], train_loss=rows[0].train_loss * 1.001)
    assert study.check([rounded, *rows[1:]], 0.02, again) == 0
    assert "Of 2 runs, 1 gave the same numbers to five digits, and 0 came out " in capsys.readouterr().out
    for accuracy in (rows[0].validation_accuracy - 0.03, math.nan):
        wrong = dataclasses.replace(rows[0], validation_accuracy=accuracy)
        assert study.check([wrong, *rows[1:]], 0.02, again) == 1
        assert "; the file has " in capsys.readouterr().out
