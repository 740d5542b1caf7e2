"""How far a figure is from what was printed, and whether that matters.

Misreporting is held to be significant at 10 % or more, either way (DOJ OIG 13-34).
"""

from __future__ import annotations

MATERIAL_PERCENT = 10


def proportion(
    printed: int, now: int, under: int | None, under_now: int | None
) -> tuple[int, int]:
    """Return two numbers in the proportion of what was printed to what is counted.

    :param under: of a rate, what was printed below the line, and is counted there now:
        then it is the shares that are compared, and one of nothing is none.
    """
    if under is None or under_now is None:
        return printed, now
    if not under or not under_now:
        return 0, int(bool(under) != bool(under_now))
    return printed * under_now, now * under


def is_material(printed: int, now: int) -> bool:
    """Whether a number is 10 % or more away from another, either way.

    From 0 every other number is.
    """
    return printed != now and abs(now - printed) * 100 >= MATERIAL_PERCENT * printed


def is_beyond(printed: int, now: int, percent: int) -> bool:
    """Whether a number is more than so many percent away from another, either way."""
    return abs(now - printed) * 100 > percent * printed
