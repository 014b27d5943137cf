"""Films: a strip of frames when static, a player of bounded size when live."""

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.pictures import films
from course_utils.pictures import u05_losses as pictures


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed in a page."""
    import IPython.display

    pages = []
    monkeypatch.setattr(IPython.display, "display", lambda page: pages.append(page.data))
    return pages


def draw_line(ax, frame):
    ax.plot([0, frame])
    ax.set_title(str(frame))


@pytest.mark.parametrize(("count", "expected"), [(1, [0]), (4, [0, 1, 2, 3]), (41, [0, 8, 16, 24, 32, 40])])
def test_static_is_one_strip_from_the_first_to_the_last(count, expected, monkeypatch):
    monkeypatch.setenv("COURSE_STATIC", "1")
    films.animate(draw_line, range(count))
    assert len(plt.get_fignums()) == 1
    assert [int(ax.get_title()) for ax in plt.gcf().axes if ax.get_title()] == expected


def test_live_is_a_player_with_every_frame_once(shown, monkeypatch):
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    seen = []
    films.animate(lambda ax, frame: (seen.append(frame), draw_line(ax, frame)), [3, 1, 2], interval=100)
    assert len(shown) == 1 and shown[0].count("data:image/png;base64") == 3
    assert "fa-play" not in shown[0] and "http" not in shown[0], "nothing comes from the network"
    assert seen == [3, 1, 2]
    assert not plt.get_fignums(), "the figure of the player is not shown a second time"


def test_a_film_of_sixty_frames_is_small_enough(shown, monkeypatch):
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    area, labels = pictures.grid(x), (x[:, 0] > 0).long()

    def draw(ax, step):
        pictures.draw_regions(ax, x, labels, (area[:, 0] > step / 60).long(), title=str(step))

    films.animate(draw, range(60))
    assert 10_000 < len(shown[0]) <= films.MAX_BYTES


def test_a_film_that_is_too_large_loses_every_second_frame(shown, monkeypatch):
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    whole = len(films.player(draw_line, range(8), 100))
    monkeypatch.setattr(films, "MAX_BYTES", whole - 1)
    films.animate(draw_line, range(8))
    assert shown[0].count("data:image/png;base64") == 5, "0, 2, 4, 6, and the last"


@pytest.mark.parametrize(
    ("frames", "interval", "word"), [([], 100, "0 frames"), (range(61), 100, "61"), ([1], 5, "5 ms")]
)
def test_a_film_has_bounds(frames, interval, word):
    with pytest.raises(ValueError, match=word):
        films.animate(draw_line, frames, interval)
