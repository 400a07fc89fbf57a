"""The signature of Alibaba Cloud's API, version 3.

Source: help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature; its example of RunInstances is a
test of ours.
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The query as it is signed and sent: sorted, and encoded by RFC 3986."""
    return "&".join(f"{quote(name, safe='')}={quote(parameters[name], safe='')}" for name in sorted(parameters))


def authorization(
    key_id: str, secret: str, method: str, path: str, query: str, headers: Mapping[str, str], content: bytes = b""
) -> str:
    """The header `Authorization`; `headers` are all that are signed, named in small letters."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join((method, path, query, lines, names, hashlib.sha256(content).hexdigest()))
    signed = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
