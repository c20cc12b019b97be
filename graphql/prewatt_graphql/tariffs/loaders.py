"""Batch loader of price plans in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.tariffs.models import PricePlan, PricePlanVersion
from prewatt_platform.tariffs.repository import TariffRepository
from prewatt_platform.tariffs.service import in_force
from prewatt_platform.tariffs.terms import Medium


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """A plan and its version that is valid now."""

    plan: PricePlan
    version: PricePlanVersion


async def plans_in_force(work: Work, point_ids: Sequence[UUID]) -> dict[UUID, PlanInForce]:
    """By metering point; points that no plan reaches, or that this project does not have, are absent."""
    points = list((await MeterRepository(work).points(point_ids)).values())
    versions = await in_force(work, points, Medium.ELECTRICITY, work.clock.now())
    plans = {plan.id: plan for plan in await TariffRepository(work).plans()}
    return {point_id: PlanInForce(plans[version.plan_id], version) for point_id, version in versions.items()}
