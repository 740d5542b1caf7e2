"""The members roots of a publication: made of its secret, and verified with it."""

import shutil

import pytest

from ledger import fsck
from ledger.domain.publication import seal_of
from ledger.errors import PublicationChangedError
from ledger.members import committed, miscommitted, summary_of
from tests.commandline import prepare
from tests.publications import forge, payload, publish, verify

SECRET = "5c" * 32


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """
    A ledger that has published.
    """
    folder = tmp_path_factory.mktemp("made")
    path = str(prepare(folder))
    publish(path, "APR", ("dd-all", 2019), ("dd-all", 1990))
    return path


@pytest.fixture
def path(made, tmp_path):
    """
    A copy of it.
    """
    return shutil.copy(made, tmp_path / "scr.db")


def content(path):
    """
    Return what is sealed, and the secret.
    """
    from tests.publications import every

    (one,) = every(path)
    return one.content, one.secret


def test_the_same_secret_gives_the_same_roots_and_seal(path):
    """
    So a publication can be computed again for ever; with another it has another seal.
    """
    one, secret = content(path)

    assert committed(one, secret) == one
    assert seal_of(committed(one, SECRET)) != seal_of(one)
    assert list(miscommitted(one, secret)) == []
    assert list(miscommitted(one, SECRET)) != []
    assert list(miscommitted(one, None)) != []
    assert verify(path, "APR")


def test_a_secret_is_drawn_for_each(path):
    """
    Two publications of the same figures have nothing in common to be compared.
    """
    publish(path, "APR-2", ("dd-all", 2019))
    from tests.publications import every

    one, two = every(path)
    assert one.secret != two.secret
    assert one.content.figures[0].members_root != two.content.figures[0].members_root


def test_what_is_printed_names_nobody(path):
    """
    The summary has the figures and roots, and no list, hash of a list, or salt.
    """
    one, secret = content(path)
    told = repr(summary_of(one, seal_of(one)))

    assert one.figures[0].members_root in told
    for hidden in (*one.figures[0].counted, secret, one.seal_salt):
        assert hidden not in told
    assert one.figures[0].counted_sha256 not in told


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("members_secret"),
        lambda said: said.update(members_secret=SECRET),
        lambda said: said["content"]["figures"][0].update(members_root="ab" * 32),
        lambda said: said["content"]["figures"][0].pop("members_root"),
        lambda said: said["content"].update(seal_salt="ab" * 32),
    ],
)
def test_roots_that_are_not_of_the_secret_are_found(path, change):
    """
    By both ways of verifying, also where leaf hash and seal were made anew.
    """
    from ledger.domain import publication as publications

    said = payload(path, 20)
    change(said)
    said["seal"] = seal_of(publications.from_json(said["content"]))
    forge(path, 20, said, rehash=True)

    findings = fsck.check(path, lambda _: None).findings
    assert any("not what its secret gives" in one.why for one in findings)
    with pytest.raises(PublicationChangedError):
        verify(path, "APR")


def test_a_publication_of_an_earlier_version_verifies(path):
    """
    It has neither roots, nor salt, nor a secret.
    """
    from ledger.domain import publication as publications

    said = payload(path, 20)
    del said["members_secret"], said["content"]["seal_salt"]
    for figure in said["content"]["figures"]:
        del figure["members_root"]
    said["seal"] = seal_of(publications.from_json(said["content"]))
    forge(path, 20, said, rehash=True)

    assert verify(path, "APR")
    found = {one.check for one in fsck.check(path, lambda _: None).findings}
    assert found <= {"tiles"}
