"""Unit 2: more right and wrong answers."""

RIGHT = {}
WRONG = {}
EQUIVALENT = {}
