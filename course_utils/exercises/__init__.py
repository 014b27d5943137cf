"""The exercises of the course: ``core`` checks answers, and there is one module for each notebook.

In a notebook: ``from course_utils.exercises import u02_autograd as ex``.
For instructors: ``python -m course_utils.exercises 02``.
"""
