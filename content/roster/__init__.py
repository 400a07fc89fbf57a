"""Rosters: who belongs to which organisation, as county offices write it down.

content.roster.parse is left out on purpose: only the child process that parses a file loads the readers of files.
"""

from content.roster.events import (
    FIELD_TITLES,
    FIELDS,
    MEMBER_SHEET,
    ORGANISATION_COLUMNS,
    ORGANISATION_SHEET,
    OrganisationKind,
    RejectedLine,
    RosterColumn,
    RosterEvent,
    RosterHeader,
    RosterLine,
    RosterName,
    RosterOptions,
    RosterOrganisation,
    SkippedLine,
    Stage,
)
from content.roster.template import corrections_workbook, roster_template

__all__ = [
    "FIELDS",
    "FIELD_TITLES",
    "MEMBER_SHEET",
    "ORGANISATION_COLUMNS",
    "ORGANISATION_SHEET",
    "OrganisationKind",
    "RejectedLine",
    "RosterColumn",
    "RosterEvent",
    "RosterHeader",
    "RosterLine",
    "RosterName",
    "RosterOptions",
    "RosterOrganisation",
    "SkippedLine",
    "Stage",
    "corrections_workbook",
    "roster_template",
]
