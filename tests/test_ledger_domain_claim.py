"""Claims as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.claim import Typed, typed
from ledger.errors import UsageError

DD = Typed("dd-all", None, 2019, 214, None)
THEN = DD._replace(as_of="2020-01-15")

CLAIMS = [
    ("dd-all FY2019 = 214 as of 2020-01-15", THEN),
    ("dd-all 2019 = 214 as of 2020-01-15", THEN),
    ("dd-all fy2019=214 AS OF 2020-01-15", THEN),
    ("  dd-all\tFy 2019  =214   as   Of\n2020-01-15 ", THEN),
    ("dd-all FY2019=214", DD),
    ("dd-all FY2019 = 00214", DD),
    ("dd-all FY2019 = 0", DD._replace(value=0)),
    ("dd-all FY2019 = 1,214", DD._replace(value=1214)),
    ("dd-all FY2019 = 999999999999999999", DD._replace(value=10**18 - 1)),
    ("apg@2 FY2020 = 40 as of @15217", Typed("apg", "2", 2020, 40, "@15217")),
    (
        "dd-all FY1900 = 1 as of 2020-01-15T09:00:00-05:00",
        Typed("dd-all", None, 1900, 1, "2020-01-15T09:00:00-05:00"),
    ),
    ("dd-all FY3000 = 1 as of gpra-2019", Typed("dd-all", None, 3000, 1, "gpra-2019")),
    ("dd-all@ FY2019 = 214", DD._replace(version="")),
]


@pytest.mark.parametrize(("text", "said"), CLAIMS)
def test_a_claim_is_read(text, said):
    """
    Measure, perhaps a version, year, value, perhaps a cut-off; spaces are free.
    """
    assert typed(text) == said


REFUSED = [
    ("", "'' is no claim; write MEASURE FYYEAR = VALUE"),
    ("dd-all", "is no claim"),
    ("dd-all FY2019", "is no claim"),
    ("dd-all FY2019 = ", "is no claim"),
    ("dd-all FY2019 = many", "is no claim"),
    ("dd-all FY2019 = -1", "is no claim"),
    ("dd-all FY2019 = 40.5", "is no claim"),
    ("dd-all FY2019 = 12,34", "is no claim"),
    ("dd-all FY2019 = 1000000000000000000", "is no claim"),
    ("dd-all FY2019 = ١", "is no claim"),  # noqa: RUF001 - digits are ASCII
    ("dd-allFY2019 = 3", "is no claim"),
    ("FY2019 = 3", "is no claim"),
    ("dd-all FY2019 == 3", "is no claim"),
    ("dd-all FY2019 = 3 2020-01-15", "is no claim"),
    ("dd-all FY2019 = 3 as of", "is no claim"),
    ("dd-all FY2019 = 3 as of 15 January", "is no claim"),
    ("dd-all FY2017..2019 = 3", "is no claim"),
    ("dd-all FY19 = 3", "'19' is not a fiscal year"),
    ("dd-all FY1899 = 3", "'1899' is outside the fiscal years 1900 to 3000"),
    ("dd-all FY3001 = 3", "'3001' is outside the fiscal years 1900 to 3000"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_claim_is_refused(text, words):
    """
    One sentence says what a claim is, or which years there are.
    """
    with pytest.raises(UsageError, match=words):
        typed(text)


@holds_for(st.text(max_size=40))
def test_any_text_is_a_claim_or_refused(text):
    """
    Nothing else comes of it.
    """
    try:
        said = typed(text)
    except UsageError:
        return
    assert said.value >= 0


def test_a_figure_is_named_as_it_was_typed():
    """
    With version and cut-off, where it has them.
    """
    assert DD.figure == "dd-all FY 2019"
    assert THEN._replace(version="1").figure == "dd-all@1 FY 2019 as of 2020-01-15"
