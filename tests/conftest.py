"""Settings of all tests: what hypothesis searches, which settings of the machine they see, what may be skipped in CI."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.examples import FUZZ_EXAMPLES

# A slow, shared machine is no failure; the examples are the same each time, so that a failure can be repeated.
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("lanewatch", derandomize=True, **SLOW)
settings.register_profile("fuzz", max_examples=FUZZ_EXAMPLES, print_blob=True, **SLOW)
settings.load_profile("lanewatch")

MAY_SKIP = re.compile(r"\.\./shared|no real clips|root may read every file|this machine has a GPU")
"""Reasons of a skip that CI accepts: what no set-up can bring. PostgreSQL, a browser, the page and torch it brings."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a skip for another reason is a failure."""
    report: pytest.TestReport = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if not MAY_SKIP.search(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} may not be skipped in CI ({reason}); the set-up brings what it needs"
    return report


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_machine() -> Iterator[None]:
    """Takes away what somebody set for a service of their own; LANEWATCH_SHARED says where real clips are."""
    names = {"REDIS_URL", "DATABASE_URL"} | {name for name in os.environ if name.startswith("LANEWATCH_")}
    with pytest.MonkeyPatch.context() as patch:
        for name in names - {"LANEWATCH_SHARED", "LANEWATCH_CACHE"}:
            patch.delenv(name, raising=False)
        yield
