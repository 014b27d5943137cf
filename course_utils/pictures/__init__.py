"""What the course draws: ``style``, ``curves`` and ``films`` serve all units, and each unit has a module of its own.

In a notebook: ``from course_utils.pictures import u05_losses as pictures``.
"""
