"""What a unit needs beside its notebook, and that never draws. Each module begins with the number of its unit.

In a notebook: ``from course_utils.lessons import u03_gpu as lesson``.
"""
