"""Addresses of media: stable and unsigned where they are kept, signed for some hours where they are shown. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.library.assets.errors import AddressExpired, AddressForged
from app.settings import Settings
from content.media import TYPES

PATH = "/api/v1/assets/files/"
# Addresses end together twice a day, so that for half a day everybody gets the same one and caches work; each is good
# for 12 to 24 hours: longer than a lesson is left open.
WINDOW_SECONDS = 12 * 3600

_NAME = r"[0-9a-f]{32}\.[a-z0-9]{3,4}"
# Sanitised text has no "<", so that this is found in tags only.
_IN_HTML = re.compile(rf'(<(?:img|audio|video|source)(?: [a-z]+="[^"]*")*? src="{PATH})({_NAME})(?=")')
_SHOWN = re.compile(r'<img(?: [a-z]+="[^"]*")*? src="([^"]*)"')
_ALONE = re.compile(rf"{PATH}({_NAME})")


def file_of(key: str, media_type: str) -> str:
    """The name that the server gives a file: neither who uploaded it nor what they called it is in there."""
    return f"{key}.{TYPES[media_type].extension}"


def address_of(key: str, media_type: str) -> str:
    """The address as it stands in the HTML of a lesson; without a signature it opens nothing."""
    return PATH + file_of(key, media_type)


def key_of(address: str) -> str:
    """The key in an address of ours; of any other something that no asset has."""
    return address.removeprefix(PATH).partition(".")[0]


def shown_in(html: str) -> set[str]:
    """The addresses of the pictures in sanitised HTML, as they are kept."""
    return set(_SHOWN.findall(html))


def expiry_at(now: datetime) -> int:
    """When addresses that are signed at `now` end, in seconds since 1970. Belongs into the ETag of what shows them."""
    return (int(now.timestamp()) // WINDOW_SECONDS + 2) * WINDOW_SECONDS


def signed_url(settings: Settings, key: str, media_type: str, now: datetime) -> str:
    """The address of an asset with its signature, from the root of the host."""
    name = file_of(key, media_type)
    return f"{PATH}{name}?{_query(settings, name, now)}"


def sign_address(settings: Settings, address: str, now: datetime) -> str:
    """An address as it is kept, with its signature."""
    return f"{address}?{_query(settings, address.removeprefix(PATH), now)}"


def sign_html(settings: Settings, html: str, now: datetime) -> str:
    """Sanitised HTML in which each address of ours is signed."""

    def sign(found: re.Match[str]) -> str:
        return f"{found[0]}?{_query(settings, found[2], now)}".replace("&signature", "&amp;signature")

    return _IN_HTML.sub(sign, html)


def sign_nodes(settings: Settings, nodes: Sequence[object], now: datetime) -> list[object]:
    """Nodes of <rich-text> in which each address of ours is signed, and absolute where the host is known.

    A mini-program takes no address without a host.
    """
    return [_signed_node(settings, node, now) if isinstance(node, Mapping) else node for node in nodes]


def _signed_node(settings: Settings, node: Mapping[str, object], now: datetime) -> dict[str, object]:
    signed = dict(node)
    attributes, children = node.get("attrs"), node.get("children")
    if isinstance(attributes, Mapping):
        found = _ALONE.fullmatch(str(attributes.get("src", "")))
        if found is not None:
            url = f"{settings.public_url.rstrip('/')}{found[0]}?{_query(settings, found[1], now)}"
            signed["attrs"] = {**attributes, "src": url}
    if isinstance(children, Sequence):
        signed["children"] = sign_nodes(settings, children, now)
    return signed


def check_signature(settings: Settings, name: str, expires: int | None, signature: str | None, now: datetime) -> None:
    """Raises `AddressForged` or, where it was right once, `AddressExpired`."""
    if expires is None or signature is None:
        raise AddressForged
    if not hmac.compare_digest(_signature(settings, name, expires).encode(), signature.encode()):
        raise AddressForged
    if now.timestamp() >= expires:
        raise AddressExpired


def _query(settings: Settings, name: str, now: datetime) -> str:
    expires = expiry_at(now)
    return f"expires={expires}&signature={_signature(settings, name, expires)}"


def _signature(settings: Settings, name: str, expires: int) -> str:
    key = hashlib.blake2b(b"asset addresses", key=settings.signing_bytes, digest_size=32).digest()
    made = hmac.digest(key, f"{name}\n{expires}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
