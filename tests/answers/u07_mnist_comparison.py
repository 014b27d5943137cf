"""Unit 7: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
