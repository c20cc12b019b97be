"""Queries on readings: store batches, fetch latest values and ranges.

The key of a reading is (project, meter, at); storing one again changes nothing. A month's partition is created with its
first reading. `meter_states` keeps the columns that lists filter by and is updated by newer readings only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from prewatt_platform.field.messages import MeterReading
from prewatt_platform.kernel.backbone import notify
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import MeterState, Reading, Relay
from prewatt_platform.metering.rules import Seen, counted_on, is_stale

_ENSURE_MONTH = text("SELECT ensure_readings_month(:at)")


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt at a meter: time and reason."""

    at: datetime
    reason: str


class ReadingRepository(Repository):
    """Readings of one project's meters."""

    async def store(self, readings: Mapping[UUID, MeterReading]) -> dict[UUID, MeterReading]:
        """Insert one reading for each meter id, and update the meters' states. Returns the fresh readings.

        A reading that repeats old registers is stored as stale; it updates only when the meter was heard. Energies count on
        where a meter's counter begins again at 0.
        """
        seen = await self._seen(list(readings))
        readings = {meter_id: _counted_on(seen.get(meter_id), shown) for meter_id, shown in readings.items()}
        fresh = {
            meter_id: reading
            for meter_id, reading in readings.items()
            if not is_stale(seen.get(meter_id), reading.at, reading.meter_clock, reading.energy_centikwh)
        }
        for month_at in {reading.at.strftime("%Y-%m"): reading.at for reading in readings.values()}.values():
            await self._session.execute(_ENSURE_MONTH, {"at": month_at})
        rows = [
            self._row(meter_id, reading) | {"stale": meter_id not in fresh}
            for meter_id, reading in readings.items()
        ]
        if rows:
            await self._session.execute(insert(Reading).on_conflict_do_nothing(), rows)
        for meter_id, reading in readings.items():
            await self._session.execute(
                update(MeterState)
                .where(
                    col(MeterState.project_id) == self._project_id,
                    col(MeterState.meter_id) == meter_id,
                    # a batch may arrive late, behind a refresh that is newer
                    col(MeterState.reading_at).is_(None) | (col(MeterState.reading_at) < reading.at),
                )
                .values(**(_state_of(reading) if meter_id in fresh else _heard_only(reading)))
            )
            await notify(self._work, "reading", meter_id)
        return fresh

    async def seen(self, meter_id: UUID) -> Seen | None:
        """Clock and energy of a meter's latest fresh reading; None before the first."""
        return (await self._seen([meter_id])).get(meter_id)

    async def _seen(self, meter_ids: Sequence[UUID]) -> dict[UUID, Seen]:
        statement = self._scoped(MeterState).where(
            col(MeterState.meter_id).in_(meter_ids), col(MeterState.energy_centikwh).is_not(None)
        )
        # store() updates states by statement, so rows that the session already holds are out of date
        found = await self._all(statement.execution_options(populate_existing=True))
        return {
            state.meter_id: Seen(
                state.reading_at,
                state.meter_clock,
                state.energy_centikwh,
                state.energy_by_rate_centikwh or (),
                state.energy_reverse_centikwh,
            )
            for state in found
            if state.reading_at is not None and state.energy_centikwh is not None
        }

    async def note_failures(self, failures: Mapping[UUID, Failure]) -> None:
        """Record failed attempts; the result of a later attempt is not overwritten."""
        for meter_id, failure in failures.items():
            await self._session.execute(
                update(MeterState)
                .where(
                    col(MeterState.project_id) == self._project_id,
                    col(MeterState.meter_id) == meter_id,
                    col(MeterState.tried_at).is_(None) | (col(MeterState.tried_at) < failure.at),
                )
                .values(tried_at=failure.at, failure=failure.reason)
            )

    async def latest(self, meter_ids: Sequence[UUID]) -> dict[UUID, Reading]:
        """The latest reading of each of those meters that has one."""
        statement = (
            self._scoped(Reading)
            .join(
                MeterState,
                (col(MeterState.project_id) == Reading.project_id)
                & (col(MeterState.meter_id) == Reading.meter_id)
                & (col(MeterState.reading_at) == Reading.at),
            )
            .where(col(Reading.meter_id).in_(meter_ids))
        )
        return {reading.meter_id: reading for reading in await self._all(statement)}

    async def at(self, keys: Sequence[tuple[UUID, datetime]]) -> list[Reading]:
        """The readings of those meters at those instants."""
        return await self._all(self._scoped(Reading).where(tuple_(Reading.meter_id, Reading.at).in_(keys)))

    async def in_period(self, meter_id: UUID, start: datetime, end: datetime, limit: int) -> list[Reading]:
        """The first `limit` readings of a meter in [start, end), oldest first."""
        return await self._all(
            self._scoped(Reading)
            .where(Reading.meter_id == meter_id, col(Reading.at) >= start, col(Reading.at) < end)
            .order_by(col(Reading.at))
            .limit(limit)
        )

    async def count(self, meter_id: UUID) -> int:
        """How many readings a meter has."""
        statement = select(func.count()).select_from(Reading).where(Reading.meter_id == meter_id)
        return int((await self._session.execute(self._narrow(statement, Reading))).scalar_one())

    def _row(self, meter_id: UUID, reading: MeterReading) -> dict[str, Any]:
        prepaid = reading.prepaid
        return {
            "project_id": self._project_id,
            "meter_id": meter_id,
            "at": reading.at,
            "meter_clock": reading.meter_clock,
            "multiplier": reading.multiplier,
            "energy_centikwh": reading.energy_centikwh,
            "energy_by_rate_centikwh": list(reading.energy_by_rate_centikwh),
            "energy_reverse_centikwh": reading.energy_reverse_centikwh,
            "power_w": reading.power_w,
            "voltages_dv": list(reading.voltages_dv),
            "currents_ca": list(reading.currents_ca),
            "power_factor_e3": reading.power_factor_e3,
            "frequency_chz": reading.frequency_chz,
            "remaining_fen": prepaid and prepaid.remaining_fen,
            "purchase_count": prepaid and prepaid.purchase_count,
            "total_purchased_fen": prepaid and prepaid.total_purchased_fen,
            "money_control": prepaid and prepaid.money_control,
            "relay_closed": prepaid and prepaid.relay_closed,
            "forced_mode": prepaid and prepaid.forced_mode,
            "forced_closed": prepaid and prepaid.forced_closed,
            "alarm_1": prepaid and prepaid.alarm_1,
            "alarm_2": prepaid and prepaid.alarm_2,
            "arrears": prepaid and prepaid.arrears,
            "over_limit": prepaid and prepaid.over_limit,
            "alarms_fen": prepaid and list(prepaid.alarms_fen),
            "overdraft_fen": prepaid and prepaid.overdraft_fen,
            "overload_w": prepaid and prepaid.overload_w,
            "prices_e4": prepaid and list(prepaid.prices_e4),
        }


def _counted_on(seen: Seen | None, shown: MeterReading) -> MeterReading:
    """The reading, with each energy counted on from the latest fresh reading."""
    if seen is None:
        return shown
    by_rate = zip_longest(
        seen.energy_by_rate_centikwh[: len(shown.energy_by_rate_centikwh)], shown.energy_by_rate_centikwh
    )
    turn = shown.energy_range_centikwh
    reverse = shown.energy_reverse_centikwh
    return replace(
        shown,
        energy_centikwh=counted_on(seen.energy_centikwh, shown.energy_centikwh, turn),
        energy_by_rate_centikwh=tuple(counted_on(before, now, turn) for before, now in by_rate),
        energy_reverse_centikwh=None
        if reverse is None
        else counted_on(seen.energy_reverse_centikwh, reverse, turn),
    )


def _state_of(reading: MeterReading) -> dict[str, Any]:
    prepaid = reading.prepaid
    # without money control a prepaid meter counts nothing down, and its alarm flags mean nothing
    return {
        "heard_at": reading.at,
        "reading_at": reading.at,
        "tried_at": reading.at,
        "failure": None,
        "meter_clock": reading.meter_clock,
        "energy_centikwh": reading.energy_centikwh,
        "energy_by_rate_centikwh": list(reading.energy_by_rate_centikwh),
        "energy_reverse_centikwh": reading.energy_reverse_centikwh,
        "stale_since": None,
        "relay": Relay.UNKNOWN if prepaid is None else Relay.CLOSED if prepaid.relay_closed else Relay.OPEN,
        "alarm_1": prepaid is not None and prepaid.money_control and prepaid.alarm_1,
        "alarm_2": prepaid is not None and prepaid.money_control and prepaid.alarm_2,
        "arrears": prepaid is not None and prepaid.money_control and prepaid.arrears,
    }


def _heard_only(reading: MeterReading) -> dict[str, Any]:
    return {
        "heard_at": reading.at,
        "tried_at": reading.at,
        "failure": None,
        "stale_since": func.coalesce(MeterState.stale_since, reading.at),
    }
