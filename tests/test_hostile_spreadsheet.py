"""What `scr` writes as CSV, opened by a spreadsheet program: no cell is a formula.

Needs LibreOffice (`soffice`; Debian: libreoffice-calc-nogui), and says so where it is
not there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests import ledgers
from tests.commandline import line, scr
from tests.hostile import accepted
from tests.soak import figure

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
LONG = "SCR_SOAK_VALUES" in os.environ
CASES = {"cases": ("cases", "dd-all")}
PATIENCE = 300
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
FIELDS = ("case_number", "office", "program", "title")

pytestmark = pytest.mark.skipif(
    SOFFICE is None,
    reason="no soffice on this machine, so no spreadsheet program opened our CSV",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """
    A folder with a ledger whose SCRs say every accepted text, each as it is.
    """
    made = tmp_path_factory.mktemp("spreadsheet")
    texts = [one.text.rpartition("Q")[0][:-5] for one in accepted()]
    told = ""
    for number, text in enumerate(one for one in texts if one.strip()):
        name, said = f"SCR-{number}", dict.fromkeys(FIELDS, text)
        told += line(name, "filed", "2018-10-01", **said)
        told += line(name, "classified", "2018-10-02", category=text, subcategory=text)
        told += line(name, "approved", "2018-10-04")
        told += line(name, "disrupted", "2019-03-04", outcome="D1")
    ledgers.load(ledgers.make(made / "scr.db"), told)
    return made


def opened(folder: Path, *names: str) -> list[list[ET.Element]]:
    """
    Return the cells of files of one form, as LibreOffice reads them.
    """
    # Commas (44) or tabs (9), quotes (34), UTF-8 (76), from the first line; the last
    # `true` evaluates formulas, as when somebody opens the file and says yes to all.
    delimiter = "9" if names[0].endswith(".tsv") else "44"
    form = f"{delimiter},34,76,1,,0,false,true,false,false,false,-1,true"
    subprocess.run(
        [
            str(SOFFICE),
            f"-env:UserInstallation=file://{folder}/profile",
            *("--headless", f"--infilter=CSV:{form}"),
            *("--convert-to", "fods", "--outdir", str(folder)),
            *(str(folder / name) for name in names),
        ],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    found = []
    for name in names:
        (made,) = folder.glob(f"{Path(name).stem}*.fods")
        root = ET.fromstring(made.read_bytes())  # noqa: S314 - LibreOffice made it
        made.unlink()
        found.append(list(root.iter(f"{TABLE}table-cell")))
    return found


def formulas(cells: list[ET.Element]) -> int:
    """
    Return how many cells are formulas.
    """
    return sum(f"{TABLE}formula" in cell.attrib for cell in cells)


def test_no_cell_is_a_formula(folder, monkeypatch):
    """
    Of every text that a ledger takes, in CSV and TSV: 0 formulas; with `--raw` there
    are some, so this would be seen.
    """
    monkeypatch.chdir(folder)
    asked = {"cases": ("cases", "dd-all"), "log": ("log",)} if LONG else CASES
    for fmt in ("csv", "tsv") if LONG else ("csv",):
        since = time.monotonic()
        clean_names = [f"clean-{stem}.{fmt}" for stem in asked]
        raw_names = [f"raw-{stem}.{fmt}" for stem in asked]
        for arguments, one, other in zip(
            asked.values(), clean_names, raw_names, strict=True
        ):
            assert scr(*arguments, "-f", fmt, "-o", one).code == 0
            assert scr(*arguments, "-f", fmt, "--raw", "-o", other).code == 0
        read = opened(folder, *clean_names, *raw_names)
        clean = [cell for cells in read[: len(asked)] for cell in cells]
        raw = [cell for cells in read[len(asked) :] for cell in cells]
        found = formulas(clean)
        what = "a cell that is a formula"
        figure("spreadsheet", "held", len(clean), found, what, since=since)
        what = "seen, in what `--raw` leaves as it is"
        figure("spreadsheet", "seeded", len(raw), formulas(raw), what)
        assert found == 0
        assert len(clean) > 1_000
        assert formulas(raw) > 10
