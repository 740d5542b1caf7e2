"""What may happen to a case and what it makes of it: pure, over frozen facts."""
