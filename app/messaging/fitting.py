"""Whether a channel's settings fit its platform, and how notices would look there."""

from collections.abc import Mapping

from app.errors import Invalid
from app.messaging.samples import SAMPLES
from app.messaging.schemas import (
    ChannelConfig,
    ChannelKindOut,
    PreviewOut,
    PreviewPart,
    SettingOut,
    Template,
)
from app.platforms.aliyun_sms import fit_variable
from app.platforms.dingtalk import dingtalk_text
from app.platforms.feishu import feishu_post
from app.platforms.fields import fill_field, filling
from app.platforms.installed import Setup, installed, refusal
from app.platforms.message import Message
from app.platforms.models import Channel
from app.platforms.rules import RULES, ChannelRules, Finding, check_channel
from app.platforms.wecom_content import BREAK, wecom_content
from app.resources import Service

NO_TEMPLATE = "没有为这类通知设置模板，这类通知不会走这个渠道。"


class ChannelDoesNotFit(Invalid):
    """The platform would refuse what this channel sends: said before anything is sent."""

    code = "channel_does_not_fit"
    detail = "渠道设置与平台的要求不符，请按下面各条修改后再保存。"


def require_fit(service: Service, channel: Channel, config: ChannelConfig, secret: str | None) -> None:
    """Raises `ChannelDoesNotFit` with each field, its code and what to do.

    What fits the rules is built as a sender would: that checks the hosts that the operator allows, and the settings of
    other packages' adapters.
    """
    findings = check_channel(
        channel.adapter,
        account=channel.account,
        has_secret=bool(secret),
        settings=config.settings,
        templates={kind: template.model_dump() for kind, template in config.templates.items()},
    )
    if not findings:
        hosts = service.settings.platform_hosts
        setup = Setup(channel.account, secret or "", config.model_dump(), service.http, service.clock, hosts)
        refused = refusal(channel.adapter, setup)
        findings = [Finding("config.settings", *refused)] if refused else []
    if findings:
        raise ChannelDoesNotFit(
            errors=[{"field": each.field, "code": each.code, "detail": each.detail} for each in findings]
        )


def channel_kind(adapter: str) -> ChannelKindOut:
    """What a form asks for; of an adapter of another package only what its kind says."""
    rules, kind = RULES.get(adapter), installed()[adapter]
    known = rules or ChannelRules(adapter, "账号", "密钥", templates=len(SAMPLES) if kind.templates else 0)
    return ChannelKindOut(
        adapter=adapter,
        label=known.label,
        account=known.account,
        secret=known.secret,
        settings=[
            SettingOut(
                name=each.name, label=each.label, hint=each.hint, required=each.required, choices=list(each.choices)
            )
            for each in known.settings
        ],
        templates=known.templates > 0,
        addresses=kind.address == "channel",
        known=rules is not None,
    )


def preview(adapter: str, config: ChannelConfig) -> list[PreviewOut]:
    """How an example of each kind of notice looks on a channel, cut as it would be."""
    rules, installed_kind = RULES.get(adapter), installed().get(adapter)
    templates: Mapping[str, Template] = {str(kind): template for kind, template in config.templates.items()}
    if rules is not None and rules.templates:
        return [_filled(kind, sample, templates.get(kind), rules) for kind, sample in SAMPLES.items()]
    needed = installed_kind is not None and installed_kind.templates
    return [
        PreviewOut(kind=kind, parts=[], problem=NO_TEMPLATE)
        if needed and kind not in templates
        else PreviewOut(kind=kind, parts=_parts(adapter, sample), problem=None)
        for kind, sample in SAMPLES.items()
    ]


def _parts(adapter: str, sample: Message) -> list[PreviewPart]:
    title, body, link = sample.title, sample.body, sample.link
    if adapter == "dingtalk":
        return [_part("文字", dingtalk_text(title, body, link))]
    if adapter == "feishu":
        post = feishu_post(title, body, link)["zh_cn"]
        lines = "\n".join(piece["text"] for line in post["content"] for piece in line)
        return [_part("标题", post["title"]), _part("正文", lines)]
    if adapter == "wecom":
        content = wecom_content(title, body, link)
        shown = content[str(content["msgtype"])]
        texts = shown if isinstance(shown, dict) else {}
        names = {"title": "标题", "description": "正文", "url": "点开后", "content": "文字"}
        return [_part(names[name], text.replace(BREAK, "\n")) for name, text in texts.items()]
    return [PreviewPart(label="标题", text=title, cut=False), PreviewPart(label="正文", text=body, cut=False)]


def _part(label: str, text: str) -> PreviewPart:
    return PreviewPart(label=label, text=text, cut="…" in text)


def _place(field: tuple[str, str]) -> tuple[int, str]:
    """The order of a template's fields, thing2 before thing10; the database keeps none."""
    number = field[0].lstrip("abcdefghijklmnopqrstuvwxyz_")
    return int(number or 0), field[0]


def _filled(kind: str, sample: Message, template: Template | None, rules: ChannelRules) -> PreviewOut:
    if template is None:
        return PreviewOut(kind=kind, parts=[], problem=NO_TEMPLATE)
    parts: list[PreviewPart] = []
    for field, source in sorted(template.fields.items(), key=_place):
        if rules.wechat_fields:
            try:
                text, cut = fill_field(field, source, sample.values)
            except ValueError:
                return PreviewOut(kind=kind, parts=[], problem=f"字段“{field}”放不下要填的内容，请修改模板设置。")
        else:
            text = fit_variable(filling(source, sample.values))
            cut = text.endswith("…")
        parts.append(PreviewPart(label=field, text=text, cut=cut))
    return PreviewOut(kind=kind, parts=parts, problem=None)
