"""Unit 5: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
