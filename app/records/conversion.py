"""From what was done to study hours: a pure function of whole numbers, in hundredths of a 学时."""

from dataclasses import dataclass

from app.organisations.settings.keys import HOUR_MINUTES, HOUR_RULES, HOURS_A_DAY, QUIZ_MINUTES, Key
from app.organisations.settings.resolved import Settings

KEYS: tuple[Key[int] | Key[str], ...] = (HOUR_RULES, HOUR_MINUTES, HOURS_A_DAY, QUIZ_MINUTES)
# Up to here a meeting is of half a day, and counts for half of one at most.
HALF_DAY_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Conversion:
    """The rules of a place: `version` names them."""

    version: str
    hour_seconds: int
    hours_a_day: int
    quiz_seconds: int

    @classmethod
    def at(cls, settings: Settings, path: str) -> "Conversion":
        """What holds at the path."""
        return cls(
            settings.get(path, HOUR_RULES),
            settings.get(path, HOUR_MINUTES) * 60,
            settings.get(path, HOURS_A_DAY),
            settings.get(path, QUIZ_MINUTES) * 60,
        )


def hundredths(kind: str, seconds: int, conversion: Conversion) -> int:
    """The hundredths of a 学时 that so many seconds make, rounded half up; of meetings and classes up to a day."""
    earned = (200 * seconds + conversion.hour_seconds) // (2 * conversion.hour_seconds)
    if kind not in ("meeting", "class"):
        return earned
    day = 100 * conversion.hours_a_day
    return min(earned, day // 2 if seconds <= HALF_DAY_SECONDS else day)
