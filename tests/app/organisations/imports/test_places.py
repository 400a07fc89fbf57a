"""Names of organisations in a roster: found, added, or refused with what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisations.imports.places import Place, Places, SheetLine, Unfit, find_places, plan_sheet
from tests.world import TREE

ABOVE = ["示范县委"]


def places(*more: tuple[int, int, str, str]) -> Places:
    """The tree of `tests.world` below 1, with more branches (id, parent, path, name)."""
    tree = [(id_, parent, path, kind, name) for id_, parent, path, kind, name in TREE if path.startswith("/1/")]
    tree += [(id_, parent, path, "branch", name) for id_, parent, path, name in more]
    return Places((Place(*each, "Asia/Shanghai", False) for each in tree), 1, ABOVE)


def meaning(found: Place | Unfit) -> object:
    """The id of an organisation, what a new one is, or why there is none."""
    if isinstance(found, Unfit):
        assert found.reason
        return found.code
    return found.id if found.id > 0 else (found.kind, found.path)


TWIN = (102, 11, "/1/11/102/", "一支部")


@pytest.mark.parametrize(
    ("name", "superior", "create", "means"),
    [
        ("二支部", "", False, 101),
        ("二 支部", "", False, 101),
        ("二支部", "东片党总支", False, 101),
        ("二支部", "示范镇党委", False, 101),  # not only the nearest superior
        ("二支部", "示范县委", False, 101),  # above everything here
        ("二支部", "县直党委", False, "unknown_organisation"),
        ("二支部", "西片党总支", False, "unknown_organisation"),
        ("一支部", "", False, "ambiguous_organisation"),
        ("一支部", "西片党总支", False, 102),
        ("一支部", "示范镇党委", False, "ambiguous_organisation"),
        ("九支部", "", False, "unknown_organisation"),
        ("九支部", "没有的党委", False, "unknown_organisation"),
        ("示范镇党委", "示范镇党委", False, 1),
        ("邻镇支部", "", False, "unknown_organisation"),
        ("九支部", "", True, ("branch", "/1/-1/")),
        ("九支部", "西片党总支", True, ("branch", "/1/11/-1/")),
        ("二支部", "西片党总支", True, ("branch", "/1/11/-1/")),
        ("九支部", "新党总支", True, ("branch", "/1/-1/-2/")),
        ("第一党小组", "二支部", True, ("group", "/1/10/101/-1/")),
        ("第一党小组", "", True, "wrong_parent"),
        ("妇联", "", True, "unknown_kind"),
        ("九支部", "妇联", True, "unknown_kind"),
    ],
)
def test_a_name_means_an_organisation_of_the_tree_or_a_new_one(
    name: str, superior: str, create: bool, means: object
) -> None:
    assert meaning(find_places([(name, superior)], places(TWIN), create=create)[name, superior]) == means


def test_a_superior_that_nobody_knows_is_never_guessed() -> None:
    # Exactly one 二支部 is in reach, but the one that is meant may stand under a neighbour.
    found = find_places([("二支部", "甲镇党委"), ("一支部", "乙镇党委")], places(), create=False)
    assert [meaning(each) for each in found.values()] == ["unknown_organisation"] * 2
    made = find_places([("二支部", "甲镇党委"), ("二支部", "乙镇党委")], places(), create=True)
    assert [meaning(each) for each in made.values()] == [("branch", "/1/-1/-2/"), ("branch", "/1/-3/-4/")]


def test_a_name_that_is_added_is_found_again() -> None:
    tree = places()
    found = find_places([("九支部", ""), ("九 支部", ""), ("八支部", "九支部")], tree, create=True)
    assert [meaning(each) for each in found.values()][:2] == [("branch", "/1/-1/")] * 2
    assert len(tree.new) == 1
    assert tree.shown() == [{"name": "九支部", "kind": "branch", "superior": "示范镇党委"}]


def test_the_sheet_of_organisations_is_planned_in_its_order() -> None:
    lines = [
        SheetLine(1, "甲组", "group", "还没写"),
        SheetLine(2, "还没写", "branch", "西片党总支"),
        SheetLine(3, "乙组", "group", "一支部"),
        SheetLine(4, "丙总支", "general_branch", "东片党总支"),
        SheetLine(5, "丁党委", "committee", ""),
        SheetLine(6, "二支部", "group", "东片党总支"),
        SheetLine(7, "三支部", "branch", "西片党总支"),
        SheetLine(8, "示范镇党委", "committee", "示范县委"),
        SheetLine(9, "丁支部", "branch", "丁党委"),
    ]
    outcome = plan_sheet(lines, places(TWIN), may_create=True)
    assert [each if each is None else meaning(each) for each in outcome.values()] == [
        "unknown_parent", ("branch", "/1/11/-1/"), "ambiguous_parent", "wrong_parent", ("committee", "/1/-2/"),
        "kind_differs", None, None, ("branch", "/1/-2/-3/"),
    ]  # fmt: skip
    more = SheetLine(10, "戊支部", "branch", "东片党总支")
    refused = plan_sheet([*lines[6:], more], places(TWIN), may_create=False)
    assert [each if each is None else meaning(each) for each in refused.values()] == [
        None, None, "unknown_parent", "organisations_not_allowed",
    ]  # fmt: skip


def test_two_branches_of_one_name_stand_under_their_superiors() -> None:
    tree = places()
    lines = [SheetLine(1, "新支部", "branch", "东片党总支"), SheetLine(2, "新支部", "branch", "西片党总支")]
    assert [meaning(each) for each in plan_sheet(lines, tree, may_create=True).values() if each] == [
        ("branch", "/1/10/-1/"),
        ("branch", "/1/11/-2/"),
    ]
    found = find_places([("新支部", "东片党总支"), ("新支部", "西片党总支"), ("新支部", "")], tree, create=False)
    assert [meaning(each) for each in found.values()] == [
        ("branch", "/1/10/-1/"), ("branch", "/1/11/-2/"), "ambiguous_organisation",
    ]  # fmt: skip


names = st.sampled_from(["甲支部", "乙支部", "丙总支", "一支部", "东片党总支", "示范镇党委", "示范县委"])
kinds = st.sampled_from(["committee", "general_branch", "branch", "group"])
sheet = st.lists(st.tuples(names, kinds, st.just("") | names), max_size=8)


@given(sheet, st.lists(st.tuples(names, st.just("") | names), max_size=8))
def test_every_planned_organisation_stands_right_below_its_parent(
    given_lines: list[tuple[str, str, str]], mentions: list[tuple[str, str]]
) -> None:
    tree = places()
    plan_sheet([SheetLine(number, *line) for number, line in enumerate(given_lines)], tree, may_create=True)
    find_places(mentions, tree, create=True)
    known = {id_: (path, kind) for id_, _, path, kind, _ in TREE}
    for place in tree.new:
        assert place.parent_id in known
        assert place.path == f"{known[place.parent_id][0]}{place.id}/"
        known[place.id] = (place.path, place.kind)
    siblings = [(parent, name) for id_, parent, _, _, name in TREE if id_ < 1000]
    siblings += [(place.parent_id, place.name) for place in tree.new]
    assert len(set(siblings)) == len(siblings)
