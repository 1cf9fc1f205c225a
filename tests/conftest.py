"""Settings all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# A test run is the same run each time: what changes it is a change of the project. `make explore` draws new examples.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
