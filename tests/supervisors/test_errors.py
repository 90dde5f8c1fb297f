import copy
import pickle

from supervisors.errors import BreakerOpenError, RestartLimitReachedError, SupervisionError


def test_restart_limit_names_the_child_and_the_limit() -> None:
    error = RestartLimitReachedError("writer", 3, 60.0)

    assert str(error) == "child 'writer' failed again after 3 restarts in 60 s; stopping it"
    assert isinstance(error, SupervisionError)


def test_restart_limit_survives_pickling_and_copying() -> None:
    error = RestartLimitReachedError("writer", 3, 0.5)

    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (twin.child, twin.restarts, twin.period) == ("writer", 3, 0.5)
        assert str(twin) == str(error)


def test_an_open_breaker_names_the_child_and_survives_pickling() -> None:
    error = BreakerOpenError("agent 'writer'", "it is tried again in 3 s")

    for twin in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (twin.child, twin.detail) == ("agent 'writer'", "it is tried again in 3 s")
        assert str(twin) == "agent 'writer' is left alone: it is tried again in 3 s"
