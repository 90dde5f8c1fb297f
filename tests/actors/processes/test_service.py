"""What serves an agent in its process, here on a thread of this one, and how the two sides talk."""

from __future__ import annotations

import gc
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.codec import decode, encode
from actors.processes import child as process_child
from actors.processes.child import (
    HEAD,
    MARK_BYTES,
    NUMBER,
    BrokenChannelError,
    Message,
    framed,
    receive,
    watch,
)
from actors.processes.service import Request, Service
from actors.values.event import Event
from actors.values.rendering import LONGEST_TEXT
from tests.actors.child_processes import PATIENCE
from tests.actors.dispatchers import process_agents
from tests.scenarios.timing import eventually

HERE = process_agents.__name__
LIMIT = 10_000
MARK = b"m" * MARK_BYTES
OTHER_MARK = b"o" * MARK_BYTES


class Host:
    """The other side of a service."""

    def __init__(self, qualname: str, module: str = HERE) -> None:
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(PATIENCE)
        self.service = Service(theirs, agent="writer", reference=f"{module}:{qualname}", most_bytes=LIMIT)
        self.errors: list[BaseException] = []
        self._numbers = 0
        self._theirs = theirs
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            self.service.serve()
        except BaseException as error:  # noqa: BLE001  # the test looks at it
            self.errors.append(error)
        self._theirs.close()

    def send(self, call: str, event: Event | None = None, state: Any = None, **facts: Any) -> int:
        """Send a request and return its number."""
        self._numbers += 1
        event = event or Event("writer")
        contents = {"call": call, "number": self._numbers, **facts}
        if call == "run":
            contents |= {"data": event.data, "state": state or {}, "meta": {}, "attempt": 1, "remaining": None}
        self.channel.sendall(framed(encode(Event(event.target, contents, event.metadata, id=event.id)), MARK))
        return self._numbers

    def answer(self, **options: Any) -> Any:
        message = receive(self.channel, LIMIT * 10, MARK)
        assert message is not None, self.errors
        return decode(message.content, **options).data

    def ask(self, call: str, event: Event | None = None, state: Any = None, **facts: Any) -> Any:
        self.send(call, event, state, **facts)
        return self.answer()

    def end(self) -> None:
        self.channel.close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    hosts: list[Host] = []
    yield hosts
    for host in hosts:
        host.end()


@pytest.fixture
def started(hosts: list[Host]) -> Any:
    def start(qualname: str) -> Host:
        hosts.append(Host(qualname))
        assert hosts[-1].ask("start") == {}
        return hosts[-1]

    return start


def failure_of(answer: Any) -> tuple[str, str]:
    return answer["failure"]["reason"], answer["failure"]["text"]


# What it answers


def test_the_delta_and_the_metadata_are_answered(started: Any) -> None:
    answer = started("echo").ask("run", Event("writer", {"a": 1}, {"phase": 2}, id="7"), {"old": 1, "kept": 2})

    assert answer["changed"]["seen"] == ["writer", {"a": 1}, {"phase": 2}, "7"]
    assert (answer["removed"], answer["metadata"]) == (("old",), {"length": 1})
    assert "kept" not in answer["changed"]


def test_hooks_are_called_in_order(started: Any) -> None:
    host = started("Fragile")

    assert host.ask("restart", reason="abandoned") == {}
    assert host.ask("run")["changed"]["restarted"] == "abandoned"
    assert host.ask("stop") == {}


@pytest.mark.parametrize("qualname", ["echo", "Asynchronous"])
def test_nothing_of_a_request_is_kept_while_the_next_one_is_waited_for(started: Any, qualname: str) -> None:
    host = started(qualname)
    host.ask("run", Event("writer", {"a": 1}), {"old": 1})

    def kept() -> list[str]:
        gc.collect()
        return [each.call for each in gc.get_objects() if isinstance(each, Request)]

    assert eventually(lambda: "run" not in kept())


def test_a_function_has_no_hooks(started: Any) -> None:
    host = started("echo")

    assert host.ask("restart", reason="abandoned") == {}


@pytest.mark.parametrize("qualname", ["made", "made_async", "Asynchronous"])
def test_agents_of_each_kind_are_served_until_they_are_stopped(started: Any, qualname: str) -> None:
    host = started(qualname)

    assert host.ask("run")["changed"]
    assert host.ask("stop") == {}
    assert receive(host.channel, LIMIT) is None


@pytest.mark.parametrize(
    ("qualname", "state", "expected"),
    [
        ("rubbish", {}, ("invalid_result", "it returned int")),
        ("late_promise", {}, ("exception", "returned an awaitable from a plain function")),
        ("shares", {}, ("invalid_result", "state['lock'] is shared by reference")),
        ("answers", {}, ("missing_input", "'question'")),
        ("answers", {"question": 0}, ("missing_output", "'answer'")),
    ],
)
def test_what_is_no_result_is_answered_with_a_reason(
    started: Any, qualname: str, state: Any, expected: tuple[str, str]
) -> None:
    reason, text = failure_of(started(qualname).ask("run", state=state))

    assert reason == expected[0]
    assert expected[1] in text


def test_a_result_that_is_too_long_is_not_sent(started: Any) -> None:
    answer = started("swells").ask("run", Event(data={"size": LIMIT}))

    reason, text = failure_of(answer)
    assert reason == "invalid_result"
    assert f"and {LIMIT} are the limit" in text


def test_a_result_that_cannot_be_encoded_is_not_sent(started: Any) -> None:
    host = started("breaks")

    reason, text = failure_of(host.ask("run"))

    assert reason == "invalid_result"
    assert "lacks 'x'" in text


def test_an_error_is_answered_with_its_types_and_its_text_cut(started: Any) -> None:
    failure = started("rants").ask("run")["failure"]

    assert failure["types"] == ("builtins.ValueError", "builtins.Exception", "builtins.BaseException")
    for text in (failure["text"], failure["traceback"]):
        assert "characters left out" in text
        assert len(text) < 2 * LONGEST_TEXT


@pytest.mark.parametrize(("module", "qualname"), [("nowhere", "agent"), (HERE, "missing"), (HERE, "makes_nothing")])
def test_an_agent_that_cannot_be_made_is_answered_and_that_is_all(
    hosts: list[Host], module: str, qualname: str
) -> None:
    hosts.append(Host(qualname, module))

    assert failure_of(hosts[0].ask("start"))[0] == "exception"
    assert receive(hosts[0].channel, LIMIT) is None


@pytest.mark.parametrize("qualname", ["Unready"])
def test_a_hook_that_raises_is_answered(hosts: list[Host], qualname: str) -> None:
    hosts.append(Host(qualname))

    assert failure_of(hosts[0].ask("start")) == ("exception", "RuntimeError: not today")


@pytest.mark.parametrize("qualname", ["Fragile", "Asynchronous"])
def test_a_request_that_cannot_be_understood_is_answered(started: Any, qualname: str) -> None:
    host = started(qualname)

    host.channel.sendall(framed(b"\xc1", MARK))

    reason, text = failure_of(host.answer())
    assert reason == "invalid_input"
    assert "the bytes are no message" in text
    assert host.ask("run")["changed"]


@pytest.mark.parametrize("qualname", ["Fragile", "Asynchronous"])
def test_a_request_that_is_too_long_ends_it(started: Any, qualname: str) -> None:
    host = started(qualname)

    host.channel.sendall(HEAD.pack(LIMIT + 1, MARK))

    assert receive(host.channel, LIMIT) is None
    host.end()
    assert str(LIMIT + 1) in str(host.errors)


@pytest.mark.parametrize("qualname", ["Fragile", "Asynchronous"])
def test_a_request_that_is_damaged_ends_it(started: Any, qualname: str) -> None:
    host = started(qualname)

    host.channel.sendall(HEAD.pack(3, MARK) + b"abc" + OTHER_MARK)

    assert receive(host.channel, LIMIT) is None
    host.end()
    assert "damaged" in str(host.errors)


def test_without_a_host_nothing_is_served(hosts: list[Host]) -> None:
    hosts.append(Host("Fragile"))


# What is withdrawn


def test_a_request_that_nobody_waits_for_says_so(started: Any) -> None:
    host = started("Polite")
    number = host.send("run", Event(data={"waits": True}))

    host.service.withdraw(number)

    assert host.answer()["changed"]["was_cancelled"] is False
    assert host.ask("run")["changed"]["was_cancelled"] is True


def test_an_async_request_that_nobody_waits_for_is_cancelled(started: Any) -> None:
    host = started("Asynchronous")
    number = host.send("run", Event(data={"seconds": 600.0}))

    host.service.withdraw(number)

    assert host.answer()["failure"]["types"][0] == "asyncio.exceptions.CancelledError"
    host.service.withdraw(number)
    assert host.ask("run")["changed"]["is_same"] is True


def test_an_async_request_may_be_withdrawn_before_it_comes(started: Any) -> None:
    host = started("Asynchronous")

    host.service.withdraw(2)
    answer = host.ask("run")

    assert answer["failure"]["types"][0] == "asyncio.exceptions.CancelledError"


def test_a_context_counts_time_from_the_hand_over_and_reaches_no_runtime() -> None:
    from actors.processes.service import Request  # noqa: PLC0415

    facts = {"call": "run", "number": 1, "data": {}, "attempt": 3}
    unlimited, short = (Request(Event(data={**facts, "remaining": each}), MARK, lambda: 0) for each in (None, -1.0))

    assert unlimited.remaining is None
    assert short.remaining == 0.0
    assert (short.attempt, short.cancelled) == (3, False)
    with pytest.raises(RuntimeError, match="cannot run workflows; give it another dispatcher"):
        short.run("other")
    with pytest.raises(RuntimeError, match="cannot spawn agents"):
        short.spawn("other", process_agents.echo)


# How the sides talk


def test_messages_arrive_as_they_were_sent() -> None:
    one, other = socket.socketpair()
    with one, other:
        for content in (b"", b"a", b"x" * 100_000):
            sending = threading.Thread(target=one.sendall, args=(framed(content, MARK),))
            sending.start()
            assert receive(other, 100_000, MARK) == Message(content, MARK)
            sending.join(PATIENCE)


def test_a_message_over_the_limit_is_not_read() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(framed(b"abc", MARK))

        with pytest.raises(BrokenChannelError, match="a message of 3 bytes came through, and 2 are the limit"):
            receive(other, 2)
        assert other.recv(3) == b"abc"


def received(sent: bytes) -> Message | None:
    """Return what is received with `MARK` when something was sent and nothing follows."""
    one, other = socket.socketpair()
    with one, other:
        one.sendall(sent)
        one.close()
        return receive(other, LIMIT, MARK)


def test_a_message_with_another_mark_is_refused_before_it_is_read() -> None:
    with pytest.raises(BrokenChannelError, match="no answer to the request"):
        received(HEAD.pack(LIMIT, OTHER_MARK))


ANSWER = encode(Event("writer", {"changed": {"secret": "mine"}}))
ANSWER_OF_ANOTHER = framed(encode(Event("writer", {"changed": {"secret": "of another"}})), OTHER_MARK)
strays = st.one_of(
    st.binary(min_size=1, max_size=3_000),
    st.integers(0, 2**64 - 1).map(NUMBER.pack),
    st.just(ANSWER_OF_ANOTHER),
    st.integers(1, len(ANSWER_OF_ANOTHER)).map(lambda length: ANSWER_OF_ANOTHER[:length]),
)


@given(strays, st.integers(0, len(framed(ANSWER, MARK))))
def test_whatever_is_written_into_the_channel_the_answer_comes_whole_or_not_at_all(stray: bytes, place: int) -> None:
    answer = framed(ANSWER, MARK)

    try:
        message = received(answer[:place] + stray + answer[place:])
    except BrokenChannelError:
        return

    assert message in (None, Message(ANSWER, MARK))


@given(st.integers(0, len(framed(ANSWER, MARK))), st.integers(1, 100))
def test_an_answer_of_which_a_part_is_missing_is_no_answer(place: int, length: int) -> None:
    answer = framed(ANSWER, MARK)
    sent = answer[:place] + answer[place + length :] + ANSWER_OF_ANOTHER

    try:
        message = received(sent)
    except BrokenChannelError:
        return

    assert message is None or sent.startswith(answer)


@pytest.mark.parametrize("sent", [b"", b"\0", HEAD.pack(3, MARK), HEAD.pack(3, MARK) + b"abc"])
def test_a_channel_that_ends_gives_no_message(sent: bytes) -> None:
    assert received(sent) is None


def test_the_watcher_tells_of_numbers_until_the_host_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[bool] = []
    monkeypatch.setattr(process_child, "end_group", lambda: ends.append(True))
    one, other = socket.socketpair()
    numbers: list[int] = []
    with one, other:
        one.sendall(struct.pack("!QQ", 1, 7))
        one.close()

        watch(other, numbers.append)

    assert numbers == [1, 7]
    assert ends == [True]
