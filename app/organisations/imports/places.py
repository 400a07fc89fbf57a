"""Which organisation a roster means: names in, organisations of the tree or new ones out. Nothing is stored here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.organisations.service import PARENTS
from content.text import compact

# What the name of an organisation ends with says of what kind it is; 党总支 and 党支部 end so as well.
KIND_OF_SUFFIX = {"党委": "committee", "总支": "general_branch", "支部": "branch", "党小组": "group"}
TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Place:
    """An organisation of the tree, or one that the import will add: the id of such a one is minus its number."""

    id: int
    parent_id: int | None
    path: str
    kind: str
    name: str
    timezone: str
    practice: bool


@dataclass(frozen=True)
class SheetLine:
    """A line of the sheet 党组织; `parent` is "" for the top."""

    id: int
    name: str
    kind: str
    parent: str


class Unfit(Exception):
    """A line whose organisation cannot be had: `code`, and `reason` for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class Places:
    """The organisations in reach, found by name as people write it, and those that are to be added.

    `root` is the one that is imported into, `above` the names of those above it.
    """

    def __init__(self, places: Iterable[Place], root_id: int | None, above: Iterable[str] = ()) -> None:
        self.new: list[Place] = []
        self._by_id: dict[int, Place] = {}
        self._by_name: defaultdict[str, list[Place]] = defaultdict(list)
        for place in places:
            self._learn(place)
        self.root = self._by_id[root_id] if root_id is not None else None
        self._above = {compact(name) for name in above}

    def named(self, name: str) -> list[Place]:
        """All organisations of this name."""
        return self._by_name[compact(name)]

    def add(self, name: str, kind: str, parent: Place | None) -> Place:
        """Plans an organisation; raises `Unfit` where it cannot stand under `parent`."""
        if parent is not None and parent.kind not in PARENTS[kind]:
            raise Unfit("wrong_parent", f"「{name}」不能设在「{parent.name}」下，请核对类别和上级。")
        number = -len(self.new) - 1
        place = Place(
            id=number,
            parent_id=parent.id if parent else None,
            path=f"{parent.path if parent else '/'}{number}/",
            kind=kind,
            name=name,
            timezone=parent.timezone if parent else TIMEZONE,
            practice=parent.practice if parent else False,
        )
        self.new.append(place)
        self._learn(place)
        return place

    def _learn(self, place: Place) -> None:
        self._by_id[place.id] = place
        self._by_name[compact(place.name)].append(place)

    def parent_of(self, place: Place) -> Place | None:
        """The organisation above, if it is in reach."""
        return self._by_id.get(place.parent_id) if place.parent_id is not None else None

    def shown(self) -> list[dict[str, object]]:
        """The organisations to add as the record of the import keeps them."""
        parents = [self.parent_of(place) for place in self.new]
        return [
            {"name": place.name, "kind": place.kind, "superior": parent.name if parent else ""}
            for place, parent in zip(self.new, parents, strict=True)
        ]

    def is_below(self, place: Place, superior: str) -> bool:
        """Whether an organisation of this name is above the place."""
        parent = self.parent_of(place)
        return parent is not None and (compact(parent.name) == compact(superior) or self.is_below(parent, superior))

    def is_above_all(self, name: str) -> bool:
        """Whether the name is that of an organisation above the whole reach."""
        return compact(name) in self._above and not self.named(name)


def plan_sheet(lines: Sequence[SheetLine], places: Places, *, may_create: bool) -> dict[int, Unfit | Place | None]:
    """Line id -> what is wrong, the organisation to add, or None where it exists; `places` learns the new ones."""
    outcome: dict[int, Unfit | Place | None] = {}
    for line in lines:
        try:
            outcome[line.id] = _of_sheet(line, places, may_create)
        except Unfit as unfit:
            outcome[line.id] = unfit
    return outcome


def _of_sheet(line: SheetLine, places: Places, may_create: bool) -> Place | None:
    # The top of a sheet is the organisation that it is imported into, or stands under that, if there is one.
    is_top = not line.parent or places.is_above_all(line.parent)
    parent = places.root if is_top else _parent(line, places)
    for place in places.named(line.name):
        is_root = place is places.root and is_top
        if is_root or place.parent_id == (parent.id if parent else None):
            if place.kind != line.kind:
                raise Unfit("kind_differs", f"系统中「{line.name}」的类别与表中不同，请核对类别。")
            return None
    if not may_create:
        raise Unfit("organisations_not_allowed", "只有管理员可以新建党组织，请联系管理员，或删除这一行。")
    return places.add(line.name, line.kind, parent)


def _parent(line: SheetLine, places: Places) -> Place:
    found = places.named(line.parent)
    if not found:
        raise Unfit("unknown_parent", f"没有找到上级「{line.parent}」，请核对名称；新建的上级要写在它的前面。")
    if len(found) > 1:
        raise Unfit("ambiguous_parent", f"有多个党组织名为「{line.parent}」，请到更下一级党组织中导入。")
    return found[0]


Mention = tuple[str, str]


def find_places(mentions: Sequence[Mention], places: Places, *, create: bool) -> dict[Mention, Place | Unfit]:
    """(organisation, superior) as the lines have them -> the organisation, or what is wrong.

    With `create` a name that is not there becomes an organisation, and so does its superior.
    """
    found: dict[Mention, Place | Unfit] = {}
    for name, superior in mentions:
        try:
            found[name, superior] = _find(name, superior, places, create)
        except Unfit as unfit:
            found[name, superior] = unfit
    return found


def _find(name: str, superior: str, places: Places, create: bool) -> Place:
    says_nothing = not superior or compact(superior) == compact(name) or places.is_above_all(superior)
    named = places.named(name)
    fitting = named if says_nothing else [place for place in named if places.is_below(place, superior)]
    if len(fitting) > 1:
        raise Unfit("ambiguous_organisation", _several(name, says_nothing))
    if fitting:
        return fitting[0]
    if says_nothing:
        return _made(name, places.root, places, create)
    above = places.named(superior)
    if len(above) > 1:
        raise Unfit("ambiguous_organisation", f"有多个党组织名为上级「{superior}」，请到更下一级党组织中导入。")
    if not above:
        if not create:
            reason = f"没有找到党组织「{name}」的上级「{superior}」，请核对名称，或把上级留空。"
            raise Unfit("unknown_organisation", reason)
        above = [_made(superior, places.root, places, create)]
    return _made(name, above[0], places, create)


def _several(name: str, says_nothing: bool) -> str:
    if says_nothing:
        return f"有多个党组织名为「{name}」，请填写上级党组织，或到更下一级党组织中导入。"
    return f"该上级下有多个党组织名为「{name}」，请到更下一级党组织中导入。"


def _made(name: str, parent: Place | None, places: Places, create: bool) -> Place:
    if not create:
        where = f"在「{parent.name}」及其下级中" if parent else ""
        raise Unfit("unknown_organisation", f"{where}没有找到党组织「{name}」，请核对名称，或请管理员新建。")
    kind = next((kind for suffix, kind in KIND_OF_SUFFIX.items() if compact(name).endswith(suffix)), None)
    if kind is None:
        reason = f"从名称「{name}」看不出是党委、党总支、党支部还是党小组，请写全名称，或先新建这个党组织。"
        raise Unfit("unknown_kind", reason)
    return places.add(name, kind, parent)
