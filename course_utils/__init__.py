"""The helper package of the course *PyTorch fundamentals*.

Each notebook begins with ``course_utils.setup("02_autograd")``. The modules are imported by name where a
lesson needs them, for example ``from course_utils import data, optimizers``.
"""

from course_utils.devices import pick_device
from course_utils.session import setup

__all__ = ["pick_device", "setup"]
