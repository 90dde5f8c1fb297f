"""The metrics actor: takes facts, keeps plain numbers, and hands them to Prometheus when asked."""

from __future__ import annotations

import errno
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest, make_wsgi_app
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from actors.metrics.instruments import BUCKET_BOUNDS, Counter, Histogram, Instrument
from actors.metrics.measurements import Measurements, Stage
from actors.metrics.request import Wish
from actors.metrics.server import MetricsServer, Page
from supervisors.facts import Fact
from supervisors.trace import TraceRecord

logger = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"

FOLD_AT: Final = 200
"""With more facts than this pending, whoever feeds one folds some, unless another thread does."""

FOLD_BATCH: Final = 200
"""How many facts are folded by whoever feeds one too many."""

PENDING_LIMIT: Final = 10_000
"""With more facts than this pending, whoever feeds one waits for its turn to fold them."""

_MAX_PORT: Final = 65_535
_BUCKET_NAMES: Final = (*map(str, BUCKET_BOUNDS), "+Inf")


class Gauges(NamedTuple):
    """What is read off a runtime when its metrics are asked for.

    Attributes:
        mailbox_depth: How many events wait, by agent.
        actors: How many actors are alive, by kind.
        abandoned_work: How many pieces of given-up work still run, by agent.
        breaker_state: The level of each circuit breaker, by agent.
        runs_waiting: How many runs wait for their turn, by workflow.
    """

    mailbox_depth: Mapping[str, int]
    actors: Mapping[str, int]
    abandoned_work: Mapping[str, int]
    breaker_state: Mapping[str, int] = MappingProxyType({})
    runs_waiting: Mapping[str, int] = MappingProxyType({})


class MetricsActor:
    """Counts what happens in a runtime. An actor: its mailbox holds facts, one thread handles them.

    It has no thread of its own. Facts wait in the mailbox until somebody asks for the metrics, or
    until so many wait that whoever brings the next one handles some. So the metrics are exact
    whenever they are asked for. All methods may be called from any thread.

    Args:
        gauges: Reads off the runtime what is not told as facts. Called once for each scrape, on
            the scraping thread.

    Attributes:
        registry: What a service mounts to export these metrics beside its own. Not the global one.
    """

    def __init__(self, gauges: Callable[[], Gauges]) -> None:
        self._gauges = gauges
        # Appended to by any thread (atomic); read and popped only by the lock's holder.
        # Invariant: the fact being counted is the head until it has been counted.
        self._pending: deque[Fact | Stage] = deque()
        # Held while facts are folded or the numbers are copied, never while anything is awaited.
        # Reentrant so that a release in a `finally` can tell whether this thread holds it, and so that
        # a finalizer or signal handler that strikes inside does not wait for itself.
        self._lock = threading.RLock()
        # Touched by the lock's holder only.
        self._measurements = Measurements()
        self._is_counting = False
        # Written by the lock's holder, taken by a scrape; one attribute, one store.
        self._defect: Exception | None = None
        # Written by `serve` and `stop_serving`, under the lock beside it.
        self._server: MetricsServer | None = None
        self._serving = threading.Lock()
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._app = make_wsgi_app(self.registry)

    @property
    def port(self) -> int | None:
        """The port on which the metrics are served; None while they are not."""
        server = self._server
        return None if server is None else server.port

    def feed(self, fact: Fact) -> None:
        """Take a fact. Does not wait for a scrape unless more than `PENDING_LIMIT` are pending.

        Raises:
            KeyboardInterrupt: If it struck inside. The fact is kept, and none is lost; the one
                that was being counted may be counted in part twice.
        """
        self._pending.append(fact)
        if len(self._pending) > FOLD_AT:
            self._relieve()

    def feed_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        """Take what a `StageEnded` would tell; as `feed` does, for less. Every step comes here."""
        self._pending.append((workflow, record))
        if len(self._pending) > FOLD_AT:
            self._relieve()

    def fold(self) -> None:
        """Count all facts that were pending when this was called."""
        with self._lock:
            self._count(len(self._pending))

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, all facts that were fed before included. For the registry."""
        gauges = self._gauges()
        with self._lock:
            self._count(len(self._pending))
            self._measurements.read(*gauges)
            instruments = [each.detached() for each in self._measurements.instruments]
        self._report_defect()
        for instrument in instruments:
            yield _family(instrument)

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without any numbers. For the registry."""
        return [_family(instrument) for instrument in Measurements().instruments]

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def serve(self, port: int, host: str = LOOPBACK) -> None:
        """Serve the metrics over HTTP until `stop_serving()`; to this machine only, as it stands.

        Only `GET` and `HEAD` of `/metrics` are answered, and only to who calls this machine by a name of its loopback
        interface in `Host`. One thread attends to all clients; slow ones, and more than enough of them, are cut off.

        Args:
            port: Where to listen; 0 for any free port, see `port`.
            host: The one address on which to listen.

        Raises:
            ValueError: If there can be no such port.
            RuntimeError: If they are being served already.
            OSError: If the address cannot be had; then nothing listens.
        """
        if not 0 <= port <= _MAX_PORT:
            raise ValueError(f"port must be from 0 to {_MAX_PORT}, not {port!r}")
        with self._serving:
            if self._server is not None:
                raise RuntimeError(f"the metrics are served on port {self.port} already; stop_serving() first")
            try:
                self._server = MetricsServer(self.page, host, port)
            except OSError as error:
                raise _refusal(port, host, error) from error

    def stop_serving(self) -> None:
        """Close the port and all connections to it, and end its thread. Does nothing if nothing is served."""
        with self._serving:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def page(self, wish: Wish) -> Page:
        """Return the metrics that a client asks for, in the format that it understands."""
        asked = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/metrics",
            "QUERY_STRING": wish.query,
            "HTTP_ACCEPT": wish.accept,
            "HTTP_ACCEPT_ENCODING": wish.accept_encoding,
        }
        headers: list[tuple[str, str]] = []

        def start_response(_status: str, given: list[tuple[str, str]]) -> None:
            headers.extend(given)

        return Page(headers, b"".join(self._app(asked, start_response)))

    def _relieve(self) -> None:
        """Fold some facts, without waiting for whoever else is inside unless far too many wait."""
        if len(self._pending) > PENDING_LIMIT:
            self.fold()
            return
        try:
            if self._lock.acquire(blocking=False):
                self._count(min(FOLD_BATCH, len(self._pending)))
        finally:
            # No call may come before the release: an interrupt would leave it locked.
            try:  # noqa: SIM105  # suppress() would be such a call
                self._lock.release()
            except RuntimeError:
                pass  # another thread holds it

    def _count(self, facts: int) -> None:
        """Count so many of the pending facts, oldest first. Inside the lock."""
        if self._is_counting:
            return  # a finalizer or signal handler struck inside
        self._is_counting = True
        try:
            pending, notes = self._pending, self._measurements.notes
            for _ in range(facts):
                fact = pending[0]
                note = notes.get(type(fact))
                try:
                    if note is not None:
                        note(fact)
                except Exception as error:  # noqa: BLE001  # a defect of ours must not stop the counting
                    self._defect = error
                pending.popleft()
        finally:
            self._is_counting = False

    def _report_defect(self) -> None:
        """Log the last defect, here where it is a scrape that may be held up by a log handler."""
        defect, self._defect = self._defect, None
        if defect is not None:
            logger.error("a fact could not be counted: %r", defect, exc_info=defect)


def _family(instrument: Instrument) -> Metric:
    """Return what prometheus-client makes lines of."""
    if isinstance(instrument, Histogram):
        return _histogram_family(instrument)
    kind = CounterMetricFamily if isinstance(instrument, Counter) else GaugeMetricFamily
    family = kind(instrument.name, instrument.text, labels=instrument.labels)
    for values, amount in instrument.series.items():
        family.add_metric(values, amount)
    return family


def _histogram_family(histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(histogram.name, histogram.text, labels=histogram.labels)
    for values, series in histogram.series.items():
        buckets = list(zip(_BUCKET_NAMES, series.cumulated(), strict=True))
        family.add_metric(values, buckets, series.total)
    return family


def _refusal(port: int, host: str, error: OSError) -> OSError:
    is_short = error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
    hint = "try again later" if is_short else "choose another port, or 0 for any that is free"
    return OSError(error.errno, f"cannot serve metrics on {host}, port {port}: {error.strerror}; {hint}")
