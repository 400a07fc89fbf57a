"""What is written of a person, by the rules of the import: what is entered by hand comes back from a workbook."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.db.vault import Vault
from app.errors import Invalid
from content.errors import ContentError
from content.names import search_text
from content.roster.dates import EARLIEST_BIRTH, EARLIEST_JOINING, joined_too_young, read_day
from content.roster.values import read_name, read_phone, read_tags
from content.text import compact

# Only to say which day a bare number means in a cell: here there are none.
_EPOCH = date(1899, 12, 30)


class JoinedTooYoung(Invalid):
    """The two dates cannot both be true."""

    code = "joined_too_young"
    detail = "入党时间距出生年月不足 16 年，请核对这两项。"


def of_person(
    fields: Mapping[str, object], vault: Vault, member_id: int, timezone: str, now: datetime
) -> dict[str, object]:
    """The columns of a member that `fields` of a body come to; those that are not named stay as they are.

    Raises `Invalid` with the code and the words of the import.
    """
    try:
        return _columns(fields, vault, member_id, now.astimezone(ZoneInfo(timezone)).date())
    except ContentError as error:
        raise Invalid(f"{error.detail.removesuffix('。')}。", code=error.code) from None


def _columns(fields: Mapping[str, object], vault: Vault, member_id: int, today: date) -> dict[str, object]:
    values = {name: fields[name] for name in ("stage", "roster", "exempt_reason") if name in fields}
    if "name" in fields:
        name = read_name(str(fields["name"]))
        values |= {"name": name, "search_text": search_text(name)}
    if "phone" in fields:
        values |= sealed_phone(vault, member_id, clean_phone(fields["phone"]))
    if "birth_month" in fields:
        values["birth_month"] = _day(fields["birth_month"], "出生年月", EARLIEST_BIRTH, today)
    if "joined_on" in fields:
        values["joined_on"] = _day(fields["joined_on"], "入党时间", EARLIEST_JOINING, today)
    tags = fields.get("tags")
    if isinstance(tags, Sequence):
        values["tags"] = list(read_tags("、".join(map(str, tags))))
    return values


def clean_phone(written: object) -> str | None:
    """11 digits, or None where nothing is written; raises ContentError."""
    return read_phone(str(written), "手机号") if written and compact(str(written)) else None


def sealed_phone(vault: Vault, member_id: int, phone: str | None) -> dict[str, object]:
    """The columns of a phone number of 11 digits, or of none."""
    if phone is None:
        return {"phone_cipher": None, "phone_index": None, "phone_tail": None}
    return {
        "phone_cipher": vault.encrypt(phone, f"members:{member_id}:phone"),
        "phone_index": vault.digest("phone", phone),
        "phone_tail": vault.digest("phone tail", phone[-4:]),
    }


def _day(written: object, label: str, earliest: date, today: date) -> str | None:
    if written is None:
        return None
    day = read_day(str(written), label, earliest=earliest, today=today, epoch=_EPOCH, typed=True)
    return day.text


def check_ages(birth_month: str | None, joined_on: str | None) -> None:
    """Raises `JoinedTooYoung` where both dates are known and cannot both be true."""
    if birth_month is None or joined_on is None:
        return
    birth, joined = (
        read_day(text, "", earliest=date.min, today=date.max, epoch=_EPOCH, typed=True)
        for text in (birth_month, joined_on)
    )
    if joined_too_young(birth, joined):
        raise JoinedTooYoung
