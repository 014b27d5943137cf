"""Unit 6: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
