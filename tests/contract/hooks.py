"""The hooks that Schemathesis loads: a good request of each operation, and what no schema can say.

Its own `positive_data_acceptance` is told to let 422 pass, and `only_known_refusals` takes its place: an operation may
refuse a request that its document calls valid only by a code that is listed for it here.
"""

import json
import os
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, HookContext, Response

from app.library.assets.schemas import PIECE_TYPE
from content.documents.refused import REFUSED
from tests.security.targets.library import PICTURE

# Of a piece of media: all of the picture that was announced, its beginning, and something else.
schemathesis.openapi.media_type(PIECE_TYPE, st.sampled_from([PICTURE, PICTURE[:10], b"GIF89a", b"<svg/>"]))

# The same key with another body, on every POST that creates.
ANYWHERE = {"idempotency_key_reused"}
# A week or a moment of the right form that the calendar or the years of the product do not have.
CALENDAR = {"no_such_week", "out_of_range", "datetime_parsing"}
SCHEDULE = {"bad_cron", "cron_or_once", "bad_once_at", "no_such_timezone", *CALENDAR}
# What the parser of lessons says: Markdown and its fields are judged as a whole, in Chinese, in one place.
MEDIA = {"unknown_media", "svg_refused", "broken_media"}
LESSON = {
    "not_utf8",
    "missing_front_matter",
    "invalid_url",
    "empty_body",
    "invalid_characters",
    "missing_title",
    "missing_source",
}
# A file of bytes that are no document, or a name without an extension.
DOCUMENT = {
    "empty_file", "unknown_format", "extension_mismatch", "front_matter_only", "damaged_picture", "unsupported_picture",
    "document_too_complex", "not_pdf", "damaged_file", "not_docx", "not_pptx", "encrypted_file", "has_macros",
    *(code for code, _ in REFUSED.values()),
}  # fmt: skip
FILE = {"not_xlsx", "rejected_lines"}
# What the readers of spreadsheets say of bytes that are none.
BYTES = {
    "empty_file", "unsupported_format", "unsupported_encoding", "not_text", "damaged_file", "missing_columns",
    "no_header", "encrypted_or_xls", "encrypted_file",
}  # fmt: skip
# Bytes that are no file of questions: they are taken for GIFT, unless they look like another format.
QUESTIONS = {
    "empty_sheet", "text_before_answers", "unmatched_braces", "invalid_characters", "question_too_long", "not_an_item",
    "has_dtd", *BYTES, *FILE,
}  # fmt: skip
QUESTION = {
    "missing_stem", "invalid_characters", "option_count", "empty_option", "duplicate_options", "missing_answer",
    "unknown_answer", "repeated_answer", "answer_count", "unexpected_options",
}  # fmt: skip
# The token, the key and the mode of a platform's calls are judged together, by the kind of channel.
CALLBACK = {"callback_needs_token", "callback_needs_key", "callback_unsupported"}
ISSUE = {"nothing_required", "lesson_twice", *CALENDAR}

# A name that is a title of a column, a day that no calendar has, ages that cannot be: as the reader of rosters has it.
PERSON = {
    "invalid_name", "name_annotated", "invalid_date", "date_too_early", "future_date", "joined_too_young",
    "tag_too_long", "too_many_tags",
}  # fmt: skip
# A day that has not come, or lies before the member came.
DATED = {"date_parsing", "date_from_datetime_parsing", "date_in_future", "date_too_early"}

# A period that ends before it begins, or is too long.
PERIOD = {"bad_period", *DATED}

REFUSALS: dict[str, set[str]] = {
    "record_class": {"blank", "class_day_full", *DATED},
    "record_study_on_paper": {"before_publication", "nothing_to_record", "not_in_issue", "two_scores", "blank", *DATED},
    "get_my_record": PERIOD,
    "export_my_record": PERIOD,
    "print_my_record": PERIOD,
    "print_my_certificate": PERIOD,
    "sign_in_wechat": {"unknown_app", "bad_wechat_code"},
    # Either code, and never both; no mini-program is set up.
    "bind_member": {"wrong_invite_code", "one_code", "unknown_app"},
    "change_preferences": {"cannot_switch_off", "no_such_way", "quiet_out_of_bounds"},
    "change_own_password": {"weak_password", "wrong_own_password"},
    "change_organisation": {"no_such_timezone", *DATED},
    "create_account": {"weak_password"},
    "change_account": {"weak_password"},
    "create_post": {"bad_period", "acting_needs_end", *CALENDAR},
    "change_post": {"bad_period", *CALENDAR},
    "hand_over_post": {"bad_period", "acting_needs_end", *CALENDAR},
    "list_audit": CALENDAR,
    "export_audit": CALENDAR,
    # Which values go with which key is said by the settings themselves.
    "put_setting": {"bad_setting"},
    "import_roster": {"bad_columns", *BYTES, *FILE},
    "forget_roster_column": {"string_too_long"},
    "import_questions": QUESTIONS,
    # Which adapters are installed is not the document's to say; a mini-program needs its appid and its secret.
    "create_channel": {"unknown_adapter", "channel_does_not_fit", *CALLBACK},
    "change_channel": {"channel_does_not_fit", *CALLBACK},
    "create_schedule": SCHEDULE,
    "change_schedule": SCHEDULE,
    "create_anniversary": {"no_such_day"},
    "change_anniversary": {"no_such_day"},
    "begin_upload": MEDIA,
    "add_piece": MEDIA,
    # Markdown or HTML, or neither with a recording; which assets are recordings the document cannot say.
    "create_lesson": {"one_text", "not_a_recording", "unknown_length", *LESSON, *DOCUMENT},
    "replace_lesson_document": {*LESSON, *DOCUMENT},
    "put_lesson_picture": {"not_a_picture"},
    "set_address": {"needs_no_address", "bad_address", "member_archived"},
    "drop_address": {"needs_no_address", "member_archived"},
    "get_address_template": {"needs_no_address", "too_many_rows"},
    "import_addresses": {"needs_no_address", "empty_sheet", *BYTES, *FILE},
    "put_word_list": {"empty_sheet", *BYTES, *FILE},
    "change_lesson_draft": {"one_text", "not_a_recording", "unknown_length", *LESSON},
    "create_issue": ISSUE,
    "change_issue": ISSUE,
    "list_desk_issues": CALENDAR,
    "move_issue": {"publish_at_unexpected", "publish_at_out_of_range", *CALENDAR},
    "put_quiz": {"question_twice", "questions_or_draw", "empty_difficulty_range"},
    # The parts of a question are judged together.
    "create_question": QUESTION,
    "change_question": QUESTION,
    "create_correction": {*LESSON, *DOCUMENT},
    # A correction is returned with a reason.
    "move_correction": {"missing"},
    "search_lessons": {"nothing_to_search"},
    "search_desk": {"nothing_to_search"},
    "get_calendar": {"bad_weeks", *CALENDAR},
    "create_plan": {"bad_pattern"},
    "change_plan": {"bad_pattern"},
    "create_topic": {"lesson_twice"},
    "change_topic": {"lesson_twice"},
    # Tickets are the server's to make; with a time they come together.
    "record_progress": {"ticket_invalid", "ticket_without_time", *CALENDAR},
    "hand_in_reading": {"ticket_invalid", *CALENDAR},
    "review_note": {"remark_needed", *CALENDAR},
    "put_answers": {"unknown_question", "bad_answer"},
    "practise_notebook": {"unknown_question", "bad_answer"},
    "practise_daily": {"unknown_question", "bad_answer", "date_parsing", "date_from_datetime_parsing"},
    "create_meeting": {"bad_times", "bad_link", *CALENDAR},
    "change_meeting": {"bad_times", "bad_link", *CALENDAR},
    "get_completion": CALENDAR,
    "export_completion": CALENDAR,
    "nudge_unfinished": CALENDAR,
    "create_member": PERSON,
    "change_member": PERSON,
    "move_member": DATED,
    "move_organisation": DATED,
    "merge_organisation": DATED,
    "split_organisation": DATED,
    "archive_organisation": DATED,
    "archive_member": DATED,
    "export_members": {"reason_needed"},
}


@schemathesis.hook
def before_load_schema(ctx: HookContext, raw_schema: dict[str, Any]) -> None:
    """Gives each operation the request that the test has seeded the database for as its example."""
    examples = json.loads(Path(os.environ["CONTRACT_EXAMPLES"]).read_text(encoding="utf-8"))
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            example = examples.get(operation["operationId"], {})
            for parameter in operation.get("parameters", []):
                if parameter["name"] in example.get("parameters", {}):
                    parameter["example"] = example["parameters"][parameter["name"]]
            media = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if media is not None and "json" in example:
                media["example"] = example["json"]


def codes_of(problem: dict[str, Any]) -> set[str]:
    """Why a request was refused: the findings of the validator one by one, or the one code of the problem."""
    if problem["code"] == "invalid_input":
        return {str(found["code"]) for found in problem.get("errors", [])} or {"invalid_input"}
    return {str(problem["code"])}


@schemathesis.check
def only_known_refusals(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A valid request is refused for a reason that is listed, or not at all."""
    unprocessable = 422
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != unprocessable:
        return
    # Where a later request takes an id from an answer, a null there becomes "None" in the path: that is not valid.
    if None in (case.path_parameters or {}).values():
        return
    operation = case.operation.definition.raw["operationId"]
    unknown = codes_of(response.json()) - ANYWHERE - REFUSALS.get(operation, set())
    if unknown:
        raise AssertionError(f"{operation} refused a valid request: {sorted(unknown)}")
