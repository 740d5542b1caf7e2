"""Where people ask: parse, ask, draw."""
