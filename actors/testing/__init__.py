"""The test kit: workflows tested in virtual time, with scripted agents, and failures replayed from a seed."""

from actors.testing.errors import BlockedError, NotVirtualError, StalledError
from actors.testing.probe import Probe, Received
from actors.testing.runtime import VirtualRuntime
from actors.testing.scripted import Call, Scripted, ScriptedThread
from actors.testing.steps import AnswersAfter, Blocks, Calls, Fails, Hangs, Returns, Step
from actors.testing.waits import hang, sleep

__all__ = [
    "AnswersAfter",
    "BlockedError",
    "Blocks",
    "Call",
    "Calls",
    "Fails",
    "Hangs",
    "NotVirtualError",
    "Probe",
    "Received",
    "Returns",
    "Scripted",
    "ScriptedThread",
    "StalledError",
    "Step",
    "VirtualRuntime",
    "hang",
    "sleep",
]
