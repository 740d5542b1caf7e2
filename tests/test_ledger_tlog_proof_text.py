"""Proof files: read and printed as C2SP has them, in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import checkpoint, proof_text
from ledger.tlog.note import NoteError
from tests.proofs import entries, grown, included, signed, text

# C2SP tlog-witness, its example of a request body.
ADD_CHECKPOINT = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
    "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum"
    "2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
)
# C2SP tlog-proof, its example, as far as it is not abridged there; the checkpoint is
# of that of tlog-checkpoint.
TLOG_PROOF = (
    "c2sp.org/tlog-proof@v1\n"
    "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n"
    "index 73894\n"
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
    "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"
    "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
    "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
    "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
# github.com/transparency-dev/formats, proof/tlog_proof_test.go: SHA-256 of `hash1`.
HASH1 = "rzFuy5Go7nrpkhBwKy1HWPMM3eO/YePY54fXRoH5Cm4="


def test_the_example_of_a_request_to_a_witness():
    """
    The specification's example reads, and prints as it was.
    """
    read = proof_text.parse_consistency(ADD_CHECKPOINT.encode())

    assert (read.old, len(read.path)) == (20852014, 4)
    assert read.checkpoint.head.size == 20852163
    assert len(read.checkpoint.note.signatures) == 2
    assert str(read) == ADD_CHECKPOINT
    assert proof_text.parse(ADD_CHECKPOINT.encode()) == read


def test_the_example_of_a_proof():
    """
    The specification's example reads, and prints as it was; it says what it is of.
    """
    read = proof_text.parse_inclusion(TLOG_PROOF.encode())

    assert read.entry.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert (read.leaf_index, len(read.path)) == (73894, 5)
    assert str(read) == TLOG_PROOF
    assert proof_text.parse(TLOG_PROOF.encode()) == read


@given(st.integers(1, 20), st.data())
def test_what_is_made_is_read_again(size, data):
    """
    A proof of any fact of a log, or from any size, comes back as it was, and holds.
    """
    position = data.draw(st.integers(1, size))
    facts = entries(size)
    one = signed(facts)
    proof = included(facts, position, one)
    growth = grown(facts, position, one)

    assert proof_text.parse_inclusion(str(proof).encode()) == proof
    assert proof.holds
    assert proof_text.parse_consistency(str(growth).encode()) == growth
    assert growth.extends(signed(facts[:position]).head.root)
    assert not growth.extends(b"\0" * 32) or position == 0


def test_a_proof_holds_of_nothing_else():
    """
    Another fact, another place or another log: it does not hold.
    """
    facts = entries(7)
    proof = included(facts, 3, signed(facts))

    assert proof.holds
    assert not proof._replace(entry=facts[3]).holds
    assert not proof._replace(leaf_index=3).holds
    assert not proof._replace(checkpoint=signed(entries(7, "0"))).holds
    assert not proof._replace(path=proof.path[:-1]).holds


def test_any_of_them_is_read_by_its_first_words():
    """
    A checkpoint is neither kind of proof, and read all the same.
    """
    one = signed(entries(2))

    assert proof_text.parse(text(one)) == one
    assert isinstance(proof_text.parse(text(one)), checkpoint.Checkpoint)


def changed(old: str, new: str, of: str = TLOG_PROOF) -> bytes:
    """
    Return a proof with something in it put otherwise.
    """
    assert old in of
    return of.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed("@v1", "@v2"), "first line"),
        (changed("index 73894", "index 073894"), "index"),
        (changed("index 73894", "index +73894"), "index"),
        (changed("index 73894", "index -5"), "index"),
        (changed("index 73894", "index notanumber"), "index"),
        (changed("index 73894", "index  73894"), "index"),
        (changed("index 73894", "index 73894 "), "index"),
        (changed("index 73894\n", ""), "index"),
        (changed("extra YWdl", "extra !WdlL"), "base64"),
        (
            changed("extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n", ""),
            "fact",
        ),
        (changed("extra YWdl", "Extra YWdl"), "fact"),
        (changed("gSKyXoYZ", "!!notbase"), "base64"),
        (changed("gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=", "AAAA"), "32 bytes"),
        (changed("PlQ=\n", "PlR=\n"), "base64"),
        (changed("PlQ=\n", "PlQ=\r\n"), "base64"),
        (changed("PlQ=\n", "PlQ= \n"), "base64"),
        (changed("\n\nexample", "\n\n\nexample"), "origin|checkpoint"),
        (
            changed("c2sp", "\u00e92sp").replace("\u00e92sp".encode(), b"c2sp\xc3"),
            "ASCII",
        ),
        (TLOG_PROOF.partition("\n\n")[0].encode(), "empty line"),
        (TLOG_PROOF.encode() + b"\n", "signature"),
        (TLOG_PROOF.encode()[:-1], "signature"),
        (b"c2sp.org/tlog-proof@v1\n\n" + text(signed(entries(1))), "fact"),
        (b"x" * (proof_text.LONGEST + 1), "longer"),
    ],
)
def test_what_is_no_inclusion_proof(data, says):
    """
    What is not of the form, or not in its one spelling, is refused.
    """
    with pytest.raises(NoteError, match=says):
        proof_text.parse_inclusion(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed("old 2085", "old 02085", ADD_CHECKPOINT), "old"),
        (changed("old 2085", "old  2085", ADD_CHECKPOINT), "old"),
        (changed("old 2085", "new 2085", ADD_CHECKPOINT), "old"),
        (changed("old 20852014\n", "", ADD_CHECKPOINT), "old"),
        (changed("PlRN", "PlR", ADD_CHECKPOINT), "base64|32 bytes"),
        (changed("old 20852014", "old 99999999999999999999", ADD_CHECKPOINT), "old"),
        (
            changed(
                "old 20852014\n", "old 20852014\n" + f"{HASH1}\n" * 60, ADD_CHECKPOINT
            ),
            "at most 63",
        ),
    ],
)
def test_what_is_no_consistency_proof(data, says):
    """
    What is not of the form, or longer than the longest there is, is refused.
    """
    with pytest.raises(NoteError, match=says):
        proof_text.parse_consistency(data)
