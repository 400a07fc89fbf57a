"""Each spreadsheet of the corpus is read, or refused, as is stated beside it."""

from dataclasses import replace

import pytest

from content.errors import ContentError
from content.roster import RejectedLine, RosterEvent, RosterHeader, RosterLine, RosterOptions, SkippedLine
from content.roster.parse import parse_roster_lines
from tests.content.rosters.build import TODAY, Case
from tests.content.rosters.cells import CELLS
from tests.content.rosters.files import FILES
from tests.content.rosters.layouts import LAYOUTS

CASES = [*LAYOUTS, *CELLS, *FILES]
ID_CARD = "110101198507030011"


def options(case: Case) -> RosterOptions:
    return {"today": TODAY, "columns": {**case.columns}, "default_organisation": case.default_organisation}


@pytest.mark.parametrize("case", [case for case in CASES if not case.error], ids=lambda case: case.name)
def test_a_spreadsheet_is_read_as_stated(case: Case) -> None:
    events: list[RosterEvent] = list(parse_roster_lines(case.build(), options(case)))
    header, lines = events[0], events[1:]
    rejected = [event for event in lines if isinstance(event, RejectedLine)]
    assert [(bad.line, bad.code, bad.reason) for bad in rejected if (bad.line, bad.code) not in case.rejected] == []
    assert [(bad.line, bad.code) for bad in rejected] == list(case.rejected)
    assert [replace(event, sheet="", raw={}) for event in lines if isinstance(event, RosterLine)] == list(case.people)
    assert [event.line for event in lines if isinstance(event, SkippedLine)] == list(case.skipped)
    assert isinstance(header, RosterHeader)
    assert header.ignored == tuple(case.ignored)
    assert header.skipped_sheets == tuple(case.skipped_sheets)
    assert header.lines >= len(lines)
    assert not case.words or any(case.words in bad.reason for bad in rejected), [bad.reason for bad in rejected]
    assert ID_CARD not in repr(events)


@pytest.mark.parametrize("case", [case for case in CASES if case.error], ids=lambda case: case.name)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(case: Case) -> None:
    with pytest.raises(ContentError) as caught:
        list(parse_roster_lines(case.build(), options(case)))
    assert caught.value.code == case.error
    assert case.words in caught.value.detail
    assert caught.value.detail.endswith("。")


def test_the_corpus_has_no_two_cases_of_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
