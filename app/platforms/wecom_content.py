"""What a message looks like in WeCom: a card where there is a link that fits, else a text; cut to limits in bytes."""

from app.platforms.texts import clip_bytes, lines_of

TITLE_BYTES, DESCRIPTION_BYTES, URL_BYTES, TEXT_BYTES = 128, 512, 2048, 2048
BREAK = "<br>"
_MARKUP = str.maketrans("<>", "＜＞")
"""A card reads tags in its text, and a text reads links: what people write is shown as it is."""


def wecom_content(title: str, body: str, link: str) -> dict[str, object]:
    """The `msgtype` and its part; raises nothing, whatever the texts are."""
    shown = clip_bytes(lines_of(title).replace("\n", " ").translate(_MARKUP), TITLE_BYTES)
    text = lines_of(body).translate(_MARKUP)
    if link.startswith(("http://", "https://")) and len(link.encode("utf-8", "replace")) <= URL_BYTES:
        card = {"title": shown, "description": _card_text(text), "url": link}
        return {"msgtype": "textcard", "textcard": card}
    return {"msgtype": "text", "text": {"content": clip_bytes(f"{shown}\n{text}".rstrip(), TEXT_BYTES)}}


def _card_text(body: str) -> str:
    """The lines with the tag that breaks them in a card, as many as fit."""
    limit = DESCRIPTION_BYTES
    text = clip_bytes(body, limit)
    while len(text.replace("\n", BREAK).encode()) > DESCRIPTION_BYTES:
        limit -= 1
        text = clip_bytes(body, limit)
    return text.replace("\n", BREAK)
