"""The tables of a read model, as text: who builds them writes it, who reads compares.

A read model lies beside a ledger and can come with it. What is not exactly this, such
as a view in the place of a table or a trigger, is not read but made anew.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTERVAL = (
    "known_from INTEGER",
    "position_from INTEGER",
    "known_until INTEGER",
    "position_until INTEGER",
)

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "meta": ("version INTEGER", "ledger_id TEXT", "reached INTEGER", "root TEXT"),
        "beliefs": (
            "scr TEXT",
            "outcome TEXT",
            "fiscal_year INTEGER",
            "place INTEGER",
            "kind TEXT",
            "happened_on TEXT",
            "outcome_approved_on TEXT",
            "scr_approved_on TEXT",
            "approved INTEGER",
            "answer INTEGER",
            "high_threat INTEGER",
            "organization TEXT",
            "case_number TEXT",
            "category TEXT",
            "subcategory TEXT",
            "office TEXT",
            "program TEXT",
            *_INTERVAL,
        ),
        "mergers": ("organization TEXT", "into_id TEXT", *_INTERVAL),
        "definitions": (
            "position INTEGER PRIMARY KEY",
            "known INTEGER",
            "claimed INTEGER",
            "measure TEXT",
            "version INTEGER",
            "hash TEXT",
            "body TEXT",
        ),
        "series": ("number INTEGER PRIMARY KEY", "key TEXT"),
        "cells": ("cell INTEGER PRIMARY KEY",),
        "own_facts": ("position INTEGER PRIMARY KEY",),
        "runs": (
            "first INTEGER PRIMARY KEY",
            "last INTEGER",
            "claimed INTEGER",
            "low INTEGER",
            "high INTEGER",
            "instants BLOB",
            "offsets BLOB",
        ),
    }
)
"""The plain tables and their columns; of a belief, those of `standing.COLUMNS`."""

_TOTALS = (
    "CREATE TABLE totals (cell INTEGER NOT NULL, known_at INTEGER NOT NULL,"
    " position INTEGER NOT NULL, change INTEGER NOT NULL,"
    " known_total INTEGER NOT NULL, log_total INTEGER NOT NULL,"
    " PRIMARY KEY (cell, known_at, position)) STRICT, WITHOUT ROWID"
)

INDEXES: Mapping[str, str] = MappingProxyType(
    {
        "totals_by_position": "totals (cell, position, known_at, change, log_total)",
        "beliefs_by_year": "beliefs (fiscal_year, scr)",
        "beliefs_by_scr": "beliefs (scr)",
        "beliefs_by_known_from": "beliefs (known_from)",
        "beliefs_by_known_until": "beliefs (known_until)",
        "beliefs_by_position_from": "beliefs (position_from)",
        "beliefs_by_position_until": "beliefs (position_until)",
    }
)

STATEMENTS: Mapping[str, str] = MappingProxyType(
    {
        **{
            name: f"CREATE TABLE {name} ({', '.join(columns)}) STRICT"
            for name, columns in TABLES.items()
        },
        "totals": _TOTALS,
        **{name: f"CREATE INDEX {name} ON {on}" for name, on in INDEXES.items()},
    }
)
"""What makes each table and index; ``sqlite_schema`` of a read model holds just this.

SQLite's own objects (``sqlite_…``) have no text of ours and are left aside.
"""
