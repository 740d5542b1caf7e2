"""The members roots of a publication: made of a secret, and made again to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.membership import Printed, Summary
from ledger.tlog.members import members_root, seal_salt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.publication import Publication


def summary_of(one: Publication, seal: str) -> Summary:
    """Return what a publication prints, without anybody whom it counts."""
    figures = tuple(
        Printed(
            figure.measure,
            figure.fiscal_year,
            figure.value,
            figure.members_root,
            figure.printed,
        )
        for figure in one.figures
    )
    return Summary(one.name, seal, figures)


def committed(one: Publication, secret: str) -> Publication:
    """Return a publication with the members root of each of its figures, and salt.

    :param secret: 32 bytes in hex that nobody else knows; the same give the same roots.
    """
    key = bytes.fromhex(secret)
    return one._replace(
        seal_salt=seal_salt(key).hex(),
        figures=tuple(
            figure._replace(
                members_root=members_root(
                    key, figure.measure, figure.fiscal_year, figure.counted
                ).hex()
            )
            for figure in one.figures
        ),
    )


def miscommitted(one: Publication, secret: str | None) -> Iterator[str]:
    """Yield that the members roots of a publication are not what its secret gives.

    :param secret: the one recorded with it; of older ones there is none, and no root.
    """
    bare = one._replace(
        seal_salt=None,
        figures=tuple(figure._replace(members_root=None) for figure in one.figures),
    )
    if one != (bare if secret is None else committed(bare, secret)):
        yield "its members roots and salt are not what its secret gives"
