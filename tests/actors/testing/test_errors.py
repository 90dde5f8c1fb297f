from __future__ import annotations

import pickle

import pytest

from actors import ActorError
from actors.testing import BlockedError, NotVirtualError, StalledError

ERRORS = [
    (
        StalledError(3.5, "nothing is left", ("a waits", "b waits")),
        "after 3.5 virtual seconds nothing is left\n  a wait",
    ),
    (BlockedError("worker", "", 5.0), "thread 'worker' has been busy or blocked for 5 real seconds"),
    (BlockedError("worker", "a.py:3 in f", 5.0), "busy or blocked at a.py:3 in f for 5 real seconds"),
    (NotVirtualError("loop.f()", "do not"), "loop.f() reaches outside virtual time: do not"),
]


@pytest.mark.parametrize(("error", "text"), ERRORS)
def test_errors_say_what_is_the_matter_and_pickle(error: ActorError, text: str) -> None:
    copied = pickle.loads(pickle.dumps(error))

    assert str(copied) == str(error)
    assert text in str(error)
    assert vars(copied) == vars(error)
