"""Time zones: those that values may have, `datetime.timezone` and `ZoneInfo`, and those that become one of them."""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from pydantic_core import TzInfo

from supervisors.excerpt import excerpt

_REMEDY = "use datetime.timezone or ZoneInfo(key), as in `value.astimezone(ZoneInfo(key))`"


def exact_zone(zone: tzinfo | None) -> tzinfo | None:
    """Return a zone of the standard library that is the same as another; none of them runs code of a user's.

    Raises:
        ValueError: If there is none; the text says what to do.
    """
    if zone is None or (type(zone) is timezone and type(zone.tzname(None)) is str):
        return zone
    if type(zone) is ZoneInfo and type(zone.key) is str:
        return zone
    if type(zone) is TzInfo:  # what pydantic reads has it
        return timezone(TzInfo.utcoffset(zone, None) or timedelta(0))
    raise ValueError(f"its time zone is {excerpt(zone)}; {_REMEDY}")
