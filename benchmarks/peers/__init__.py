"""Other ways to keep the same data, asked the same question, answers checked equal."""
