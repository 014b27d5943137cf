"""Answers that the course's own lists do not hold, one module for each unit.

``RIGHT`` has for each exercise at least three right answers in different styles. ``WRONG`` has more wrong ones, each with a part
of what the check must say. ``EQUIVALENT`` has mutants of the solution that are right after all: what was changed, or how its
description begins, and why it is no mistake.
"""
