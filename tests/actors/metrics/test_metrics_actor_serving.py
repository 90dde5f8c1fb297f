"""Metrics as they are served: the page, the port and the thread."""

from __future__ import annotations

import gzip
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from actors.metrics.metrics_actor import Gauges, MetricsActor
from supervisors.facts import DeadLettered, LoopBlocked
from tests.actors.metering import PATIENCE, PROMISED, one_of_each


def fetch(actor: MetricsActor, path: str = "/metrics", **headers: str) -> tuple[str, str]:
    """Return the body and the content type of what is served."""
    request = urllib.request.Request(f"http://127.0.0.1:{actor.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return response.read().decode(), response.headers["Content-Type"]


def test_what_is_served_parses_and_is_exact(actor: MetricsActor) -> None:
    actor.serve(0)
    for fact in one_of_each():
        actor.feed(fact)

    body, content_type = fetch(actor)

    families = {family.name: family for family in parse_text(body)}
    assert content_type.startswith("text/plain")
    assert set(families) == {name.removesuffix("_total") for name in PROMISED}
    assert families["mixmode_dead_letters"].samples[0].value == 1
    assert body.encode() == actor.text()


def test_openmetrics_is_served_to_those_who_ask_for_it(actor: MetricsActor) -> None:
    actor.serve(0)
    for fact in one_of_each():
        actor.feed(fact)

    body, content_type = fetch(actor, Accept="application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    families = parse_openmetrics(body)  # type: ignore[no-untyped-call]  # it has no annotations
    assert {family.name for family in families} == {name.removesuffix("_total") for name in PROMISED}


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text;version=9;q=zz;escaping=allow-utf-8," * 100, "*/*;;=", "ü"]
)
def test_whatever_is_said_to_be_understood_the_page_is_served(actor: MetricsActor, accept: str) -> None:
    actor.serve(0)

    assert fetch(actor, Accept=accept)[1].startswith(("text/plain", "application/openmetrics-text"))


def test_it_is_compressed_for_those_who_understand_that(actor: MetricsActor) -> None:
    actor.serve(0)
    request = urllib.request.Request(f"http://127.0.0.1:{actor.port}/metrics", headers={"Accept-Encoding": "gzip"})

    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        body = gzip.decompress(response.read())

    assert (response.headers["Content-Encoding"], body) == ("gzip", actor.text())


def test_single_metrics_can_be_asked_for_by_name(actor: MetricsActor) -> None:
    actor.serve(0)
    actor.feed(DeadLettered("late_answer", ""))

    body, _ = fetch(actor, "/metrics?name[]=mixmode_dead_letters_total")

    assert [family.name for family in parse_text(body)] == ["mixmode_dead_letters"]


def test_promtool_accepts_the_page() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool, of the package prometheus, is not installed")
    actor = MetricsActor(lambda: Gauges({"searcher": 3}, {"agent": 2}, {"searcher": 1}))
    for fact in one_of_each():
        actor.feed(fact)
    for name in ('quo"ted', "new\nline", "carriage\rreturn", "back\\slash", "überall", "\ud800", ""):
        actor.feed(LoopBlocked(name, 1.0))

    verdict = subprocess.run(
        [promtool, "check", "metrics"], input=actor.text(), capture_output=True, check=False, timeout=PATIENCE
    )

    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, b"", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is not an address")
def test_no_other_address_is_bound(actor: MetricsActor) -> None:
    actor.serve(0)
    assert actor.port is not None

    # Whoever listens on every address listens on this one too.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", actor.port), timeout=PATIENCE)


def test_a_port_in_use_is_refused_by_its_number(actor: MetricsActor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]

        with pytest.raises(OSError, match=f"port {port}: Address already in use; choose another"):
            actor.serve(port)

    assert actor.port is None


@pytest.mark.parametrize("port", [-1, 65_536])
def test_impossible_ports_are_refused(actor: MetricsActor, port: int) -> None:
    with pytest.raises(ValueError, match=f"port must be from 0 to 65535, not {port}"):
        actor.serve(port)


def test_serving_twice_is_refused(actor: MetricsActor) -> None:
    actor.serve(0)

    with pytest.raises(RuntimeError, match=f"served on port {actor.port} already"):
        actor.serve(0)


def test_nothing_listens_unless_asked(actor: MetricsActor) -> None:
    assert actor.port is None


def test_after_stopping_the_port_is_free_and_the_thread_has_ended(actor: MetricsActor) -> None:
    actor.serve(0)
    port = actor.port
    assert port is not None
    fetch(actor)

    actor.stop_serving()
    actor.stop_serving()

    assert actor.port is None
    assert "mixmode-metrics" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def test_it_can_serve_again_on_the_same_port(actor: MetricsActor) -> None:
    actor.serve(0)
    port = actor.port
    assert port is not None
    fetch(actor)
    actor.stop_serving()

    actor.serve(port)

    assert fetch(actor)[0]
