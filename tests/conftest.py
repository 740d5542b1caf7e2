"""How hard the properties are tried: `SCR_EXAMPLES` sets the examples of each."""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "scr",
    deadline=None,
    max_examples=int(os.environ.get("SCR_EXAMPLES", "50")),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
settings.load_profile("scr")
