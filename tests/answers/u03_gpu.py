"""Unit 3: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
