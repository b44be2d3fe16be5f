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


def mends(account: Account) -> bool:
    """Looks at dead letters, mends them and sends them again: the lead office's clerks."""
    return account.role == "clerk"


def resolves(account: Account, case: Case) -> bool:
    """Only the lead unit answers."""
    return account.role == "handler" and case.unit is not None and case.unit.id == account.unit


def hears(account: Account, case: Case) -> bool:
    """A voice tells who speaks: of a sealed suggestion only those who screen hear it."""
    return sees(account, case) and (screens(account) or case.suggestion.identity != "sealed")


def corrects(account: Account, case: Case) -> bool:
    """Writes down what a recording says, unless the resident has done so."""
    by_resident = case.correction is not None and case.correction.by == "resident"
    open_still = case.state not in ("resolved", "withdrawn")
    return screens(account) and case.suggestion.transcript is not None and open_still and not by_resident
