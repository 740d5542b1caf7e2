"""What may happen to a case, and what it makes of it: pure functions over frozen facts."""
