"""`scr person`, as typed; and every command, by those who may and may not."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from cli.live import VERBS
from ledger import app
from ledger.domain.people import ROLES
from ledger.seen import Now, remember
from ledger.tlog import note
from tests import users
from tests.commandline import prepare, scr
from tests.people import smuggle
from tests.proofs import ANN, BEN, witness_key
from tests.test_cli_defining import TOML
from tests.test_ledger_domain_people import MATRIX


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts; somebody who acts, from the account `registry`.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "chief")
    monkeypatch.setattr(app, "account", lambda: "registry")
    return tmp_path


def head() -> int:
    """
    Return how far the log goes.
    """
    return scr("verify", "--json").json["position"]


def chief() -> None:
    """
    Add a supervisor, at 20 and 21.
    """
    assert scr("person", "add", "chief", "--role", "supervisor").code == 0


def test_the_first_person_is_said_to_turn_four_eyes_on():
    """
    One line says what was recorded where, another what is different from now on.
    """
    told = scr("person", "add", "chief", "--account", "registry", "--role", "panel")

    assert told.code == 0
    assert told.out == "added: chief (account registry), joined @20, panel @21\n"
    assert told.err.startswith("scr: note: with the first person four eyes are on:")
    assert scr("person", "add", "ann").err == ""


def test_granting_and_revoking_say_what_they_did():
    """
    Each role with its position; what was there already; or what would be.
    """
    chief()
    assert scr("person", "add", "ann").out == "added: ann, joined @22\n"
    told = scr("person", "grant", "Ann", "corrector", "agent", "--dry-run")
    assert told.out == "would be granted: ann, corrector, agent\n"
    told = scr("person", "grant", "ann", "corrector", "agent")
    assert told.out == "granted: ann, corrector @23, agent @24\n"
    told = scr("person", "grant", "ann", "agent", "panel")
    assert told.out == "granted: ann, panel @25, already recorded: agent\n"
    told = scr("person", "grant", "ann", "agent")
    assert told.out == "already recorded: ann, agent\n"
    told = scr("person", "revoke", "ann", "corrector", "--reason", "r")
    assert told.out == "revoked: ann, corrector @26\n"
    assert told.err == (
        "scr: warning: nobody is corrector now, so nothing can be corrected;"
        " `scr person grant` gives the role\n"
    )
    assert head() == 26


def test_json_says_the_same():
    """
    What was recorded, each with its position; none of a rehearsal.
    """
    told = scr("person", "add", "chief", "--role", "supervisor", "--json").json
    assert told == {
        "schema": "scr-person-recorded/1",
        "status": "recorded",
        "person": "chief",
        "account": None,
        "recorded": [
            {"what": "joined", "position": 20},
            {"what": "supervisor", "position": 21},
        ],
        "already_recorded": [],
    }
    told = scr("person", "add", "chief", "--role", "panel", "--json", "--dry-run").json
    assert told["status"] == "would be recorded"
    assert told["recorded"] == [{"what": "panel", "position": None}]
    assert told["already_recorded"] == ["joined"]
    assert scr("person", "add", "chief", "--json").json["status"] == "already recorded"


def test_the_list_shows_roles_accounts_and_who_is_bound():
    """
    At the head or after a position, with the basis and whether four eyes are on.
    """
    assert scr("person", "list").out.startswith("Four eyes are off\nall @19 ")
    chief()
    scr("person", "add", "ann", "--account", "a\u202eb", "--role", "agent")
    told = scr("person", "list")

    assert told.out.startswith("Four eyes are on\nall @23 ")
    said = [" ".join(one.split()) for one in told.out.splitlines()[-2:]]
    assert said[0].startswith("chief supervisor none asserted 20")
    assert said[0].endswith("20 chief (asserted)")
    assert "ann agent" in said[1]
    assert r"a\u202eb bound" in said[1]
    then = scr("person", "list", "--at", "@21", "--json").json
    assert [row["person"] for row in then["rows"]] == ["chief"]
    assert (then["four_eyes"], then["solo"]) == (True, False)
    assert scr("person", "list", "--at", "@19", "--json").json["four_eyes"] is False
    assert scr("person", "list", "-f", "csv").code == 0


WRONG = [
    (["add"], 2, "Missing argument 'ID'"),
    (["add", "a b"], 2, "the person must be an id"),
    (["add", "\udc80"], 2, "the person must be an id"),
    (["add", "--", "--"], 5, "-- has no letter and no digit"),
    (["add", "zoe", "--role", "king"], 2, "the role must be one of agent, supervisor"),
    (["add", "zoe", "--by", " "], 2, "--by must be text"),
    (["add", "zoe", "--by", "yan"], 5, "yan is no person of this ledger; it takes the"),
    (["add", "CHIEF"], 5, "CHIEF is chief, who is on record already"),
    (["add", "zoe", "--account", "registry"], 5, "the account registry is that of chi"),
    (["grant"], 2, "Missing argument 'ID'"),
    (["grant", "chief"], 2, "Missing argument 'ROLE...'"),
    (["grant", "zoe", "agent"], 3, "no person zoe is on record"),
    (["revoke", "chief", "supervisor"], 2, "Missing option '--reason'"),
    (["revoke", "chief", "supervisor", "--reason", "r"], 5, "is the only supervisor"),
    (["revoke", "chief", "agent", "--reason", "r"], 5, "does not hold the role agent"),
    (["list", "--at", "2020-01-15"], 2, "--at takes a position, such as @20, not 2020"),
    (["list", "--at", ""], 2, "--at takes a position"),
    (["list", "--at", "@99"], 2, "@99 is beyond the head"),
    (["lsit"], 2, "did you mean list?"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be recorded is said in one line, with its exit code; nothing is.
    """
    chief()
    told = scr("person", *arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == 21


def test_a_solo_ledger_needs_no_ceremony(here):
    """
    It says so when it is made, adds nobody, corrects directly, and seals that four eyes
    were off.
    """
    (here / "scr.db").unlink()
    (here / "scr.db.readmodel").unlink(missing_ok=True)
    told = scr("init", "--solo")
    assert told.out.endswith(", solo: four eyes stay off\n")
    (row,) = scr("log", "--json").json["rows"]
    assert row["solo"] is True
    told = scr("person", "add", "me")
    assert (told.code, told.out) == (5, "")
    assert told.err.startswith("scr: this ledger was made with `scr init --solo`")
    listed = scr("person", "list")
    assert listed.out.startswith("Four eyes are off, for ever: the ledger is solo\n")
    assert scr("file", "S-1", "--case-number", "c", "--office", "o").code == 0
    assert scr("void", "S-1", "--reason", "r").code == 0
    assert scr("verify").code == 0


# --- every act, every role ------------------------------------------------------------

TYPED = {
    "filed": "file SCR-9 --case-number c --office o",
    "classified": "classify SCR-1 --category c --subcategory s",
    "determined": "determine SCR-1 --association no --transnational no",
    "disrupted": "disrupt SCR-1 --outcome D9 --on 2023-01-01",
    "dismantled": "dismantle SCR-1 --outcome D9 --on 2023-01-01",
    "transferred": "transfer SCR-1 --office o",
    "reopened": "reopen SCR-1 --reason r",
    "approved": "approve SCR-1",
    "returned": "return SCR-1 --reason r",
    "published": "publish P --measure dd-all --fy 2019 --document d --claims dd-all"
    " --override o",
    "asserted": "assert dd-all FY2019 = 3",
    "withdrawn": "assert --withdraw @20 --reason r",
    "waived": "waive office-silent --scr SCR-1 --until 2030-01-01 --reason r",
    "categorized": "taxonomy load taxonomy.toml",
    "defined": "measure define apg.toml",
    "retired": "measure retire old --reason r",
    "reclassified": "reclassify SCR-1 --category c --subcategory s --reason r",
    "redetermined": "redetermine SCR-1 --association no --transnational no --reason r",
    "redated": "redate SCR-1 --outcome D1 --on 2023-01-01 --reason r",
    "reversed": "reverse SCR-1 --outcome D1 --reason r",
    "rescinded": "rescind SCR-1 --reason r",
    "refiled": "refile SCR-1 --office o --reason r",
    "voided": "void SCR-1 --reason r",
    "reinstated": "reinstate SCR-1 --reason r",
    "merged": "merge ORG-1 --into ORG-2 --reason r",
    "unmerged": "unmerge ORG-1 --reason r",
    "retracted": "publication withdraw Q --reason r",
    "marked": "publication mark Q --fy 2019 --misstated-by-at-least 1 --basis-of b"
    " --reason r",
    "proposed": "correct propose --scr SCR-1 --event voided --reason-code other"
    " --reason r",
    "amended": "correct amend C-1 --scr SCR-1 --event voided --reason-code other"
    " --reason r",
    "agreed": "correct approve C-1 --hash {hash}",
    "rejected": "correct reject C-1 --reason r",
    "framed": "sample frame F stands",
    "drawn": "sample draw A --size 1 --seed s",
    "spared": "sample spare B --item {item} --reason r",
    "examined": "sample record B --item {item} --attribute tco=no",
    "settled": "sample settle C --item {item} --attribute tco=no --reason r",
    "requested": "request add RR-2 --program p --fy 2026 --amount 1 --positions 1",
    "cited": "request cite RR-1 --scr SCR-1",
    "declined": "request decline RR-1 --reason r",
    "recommended": "recommendation add R-2 --text t --addressee a"
    " --issued-on 2023-09-19",
    "responded": "recommendation respond R-1 --non-concur --text t",
    "scheduled": "recommendation milestone R-1 n --due 2030-01-31",
    "completed": "recommendation milestone R-1 m --done",
    "closed": "recommendation close R-1 --evidence e",
    "keyed": "key rotate",
    "distrusted": "key revoke {key} --trusted-to @1 --reason r",
    "checkpointed": "checkpoint",
    "restored": "checkpoint admit --reason r",
    "entrusted": "witness policy --required 1 --witness {other}",
    "cosigned": "witness add cosigned.txt",
}
STANDING = [  # What these are about.
    "publish Q --measure dd-all --fy 2019 --document d --claims dd-all --override o",
    "correct propose --scr SCR-1 --event voided --reason-code other --reason r",
    "sample frame A stands",
    *(f"sample frame {name} stands" for name in "BC"),
    *(f"sample draw {name} --size 1 --spares 1 --seed s" for name in "BC"),
    TYPED["requested"].replace("RR-2", "RR-1"),
    TYPED["recommended"].replace("R-2", "R-1"),
    "recommendation milestone R-1 m --due 2030-01-31",
]
TAXONOMY = """\
title = "t"
source = "s"

[categories.c]
criteria = "x"
requires_tco = "yes"
"""


@pytest.fixture(scope="module")
def peopled(tmp_path_factory):
    """
    A ledger in which each role is held by a person of its name, and something stands
    that can be withdrawn and retired.
    """
    folder = tmp_path_factory.mktemp("peopled")
    path = str(prepare(folder))
    (folder / "apg.toml").write_text(TOML)
    (folder / "old.toml").write_text(TOML.replace('"apg"', '"old"'))
    (folder / "taxonomy.toml").write_text(TAXONOMY)
    by = ("--by", "supervisor")
    for typed in (
        ("assert", "dd-all FY2019 = 3"),
        ("measure", "define", str(folder / "old.toml")),
        *(each.split() for each in STANDING),
    ):
        assert scr("--ledger", path, *typed, *by).code == 0
    item = scr("--ledger", path, "sample", "show", "C", "--json").json["rows"][0][
        "item"
    ]
    found = ("sample", "record", "C", "--item", item, "--attribute")
    previewed = scr("--ledger", path, "correct", "preview", "C-1", "--json").json
    values = {"item": item, "hash": previewed["hash"]}
    for typed in (
        (*found, "tco=no"),
        (*found, "tco=yes", "--review", "second", "--by", "another"),
        *(("person", "add", role, "--role", role) for role in ("supervisor", *ROLES)),
    ):
        told = scr("--ledger", path, *typed, *(() if "--by" in typed else by))
        assert told.code == 0, told.err
    with mock.patch.dict(os.environ, SCR_KEYS=str(folder / "keys")):
        made = scr("--ledger", path, "key", "new", "--json", *by).json
        issued = scr("--ledger", path, "checkpoint", *by).out
    policy = ("--required", "1", "--witness", witness_key("ann", ANN))
    assert scr("--ledger", path, "witness", "policy", *policy, *by).code == 0
    line = note.cosign(note.parse(issued.encode()).text, ANN, "ann", 1)
    (folder / "cosigned.txt").write_text(str(line), encoding="utf-8")
    values["other"] = witness_key("ben", BEN)
    values |= {"key": made["key"], "ledger": made["vkey"].partition("+")[0][11:]}
    (folder / "values.json").write_text(json.dumps(values))
    return folder


@pytest.mark.parametrize("act", TYPED)
def test_a_command_asks_for_its_roles(peopled, here, act):
    """
    Of seven persons with a role each, those who may can; the others are told who may;
    a correction nobody records directly.
    """
    del here
    allowed = MATRIX.get(act, "").split()
    ended = {}
    for role in ROLES:
        users.new()
        for path in peopled.iterdir():
            if path.is_file():
                shutil.copy(path, path.name)
        shutil.copytree(peopled / "keys", os.environ["SCR_KEYS"])
        values = json.loads(Path("values.json").read_text())
        if act == "restored":  # Somebody has to have seen what is gone.
            at = str(Path("scr.db").absolute())
            gone = Now(at, values["ledger"], 999, lambda _: "0" * 64)
            remember(gone, "2024-01-01T00:00:00Z")
        told = scr(*TYPED[act].format(**values).split(), "--by", role)
        ended[role] = told.code
        if told.code:
            assert told.out == ""
            assert told.err.count("\n") == 1
            assert "it takes the role " in told.err
            if act not in MATRIX:
                assert "`scr correct propose`" in told.err

    assert ended == {role: 0 if role in allowed else 5 for role in ROLES}


def test_the_table_of_commands_is_whole():
    """
    Every live command, and everything else that takes a role, is in it.
    """
    events = {
        cls.model_fields["event"].annotation.__args__[0] for cls in VERBS.values()
    }

    beside = {"recalled", "summarized"}  # The latter comes with what is published.
    assert {*TYPED} >= {*MATRIX} - beside | events


def test_an_author_with_the_role_takes_a_package_back(peopled, here):
    """
    A corrector or an approver, if it is their own.
    """
    del here
    users.forget()  # Who has seen another ledger here is refused.
    shutil.copy(peopled / "scr.db", "scr.db")
    propose, recall = TYPED["proposed"].split(), ["correct", "withdraw", "C-2"]
    assert scr(*propose, "--by", "corrector").code == 0

    ended = {role: scr(*recall, "--reason", "r", "--by", role) for role in ROLES}
    assert {role for role, told in ended.items() if told.code == 0} == {"corrector"}
    assert "is no author of package C-2" in ended["approver"].err
    assert "it takes the role corrector or approver" in ended["auditor"].err


# --- shown ----------------------------------------------------------------------------

PUBLISH = TYPED["published"].split()


def test_a_publication_says_whether_four_eyes_were_on(here):
    """
    Off, with a notice in each report; or on, and by whom, bound or asserted.
    """
    assert scr(*PUBLISH).code == 0
    shown = scr("publication", "show", "P")
    assert "by chief (asserted).\n" in shown.out
    assert "Four eyes were off: no role was asked for," in shown.out
    chief()
    scr("person", "add", "pia", "--role", "publisher", "--account", "pia-acct")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "account", lambda: "pia-acct")
        told = scr(*[word.replace("P", "Q") for word in PUBLISH], "--by", "Pia")
    assert told.code == 0, told.err
    shown = scr("publication", "show", "Q", "--json").json
    assert (shown["four_eyes"], shown["identity"]) == (True, "bound")
    assert "by Pia.\n" in scr("publication", "show", "Q").out
    assert scr("publication", "verify").code == 0
    assert scr("verify").code == 0
    for name, notice in (("P", True), ("Q", False)):
        for fmt in ("md", "html"):
            text = scr("publication", "report", name, "-f", fmt).out
            assert ("Four eyes were off" in text) is notice
            assert ("Four eyes were on" in text) is not notice
            assert ("(asserted)" in text.replace("\\", "")) is notice
    del here


def test_one_that_is_silent_keeps_its_bytes(here):
    """
    A publication of an earlier version does not say; it verifies, and says nothing.
    """
    from ledger.domain import publication as publications
    from ledger.reader import open_log
    from projections.publications import named

    assert scr(*PUBLISH).code == 0
    with open_log("scr.db") as log:
        made = named(log, "P").content
    old = made._replace(
        name="OLD",
        four_eyes=None,
        seal_salt=None,
        figures=tuple(
            each._replace(
                last=publications.lasts(made)[each.measure, each.fiscal_year],
                members_root=None,
            )
            for each in made.figures
        ),
    )
    assert "four_eyes" not in publications.as_json(old)
    smuggle(
        "scr.db",
        "publication/OLD",
        "ledger.published/1",
        event="published",
        publication="OLD",
        seal=publications.seal_of(old),
        content=publications.as_json(old),
    )

    assert scr("publication", "verify", "OLD").code == 0
    assert "our eyes" not in scr("publication", "show", "OLD").out
    assert "our eyes" not in scr("publication", "report", "OLD").out
    del here


def test_assertions_say_who_is_only_asserted():
    """
    In the list by a word, and in every row of JSON.
    """
    assert scr("assert", "dd-all FY2019 = 3").code == 0
    scr("person", "add", "ann", "--account", "registry", "--role", "auditor")
    assert scr("assert", "dd-all FY2020 = 1", "--by", "ann").code == 0
    told = scr("check", "--list", "--json").json["rows"]

    assert [row["identity"] for row in told] == ["unknown", "bound"]
    lines = scr("check", "--list").out.splitlines()
    assert "chief (asserted)" in lines[-2]
    assert "ann" in lines[-1]
    assert "asserted" not in lines[-1]


def test_the_log_is_about_persons():
    """
    A fact about a person has that person as its subject.
    """
    chief()
    rows = scr("log", "--from", "@20", "--json").json["rows"]

    assert json.dumps(rows[1]["role"]) == '"supervisor"'
    said = scr("log", "--from", "@20").out.splitlines()
    assert said[-1].split()[1] == "chief"
