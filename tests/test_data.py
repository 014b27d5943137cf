"""The data is the right data, wherever it comes from, and a bad file is never used."""

import gzip
import hashlib
import http.server
import pickle
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from course_utils import data

FILES = list(data.MNIST_FILES)


@pytest.fixture
def fresh(monkeypatch, empty_cache):
    """No environment, no network, an empty cache in a folder of its own, nothing said yet."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    return empty_cache


@pytest.fixture
def small_mnist(monkeypatch, tmp_path):
    """A folder with four files in MNIST's format, three images each, whose sha256 the course is told to trust."""
    folder = tmp_path / "small MNIST 數字"
    folder.mkdir()
    sums = {}
    for name in FILES:
        numbers = np.arange(3 * 784, dtype=np.int64) % 251 if "images" in name else np.array([3, 1, 4])
        content = gzip.compress(bytes(16 if "images" in name else 8) + numbers.astype(np.uint8).tobytes(), mtime=0)
        (folder / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(data, "MNIST_FILES", sums)
    return folder


@pytest.fixture
def server(small_mnist, monkeypatch):
    """Two mirrors on this machine: the first answers 404 to everything, the second serves the small files."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(small_mnist))

        def do_GET(self):
            asked.append(self.path)
            if self.path.startswith("/broken/"):
                self.send_error(404)
            else:
                self.path = self.path.removeprefix("/good")
                super().do_GET()

        def log_message(self, *args):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{httpd.server_port}"
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", [f"{url}/broken/", f"{url}/good/"])
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    yield asked
    httpd.shutdown()
    httpd.server_close()


def is_small_mnist(loaded):
    images, labels = loaded
    return images.shape == (3, 28, 28) and images.dtype == torch.uint8 and labels.tolist() == [3, 1, 4]


def test_shipped_files_are_listed_with_their_sha256():
    readme = (data.FOLDER / "README.md").read_text(encoding="utf-8")
    for name, checksum in data.BUNDLED.items():
        assert hashlib.sha256((data.FOLDER / name).read_bytes()).hexdigest() == checksum
        assert f"`{name}`" in readme and checksum in readme


def test_iris():
    rows = data.iris_path().read_text(encoding="utf-8").splitlines()
    assert rows[0] == "sepal_length,sepal_width,petal_length,petal_width,species"
    species = [row.split(",")[4] for row in rows[1:]]
    assert {name: species.count(name) for name in species} == {"setosa": 50, "versicolor": 50, "virginica": 50}
    values = np.array([[float(v) for v in row.split(",")[:4]] for row in rows[1:]])
    # the means that Fisher's table 1 gives for the three species together
    assert np.allclose(values.mean(axis=0), [5.8433, 3.0573, 3.7580, 1.1993], atol=1e-4)


def test_digits_have_the_form_of_mnist():
    for train, count in ((True, 1438), (False, 359)):
        images, labels = data.load_digits(train)
        assert images.shape == (count, 28, 28) and images.dtype == torch.uint8
        assert labels.shape == (count,) and labels.dtype == torch.int64
        assert (labels.bincount(minlength=10) > count // 20).all()
        mass = images.double()
        centre = [(mass.sum(dim=d) * torch.arange(28)).sum(dim=1) / mass.sum(dim=(1, 2)) for d in (2, 1)]
        assert all(((c - 13.5).abs() < 1.5).all() for c in centre)


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_bundled_file_gets_one_sentence(damage, monkeypatch, tmp_path):
    if damage == "changed":
        for name in data.BUNDLED:
            (tmp_path / name).write_text("1,2\n")
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    for load in (data.iris_path, lambda: data.load_digits(True)):
        with pytest.raises(ValueError, match="git checkout"):
            load()


def test_folder_named_by_the_user(fresh, small_mnist, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_MNIST", str(small_mnist))
    for file in small_mnist.iterdir():
        file.chmod(0o444)
    assert is_small_mnist(data.load_mnist(True)) and is_small_mnist(data.load_mnist(False))
    assert capsys.readouterr().out == ""
    assert not data.CACHE.exists()


def test_fetched_from_the_second_mirror_and_kept(fresh, server, monkeypatch):
    assert is_small_mnist(data.load_mnist(True))
    assert [path for path in server if path.startswith("/broken/")] == [f"/broken/{FILES[0]}"], (
        "a mirror that failed is left alone"
    )
    assert sorted(file.name for file in data.CACHE.iterdir()) == sorted(FILES)
    asked = len(server)
    assert is_small_mnist(data.load_mnist(False)) and len(server) == asked, "the cache is used"
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert is_small_mnist(data.load_mnist(True))


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "empty", "shifted labels"])
def test_a_bad_cached_file_is_replaced(damage, fresh, server, capsys):
    data.load_mnist(True)
    path = data.CACHE / "train-labels-idx1-ubyte.gz"
    good = path.read_bytes()
    bad = {
        "truncated": good[:-3],
        "zeroed": bytes(len(good)),
        "empty": b"",
        "shifted labels": gzip.compress(bytes(8) + bytes([1, 4, 3]), mtime=0),
    }
    path.write_bytes(bad[damage])
    assert is_small_mnist(data.load_mnist(True))
    assert path.read_bytes() == good
    assert "is not the official MNIST file" in capsys.readouterr().out


def test_a_bad_file_of_the_user_is_reported_and_not_used(fresh, server, small_mnist, monkeypatch, tmp_path, capsys):
    own = tmp_path / "own"
    shutil.copytree(small_mnist, own)
    (own / FILES[0]).write_bytes(b"<html>not found</html>")
    monkeypatch.setenv("COURSE_MNIST", str(own))
    assert is_small_mnist(data.load_mnist(True))
    assert (own / FILES[0]).read_bytes() == b"<html>not found</html>", "the user's folder is never written"
    assert capsys.readouterr().out.count("is not the official MNIST file") == 1


def test_without_mnist_the_digits_stand_in_and_one_line_says_so(fresh, capsys):
    images, _ = data.load_mnist(True)
    test_images, _ = data.load_mnist(False)
    assert len(images) == 1438 and len(test_images) == 359
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "COURSE_MNIST" in out


def test_never_two_sources_at_once(fresh, small_mnist, monkeypatch):
    (small_mnist / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setenv("COURSE_MNIST", str(small_mnist))
    assert len(data.load_mnist(True)[0]) == 1438, (
        "without the test labels, the training images of MNIST are not used either"
    )


def test_a_mirror_with_wrong_content_is_refused(fresh, server, small_mnist, capsys):
    (small_mnist / FILES[0]).write_bytes(b"<html>please log in</html>")
    assert len(data.load_mnist(True)[0]) == 1438
    assert list(data.CACHE.glob("*")) == [], "nothing wrong lies in the cache"


def test_the_real_mnist_is_the_published_one(mnist_is_here):
    if not mnist_is_here:
        pytest.skip("the real MNIST is not here")
    images, labels = data.load_mnist(True)
    assert images.shape == (60_000, 28, 28) and labels.shape == (60_000,)
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # the mean and the standard deviation of the pixels that the literature gives
    pixels = images.double() / 255
    assert abs(pixels.mean().item() - 0.1307) < 1e-4 and abs(pixels.std().item() - 0.3081) < 1e-4


def test_mnist_as_a_dataset(fresh, small_mnist, monkeypatch):
    monkeypatch.setenv("COURSE_MNIST", str(small_mnist))
    from torchvision.datasets import MNIST

    dataset = data.MNIST(train=True, transform=np.asarray, target_transform=lambda label: label + 10)
    assert isinstance(dataset, MNIST) and len(dataset) == 3
    image, label = dataset[1]
    assert image.shape == (28, 28) and label == 11
    assert np.array_equal(image, data.load_mnist(True)[0][1].numpy())
    plain = pickle.loads(pickle.dumps(data.MNIST(train=False)))
    assert plain[2][1] == 4, "worker processes get a copy by pickle"


x, y = torch.arange(10.0).view(10, 1), torch.arange(10)


def test_batches_cover_everything_once_and_in_step():
    batches = data.TensorBatches(x, y, 3, generator=torch.Generator().manual_seed(0))
    first, second = ([(a.clone(), b.clone()) for a, b in batches] for _ in range(2))
    assert [len(b) for _, b in first] == [3, 3, 3, 1] and len(batches) == 4
    for epoch in (first, second):
        assert sorted(torch.cat([b for _, b in epoch]).tolist()) == list(range(10))
        assert all(torch.equal(a.squeeze(1).long(), b) for a, b in epoch)
    assert not all(torch.equal(a[1], b[1]) for a, b in zip(first, second, strict=True)), "each epoch has a new order"


def test_batches_in_order_and_without_the_last():
    batches = data.TensorBatches(x, y, 4, shuffle=False, drop_last=True)
    assert len(batches) == 2 and [b.tolist() for _, b in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(data.TensorBatches(x, y, 20, drop_last=True)) == 0


def test_same_generator_same_batches():
    one, two = (
        [b.tolist() for _, b in data.TensorBatches(x, y, 4, generator=torch.Generator().manual_seed(7))]
        for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((x, y[:9], 2), "same number of samples"),
        ((x[:0], y[:0], 2), "at least one"),
        ((torch.tensor(1.0), torch.tensor(1), 2), "same number of samples"),
        ((x, y, 0), "batch_size is 0"),
        ((x, y, 2.5), "batch_size is 2.5"),
    ],
)
def test_bad_batches_get_one_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        data.TensorBatches(*arguments)


def test_batches_work_where_a_dataloader_does():
    from course_utils import training

    model = torch.nn.Linear(1, 10)
    loader = DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    ours = data.TensorBatches(x, y, 4, shuffle=False)
    assert training.evaluate(model, loader) == training.evaluate(model, ours)


def test_paths_are_inside_the_repository():
    root = Path(data.__file__).resolve().parents[1]
    assert root / "data" / "mnist" == data.CACHE
    assert "data/mnist/" in (root / ".gitignore").read_text(encoding="utf-8")
