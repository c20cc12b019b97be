"""Operations on one meter while its bus is held: readings, evidence, and writes that are sent once.

Reads are asked again (`FieldSettings.read_retries`), because they change nothing. Money and relay writes never are:
an outcome that is not known is the caller's to find out, by `evidence` or `read`.

Rule *Compare*: a reading is refused when, while it was taken, an answer came that nobody here asked for, as long as one of
ours and of other content. Either may be ours (`master`, *Another master*). It is taken again with other lengths. The short
frames of a plan come first, so that the true answer arrives while the long ones are read; money evidence is two frames,
each with a copy of the purchase count, and a stranger's answer in place of one makes the copies differ.
"""

from collections.abc import Sequence

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.errors import UnknownName
from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, profile
from prewatt_fixtures.wire.vendor import MalformedVendorFrame, MoneyControl, TopUp, VendorReply, decode_reply
from prewatt_platform.field import decode, requests
from prewatt_platform.field.errors import (
    AnotherMaster,
    FieldError,
    ImplausibleReading,
    ReadAgain,
    UnknownModel,
    UnreadableReply,
    read_again,
)
from prewatt_platform.field.master import Master, Station
from prewatt_platform.field.messages import Evidence, ForcedControl, Freshness, MeterAddress, MeterReading
from prewatt_platform.field.plan import Frame, Plan, evidence_plan, freshness_plan, probe_block, reading_plan
from prewatt_platform.field.settings import FieldSettings


class Lane:
    """One meter, whose bus the owner of this object holds."""

    def __init__(self, meter: MeterAddress, master: Master, clock: Clock, settings: FieldSettings) -> None:
        try:
            self._profile: Profile = profile(meter.model)
        except UnknownName as unknown:
            raise UnknownModel(meter) from unknown
        self._meter = meter
        self._master = master
        self._clock = clock
        self._settings = settings
        self._station = Station(meter, probe_block(self._profile.model))
        self.answered = False
        """Whether the meter answered anything since the bus was held."""

    async def read(self) -> MeterReading:
        """A whole reading: energies, values of the moment, and the credit of a prepaid meter."""
        plan = reading_plan(self._profile.model)
        data = await self._consistent(plan)
        return decode.reading(
            self._meter, self._profile, plan.decode(data), self._clock.now(), b"".join(data)
        )

    async def probe(self) -> None:
        """Ask a meter that left a request unanswered once: one time-out tells whether it can be reached."""
        if await self._master.prove(self._station):
            self.answered = True

    async def evidence(self) -> Evidence:
        """Counter, totals and money control of a prepaid meter, read so that they belong together."""
        plan = evidence_plan(self._profile.model)
        data = await self._consistent(plan)
        return decode.evidence(plan.decode(data), self._clock.now(), b"".join(data))

    async def freshness(self) -> Freshness:
        """Clock and energy, to tell a repeated register picture from a new one."""
        plan = freshness_plan(self._profile.model)
        data = await self._consistent(plan)
        return decode.freshness(self._meter, self._profile, plan.decode(data), self._clock.now())

    async def top_up(self, top_up: TopUp) -> VendorReply:
        """Send a top-up, once. The reply is the meter's word, not evidence."""
        return await self._command(top_up)

    async def money_control(self, command: MoneyControl) -> VendorReply:
        """Send a money-control write, once. The reply is the meter's word, not evidence."""
        return await self._command(command)

    async def force(self, mode: ForcedControl) -> None:
        """Write forced control once, mode and state in one frame. The caller reads the relay back."""
        address = self._profile.register(Measurement.FORCED_MODE).address
        await self._exchange(requests.write_multiple(address, mode.value))

    async def _command(self, command: TopUp | MoneyControl) -> VendorReply:
        request = requests.vendor(command)
        reply = await self._exchange(request)
        try:
            return decode_reply(reply)
        except MalformedVendorFrame as malformed:
            raise UnreadableReply(self._meter, request[0], str(malformed)) from malformed

    async def _consistent(self, plan: Plan) -> list[bytes]:
        """The frames' register bytes, read again until the copies of the purchase count agree and all answers are ours.

        Between two frames a card or a second master may change the meter. The bytes are those of the plan's own frames.
        """
        counts: frozenset[object] = frozenset()
        mixed = False
        for attempt in range(self._settings.evidence_attempts):
            asked = plan.widened(attempt, self._profile) if mixed else plan
            before = self._master.traffic.unasked
            data = [await self._registers(frame) for frame in asked.frames]
            mixed = _mixed(data, self._master.unasked(self._meter.unit, before))
            if mixed:
                continue
            # two frames are two instants: only equal copies of the count prove that no purchase came between them
            data = [
                _cut(held, wide, frame)
                for held, wide, frame in zip(data, asked.frames, plan.frames, strict=True)
            ]
            counts = plan.purchase_counts(data)
            if len(counts) <= 1:
                return data
        if mixed:
            raise AnotherMaster(self._meter)
        raise ImplausibleReading(
            self._meter, f"copies of the purchase count disagree: {sorted(map(str, counts))}"
        )

    async def _registers(self, frame: Frame) -> bytes:
        request = requests.read_holding(frame.start, frame.count)
        for _ in range(self._settings.read_retries):
            try:
                return self._data(await self._exchange(request))
            except FieldError as failure:
                again = read_again(failure)
                if again is ReadAgain.NEVER:
                    raise
                if again is ReadAgain.AFTER_PAUSE:
                    await self._clock.sleep(self._settings.busy_wait_s)
        return self._data(await self._exchange(request))

    async def _exchange(self, request: bytes) -> bytes:
        reply = await self._master.exchange(self._station, request)
        self.answered = True
        return reply

    @staticmethod
    def _data(reply: bytes) -> bytes:
        return reply[2:]


def _mixed(data: Sequence[bytes], unasked: Sequence[bytes]) -> bool:
    """Whether an answer to another master could be one of ours: as long, and of other content."""
    lengths = {len(held) for held in data}
    return any(len(other) in lengths and other not in data for other in unasked)


def _cut(held: bytes, wide: Frame, frame: Frame) -> bytes:
    """The registers of `frame` out of those of the wider one."""
    at = 2 * (frame.start - wide.start)
    return held[at : at + 2 * frame.count]
