"""What happens at the start of each notebook: seed, threads, plot style, one line."""

import torch


def setup(unit: str, lang: str = "en", seed: int = 0) -> None:
    """Prepare a notebook, and print one line that says so.

    It seeds PyTorch, gives PyTorch one thread and sets the plot style of the course. One thread is enough for the small
    networks of this course. On a shared machine it is also faster, because two threads wait for each other.

    Args:
        unit: the name of the notebook without its ending, for example ``"02_autograd"``.
        lang: the language of the helpers' messages. Today there is ``"en"``.
        seed: the seed of PyTorch's global random generator.

    Raises:
        ValueError: ``lang`` is not a language of the course.
    """
    if lang != "en":
        raise ValueError(f"The course does not speak {lang!r} yet. Use lang='en', or leave it out.")
    from course_utils.pictures import style  # matplotlib is slow to import, and only notebooks need it

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    style.use_style()
    print(f"{unit} is ready: seed {seed}, one thread.")
