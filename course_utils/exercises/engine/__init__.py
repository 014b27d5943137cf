"""How an answer is checked: ``core`` judges it, ``compare`` says how it differs, ``guard`` lets it run without harm."""
