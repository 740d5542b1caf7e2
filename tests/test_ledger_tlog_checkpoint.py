"""Checkpoints: three lines, signed."""

import pytest

from ledger.tlog import checkpoint, note

# C2SP tlog-checkpoint, its example; the signature is by a key that is not published.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
    "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_the_example_of_the_specification():
    """
    The specification's example reads, and prints as it was.
    """
    read = checkpoint.parse(EXAMPLE.encode())

    assert read.head.origin == "example.com/behind-the-sofa"
    assert read.head.size == 20852163
    assert str(read.head) == read.note.text
    assert str(read) == EXAMPLE


def test_an_origin_is_of_one_ledger():
    """
    The origin names the ledger by its id, and can be the name of a key.
    """
    origin = checkpoint.origin_of("0b0c8a3e-5a9c-4a53-9a0e-3a0d3a9d4c11")

    assert origin == "scr-ledger/0b0c8a3e-5a9c-4a53-9a0e-3a0d3a9d4c11"
    assert note.is_name(origin)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"o\n07\n{ROOT}\n", "size"),
        (f"o\n-1\n{ROOT}\n", "size"),
        (f"o\n+1\n{ROOT}\n", "size"),
        (f"o\n\u0661\n{ROOT}\n", "size"),
        (f"o\n9223372036854775808\n{ROOT}\n", "size"),
        (f"\n7\n{ROOT}\n", "origin"),
        (f"a b\n7\n{ROOT}\n", "origin"),
        ("o\n7\nAAAA\n", "32 bytes"),
        ("o\n7\n!\n", "base64"),
        ("o\n7\n", "three lines"),
        (f"o\n7\n{ROOT}", "three lines"),
        (f"o\n7\n{ROOT}\nmore\n", "three lines"),
        (f"o\n7\n{ROOT}\n\n", "three lines"),
    ],
)
def test_what_is_no_checkpoint(text, says):
    """
    A text that is not origin, size and root, each a line, is refused.
    """
    with pytest.raises(note.NoteError, match=says):
        checkpoint.parse_head(text)
