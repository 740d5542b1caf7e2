"""What a cell of a table holds, before its column has a name."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Unsaid(NamedTuple):
    """A cell that holds no value: a formula, an error, a time of day."""

    rule: str


Cell = str | float | bool | date | Unsaid
"""Text is all there is in CSV. A workbook also has numbers, always floating, and dates,
some with a time of day. An empty cell is empty text."""
