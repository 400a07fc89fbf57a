"""Shapes of practice organisations."""

from app.organisations.tree.schemas import OrganisationOut
from app.schemas import In, Line, Out


class PracticeIn(In):
    """What the practice organisation is called, where the usual name does not do."""

    name: Line | None = None


class TrainingAccountOut(Out):
    """An account to practise with; its password is shown this once."""

    account_id: int
    login: str
    name: str
    role: str
    organisation_id: int
    password: str


class PracticeOut(Out):
    """A practice organisation with its sample branch (which it may be itself), sample members and accounts."""

    organisation: OrganisationOut
    branch: OrganisationOut
    members: int
    accounts: list[TrainingAccountOut]
