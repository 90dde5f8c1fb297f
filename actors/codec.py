"""The codec: events, states, results, outcomes, traces and errors as msgpack bytes, and back.

A message is a list of the format's version, the kind of what it holds, and that itself. Plain data keeps its exact
types: what msgpack does not know is a list that begins with a tag, an extension type without content. Equal values
that were built in the same order give the same bytes.

Three things do not survive: `Failure.exception`, an error's `__cause__`, `__context__` and notes, and the identity of
what occurs twice. What is shared by reference is refused.
"""

from __future__ import annotations

import dataclasses
import types as builtin_types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, NoReturn, TypeAlias, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgpack
from pydantic import BaseModel

import actors.errors
import supervisors.errors
from actors.errors import ActorError, CodecError
from actors.event import Event
from actors.orchestrators.base import BranchReport
from actors.result import AgentResult
from actors.state import Snapshot, State
from actors.values import MAX_DEPTH, FrozenDict, FrozenList, FrozenRecord, freeze, thaw
from supervisors.errors import SupervisionError
from supervisors.excerpt import excerpt
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord

FORMAT_VERSION = 1
"""The first element of every message; a change that old readers cannot understand raises it."""

# A merger may lay some more levels around what was checked against MAX_DEPTH.
_DEEPEST = 2 * MAX_DEPTH
_SURROGATES = "surrogatepass"

_Types: TypeAlias = Mapping[str, type]
