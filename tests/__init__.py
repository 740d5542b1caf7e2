"""The specification, as programs that check it."""
