"""Who may do what, where: one row an operation, `matrix.ROWS`. A route that has no row fails `test_matrix`.

Every actor is at organisation 10 of `tests.world`: a member of it, or staff with one post in it. Each tries every
operation on a target in each of six organisations: own 10, descendant 100, ancestor 1, sibling 11, lookalike 1000 (a
sibling whose number begins like the own one), none 2 (another tree). What the row does not say follows from the house
rules, in `expected`:

- nobody signed in: 401; a WeChat token where staff is asked for, or the reverse: 401
- a WeChat user without a member where a member is asked for: 409; one whose member has not consented, and a role that
  may never do this: 403
- the right role, or a member, outside of its reach: 404, as if it were not there
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.security.asks import Make

# The actors; "former" is staff whose last post has ended.
LEADER, EDITOR, REVIEWER, ADMINISTRATOR = ("leader",), ("editor",), ("reviewer",), ("administrator",)
SECURITY_ADMINISTRATOR, AUDITOR = ("security_administrator",), ("auditor",)
DESK = EDITOR + REVIEWER
LEADERS_AND_ADMINISTRATORS = LEADER + ADMINISTRATOR
# Who appoints and resets passwords, and who reads the audit log, where duties are not separate.
KEEPERS_OF_POSTS = ADMINISTRATOR + SECURITY_ADMINISTRATOR
OFFICERS = KEEPERS_OF_POSTS + AUDITOR
ANY_POST = LEADER + DESK + OFFICERS
STAFF = (*ANY_POST, "former")
MEMBERS = ("member", "floating")
# Who is bound, and of these who has not consented to the privacy notice.
BOUND = ("silent", *MEMBERS)
WECHAT = ("unbound", *BOUND)
SIGNED_IN = WECHAT + STAFF
EVERYBODY = ("anonymous", *SIGNED_IN)

ORGANISATIONS = {
    "own": 10, "descendant": 100, "ancestor": 1, "sibling": 11, "lookalike": 1000, "none": 2, "anywhere": 10,
}  # fmt: skip
RELATIONS = ("own", "descendant", "ancestor", "sibling", "lookalike", "none")
# Staff reach their organisation and what is below it; a member reads what comes from their own and from above.
BELOW = ("own", "descendant")
ABOVE = ("own", "ancestor")
# For operations in which no organisation takes part: one try is enough.
NO_TARGET = ("anywhere",)


@dataclass(frozen=True)
class Row:
    """One operation: `who` succeeds with `status` on a target made by `make` in an organisation in `reach`."""

    operation: str
    who: tuple[str, ...]
    make: Make
    status: int = 200
    reach: tuple[str, ...] = BELOW
    # Actors with a reach of their own.
    reaches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Roles that are let in at the door and turned away (403) by what state the target is in.
    turned_away: tuple[str, ...] = ()
    # Answers that follow no rule.
    instead: Mapping[str, int] = field(default_factory=dict)
    # Of a list: the field of an item that holds `Ask.shown`.
    lists: str | None = None
    # What tells this row from another of the same operation.
    case: str = ""

    def __str__(self) -> str:
        return f"{self.operation} {self.case}".strip()

    @property
    def method(self) -> str:
        """GET, POST …"""
        return self.operation.split()[0]

    @property
    def template(self) -> str:
        """The path below `/api/v1`, with names in braces."""
        return self.operation.split()[1]

    @property
    def relations(self) -> tuple[str, ...]:
        """The organisations, as seen from 10, in which a target is tried."""
        return NO_TARGET if self.reach == NO_TARGET else RELATIONS

    @property
    def insiders(self) -> tuple[str, ...]:
        """Who is not refused at the door already."""
        return (*self.who, *self.turned_away)

    def reach_of(self, actor: str) -> tuple[str, ...]:
        """The relations in which the actor reaches a target."""
        return self.reaches.get(actor, self.reach)


def expected(row: Row, actor: str, relation: str) -> int:
    """The status that the actor gets for a target in the organisation of this relation."""
    if actor in row.instead:
        return row.instead[actor]
    if actor in row.insiders:
        inside = row.lists is not None or relation in row.reach_of(actor)
        return 404 if not inside else 403 if actor in row.turned_away else row.status
    if actor == "anonymous":
        return 401
    if row.who[0] in STAFF:
        return 403 if actor in STAFF else 401
    return {"unbound": 409, "silent": 403}.get(actor, 401)
