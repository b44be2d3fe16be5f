"""Who may see and do what at the desk. Roles come from the pack."""

from __future__ import annotations

from router.domain.case import Case
from router.domain.district import Account


def sees_queue(account: Account) -> bool:
    """Everyone but the units: what waits for screening is not theirs yet."""
    return account.role != "handler"


def sees(account: Account, case: Case) -> bool:
    """A handler sees what its unit leads or helps with; the others see all."""
    return account.role != "handler" or account.unit in case.units


def screens(account: Account) -> bool:
    """Assigns, declines, acknowledges."""
    return account.role == "clerk"


def resolves(account: Account, case: Case) -> bool:
    """Only the lead unit answers."""
    return account.role == "handler" and case.unit is not None and case.unit.id == account.unit
