"""Unit 4: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
