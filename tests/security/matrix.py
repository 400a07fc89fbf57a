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

from tests.security import asks
from tests.security.asks import Make
from tests.security.targets import Targets

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


MEETING_FOR_MEMBERS = {"member": ("own",), "floating": ABOVE}

ROWS = (
    # --- sign-in, binding, me ------------------------------------------------------------------------------------
    # No mini-program is registered in this world: everybody is told so alike.
    Row("POST /sessions/wechat", EVERYBODY, asks.wechat_sign_in, 422, NO_TARGET),
    Row("POST /sessions/password", EVERYBODY, asks.password_sign_in, 201, NO_TARGET),
    Row("DELETE /sessions/current", SIGNED_IN, asks.nothing, 204, NO_TARGET),
    Row("PUT /sessions/current/member", WECHAT, asks.member_of_mine, 200, NO_TARGET, instead={"unbound": 404}),
    Row("GET /staff/me", STAFF, asks.nothing, reach=NO_TARGET),
    Row("GET /sessions/current", WECHAT, asks.nothing, reach=NO_TARGET),
    Row("PUT /staff/me/password", STAFF, asks.own_password, 204, NO_TARGET),
    Row("GET /me", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /me/preferences", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("PATCH /me/preferences", MEMBERS, asks.preferences, reach=NO_TARGET),
    Row("POST /me/binding", WECHAT, asks.slip, 201, NO_TARGET),
    Row("DELETE /me/binding", BOUND, asks.nothing, reach=NO_TARGET),
    Row("GET /me/binding-requests", WECHAT, asks.nothing, reach=NO_TARGET),
    Row("POST /organisations/{organisation_id}/binding-slips", LEADER, asks.slips, 201),
    Row("POST /organisations/{organisation_id}/binding-slips.pdf", LEADER, asks.sheets),
    Row("GET /organisations/{organisation_id}/binding-slips", LEADER, asks.organisation),
    Row("GET /organisations/{organisation_id}/binding-slips", LEADER, asks.member_in_list, lists="member_id",
        case="as a list"),
    Row("DELETE /members/{member_id}/binding", LEADER + SECURITY_ADMINISTRATOR,
        asks.by_id("member_id", Targets.member), 204),
    Row("GET /binding-requests", LEADER, asks.by_id("-", Targets.binding_request), lists="id"),
    Row("GET /binding-requests", LEADER, asks.organisation_wanted, case="of an organisation"),
    Row("PUT /binding-requests/{request_id}/decision", LEADER,
        asks.by_id("request_id", Targets.binding_request, {"approve": True})),
    # --- privacy -------------------------------------------------------------------------------------------------
    Row("GET /privacy-notices/shipped", EVERYBODY, asks.nothing, reach=NO_TARGET),
    Row("GET /privacy-notice", BOUND, asks.nothing, reach=NO_TARGET),
    Row("PUT /me/consent", BOUND, asks.consent, reach=NO_TARGET),
    Row("GET /me/consents", BOUND, asks.nothing, reach=NO_TARGET),
    Row("POST /organisations/{organisation_id}/privacy-notices", ADMINISTRATOR, asks.notice, 201),
    Row("GET /organisations/{organisation_id}/privacy-notices", ADMINISTRATOR, asks.organisation),
    Row("GET /organisations/{organisation_id}/consents", ADMINISTRATOR, asks.organisation),
    # --- access --------------------------------------------------------------------------------------------------
    Row("GET /audit", OFFICERS, asks.audit_entry, lists="object_id"),
    Row("GET /audit.xlsx", OFFICERS, asks.nothing, reach=NO_TARGET),
    # --- organisations -------------------------------------------------------------------------------------------
    Row("GET /organisations", ANY_POST, asks.organisation, lists="id"),
    Row("POST /organisations", ADMINISTRATOR, asks.child, 201),
    Row("GET /organisations/{organisation_id}", ANY_POST, asks.organisation),
    Row("PATCH /organisations/{organisation_id}", ADMINISTRATOR, asks.renamed),
    Row("GET /organisations", ANY_POST, asks.archived, lists="id", case="that are archived"),
    Row("GET /organisations/{organisation_id}/history", ANY_POST, asks.organisation),
    Row("POST /organisations/{organisation_id}/move", ADMINISTRATOR, asks.moved_from, case="from an organisation"),
    Row("POST /organisations/{organisation_id}/move", ADMINISTRATOR, asks.moved_to, case="to an organisation"),
    Row("POST /organisations/{organisation_id}/split", ADMINISTRATOR, asks.split, 201),
    # Of the own organisation the superior is concerned as well, and out of reach.
    Row("POST /organisations/{organisation_id}/split", ADMINISTRATOR, asks.split_itself, 201, ("descendant",),
        case="of the organisation itself"),
    Row("POST /organisations/{organisation_id}/merger", ADMINISTRATOR, asks.merged_from, case="of an organisation"),
    Row("POST /organisations/{organisation_id}/merger", ADMINISTRATOR, asks.merged_into, case="into an organisation"),
    Row("POST /organisations/{organisation_id}/archive", ADMINISTRATOR,
        asks.by_id("organisation_id", Targets.child, {"reason": "dissolved"})),
    Row("POST /organisations/{organisation_id}/restoration", ADMINISTRATOR,
        asks.by_id("organisation_id", Targets.archived_child)),
    Row("GET /organisations/{organisation_id}/members", LEADERS_AND_ADMINISTRATORS, asks.organisation),
    Row("GET /organisations/{organisation_id}/members", LEADERS_AND_ADMINISTRATORS, asks.member_in_list,
        lists="id", case="as a list"),
    # --- people --------------------------------------------------------------------------------------------------
    Row("GET /members", LEADERS_AND_ADMINISTRATORS, asks.by_id("-", Targets.member), lists="id"),
    Row("GET /members", LEADERS_AND_ADMINISTRATORS, asks.organisation_wanted, case="of an organisation"),
    Row("GET /members.xlsx", LEADERS_AND_ADMINISTRATORS, asks.organisation_wanted),
    Row("GET /member-tags", LEADERS_AND_ADMINISTRATORS, asks.organisation_wanted),
    Row("POST /members", LEADERS_AND_ADMINISTRATORS, asks.described(name="新来的"), 201),
    Row("GET /members/{member_id}", LEADERS_AND_ADMINISTRATORS, asks.by_id("member_id", Targets.member)),
    Row("PATCH /members/{member_id}", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("member_id", Targets.member, {"name": "改名的"})),
    Row("POST /members/{member_id}/moves", LEADERS_AND_ADMINISTRATORS, asks.move_to, case="to an organisation"),
    Row("POST /members/{member_id}/moves", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("member_id", Targets.member, {"organisation_id": 10}), case="of a member"),
    Row("GET /members/{member_id}/placements", LEADERS_AND_ADMINISTRATORS, asks.by_id("member_id", Targets.member)),
    Row("POST /members/{member_id}/archive", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("member_id", Targets.member, {"reason": "transferred"})),
    Row("POST /members/{member_id}/restoration", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("member_id", Targets.archived_member, {})),
    Row("GET /members/{member_id}/viewers", LEADERS_AND_ADMINISTRATORS, asks.by_id("member_id", Targets.member)),
    Row("GET /me/viewers", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /organisations/{organisation_id}/possible-duplicates", LEADERS_AND_ADMINISTRATORS, asks.organisation),
    # --- accounts, posts, rosters --------------------------------------------------------------------------------
    Row("GET /accounts", KEEPERS_OF_POSTS, asks.by_id("-", asks.account_id), lists="id"),
    Row("POST /accounts", ADMINISTRATOR, asks.new_account, 201),
    Row("PATCH /accounts/{account_id}", ADMINISTRATOR, asks.by_id("account_id", asks.account_id, {"name": "新名"}),
        turned_away=SECURITY_ADMINISTRATOR, case="rename"),
    Row("PATCH /accounts/{account_id}", KEEPERS_OF_POSTS, asks.by_id("account_id", asks.account_id, {"disabled": True}),
        case="disable"),
    Row("DELETE /accounts/{account_id}/sessions", KEEPERS_OF_POSTS, asks.by_id("account_id", asks.account_id), 204),
    Row("GET /posts", KEEPERS_OF_POSTS, asks.by_id("-", Targets.post), lists="id"),
    Row("POST /posts", KEEPERS_OF_POSTS, asks.appointment, 201, case="in an organisation"),
    Row("POST /posts", KEEPERS_OF_POSTS, asks.appointment_of, 201, case="of an account"),
    Row("PATCH /posts/{post_id}", KEEPERS_OF_POSTS, asks.by_id("post_id", Targets.post, {"until_at": None})),
    Row("DELETE /posts/{post_id}", KEEPERS_OF_POSTS, asks.by_id("post_id", Targets.post), 204),
    # Of another's post; one's own is looked at by whoever holds it.
    Row("GET /posts/{post_id}/open-matters", STAFF, asks.by_id("post_id", Targets.post),
        reaches={role: () for role in STAFF if role not in KEEPERS_OF_POSTS}),
    Row("POST /posts/{post_id}/handover", KEEPERS_OF_POSTS, asks.handover_of, 201, case="of a post"),
    Row("POST /posts/{post_id}/handover", KEEPERS_OF_POSTS, asks.handover_to, 201, case="to an account"),
    # --- settings, practice --------------------------------------------------------------------------------------
    Row("GET /organisations/{organisation_id}/settings", ANY_POST, asks.organisation),
    Row("PUT /organisations/{organisation_id}/settings/{key}", ADMINISTRATOR, asks.setting,
        turned_away=SECURITY_ADMINISTRATOR),
    Row("DELETE /organisations/{organisation_id}/settings/{key}", ADMINISTRATOR, asks.setting,
        turned_away=SECURITY_ADMINISTRATOR),
    Row("POST /organisations/{organisation_id}/practice", ADMINISTRATOR,
        asks.by_id("organisation_id", Targets.committee, {}), 201),
    Row("DELETE /organisations/{organisation_id}/practice", ADMINISTRATOR,
        asks.by_id("organisation_id", Targets.with_practice), 204),
    Row("POST /rosters/import", LEADERS_AND_ADMINISTRATORS, asks.roster_file, 201),
    Row("GET /rosters/imports", LEADERS_AND_ADMINISTRATORS, asks.by_id("-", Targets.roster_import), lists="id"),
    Row("GET /rosters/imports", LEADERS_AND_ADMINISTRATORS, asks.organisation_wanted, case="of an organisation"),
    Row("GET /rosters/imports/{import_id}", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("import_id", Targets.roster_import)),
    Row("GET /rosters/imports/{import_id}/lines", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("import_id", Targets.roster_import)),
    Row("GET /rosters/imports/{import_id}/missing", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("import_id", Targets.roster_import)),
    Row("GET /rosters/imports/{import_id}/corrections.xlsx", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("import_id", Targets.roster_import)),
    Row("PUT /rosters/imports/{import_id}/answers", LEADERS_AND_ADMINISTRATORS, asks.roster_answer),
    Row("POST /rosters/imports/{import_id}/application", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("import_id", Targets.roster_import)),
    Row("POST /rosters/imports/{import_id}/undo", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("import_id", Targets.applied_import)),
    Row("GET /organisations/{organisation_id}/roster-columns", LEADERS_AND_ADMINISTRATORS, asks.organisation),
    Row("DELETE /organisations/{organisation_id}/roster-columns", LEADERS_AND_ADMINISTRATORS, asks.roster_column, 204),
    Row("GET /rosters/template.xlsx", LEADERS_AND_ADMINISTRATORS, asks.nothing, reach=NO_TARGET),
    # --- channels, schedules, subscriptions ----------------------------------------------------------------------
    Row("GET /channels", ADMINISTRATOR, asks.by_id("-", Targets.channel), lists="id"),
    Row("POST /channels", ADMINISTRATOR, asks.new_channel, 201),
    Row("PATCH /channels/{channel_id}", ADMINISTRATOR, asks.by_id("channel_id", Targets.channel, {"enabled": False})),
    Row("GET /members/{member_id}/addresses", LEADERS_AND_ADMINISTRATORS, asks.by_id("member_id", Targets.member)),
    Row("PUT /members/{member_id}/addresses/{channel_id}", LEADERS_AND_ADMINISTRATORS, asks.address),
    Row("DELETE /members/{member_id}/addresses/{channel_id}", LEADERS_AND_ADMINISTRATORS, asks.address, 204),
    Row("GET /channels/{channel_id}/addresses.xlsx", ADMINISTRATOR, asks.by_id("channel_id", Targets.addressed)),
    Row("POST /channels/{channel_id}/addresses/import", ADMINISTRATOR, asks.address_sheet, 201),
    Row("GET /organisations/{organisation_id}/unreached", LEADERS_AND_ADMINISTRATORS, asks.organisation),
    Row("GET /schedules", ADMINISTRATOR, asks.by_id("-", Targets.schedule), lists="id"),
    Row("POST /schedules", ADMINISTRATOR, asks.described(**asks.SCHEDULE), 201),
    Row("PATCH /schedules/{schedule_id}", ADMINISTRATOR,
        asks.by_id("schedule_id", Targets.schedule, {"enabled": False})),
    Row("DELETE /schedules/{schedule_id}", ADMINISTRATOR, asks.by_id("schedule_id", Targets.schedule), 204),
    Row("POST /schedules/{schedule_id}/dry-runs", ADMINISTRATOR, asks.by_id("schedule_id", Targets.schedule), 202),
    Row("GET /schedules/{schedule_id}/dry-runs/{dry_run_id}", ADMINISTRATOR, asks.dry_run),
    Row("GET /schedules/{schedule_id}/dry-runs/{dry_run_id}/members", ADMINISTRATOR, asks.dry_run),
    Row("GET /organisations/{organisation_id}/anniversaries", ADMINISTRATOR, asks.organisation),
    Row("POST /organisations/{organisation_id}/anniversaries", ADMINISTRATOR, asks.new_anniversary, 201),
    Row("PATCH /anniversaries/{anniversary_id}", ADMINISTRATOR,
        asks.by_id("anniversary_id", Targets.anniversary, {"enabled": False})),
    Row("DELETE /anniversaries/{anniversary_id}", ADMINISTRATOR,
        asks.by_id("anniversary_id", Targets.anniversary), 204),
    Row("GET /campaigns", LEADERS_AND_ADMINISTRATORS, asks.by_id("-", Targets.campaign), lists="id"),
    Row("GET /campaigns/{campaign_id}", LEADERS_AND_ADMINISTRATORS, asks.by_id("campaign_id", Targets.campaign)),
    Row("GET /campaigns/{campaign_id}/progress", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("campaign_id", Targets.campaign_over)),
    Row("POST /campaigns/{campaign_id}/pause", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("campaign_id", Targets.campaign)),
    Row("POST /campaigns/{campaign_id}/resume", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("campaign_id", Targets.campaign)),
    Row("POST /campaigns/{campaign_id}/cancellation", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("campaign_id", Targets.campaign)),
    Row("GET /me/notices", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /members/{member_id}/notices", LEADERS_AND_ADMINISTRATORS,
        asks.by_id("member_id", Targets.member)),
    Row("POST /subscriptions", MEMBERS, asks.subscription, 201, NO_TARGET),
    # --- lessons and issues on the desk --------------------------------------------------------------------------
    Row("POST /lessons", EDITOR, asks.new_lesson, 201),
    Row("GET /desk/lessons", DESK, asks.by_id("-", Targets.lesson), lists="id"),
    Row("GET /lessons/{lesson_id}/draft", DESK, asks.by_id("lesson_id", Targets.lesson)),
    Row("PATCH /lessons/{lesson_id}/draft", EDITOR, asks.by_id("lesson_id", Targets.lesson, {"title": "新题目"})),
    Row("PUT /lessons/{lesson_id}/draft/document", EDITOR, asks.document_of_lesson),
    Row("PUT /lessons/{lesson_id}/draft/pictures/{number}", EDITOR, asks.picture_of_lesson),
    Row("PUT /organisations/{organisation_id}/word-list", ADMINISTRATOR, asks.word_list),
    Row("GET /organisations/{organisation_id}/word-list", ADMINISTRATOR, asks.set_word_list),
    Row("DELETE /organisations/{organisation_id}/word-list", ADMINISTRATOR, asks.set_word_list, 204),
    Row("POST /lessons/{lesson_id}/preview", DESK, asks.by_id("lesson_id", Targets.lesson)),
    Row("POST /issues", EDITOR, asks.new_issue, 201, case="in an organisation"),
    Row("POST /issues", EDITOR, asks.new_issue_of_lesson, 201, case="of a lesson"),
    Row("GET /desk/issues", DESK, asks.issue_in("draft"), lists="id"),
    Row("GET /desk/issues/{issue_id}", DESK, asks.issue_in("draft")),
    Row("PATCH /issues/{issue_id}", EDITOR, asks.by_id("issue_id", Targets.issue, {"title": "新题目"})),
    Row("POST /issues/{issue_id}/transitions", EDITOR, asks.issue_in("draft", "in_review"),
        turned_away=REVIEWER, case="submit"),
    Row("POST /issues/{issue_id}/transitions", REVIEWER, asks.issue_in("in_review", "scheduled"),
        turned_away=EDITOR, case="approve"),
    Row("POST /issues/{issue_id}/transitions", REVIEWER, asks.issue_in("in_review", "draft"),
        turned_away=EDITOR, case="send back"),
    Row("POST /issues/{issue_id}/transitions", DESK, asks.issue_in("scheduled", "draft"), case="unschedule"),
    Row("POST /issues/{issue_id}/transitions", DESK, asks.issue_in("published", "withdrawn"), case="withdraw"),
    Row("POST /issues/{issue_id}/transitions", EDITOR, asks.issue_in("withdrawn", "draft"),
        turned_away=REVIEWER, case="take up again"),
    # --- media ---------------------------------------------------------------------------------------------------
    Row("POST /assets", EDITOR, asks.new_asset, 201),
    Row("PATCH /assets/{asset_id}/content", EDITOR, asks.piece_of_asset),
    Row("GET /assets/{asset_id}", DESK, asks.by_id("asset_id", Targets.asset)),
    # Whoever has the signed address reads the file: players and <img> send no token.
    Row("GET /assets/files/{name}", EVERYBODY, asks.asset_file, reach=NO_TARGET),
    # --- around lessons and issues -------------------------------------------------------------------------------
    Row("GET /issues/{issue_id}/reach", DESK, asks.issue_in("draft")),
    Row("POST /desk/reach", EDITOR, asks.described(audience={"stages": ["full_member"]})),
    Row("GET /issues/{issue_id}/history", DESK, asks.issue_in("draft")),
    Row("GET /issues/{issue_id}/history/{change_id}", DESK, asks.change_of("issue")),
    Row("GET /lessons/{lesson_id}/history", DESK, asks.by_id("lesson_id", Targets.lesson)),
    Row("GET /lessons/{lesson_id}/history/{change_id}", DESK, asks.change_of("lesson")),
    Row("GET /issues/{issue_id}/comments", DESK, asks.issue_in("draft")),
    Row("POST /issues/{issue_id}/comments", DESK, asks.by_id("issue_id", Targets.issue, {"body": "请核对"}), 201),
    Row("GET /lessons/{lesson_id}/comments", DESK, asks.by_id("lesson_id", Targets.lesson)),
    Row("POST /lessons/{lesson_id}/comments", DESK, asks.by_id("lesson_id", Targets.lesson, {"body": "请核对"}), 201),
    Row("PUT /comments/{comment_id}/resolution", DESK, asks.by_id("comment_id", Targets.comment)),
    Row("GET /lessons/{lesson_id}/versions", DESK, asks.by_id("lesson_id", Targets.published_lesson)),
    Row("GET /lessons/{lesson_id}/versions/{number}", DESK, asks.version),
    Row("POST /lessons/{lesson_id}/corrections", EDITOR,
        asks.by_id("lesson_id", Targets.published_lesson, {"title": "更正后的题目", "note": "改正题目"}), 201),
    Row("GET /lessons/{lesson_id}/corrections", DESK, asks.by_id("lesson_id", Targets.corrected_lesson)),
    Row("GET /corrections/{correction_id}", DESK, asks.by_id("correction_id", Targets.correction)),
    Row("POST /corrections/{correction_id}/transitions", REVIEWER,
        asks.by_id("correction_id", Targets.correction, {"to": "published"}), turned_away=EDITOR, case="publish"),
    Row("POST /corrections/{correction_id}/transitions", REVIEWER,
        asks.by_id("correction_id", Targets.correction, {"to": "returned", "remark": "请再核对"}),
        turned_away=EDITOR, case="return"),
    Row("POST /corrections/{correction_id}/transitions", EDITOR,
        asks.by_id("correction_id", Targets.correction, {"to": "withdrawn"}), turned_away=REVIEWER, case="withdraw"),
    # --- search, calendar, plans, topics -------------------------------------------------------------------------
    Row("GET /search", MEMBERS, asks.found_published, reach=ABOVE, lists="id"),
    Row("GET /search", MEMBERS, asks.found_draft, reach=(), lists="id", case="for what is not published"),
    Row("GET /desk/search", DESK, asks.found_draft, lists="id"),
    Row("GET /desk/calendar", DESK, asks.calendar),
    Row("GET /plans", DESK, asks.by_id("-", Targets.plan), lists="id"),
    Row("POST /plans", EDITOR, asks.new_plan, 201),
    Row("PATCH /plans/{plan_id}", EDITOR, asks.by_id("plan_id", Targets.plan, {"enabled": False})),
    Row("POST /topics", EDITOR, asks.described(title="应知应会"), 201, case="in an organisation"),
    Row("POST /topics", EDITOR, asks.new_topic_of_lesson, 201, case="of a lesson"),
    Row("GET /desk/topics", DESK, asks.by_id("-", Targets.topic), lists="id"),
    Row("GET /desk/topics/{topic_id}", DESK, asks.by_id("topic_id", Targets.topic)),
    Row("PATCH /topics/{topic_id}", EDITOR, asks.by_id("topic_id", Targets.topic, {"title": "新题目"})),
    Row("PUT /topics/{topic_id}/publication", REVIEWER, asks.by_id("topic_id", Targets.topic, {"published": True})),
    Row("GET /topics", MEMBERS, asks.by_id("-", Targets.published_topic), reach=ABOVE, lists="id"),
    Row("GET /topics/{topic_id}", MEMBERS, asks.by_id("topic_id", Targets.published_topic), reach=ABOVE),
    Row("GET /topics/{topic_id}", MEMBERS, asks.by_id("topic_id", Targets.topic), reach=(), case="not published"),
    # --- reading -------------------------------------------------------------------------------------------------
    Row("GET /issues", MEMBERS, asks.by_id("-", asks.published_issue), reach=ABOVE, lists="id"),
    Row("GET /issues/current", MEMBERS, asks.current_issue, reach=ABOVE, lists="id"),
    Row("GET /issues/{issue_id}", MEMBERS, asks.issue_in("published"), reach=ABOVE),
    Row("GET /issues/{issue_id}", MEMBERS, asks.issue_in("scheduled"), reach=(), case="not yet published"),
    Row("GET /lessons/{lesson_id}", MEMBERS, asks.by_id("lesson_id", Targets.published_lesson), reach=ABOVE),
    Row("GET /lessons/{lesson_id}", MEMBERS, asks.by_id("lesson_id", Targets.lesson), reach=(), case="not published"),
    Row("PUT /lessons/{lesson_id}/progress", MEMBERS, asks.by_id("lesson_id", Targets.published_lesson, asks.HEARTBEAT),
        reach=ABOVE),
    Row("GET /lessons/{lesson_id}/progress", MEMBERS, asks.by_id("lesson_id", Targets.published_lesson), reach=ABOVE),
    Row("GET /me/reading/current", MEMBERS, asks.begun, reach=ABOVE, lists="lesson_id"),
    # The ticket says that it was given: where the lesson is now does not matter.
    Row("POST /me/reading", MEMBERS, asks.handed_in, reach=RELATIONS),
    Row("POST /me/reading", MEMBERS, asks.handed_in_of_another, 422, NO_TARGET, case="with the ticket of another"),
    # --- notes and favourites ------------------------------------------------------------------------------------
    Row("PUT /lessons/{lesson_id}/favourite", MEMBERS, asks.by_id("lesson_id", Targets.published_lesson), 204, ABOVE),
    Row("DELETE /lessons/{lesson_id}/favourite", MEMBERS, asks.by_id("lesson_id", Targets.published_lesson), 204,
        RELATIONS),
    Row("GET /me/favourites", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /me/notes", MEMBERS, asks.own_note(), reach=RELATIONS, lists="id"),
    Row("POST /lessons/{lesson_id}/notes", MEMBERS,
        asks.by_id("lesson_id", Targets.published_lesson, {"body": "心得"}), 201, ABOVE),
    Row("GET /lessons/{lesson_id}/notes", MEMBERS, asks.by_id("lesson_id", Targets.published_lesson), reach=ABOVE),
    Row("PUT /me/notes/{note_id}", MEMBERS, asks.own_note({"body": "改过的心得"}), reach=RELATIONS),
    Row("PUT /me/notes/{note_id}", MEMBERS, asks.by_id("note_id", Targets.awaiting_note, {"body": "改过的心得"}),
        reach=(), case="of another"),
    Row("PUT /me/notes/{note_id}/sharing", MEMBERS, asks.own_note({"shared": True}), reach=RELATIONS),
    Row("DELETE /me/notes/{note_id}", MEMBERS, asks.own_note(), 204, RELATIONS),
    Row("GET /notes/awaiting", LEADER + REVIEWER, asks.by_id("-", Targets.awaiting_note), lists="id"),
    Row("PUT /notes/{note_id}/review", LEADER + REVIEWER, asks.reviewed_note),
    # --- questions, quizzes, attempts ----------------------------------------------------------------------------
    Row("POST /questions", EDITOR, asks.new_question, 201),
    Row("POST /questions/import", EDITOR, asks.question_sheet, 201),
    Row("GET /questions/export", EDITOR, asks.bank),
    Row("GET /questions/template.xlsx", EDITOR, asks.nothing, reach=NO_TARGET),
    Row("GET /questions", DESK, asks.by_id("-", Targets.question), lists="id"),
    Row("PATCH /questions/{question_id}", EDITOR, asks.by_id("question_id", Targets.question, {"tags": ["党章"]})),
    Row("POST /questions/{question_id}/archive", EDITOR, asks.by_id("question_id", Targets.question)),
    Row("POST /questions/{question_id}/restoration", EDITOR, asks.by_id("question_id", Targets.question)),
    Row("GET /questions/{question_id}/statistics", DESK, asks.by_id("question_id", Targets.question)),
    Row("GET /desk/quizzes/{quiz_id}/statistics", DESK, asks.by_id("quiz_id", Targets.quiz)),
    Row("PUT /issues/{issue_id}/quiz", EDITOR, asks.new_quiz, case="of an issue"),
    Row("PUT /issues/{issue_id}/quiz", EDITOR, asks.new_quiz_of_question, case="with a question"),
    Row("DELETE /issues/{issue_id}/quiz", EDITOR, asks.quiz_issue_in("draft"), 204),
    Row("GET /desk/issues/{issue_id}/quiz", DESK, asks.quiz_issue_in("draft")),
    Row("GET /issues/{issue_id}/quiz", MEMBERS, asks.quiz_issue_in("published"), reach=ABOVE),
    Row("GET /issues/{issue_id}/quiz", MEMBERS, asks.quiz_issue_in("in_review"), reach=(), case="not published"),
    Row("POST /quizzes/{quiz_id}/attempts", MEMBERS, asks.by_id("quiz_id", Targets.quiz), 201, ABOVE),
    Row("GET /attempts/{attempt_id}", MEMBERS, asks.attempt, reach=ABOVE),
    Row("GET /attempts/{attempt_id}", MEMBERS, asks.attempt_of_another, reach=(), case="of another member"),
    Row("PUT /attempts/{attempt_id}/answers", MEMBERS, asks.attempt, reach=ABOVE),
    Row("PUT /attempts/{attempt_id}/answers", MEMBERS, asks.attempt_of_another, reach=(), case="of another member"),
    Row("POST /attempts/{attempt_id}/submission", MEMBERS, asks.attempt, reach=ABOVE),
    Row("POST /attempts/{attempt_id}/submission", MEMBERS, asks.attempt_of_another, reach=(), case="of another member"),
    Row("GET /me/notebook", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("POST /me/notebook/answers", MEMBERS, asks.practised, reach=NO_TARGET),
    Row("GET /me/daily-practice", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("POST /me/daily-practice/answers", MEMBERS, asks.practised_today, reach=NO_TARGET),
    # --- meetings ------------------------------------------------------------------------------------------------
    Row("POST /meetings", LEADER, asks.new_meeting, 201),
    Row("PATCH /meetings/{meeting_id}", LEADER, asks.by_id("meeting_id", Targets.meeting, {"title": "新题目"})),
    Row("POST /meetings/{meeting_id}/cancellation", LEADER, asks.by_id("meeting_id", Targets.meeting)),
    Row("GET /organisations/{organisation_id}/meetings", LEADER, asks.organisation),
    Row("GET /organisations/{organisation_id}/meetings", LEADER, asks.meeting_in_list, lists="id", case="as a list"),
    # A floating member may come to the meetings of the organisations above their own.
    Row("GET /meetings", MEMBERS, asks.by_id("-", Targets.meeting), reaches=MEETING_FOR_MEMBERS, lists="id"),
    Row("GET /meetings/{meeting_id}", MEMBERS, asks.by_id("meeting_id", Targets.meeting), reaches=MEETING_FOR_MEMBERS),
    Row("GET /meetings/{meeting_id}/attendance", LEADER, asks.by_id("meeting_id", Targets.meeting)),
    Row("PUT /meetings/{meeting_id}/attendance", LEADER,
        asks.by_id("meeting_id", Targets.begun_meeting, {"member_ids": []}), case="of a meeting"),
    Row("PUT /meetings/{meeting_id}/attendance", LEADER, asks.attended_by, case="by a member"),
    # --- study hours ---------------------------------------------------------------------------------------------
    Row("GET /me/study-hours", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /organisations/{organisation_id}/study-hours", LEADER, asks.organisation),
    Row("GET /organisations/{organisation_id}/study-hours", LEADER, asks.member_in_list, lists="member_id",
        case="as a list"),
    Row("GET /organisations/{organisation_id}/study-hours.xlsx", LEADER, asks.organisation),
    # --- paper and home ------------------------------------------------------------------------------------------
    Row("POST /organisations/{organisation_id}/recorded-studies", LEADER, asks.studied_in, 201,
        case="in an organisation"),
    Row("POST /organisations/{organisation_id}/recorded-studies", LEADER, asks.studied_by, 201, case="by a member"),
    Row("POST /organisations/{organisation_id}/recorded-studies", LEADER, asks.studied_issue, 201, (*BELOW, "ancestor"),
        case="of an issue"),
    Row("POST /organisations/{organisation_id}/recorded-classes", LEADER, asks.class_in, 201,
        case="in an organisation"),
    Row("POST /organisations/{organisation_id}/recorded-classes", LEADER, asks.class_by, 201, case="by a member"),
    Row("GET /organisations/{organisation_id}/recorded-studies", LEADER, asks.organisation),
    Row("GET /organisations/{organisation_id}/recorded-studies", LEADER, asks.recorded_in_list, lists="id",
        case="as a list"),
    Row("POST /recorded-studies/{study_id}/withdrawal", LEADER,
        asks.by_id("study_id", Targets.recorded_study, {"reason": "登记错了"})),
    Row("GET /issues/{issue_id}/print.pdf", LEADER + DESK, asks.issue_in("published"), reach=(*BELOW, "ancestor")),
    Row("GET /issues/{issue_id}/print.pdf", LEADER + DESK, asks.issue_in("scheduled"), reach=(), case="not published"),
    Row("GET /issues/{issue_id}/print.docx", LEADER + DESK, asks.issue_in("published"), reach=(*BELOW, "ancestor")),
    # --- my record -----------------------------------------------------------------------------------------------
    Row("GET /me/record", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /me/record.xlsx", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("GET /me/record.pdf", MEMBERS, asks.nothing, reach=NO_TARGET),
    Row("POST /me/certificates.pdf", MEMBERS, asks.period, reach=NO_TARGET),
    Row("GET /certificates/{number}", EVERYBODY, asks.certificate, reach=NO_TARGET),
    # --- reports -------------------------------------------------------------------------------------------------
    Row("GET /organisations/{organisation_id}/completion", LEADER, asks.week_of),
    Row("GET /organisations/{organisation_id}/completion.xlsx", LEADER, asks.week_of),
    Row("POST /organisations/{organisation_id}/nudges", LEADER, asks.nudge, 201),
)  # fmt: skip

# Outside of `/api/v1`, for everybody: signs of life and the document.
PUBLIC = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"}
# The pages that the program serves itself, which hold no data.
PAGES = {"GET /", "GET /assets/{name}", "GET /bind"}
# The demonstration only: its people are made up, and production does not have these routes at all.
DEMONSTRATION = {
    "GET /demonstration/messages",
    "GET /demonstration/messages.json",
    "GET /demonstration/wechat-messages.json",
    "POST /demonstration/phones/{phone}/login",
    "POST /demonstration/phones/{phone}/number",
    "POST /demonstration/phones/{phone}/acceptances",
}
