"""How hard the properties are tried, and that nobody's own files are touched.

`SCR_EXAMPLES` sets the examples of each property. What the program keeps per user, it
keeps here in folders that are gone afterwards: those of another user for each test, so
that no test has seen what another one did. Processes that tests start inherit them.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests import users

settings.register_profile(
    "scr",
    deadline=None,
    max_examples=int(os.environ.get("SCR_EXAMPLES", "50")),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
settings.load_profile("scr")

users.new()  # What is set up for a whole module is set up by this one.


@pytest.fixture(autouse=True)
def _another_user():
    """
    Each test is a user who has never seen a ledger.
    """
    before = {name: os.environ[name] for name in users.KEPT}
    users.new()
    yield
    os.environ.update(before)
