"""What each of our platforms needs of a channel, in the words of who fills the form in.

The adapters of other packages bring no rules here: theirs are checked when a sender builds them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.platforms.fields import CONSTANT, clip_field, field_type

FREE_TEXT_FIELDS = frozenset({"thing"})
TIME_FIELDS = frozenset({"thing", "time", "date"})
VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")


TEMPLATE_KINDS: Mapping[str, str] = {
    "weekly_issue": "每周学习",
    "meeting": "组织生活（会议）",
    "unfinished_reminder": "未完成提醒",
    "anniversary": "纪念日",
    "joining_anniversary": "政治生日",
    "hours_reminder": "学时提醒",
}
"""What the kinds of notice that have templates are called."""


def template_kind(kind: str) -> str:
    """The kind of template that a kind of campaign is shown with: all about meetings share one."""
    return "meeting" if kind.startswith("meeting_") else kind


def template_id(config: Mapping[str, object], kind: str) -> str | None:
    """A channel's template for a kind of campaign, None where it has none."""
    templates = config.get("templates")
    found = templates.get(template_kind(kind)) if isinstance(templates, dict) else None
    return str(found["template_id"]) if isinstance(found, dict) and "template_id" in found else None


@dataclass(frozen=True)
class SettingRule:
    """One of a channel's own settings: what it is called, what it must look like, and where to find it."""

    name: str
    label: str
    hint: str
    pattern: str = r".{1,500}"
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChannelRules:
    """A platform: what it calls the account and the secret (None where it has none), its settings and templates.

    `templates`: how many a channel may have; `wechat_fields`: their fields have the types and limits of WeChat.
    """

    label: str
    account: str | None = None
    secret: str | None = None
    settings: tuple[SettingRule, ...] = ()
    templates: int = 0
    wechat_fields: bool = False


@dataclass(frozen=True)
class Finding:
    """What does not fit: the field, a stable code, and what to do."""

    field: str
    code: str
    detail: str


RULES: Mapping[str, ChannelRules] = {
    "console": ChannelRules("系统内消息页"),
    "wechat_miniprogram": ChannelRules(
        "微信小程序", "AppID", "AppSecret（小程序密钥）", templates=6, wechat_fields=True
    ),
    "wechat_service_account": ChannelRules(
        "微信服务号",
        "AppID",
        "AppSecret（服务号密钥）",
        (
            SettingRule(
                "miniprogram_appid",
                "点开消息后打开的小程序",
                "填已与服务号关联的小程序 AppID；不填则打开会议链接，没有链接的只能阅读文字。",
                r"wx[0-9a-zA-Z]{6,30}",
                required=False,
            ),
        ),
        templates=25,
        wechat_fields=True,
    ),
    "wecom": ChannelRules(
        "企业微信",
        "企业 ID（CorpID）",
        "应用的 Secret",
        (
            SettingRule(
                "agent_id",
                "应用 AgentId",
                "在企业微信管理后台“应用管理”中打开该应用可见，只填数字。",
                r"[0-9]{1,12}",
            ),
        ),
    ),
    "dingtalk": ChannelRules(
        "钉钉",
        "AppKey",
        "AppSecret",
        (SettingRule("agent_id", "应用 AgentId", "在钉钉开放平台打开该应用可见，只填数字。", r"[0-9]{1,20}"),),
    ),
    "feishu": ChannelRules("飞书", "App ID", "App Secret"),
    "sms_aliyun": ChannelRules(
        "短信（阿里云）",
        "AccessKey ID",
        "AccessKey Secret",
        (SettingRule("sign_name", "短信签名", "填阿里云审核通过的签名，不带【】。", r"[^【】]{2,12}"),),
        templates=6,
    ),
    "email": ChannelRules(
        "电子邮件",
        "登录账号",
        "登录密码（授权码）",
        (
            SettingRule(
                "host", "邮件服务器", "例如 smtp.example.cn；须先由系统管理人员加入允许的主机名单。", r"\S{3,253}"
            ),
            SettingRule("port", "端口", "一般是 465；不填按 465。", r"[0-9]{1,5}", required=False),
            SettingRule(
                "security",
                "加密方式",
                "465 端口一般用 tls（SSL），587 端口用 starttls；不填按 tls。",
                required=False,
                choices=("tls", "starttls"),
            ),
            SettingRule("sender", "发件地址", "与登录账号不同时填写。", r"[^@\s]+@[^@\s]+", required=False),
            SettingRule("sender_name", "发件人名称", "党员在收件箱里看到的名称。", required=False),
        ),
    ),
    "webhook": ChannelRules(
        "自有网关（Webhook）",
        None,
        "签名密钥（whsec_ 开头）",
        (
            SettingRule(
                "url", "接收地址", "以 https:// 开头；主机须先由系统管理人员加入允许的名单。", r"https?://\S{1,490}"
            ),
        ),
    ),
}


def check_channel(
    adapter: str, *, account: str, has_secret: bool, settings: Mapping[str, str], templates: Mapping[str, object]
) -> list[Finding]:
    """Everything that does not fit, before anything is sent; nothing for an adapter of another package.

    `templates` is kind -> {"template_id", "fields": {field: source}}.
    """
    rules = RULES.get(adapter)
    if rules is None:
        return []
    found: list[Finding] = []
    if rules.account is not None and not account:
        found.append(Finding("account", "missing_account", f"请填写{rules.account}。"))
    if rules.secret is not None and not has_secret:
        found.append(Finding("secret", "missing_secret", f"请填写{rules.secret}。"))
    for rule in rules.settings:
        found += _check_setting(rule, settings.get(rule.name, "").strip())
    found += _unknown_settings(rules, settings)
    return found + _check_templates(rules, templates)


def _unknown_settings(rules: ChannelRules, settings: Mapping[str, str]) -> list[Finding]:
    """A setting that nothing reads would be dropped in silence: the one that was meant is then missing."""
    known = [rule.name for rule in rules.settings]
    hint = f"可用的设置是：{'、'.join(known)}。" if known else "这种渠道没有别的设置。"
    return [
        Finding(
            f"config.settings.{name}", "unknown_setting", f"{rules.label}没有“{name}”这项设置，请删去或改正；{hint}"
        )
        for name in settings
        if name not in known
    ]


def _check_setting(rule: SettingRule, value: str) -> list[Finding]:
    field = f"config.settings.{rule.name}"
    if not value:
        return [Finding(field, "missing_setting", f"请填写“{rule.label}”：{rule.hint}")] if rule.required else []
    if (rule.choices and value not in rule.choices) or not re.fullmatch(rule.pattern, value):
        return [Finding(field, "bad_setting", f"“{rule.label}”填写不正确：{rule.hint}")]
    return []


def _check_templates(rules: ChannelRules, templates: Mapping[str, object]) -> list[Finding]:
    if templates and not rules.templates:
        return [Finding("config.templates", "no_templates", f"{rules.label}不使用消息模板，请删去模板。")]
    if len(templates) > rules.templates:
        detail = f"{rules.label}最多可用 {rules.templates} 个模板，请删去多余的。"
        return [Finding("config.templates", "too_many_templates", detail)]
    check = check_wechat_field if rules.wechat_fields else _check_variable
    found: list[Finding] = []
    for kind, template in templates.items():
        fields = template.get("fields") if isinstance(template, Mapping) else None
        for field, source in (fields or {}).items():
            if problem := check(field, str(source)):
                code, detail = problem
                named = f"“{TEMPLATE_KINDS.get(kind, kind)}”的模板：{detail}"
                found.append(Finding(f"config.templates.{kind}.fields.{field}", code, named))
    return found


def check_wechat_field(field: str, source: str) -> tuple[str, str] | None:
    """Whether the field can hold whatever the source may give; the code and what to do where it cannot."""
    kind = field_type(field)
    if kind is None:
        return "unknown_field_type", f"不认识的模板字段“{field}”，请照微信后台模板详情填写，例如 thing1、time2。"
    if source.startswith(CONSTANT):
        words = source.removeprefix(CONSTANT)
        try:
            fits = clip_field(field, words) == words
        except ValueError:
            fits = False
        return None if fits else ("words_do_not_fit", f"固定文字“{words}”放不进字段“{field}”，请改短或换一个字段。")
    allowed = TIME_FIELDS if source == "time" else FREE_TEXT_FIELDS
    if kind in allowed:
        return None
    hint = "、".join(f"{name} 类" for name in sorted(allowed))
    what = "时间" if source == "time" else "标题、组织名称和说明"
    return "value_does_not_fit", f"{what}放不进字段“{field}”，请在微信后台选用含 {hint}字段的模板。"


def _check_variable(field: str, source: str) -> tuple[str, str] | None:
    if VARIABLE.fullmatch(field):
        return None
    return "bad_variable", f"模板变量“{field}”不正确，请照短信模板里 ${{}} 中的名称填写。"
