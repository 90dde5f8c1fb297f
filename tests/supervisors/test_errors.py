import copy
import pickle

from supervisors.errors import RestartLimitReachedError, SupervisionError


def test_restart_limit_names_the_child_and_the_limit() -> None:
    error = RestartLimitReachedError("writer", 3, 60.0)

    assert str(error) == "child 'writer' failed again after 3 restarts in 60 s; stopping it"
    assert isinstance(error, SupervisionError)


def test_restart_limit_survives_pickling_and_copying() -> None:
    error = RestartLimitReachedError("writer", 3, 0.5)

    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (twin.child, twin.restarts, twin.period) == ("writer", 3, 0.5)
        assert str(twin) == str(error)
