"""People, for now only their names."""

from __future__ import annotations

import unicodedata


def normal(name: str) -> str:
    """Return a name without what may be written in several ways."""
    folded = unicodedata.normalize(
        "NFKC", unicodedata.normalize("NFKC", name).casefold()
    )
    return "".join(one for one in folded if one.isalnum())
