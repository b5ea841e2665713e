"""Which credential must work, by a model: every code, access token and refresh token that was ever issued."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.walks.model import Allowed, Model

CODE_LIVES, ACCESS_LIVES = timedelta(seconds=60), timedelta(seconds=3600)
REFRESH_LIVES, GRACE, MOST_REPEATS = timedelta(days=30), timedelta(seconds=30), 5


@dataclass
class Family:
    """What descends from one code."""

    consent: Allowed
    app: str
    resource: str
    scopes: frozenset[str]
    is_revoked: bool = False


@dataclass
class Code:
    value: str
    family: Family
    issued_at: datetime
    is_redeemed: bool = False


@dataclass
class Access:
    value: str
    family: Family
    scopes: frozenset[str]
    issued_at: datetime
    is_revoked: bool = False

    @property
    def held(self) -> frozenset[str]:
        """What it may do now."""
        return self.scopes & self.family.consent.scopes


@dataclass
class Refresh:
    value: str
    family: Family
    issued_at: datetime
    rotated_at: datetime | None = None
    successor: "Refresh | None" = None
    repeats: int = 0


@dataclass
class Credentials:
    """``codes`` and the rest: all that were ever issued, dead or alive."""

    model: Model
    codes: list[Code] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    refreshes: list[Refresh] = field(default_factory=list)

    def works(self, access: Access, at: datetime) -> bool:
        return not access.is_revoked and at < access.issued_at + ACCESS_LIVES and self._stands(access.family, at)

    def redeem(self, code: Code, at: datetime) -> bool:
        """Whether the code is good for tokens now. One that comes twice ends its family."""
        if code.is_redeemed:
            code.family.is_revoked = True
            return False
        if at >= code.issued_at + CODE_LIVES or not self._stands(code.family, at):
            return False
        if not code.family.scopes & code.family.consent.scopes:
            return False
        code.is_redeemed = True
        return True

    def rotate(self, refresh: Refresh, at: datetime) -> Refresh | str | None:
        """``"new"`` for a successor that is still to be made, the successor for one that is told again, or None."""
        in_grace = (
            refresh.rotated_at is not None
            and at < refresh.rotated_at + GRACE
            and (refresh.successor is None or refresh.successor.rotated_at is None)
        )
        if refresh.rotated_at is not None and not in_grace:
            refresh.family.is_revoked = True
            return None
        if at >= refresh.issued_at + REFRESH_LIVES or not self._stands(refresh.family, at):
            return None
        if not refresh.family.scopes & refresh.family.consent.scopes:
            return None
        if refresh.rotated_at is None:
            refresh.rotated_at = at
            return "new"
        if refresh.repeats >= MOST_REPEATS:
            refresh.family.is_revoked = True
            return None
        refresh.repeats += 1
        return refresh.successor

    def _stands(self, family: Family, at: datetime) -> bool:
        consent = family.consent
        return not family.is_revoked and not consent.is_paused and self.model.is_live(consent, at)
