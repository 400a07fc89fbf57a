"""What each role may see of a member: said to the members themselves, and held against the routes by a test."""

from collections.abc import Mapping

# Code -> what it lets its holder do, in words for the member. The codes are stable.
SIGHTS: Mapping[str, str] = {
    "roster": "可查看名册和脱敏手机号",
    "phone": "写明用途后可导出完整手机号",
    "completion": "可查看学习完成情况和测验成绩",
    "binding": "可重置微信绑定",
    "audit_log": "可查看操作记录（不含学习内容和手机号）",
}

# In the organisation of the post and all below it. An editor and a reviewer see no person at all. Where duties are
# separate the log is not for administrators: see `sees`.
SEES: Mapping[str, tuple[str, ...]] = {
    "leader": ("roster", "phone", "completion", "binding"),
    "administrator": ("roster", "phone", "audit_log"),
    "security_administrator": ("binding", "audit_log"),
    "auditor": ("audit_log",),
    "editor": (),
    "reviewer": (),
}


def sees(role: str, *, duties_separate: bool) -> tuple[str, ...]:
    """The codes of what a role sees of a member of an organisation where duties are separate (三员分立), or not."""
    hidden = {"audit_log"} if duties_separate and role == "administrator" else set()
    return tuple(code for code in SEES[role] if code not in hidden)
