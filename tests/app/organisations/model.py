"""What an organisation tree with people, posts and bindings comes to, in plain Python: see `test_state_machine`.

Every change first says in a set of codes why it may be refused; only where that is empty it is carried out.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
PARENTS = {
    "general_branch": {"committee"},
    "branch": {"committee", "general_branch"},
    "group": {"branch"},
    "committee": {"committee"},
}
RESTORABLE = timedelta(days=30)
SLIP_LIFE = timedelta(days=14)
# A row of the figures: the child, or 0 for all; and whether due or completed.
Row = tuple[int, str]


@dataclass
class Branch:
    """An organisation; `moved` holds when its path changed, and what it was before."""

    id: int
    parent: int | None
    kind: str
    name: str
    archived: datetime | None = None
    # Not known of those that were always there.
    begins: datetime | None = None
    moved: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass
class Place:
    """Where a member stood."""

    organisation: int
    path: str
    begins: datetime
    ends: datetime | None = None


@dataclass
class Person:
    """A member; `reads` everything or nothing. `session` is whether a sign-in lives, and whether it acts as them."""

    id: int
    organisation: int
    reads: bool
    archived: datetime | None = None
    places: list[Place] = field(default_factory=list)
    bound: bool = False
    session: str = "none"
    slip: tuple[str, datetime] | None = None


@dataclass
class Office:
    """A post."""

    id: int
    account: int
    organisation: int
    role: str
    begins: datetime
    ends: datetime | None


def effective(days_ago: int, now: datetime) -> datetime:
    """When a change holds that came about so many days ago."""
    if not days_ago:
        return now
    day: date = (now.astimezone(ZONE) - timedelta(days=days_ago)).date()
    return datetime.combine(day, time(), ZONE)


def is_before(at: datetime, latest: datetime) -> bool:
    """Whether a change at `at` would come before one that has been: one of a given day may come later that day."""
    given = at.tzinfo is ZONE
    return latest > at and not (given and latest.astimezone(ZONE).date() == at.date())


def together(places: list[Place]) -> list[Place]:
    """The same, with what goes on in the same place put into one."""
    found: list[Place] = []
    for place in sorted(places, key=lambda each: each.begins):
        last = found[-1] if found else None
        same = last is not None and (last.organisation, last.path, last.ends) == (
            place.organisation, place.path, place.begins,
        )  # fmt: skip
        if last is not None and same:
            last.ends = place.ends
        else:
            found.append(Place(place.organisation, place.path, place.begins, place.ends))
    return found


class Model:
    """The whole county."""

    def __init__(self, branches: list[Branch], now: datetime) -> None:
        self.branches = {branch.id: branch for branch in branches}
        self.people: dict[int, Person] = {}
        self.offices: dict[int, Office] = {}
        # Accounts that may not sign in, and those whose session has ended.
        self.disabled: set[int] = set()
        self.signed_out: set[int] = set()
        self.now = now

    # --- the tree ------------------------------------------------------------------------------------------------

    def path(self, branch_id: int) -> str:
        """The path as it is."""
        parent = self.branches[branch_id].parent
        return f"{self.path(parent) if parent else '/'}{branch_id}/"

    def below(self, branch_id: int) -> Iterator[Branch]:
        """The organisation and all below it, archived or not."""
        path = self.path(branch_id)
        return (branch for branch in list(self.branches.values()) if self.path(branch.id).startswith(path))

    def children(self, branch_id: int | None) -> list[Branch]:
        """The living ones."""
        return [each for each in self.branches.values() if each.parent == branch_id and each.archived is None]

    def living(self, branch_id: int) -> bool:
        """Whether an organisation is there."""
        return self.branches[branch_id].archived is None

    def members(self, branch_id: int) -> list[Person]:
        """Who stands in the organisation itself."""
        return [each for each in self.people.values() if each.organisation == branch_id and each.archived is None]

    def name_is_free(self, parent: int | None, name: str, but: int = 0) -> bool:
        """Whether no living child has the name."""
        return all(child.name != name or child.id == but for child in self.children(parent))

    def moved_after(self, branch_id: int, other: int, at: datetime) -> bool:
        """Whether the subtree or the other organisation moved later, or one of the two was not there yet."""
        return any(is_before(at, when) for when in self.changes(branch_id, other))

    def changes(self, branch_id: int, other: int) -> list[datetime]:
        """When the subtree and the other organisation moved, and the two came to be."""
        moves = [when for each in [*self.below(branch_id), self.branches[other]] for when, _ in each.moved]
        begins = [self.branches[id_].begins for id_ in (branch_id, other)]
        return [*moves, *(each for each in begins if each is not None)]

    def settled(self, branch_id: int, other: int, at: datetime) -> datetime:
        """When a change of the two that may be made holds."""
        return max([at, *self.changes(branch_id, other)]).astimezone(at.tzinfo)

    def why_not_create(self, parent: int, kind: str, name: str) -> set[str]:
        """Codes."""
        if not self.living(parent):
            return {"not_found"}
        return {
            *({"wrong_parent"} if self.branches[parent].kind not in PARENTS[kind] else ()),
            *({"name_taken"} if not self.name_is_free(parent, name) else ()),
        }

    def why_not_move(self, branch_id: int, parent: int, at: datetime) -> set[str]:
        """Codes."""
        branch = self.branches[branch_id]
        if not self.living(branch_id) or not self.living(parent):
            return {"not_found"}
        if self.path(parent).startswith(self.path(branch_id)):
            return {"into_itself"}
        if self.branches[parent].kind not in PARENTS[branch.kind]:
            return {"wrong_parent"}
        if branch.parent == parent:
            return set()
        inside = [person for each in self.below(branch_id) for person in self.members(each.id)]
        return {
            *({"name_taken"} if not self.name_is_free(parent, branch.name) else ()),
            *({"date_too_early"} if self.moved_after(branch_id, parent, at) else ()),
            *({"date_too_early"} if any(self.changed_after(person, at) for person in inside) else ()),
        }

    def move(self, branch_id: int, parent: int, at: datetime) -> None:
        """The subtree goes, and everybody in it."""
        branch = self.branches[branch_id]
        if branch.parent == parent:
            return
        at = self.settled(branch_id, parent, at)
        moving = list(self.below(branch_id))
        for each in moving:
            each.moved.append((at, self.path(each.id)))
        branch.parent = parent
        for each in moving:
            for person in self.members(each.id):
                self.place(person, each.id, at)

    def why_not_merge(self, branch_id: int, into: int, at: datetime) -> set[str]:
        """Codes."""
        if not self.living(branch_id) or not self.living(into):
            return {"not_found"}
        if self.path(into).startswith(self.path(branch_id)):
            return {"into_itself"}
        if self.branches[branch_id].kind != self.branches[into].kind:
            return {"kind_differs"}
        inside = [person for each in self.below(branch_id) for person in self.members(each.id)]
        names = [child.name for child in self.children(branch_id)]
        return {
            *({"name_taken"} if not all(self.name_is_free(into, name, branch_id) for name in names) else ()),
            *({"date_too_early"} if self.moved_after(branch_id, into, at) else ()),
            *({"date_too_early"} if any(self.changed_after(person, at) for person in inside) else ()),
        }

    def merge(self, branch_id: int, into: int, at: datetime) -> None:
        """Members and children go over, posts end."""
        at = self.settled(branch_id, into, at)
        for person in self.members(branch_id):
            self.place(person, into, at)
        moving = [each for each in self.below(branch_id) if each.id != branch_id]
        for each in moving:
            each.moved.append((at, self.path(each.id)))
        for each in self.branches.values():
            if each.parent == branch_id:
                each.parent = into
        for each in moving:
            for person in self.members(each.id):
                self.place(person, each.id, at)
        self.archive(branch_id)

    def why_not_split(self, branch_id: int, ids: list[int], name: str, at: datetime) -> set[str]:
        """Codes."""
        branch = self.branches[branch_id]
        here = {person.id for person in self.members(branch_id)}
        if not self.living(branch_id) or branch.parent is None or not set(ids) <= here:
            return {"not_found"}
        return {
            *({"name_taken"} if not self.name_is_free(branch.parent, name) else ()),
            *({"date_too_early"} if self.moved_after(branch_id, branch.parent, at) else ()),
            *({"date_too_early"} if any(self.changed_after(self.people[id_], at) for id_ in ids) else ()),
        }

    def why_not_archive(self, branch_id: int) -> set[str]:
        """Codes."""
        if not self.living(branch_id):
            return {"not_found"}
        return {"not_empty"} if self.members(branch_id) or self.children(branch_id) else set()

    def archive(self, branch_id: int) -> None:
        """It is there no longer, nor what was held in it."""
        self.branches[branch_id].archived = self.now
        for office in self.offices.values():
            if office.organisation == branch_id and (office.ends is None or office.ends > self.now):
                office.ends = self.now

    def why_not_restore(self, branch_id: int) -> set[str]:
        """Codes."""
        branch = self.branches[branch_id]
        if branch.archived is None:
            return {"not_archived"}
        return {
            *({"too_late_to_restore"} if branch.archived <= self.now - RESTORABLE else ()),
            *({"parent_archived"} if branch.parent and not self.living(branch.parent) else ()),
            *({"name_taken"} if not self.name_is_free(branch.parent, branch.name) else ()),
        }

    # --- people --------------------------------------------------------------------------------------------------

    def changed_after(self, person: Person, at: datetime) -> bool:
        """Whether the person came or left later."""
        return any(is_before(at, place.ends or place.begins) for place in person.places)

    def path_from(self, branch_id: int, at: datetime) -> list[tuple[str, datetime, datetime | None]]:
        """The paths of an organisation from a time on."""
        found, begins = [], at
        for when, before in self.branches[branch_id].moved:
            if when > begins:
                found.append((before, begins, when))
                begins = when
        return [*found, (self.path(branch_id), begins, None)]

    def since_last(self, person: Person, at: datetime) -> datetime:
        """The time, or that of the last change of the person where it is later."""
        return max([at, *((place.ends or place.begins) for place in person.places)])

    def displace(self, person: Person, at: datetime) -> None:
        """The person is nowhere from a time on, or from the last change of that day on."""
        at = self.since_last(person, at)
        for place in person.places:
            if place.ends is None:
                place.ends = at
        person.places = [place for place in person.places if place.ends != place.begins]

    def place(self, person: Person, branch_id: int, at: datetime) -> None:
        """The person stands there from a time on, unless they do already."""
        person.organisation = branch_id
        stands = next((place for place in person.places if place.ends is None), None)
        if stands is not None and (stands.organisation, stands.path) == (branch_id, self.path(branch_id)):
            return
        at = self.since_last(person, at)
        self.displace(person, at)
        person.places += [Place(branch_id, *segment) for segment in self.path_from(branch_id, at)]

    def why_not_move_person(self, person: Person, branch_id: int, at: datetime) -> set[str]:
        """Codes."""
        if not self.living(branch_id):
            return {"not_found"}
        if person.archived is not None:
            return {"member_archived"}
        begins = self.branches[branch_id].begins
        early = self.changed_after(person, at) or (begins is not None and is_before(at, begins))
        return {"date_too_early"} if person.organisation != branch_id and early else set()

    def move_person(self, person: Person, branch_id: int, at: datetime) -> None:
        """The person stands elsewhere, from a time on at which it is there."""
        self.place(person, branch_id, max(at, self.branches[branch_id].begins or at))

    def why_not_archive_person(self, person: Person, at: datetime) -> set[str]:
        """Codes; the same again is no error."""
        return {"date_too_early"} if person.archived is None and self.changed_after(person, at) else set()

    def archive_person(self, person: Person, at: datetime) -> None:
        """The person is on the roster no longer: sessions and slips end, the binding sleeps."""
        if person.archived is None:
            self.displace(person, at)
            person.archived, person.slip = self.now, None
            if person.session == "acting":
                person.session = "none"

    def why_not_restore_person(self, person: Person, target: int) -> set[str]:
        """Codes."""
        if person.archived is None:
            return {"not_archived"}
        return {
            *({"too_late_to_restore"} if person.archived <= self.now - RESTORABLE else ()),
            *({"organisation_archived", "not_found"} if not self.living(target) else ()),
        }

    def restore_person(self, person: Person, target: int) -> datetime:
        """The person is back without a gap; gives since when."""
        since = max((place.ends for place in person.places if place.ends), default=self.now)
        person.archived = None
        began = self.branches[target].begins
        stands = person.places and person.places[-1]
        if not (stands and (stands.organisation, stands.path) == (target, self.path(target))):
            since = max(since, began or since)
        self.place(person, target, since)
        return since

    # --- posts ---------------------------------------------------------------------------------------------------

    def why_not_appoint(self, office: Office) -> set[str]:
        """Codes."""
        if not self.living(office.organisation):
            return {"not_found"}
        if office.ends is not None and office.ends <= max(office.begins, self.now):
            return {"bad_period"}
        same = (office.account, office.organisation, office.role)
        for other in self.offices.values():
            lasts = other.ends is None or other.ends > max(other.begins, office.begins)
            meets = lasts and (office.ends is None or other.begins < office.ends)
            if meets and (other.account, other.organisation, other.role) == same:
                return {"post_exists"}
        return set()

    def why_not_hand_over(self, office: Office, successor: Office) -> set[str]:
        """Codes."""
        if office.ends is not None and office.ends <= self.now:
            return {"post_over"}
        within = office.ends is None or successor.begins <= office.ends
        if successor.begins < max(self.now, office.begins) or not within:
            return {"bad_period"}
        if successor.account in self.disabled:
            return {"account_disabled"}
        # The holder may be their own successor, with another term.
        before, office.ends = office.ends, successor.begins
        refusals = self.why_not_appoint(successor)
        office.ends = before
        return refusals

    def end_office(self, office: Office) -> None:
        """What it allows ends, now."""
        if office.ends is None or office.ends > self.now:
            office.ends = self.now

    def rights(self, account: int) -> set[tuple[str, int, str]]:
        """Role, organisation and path of what is in force."""
        return {
            (office.role, office.organisation, self.path(office.organisation))
            for office in self.offices.values()
            if office.account == account
            and office.begins <= self.now
            and (office.ends is None or office.ends > self.now)
            and self.living(office.organisation)
        }

    # --- figures -------------------------------------------------------------------------------------------------

    def counted_at(self, monday: date) -> datetime:
        """When it is looked where everybody stands in the week of this Monday."""
        ends = datetime.combine(monday + timedelta(weeks=1), time(), ZONE) - timedelta(microseconds=1)
        return min(self.now, ends)

    def figures(self, top: int, monday: date) -> Counter[Row]:
        """The figures of a top, whose issue everybody below it is due with, without zeros."""
        at, rows = self.counted_at(monday), Counter[Row]()
        for person in self.people.values():
            for place in person.places:
                if place.begins <= at and (place.ends is None or at < place.ends) and place.path.startswith(f"/{top}/"):
                    below = [int(part) for part in place.path.strip("/").split("/")][1:]
                    for row in (0, below[0] if below else top):
                        rows[row, "due"] += 1
                        rows[row, "completed"] += person.reads
        return +rows
