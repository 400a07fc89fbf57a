"""The templates of a WeChat channel, filled with what a message says."""

from collections.abc import Mapping

from app.platforms.fields import fill_fields
from scheduler.adapters.base import Message


def channel_templates(config: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """The templates of a channel by the kind of what is sent; nothing where it has none."""
    templates = config.get("templates", {})
    return templates if isinstance(templates, dict) else {}


def fill_template(template: Mapping[str, object], message: Message) -> dict[str, str]:
    """The fields of a template with their texts; raises KeyError or ValueError where the template does not fit."""
    fields = template["fields"]
    return fill_fields(fields if isinstance(fields, dict) else {}, message.values)
