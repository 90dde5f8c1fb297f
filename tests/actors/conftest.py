"""What the tests of the actors share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.metrics.metrics_actor import MetricsActor
from tests.actors.metering import no_gauges


@pytest.fixture
def actor() -> Iterator[MetricsActor]:
    actor = MetricsActor(no_gauges)
    yield actor
    actor.stop_serving()
