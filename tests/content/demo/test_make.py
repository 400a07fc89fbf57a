import runpy
import sys
from collections import Counter
from pathlib import Path

import pytest

from content.demo import make
from content.questions.sheet import parse_question_sheet
from content.roster import RosterLine, RosterOrganisation
from content.roster.parse import parse_roster_lines
from content.tables import read_xlsx, sheet_names

FOLDER = Path(make.__file__).parent
EVENTS = list(parse_roster_lines((FOLDER / "roster.xlsx").read_bytes(), {"today": "2026-11-24"}))
MEMBERS = [event for event in EVENTS if isinstance(event, RosterLine)]
ORGANISATIONS = [event for event in EVENTS if isinstance(event, RosterOrganisation)]


def test_the_roster_has_exactly_the_promised_numbers_and_nothing_rejected() -> None:
    assert len(EVENTS) == len(MEMBERS) + len(ORGANISATIONS) + 1, "nothing is rejected or skipped"
    assert Counter(organisation.kind for organisation in ORGANISATIONS) == {
        "committee": 1, "general_branch": 3, "branch": 12,
    }  # fmt: skip
    assert len(MEMBERS) == 400
    assert sum(member.roster == "floating" for member in MEMBERS) == 50
    assert sum(member.exempt is True for member in MEMBERS) == 12


def test_branches_differ_in_how_many_members_are_away() -> None:
    floating = Counter(member.organisation for member in MEMBERS if member.roster == "floating")
    assert len(set(floating.values())) > 5


def test_members_belong_to_branches_four_under_each_general_branch() -> None:
    branches = {organisation.name for organisation in ORGANISATIONS if organisation.kind == "branch"}
    assert {member.organisation for member in MEMBERS} == branches
    above = Counter(organisation.parent for organisation in ORGANISATIONS if organisation.kind == "branch")
    assert sorted(above.values()) == [4, 4, 4]


def test_people_are_told_apart_and_have_made_up_phones() -> None:
    assert len({(member.organisation, member.name) for member in MEMBERS}) == 400
    assert len({member.phone for member in MEMBERS}) == 400
    assert all(member.phone.startswith("1990000") for member in MEMBERS)
    assert all(2 <= len(member.name) <= 3 for member in MEMBERS)


def test_there_are_six_questions_each_with_its_source() -> None:
    sheet = parse_question_sheet((FOLDER / "questions.xlsx").read_bytes())
    assert sheet.rejected == ()
    assert len(sheet.questions) == 6
    assert all(question.source.startswith("《") for question in sheet.questions)


@pytest.mark.parametrize("name", ["roster.xlsx", "questions.xlsx"])
def test_making_the_files_again_gives_the_same_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[str, bytes] = {}
    monkeypatch.setattr(Path, "write_bytes", lambda path, data: written.__setitem__(path.name, data))
    monkeypatch.delitem(sys.modules, "content.demo.make")
    runpy.run_module("content.demo.make", run_name="__main__")
    kept, made = (FOLDER / name).read_bytes(), written[name]
    assert sheet_names(kept) == sheet_names(made)
    for sheet in sheet_names(kept):
        assert read_xlsx(kept, sheet=sheet) == read_xlsx(made, sheet=sheet)
