"""Shapes: what the types of our vocabulary look like on the wire, found out from their annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import actors.values.errors
import actors.values.workflow_errors
import supervisors.errors
from actors.grammar.conversion import CONDITION, MERGER, WORKFLOW, read, written
from actors.grammar.dialects import WireDialect
from actors.grammar.kinds import Kind
from actors.orchestrators.base import BranchReport, Pattern
from actors.values.errors import ActorError, CodecError
from actors.values.event import Event, freeze_fields
from actors.values.findings import Finding
from actors.values.freezing import CONVERT, freeze
from actors.values.frozen import FrozenDict, thaw
from actors.values.result import AgentResult
from actors.values.state import Snapshot, State
from actors.values.wire import Types, contract, contract_fields
from actors.values.workflow_errors import DefinitionError, Mistake
from actors.workflows.branch import Branch
from actors.workflows.combinations import Condition
from actors.workflows.keyed_mergers import Merger
from supervisors.errors import SupervisionError
from supervisors.excerpt import excerpt
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord


class Shape(NamedTuple):
    """A type on the wire.

    Attributes:
        write: Turns a value into frozen plain data.
        read: Turns what msgpack read, and the classes that may be in it, into the value again.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any, Types], Any]


def kind_of(value: object) -> str:
    """Return which of `SHAPES` a value has; what is not in our vocabulary counts as plain data."""
    if isinstance(value, BaseException):
        return "error"
    for base in type(value).__mro__:
        name = _KINDS.get(base) or _DECLARED_KINDS.get(base)
        if name is not None:
            return name
    return "data"


def shape_of(hint: Any, where: str) -> Shape:
    """Return the shape of an annotated value, which `where` names in errors."""
    if hint in _SPECIAL:
        return _SPECIAL[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _SCALARS:
        return _scalar(_SCALARS[hint], where)
    if origin is UnionType and arguments[1:] == (type(None),):
        return _optional(shape_of(arguments[0], where))
    if origin is tuple:
        return _tuple(arguments, where)
    if origin is Mapping:
        return _mapping(shape_of(arguments[1], where), where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice(hint)
    if hint in (Outcome, Failure, BranchReport, Finding, Mistake):
        return _fields(hint)
    raise TypeError(f"{where} is a {hint}, and no shape is known for it")


def _scalar(kinds: tuple[type, ...], where: str) -> Shape:
    def checked(value: Any, _known: Types | None = None) -> Any:
        if type(value) not in kinds:
            raise CodecError(f"{where} must be a {kinds[0].__name__}, not {excerpt(value)}")
        return value

    return Shape(checked, checked)


def _optional(shape: Shape) -> Shape:
    return Shape(
        lambda value: None if value is None else shape.write(value),
        lambda raw, known: None if raw is None else shape.read(raw, known),
    )


def _tuple(arguments: tuple[Any, ...], where: str) -> Shape:
    if arguments[-1] is Ellipsis:
        shape = shape_of(arguments[0], where)
        return Shape(
            lambda value: [shape.write(each) for each in _sequence(value, where)],
            lambda raw, known: tuple([shape.read(each, known) for each in _sequence(raw, where)]),
        )
    return _row(tuple, [shape_of(each, where) for each in arguments], where)


def _row(made: Callable[[list[Any]], Any], shapes: Sequence[Shape], where: str) -> Shape:
    """Return the shape of a fixed number of values, of which `made` makes one."""

    def write(values: Any) -> list[Any]:
        pairs = zip(shapes, _sequence(values, where, len(shapes)), strict=True)
        return [shape.write(value) for shape, value in pairs]

    def read(raw: Any, known: Types) -> Any:
        pairs = zip(shapes, _sequence(raw, where, len(shapes)), strict=True)
        return made([shape.read(each, known) for shape, each in pairs])

    return Shape(write, read)


def _mapping(shape: Shape, where: str) -> Shape:
    def items(value: Any) -> Iterable[tuple[str, Any]]:
        if not isinstance(value, Mapping) or any(type(key) is not str for key in value):
            raise CodecError(f"{where} must be a mapping with string keys, not {excerpt(value)}")
        return value.items()

    return Shape(
        lambda value: {key: shape.write(each) for key, each in items(value)},
        lambda raw, known: {key: shape.read(each, known) for key, each in items(raw)},
    )


def _choice(kind: type[Enum]) -> Shape:
    members = {member.value: member for member in kind}

    def write(value: Any) -> Any:
        if type(value) is not kind:
            raise CodecError(f"a {kind.__name__} was expected, not {excerpt(value)}")
        return value.value

    def read(raw: Any, _known: Types) -> Enum:
        if type(raw) is not str or raw not in members:
            raise CodecError(f"{excerpt(raw)} is no {kind.__name__} that is known here")
        return members[raw]

    return Shape(write, read)


def _fields(kind: type, hints: Mapping[str, Any] | None = None) -> Shape:
    """Return the shape of a dataclass or a named tuple: its fields in declared order, or those in `hints`."""
    hints = get_type_hints(kind) if hints is None else hints
    shapes = [shape_of(hint, f"{kind.__name__}.{name}") for name, hint in hints.items()]
    row = _row(lambda values: kind(**dict(zip(hints, values, strict=True))), shapes, kind.__name__)
    return _object(kind, lambda value: row.write([getattr(value, name) for name in hints]), row.read)


def _object(kind: type, write: Callable[[Any], Any], read: Callable[[Any, Types], Any]) -> Shape:
    def checked(value: Any) -> Any:
        if not isinstance(value, kind):
            raise CodecError(f"a {kind.__name__} was expected, not {excerpt(value)}")
        return write(value)

    return Shape(checked, read)


def _sequence(value: Any, where: str, size: int | None = None) -> Sequence[Any]:
    if type(value) not in (list, tuple) or (size is not None and len(value) != size):
        amount = "a tuple" if size is None else f"{size} values"
        raise CodecError(f"{where} must be {amount}, not {excerpt(value)}")
    return value  # type: ignore[no-any-return]  # a list or a tuple


def _frozen(freezing: Callable[[], Any]) -> Any:
    try:
        return freezing()
    except (TypeError, ValueError) as error:
        raise CodecError(str(error).replace(CONVERT, "convert it, it cannot be encoded")) from error


def _write_state(state: State) -> list[Any]:
    snapshot: Snapshot = _frozen(state.snapshot)
    for key in snapshot.shared:
        raise CodecError(f"state[{key!r}] is shared by reference, not durable; remove it before the state is encoded")
    return [dict(snapshot.values), dict(snapshot.meta)]


def _read_state(raw: Any, known: Types) -> State:
    values, meta = [contract_fields(each, known) for each in _sequence(raw, "State", 2)]
    if any(type(notes) is not FrozenDict for notes in meta.values()):
        raise CodecError(f"the notes of a State must be mappings, not {excerpt(meta)}")
    return State._over(Snapshot(values, meta=meta))


def _write_event(event: Event) -> list[Any]:
    return [event.target, event.data, event.metadata, event.id]


def _read_event(raw: Any, known: Types) -> Event:
    target, data, metadata, id = _sequence(raw, "Event", 4)
    try:
        return Event(target, contract_fields(data, known), contract_fields(metadata, known), id=id or "")
    except (TypeError, ValueError) as error:
        raise CodecError(str(error)) from error


def _write_result(result: AgentResult) -> list[Any]:
    state = result.state
    if state is None:
        return [None, result.metadata]
    is_state = isinstance(state, State)
    held = _write_state(state) if is_state else _frozen(lambda: freeze_fields(state, "result state"))
    return [[is_state, held], result.metadata]


def _read_result(raw: Any, known: Types) -> AgentResult:
    form, metadata = _sequence(raw, "AgentResult", 2)
    state: Any = None
    if form is not None:
        is_state, held = _sequence(form, "AgentResult.state", 2)
        state = _read_state(held, known) if is_state is True else thaw(contract_fields(held, known))
    return AgentResult(state=state, metadata=contract_fields(metadata, known))


def _write_trace(trace: TraceRecord) -> list[Any]:
    """Return the records in the order of `walk()`, each with the number of its children: depth is no matter."""
    return [[_RECORD.write(record), len(record.children)] for record in trace.walk()]


def _read_trace(raw: Any, known: Types) -> TraceRecord:
    # Read from the end, a record's children have just been read when it is its turn: the first one last.
    pending: list[TraceRecord] = []
    for entry in reversed(_sequence(raw, "TraceRecord")):
        values, count = _sequence(entry, "TraceRecord", 2)
        if type(count) is not int or not 0 <= count <= len(pending):
            raise CodecError(f"a TraceRecord has {excerpt(count)} children, and {len(pending)} are there")
        record: TraceRecord = _RECORD.read(values, known)
        record.children = tuple([pending.pop() for _ in range(count)])
        pending.append(record)
    if len(pending) != 1:
        raise CodecError(f"a trace has one root, not {len(pending)}")
    return pending[0]


def _write_error(error: BaseException) -> list[Any]:
    name = type(error).__name__
    if _ERRORS.get(name) is not type(error):
        raise CodecError(f"{name} is no error of ours; encode the outcome that tells of it")
    return [name, _FACTS[name].write(error.args)]


def _read_error(raw: Any, known: Types) -> BaseException:
    name, facts = _sequence(raw, "an error", 2)
    if type(name) is not str or name not in _ERRORS:
        raise CodecError(f"{excerpt(name)} is no error that is known here")
    return _ERRORS[name](*_FACTS[name].read(facts, known))


def _declared(kind: Kind, name: str) -> Shape:
    """Return the shape of what a workflow is made of: the data that files hold, without callables."""

    def write(value: Any) -> Any:
        try:
            return written(kind, value, WireDialect({}), name)
        except DefinitionError as error:
            raise CodecError(f"what is to be encoded is wrong: {error}") from error

    def read_back(raw: Any, known: Types) -> Any:
        try:
            return read(kind, raw, WireDialect(known), name)
        except DefinitionError as error:
            raise CodecError(f"the message holds no {name} that is known here: {error}") from error

    return Shape(write, read_back)


def _facts_of(error: type[BaseException]) -> Shape:
    """Return the shape of an error's arguments: those of its `__init__`, or whatever it was given."""
    init, name = error.__init__, error.__name__
    if not inspect.isfunction(init):
        return _tuple((Any, Ellipsis), name)
    hints = get_type_hints(init, localns=_VOCABULARY)
    del hints["return"]
    return _row(tuple, [shape_of(hint, f"{name}.{fact}") for fact, hint in hints.items()], name)


_SCALARS: Mapping[Any, tuple[type, ...]] = {bool: (bool,), str: (str,), int: (int,), float: (float, int)}
_ANYTHING = Shape(
    lambda value: _frozen(lambda: freeze(value, "the value")),
    lambda raw, known: thaw(contract(raw, known)),
)
_FROZEN_FIELDS = Shape(lambda value: _frozen(lambda: freeze_fields(value, "the value")), contract_fields)
_SPECIAL: dict[Any, Shape] = {
    Any: _ANYTHING,
    FrozenDict: _FROZEN_FIELDS,
    Mapping[str, Any]: Shape(_FROZEN_FIELDS.write, lambda raw, known: thaw(contract_fields(raw, known))),
    # An exception does not travel: Failure keeps what it printed.
    BaseException | None: Shape(lambda _error: None, lambda _raw, _known: None),
    Event: _object(Event, _write_event, _read_event),
    State: _object(State, _write_state, _read_state),
    AgentResult: _object(AgentResult, _write_result, _read_result),
    TraceRecord: _object(TraceRecord, _write_trace, _read_trace),
}

_RECORD_HINTS = {**get_type_hints(TraceRecord), "metadata": FrozenDict}
del _RECORD_HINTS["children"]
_RECORD = _fields(TraceRecord, _RECORD_HINTS)

_VOCABULARY = {kind.__name__: kind for kind in (BranchReport, Finding, Outcome, State, TraceRecord)}
_ERRORS: Mapping[str, type[BaseException]] = {
    name: each
    for module in (actors.values.errors, actors.values.workflow_errors, supervisors.errors)
    for name, each in vars(module).items()
    if isinstance(each, type) and issubclass(each, (ActorError, SupervisionError))
}
_FACTS = {name: _facts_of(error) for name, error in _ERRORS.items()}

_KINDS: Mapping[type, str] = {
    Event: "event",
    State: "state",
    AgentResult: "result",
    Outcome: "outcome",
    OutcomeKind: "outcome_kind",
    Reason: "reason",
    Failure: "failure",
    TraceRecord: "trace",
    BranchReport: "report",
}

_DECLARED_KINDS: Mapping[type, str] = {
    Pattern: "workflow",
    Branch: "workflow",
    Condition: "condition",
    Merger: "merger",
}
_DECLARED: Mapping[str, Shape] = {
    name: _declared(kind, name)
    for name, kind in {"workflow": WORKFLOW, "condition": CONDITION, "merger": MERGER}.items()
}

SHAPES: Mapping[str, Shape] = {
    "data": _ANYTHING,
    **{name: shape_of(kind, kind.__name__) for kind, name in _KINDS.items()},
    "error": Shape(_write_error, _read_error),
    **_DECLARED,
}
"""The shapes of all that can be encoded, by the name of its kind on the wire."""
