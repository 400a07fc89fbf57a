"""Which line of a roster means which organisation and which member: plain values in, a plan out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.organisations.service import PARENTS
from content.errors import Rejected
from content.roster import ORGANISATION_SHEET, RosterMember, RosterOrganisation
from content.text import compact


@dataclass(frozen=True)
class Place:
    """An organisation of the tree, or one that the import will add."""

    id: int
    parent_id: int | None
    path: str
    kind: str
    name: str
    timezone: str


class Places:
    """The organisations in reach, found by name as people write it."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.all: list[Place] = []
        self._by_name: defaultdict[str, list[Place]] = defaultdict(list)
        for place in places:
            self.add(place)

    def add(self, place: Place) -> None:
        """Makes an organisation findable."""
        self.all.append(place)
        self._by_name[compact(place.name)].append(place)

    def named(self, name: str) -> list[Place]:
        """All organisations of this name."""
        return self._by_name[compact(name)]


@dataclass(frozen=True)
class ExistingMember:
    """A member as the import found them."""

    id: int
    organisation_id: int
    name: str
    phone_index: bytes | None
    stage: str
    roster: str
    exempt_reason: str | None
    in_reach: bool


@dataclass(frozen=True)
class PlannedMember:
    """A member as the import will leave them; `phone` is None where it stays as it is."""

    id: int
    organisation_id: int
    name: str
    stage: str
    roster: str
    exempt_reason: str | None
    phone: str | None


@dataclass
class MemberPlan:
    """What happens to the members, and the lines that cannot be carried out."""

    added: list[PlannedMember] = field(default_factory=list)
    changed: list[PlannedMember] = field(default_factory=list)
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


class _Unfit(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


def plan_organisations(
    lines: Sequence[RosterOrganisation],
    places: Places,
    ids: Sequence[int],
    *,
    root_path: str | None,
    may_create: bool,
) -> tuple[list[Place], list[Rejected]]:
    """The organisations to add, parents first, and the lines refused; `places` learns the new ones.

    `ids` has one for each line. Without `root_path` a line with no parent makes the top of a new tree.
    """
    new: list[Place] = []
    rejected: list[Rejected] = []
    for line, organisation_id in zip(lines, ids, strict=True):
        try:
            place = _place(line, places, organisation_id, root_path)
            if place is not None and not may_create:
                raise _Unfit("organisations_not_allowed", "只有管理员可以新建党组织，请联系管理员，或删除这一行。")
        except _Unfit as unfit:
            rejected.append(Rejected(line.line, unfit.code, f"「{ORGANISATION_SHEET}」表：{unfit.reason}"))
            continue
        if place is not None:
            new.append(place)
            places.add(place)
    return new, rejected


def _place(line: RosterOrganisation, places: Places, organisation_id: int, root_path: str | None) -> Place | None:
    """The organisation that the line adds, or None where it exists."""
    # The top of a sheet is the organisation that it is imported into, or stands under that, if there is one.
    root = next((place for place in places.all if place.path == root_path), None)
    parent = _parent(line, places) if line.parent else root
    for place in places.named(line.name):
        is_root = place is root and not line.parent
        if is_root or place.parent_id == (parent.id if parent else None):
            if place.kind != line.kind:
                raise _Unfit("kind_differs", f"系统中「{line.name}」的类别与表中不同，请核对类别。")
            return None
    if parent is not None and parent.kind not in PARENTS[line.kind]:
        raise _Unfit("wrong_parent", f"「{line.name}」不能设在「{parent.name}」下，请核对类别和上级。")
    return Place(
        id=organisation_id,
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else '/'}{organisation_id}/",
        kind=line.kind,
        name=line.name,
        timezone=parent.timezone if parent else "Asia/Shanghai",
    )


def _parent(line: RosterOrganisation, places: Places) -> Place:
    found = places.named(line.parent)
    if not found:
        raise _Unfit("unknown_parent", f"没有找到上级「{line.parent}」，请核对名称；新建的上级要写在它的前面。")
    if len(found) > 1:
        raise _Unfit("ambiguous_parent", f"有多个党组织名为「{line.parent}」，请到更下一级党组织中导入。")
    return found[0]


def plan_members(
    lines: Sequence[RosterMember],
    places: Places,
    existing: Sequence[ExistingMember],
    ids: Sequence[int],
    digests: Mapping[str, bytes],
) -> MemberPlan:
    """Each line by its phone, or else by its name within its organisation; `ids` has one for each line.

    `digests` is phone -> blind index. A member whom one line means by phone is not meant by another line's name.
    """
    by_digest = {member.phone_index: member for member in existing if member.phone_index is not None}
    by_phone = {phone: by_digest[digest] for phone, digest in digests.items() if digest in by_digest}
    meant = {member.id for member in by_phone.values()}
    by_name: defaultdict[tuple[int, str], list[ExistingMember]] = defaultdict(list)
    for member in existing:
        if member.in_reach and member.id not in meant:
            by_name[member.organisation_id, compact(member.name)].append(member)
    by_name_only = (line for line in lines if line.phone not in by_phone)
    namesakes = Counter((compact(line.organisation), compact(line.name)) for line in by_name_only)
    plan = MemberPlan()
    for line, member_id in zip(lines, ids, strict=True):
        try:
            place = _organisation(line, places)
            found = by_phone.get(line.phone)
            if found is None:
                candidates = by_name[place.id, compact(line.name)]
                found = _namesake(candidates, namesakes[compact(line.organisation), compact(line.name)])
            elif not found.in_reach:
                raise _Unfit("phone_elsewhere", "该手机号已登记在其他党组织")
            elif compact(found.name) != compact(line.name):
                # A family shares a phone: it would turn one person's record into the other's.
                raise _Unfit("phone_of_another", "该手机号已登记在另一位党员名下，请核对；与家人共用手机的，请留空。")
        except _Unfit as unfit:
            plan.rejected.append(Rejected(line.line, unfit.code, unfit.reason))
            continue
        _carry_out(plan, line, place, found, member_id, digests)
    return plan


def _organisation(line: RosterMember, places: Places) -> Place:
    found = places.named(line.organisation)
    if not found:
        raise _Unfit("unknown_organisation", f"没有找到党组织「{line.organisation}」，请核对名称，或先新建该党组织。")
    if len(found) > 1:
        raise _Unfit(
            "ambiguous_organisation", f"有多个党组织名为「{line.organisation}」，请到它的上一级党组织中分别导入。"
        )
    return found[0]


def _namesake(candidates: Sequence[ExistingMember], lines: int) -> ExistingMember | None:
    """The one member that the name can mean, or None; several on either side cannot be told apart."""
    if not candidates:
        return None
    if len(candidates) > 1:
        raise _Unfit("ambiguous_name", "该党组织已有多名同名党员，请填写系统中登记的手机号以便区分。")
    if lines > 1:
        raise _Unfit("ambiguous_name", "该党组织已有一名同名党员，无法判断是哪一行。请先只导入其中一行，再导入另一行。")
    return candidates[0]


def _carry_out(
    plan: MemberPlan,
    line: RosterMember,
    place: Place,
    found: ExistingMember | None,
    member_id: int,
    digests: Mapping[str, bytes],
) -> None:
    # An empty phone says nothing: it does not delete the one that is known.
    new_phone = bool(line.phone) and (found is None or found.phone_index != digests[line.phone])
    planned = PlannedMember(
        id=found.id if found else member_id,
        organisation_id=place.id,
        name=line.name,
        stage=line.stage,
        roster=line.roster,
        exempt_reason=line.exempt_reason if line.exempt else None,
        phone=line.phone if new_phone else None,
    )
    if found is None:
        plan.added.append(planned)
    elif planned.phone is None and _same(planned, found):
        plan.unchanged += 1
    else:
        plan.changed.append(planned)


def _same(planned: PlannedMember, found: ExistingMember) -> bool:
    fields = ("organisation_id", "name", "stage", "roster", "exempt_reason")
    return all(getattr(planned, name) == getattr(found, name) for name in fields)
