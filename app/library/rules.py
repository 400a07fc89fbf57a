"""The figures of reading and publishing: pure, and shown to the member as they are."""

import math
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# 480 characters a minute, the quick end of ordinary silent reading of Chinese: who really reads never has to wait.
CHARACTERS_PER_SECOND = 8
# A note of two lines is not done with by opening it.
LEAST_SECONDS = 20
# However long a text is, nobody is kept at a screen for more than ten minutes to be counted.
MOST_SECONDS = 600
# The end of the text often stays below the fold of a phone: nine tenths are all.
COMPLETE_AT = 0.9
# A heartbeat lost on a poor network still counts, a phone left lying does not.
MOST_SECONDS_A_GAP = 60
# Of a recording, as of a text, nine tenths are all: credits and a last bar of music are not waited for.
COMPLETE_AT_WATCHED = 0.9
# However fast it is played, a second of the recording takes a second of the member's time.
MOST_SPEED = 1
# What was read without network counts when it is handed in within so many days after the lesson was fetched.
HANDED_IN_WITHIN_DAYS = 30

PUBLISHING_HOUR = time(8)


def required_seconds(characters: int, media_seconds: int | None = None) -> int:
    """The time that completes a lesson of so many characters, in whole seconds; of a recording what must be watched."""
    if media_seconds is not None:
        return math.ceil(media_seconds * COMPLETE_AT_WATCHED)
    return min(max(-(-characters // CHARACTERS_PER_SECOND), LEAST_SECONDS), MOST_SECONDS)


def next_publishing(timezone: str, now: datetime, week: date) -> datetime:
    """The next Monday 08:00 of the zone that is later than `now`, and not before the Monday `week`."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    monday = max(today - timedelta(days=today.weekday()), week)
    at = datetime.combine(monday, PUBLISHING_HOUR, zone)
    return at if at > now else datetime.combine(monday + timedelta(days=7), PUBLISHING_HOUR, zone)
