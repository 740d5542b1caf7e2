"""A check as it is named: read, or refused."""

from __future__ import annotations

import re

import pytest

from ledger.domain.check import PATTERN, Check, parse
from ledger.errors import UsageError

READ = {
    "validation:office-silent": Check("validation", of="office-silent"),
    "validation:a@error": Check("validation", of="a", severity="error"),
    "validation:a@warning": Check("validation", of="a", severity="warning"),
    "coverage>=0": Check("coverage", percent=0),
    "coverage>=100": Check("coverage", percent=100),
    "gate:dd-tco": Check("gate", of="dd-tco"),
    "gate:apg@2": Check("gate", of="apg@2"),
    "assertions": Check("assertions"),
}
REFUSED = (
    *("", "coverage>=101", "coverage>=-1", "coverage>=9.5", "coverage>=007"),
    *("coverage>50", "validation:", "validation:a@fatal", "validation:A", "gate:"),
    *("assertions ", " assertions", "assertions\n", "gate:dd-all@", "os.system"),
)


@pytest.mark.parametrize("text", READ)
def test_each_kind_is_read(text):
    """
    What follows the kind is the rule, the share or the measure.
    """
    assert parse(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_anything_else_is_refused(text):
    """
    In one line, by the text of the command and by the shape that is kept alike.
    """
    with pytest.raises(UsageError, match="is no check; write validation:RULE"):
        parse(text)
    assert re.fullmatch(PATTERN, text) is None
