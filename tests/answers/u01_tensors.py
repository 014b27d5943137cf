"""Unit 1: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
