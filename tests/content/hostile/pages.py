import base64
from collections.abc import Callable

from tests.content.hostile.images import png_claiming

Case = tuple[str, Callable[[], bytes], str]

HEAD = "---\ntitle: 标题\nsource: 出处\n---\n"


def page(text: str) -> Callable[[], bytes]:
    return text.encode


def lesson(text: str) -> Callable[[], bytes]:
    return (HEAD + text).encode


def bomb_within() -> bytes:
    return b'<img src="data:image/png;base64,%s">' % base64.b64encode(png_claiming(13_000, 13_000))


PAGES: dict[str, Case] = {
    "a script": ("a.html", page("<script>alert(1)</script>"), "empty_body"),
    "a script beside text": ("a.html", page("文<script>alert(1)</script>"), ""),
    "a handler": ("a.html", page("<p onclick=alert(1) onmouseover=alert(1)>文</p>"), ""),
    "a script link in pieces": ("a.html", page("<a href='java&#9;script:alert(1)'>文</a>"), ""),
    "a link of data": ("a.html", page("<a href='data:text/html,<script>alert(1)</script>'>文</a>"), ""),
    "an SVG that acts": ("a.html", page("文<svg/onload=alert(1)><animate onbegin=alert(1)></svg>"), ""),
    "markup that mutates": ("a.html", page("文<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>"), ""),
    "markup that mutates in noscript": ("a.html", page("文<noscript><p title='</noscript><img src=x onerror=alert(1)>'>"), ""),
    "a template": ("a.html", page("文<template><script>alert(1)</script></template>"), ""),
    "a page in a frame": ("a.html", page("文<iframe srcdoc='<script>alert(1)</script>'></iframe>"), ""),
    "a page that leads elsewhere": ("a.html", page("<meta http-equiv=refresh content='0;url=https://a.cn'><base href='https://a.cn'>文"), ""),
    "a form": ("a.html", page("<form action='https://a.cn'><input name=password>文</form>"), ""),
    "styles that cover the page": ("a.html", page("<style>*{position:fixed}</style><p style='position:fixed;background:url(https://a.cn)'>文</p>"), ""),
    "a picture that spies": ("a.html", page("文<img src='https://a.cn/pixel' onerror=alert(1)>"), ""),
    "a picture from within": ("a.html", page("文<img src='http://169.254.169.254/latest'>"), ""),
    "a picture that is a bomb": ("a.html", bomb_within, ""),
    "the place of a picture that is not there": ("a.html", page("文<img src='/api/v1/assets/document/1'>"), ""),
    "200,000 tags in each other": ("a.html", page("<div>" * 200_000 + "文"), ""),
    "200,000 quotations in each other": ("a.html", page("<blockquote>" * 200_000 + "文"), ""),
    "200,000 formats in each other": ("a.html", page("".join(f"<b a={number}>" for number in range(200_000)) + "文"), ""),
    "100,000 tables": ("a.html", page("<table><tr><td>a</td></tr></table>" * 100_000), "html_too_large"),
    "30,000 paragraphs": ("a.html", page("<p>a</p>" * 30_000), "html_too_complex"),
    "comments that do not end": ("a.html", page("<!--" * 300_000), "empty_body|document_too_complex"),
    "declarations that do not end": ("a.html", page("<![CDATA[" * 300_000), "empty_body|document_too_complex"),
    "tags that do not end": ("a.html", page("<a " * 300_000), "empty_body|document_too_complex"),
    "an attribute of 10 MB": ("a.html", page(f"<p title='{'a' * 10_000_000}'>文</p>"), ""),
    "entities without end": ("a.html", page("&amp" * 500_000), "html_too_large"),
    "bytes of no encoding": ("a.html", lambda: b"\xff\xff\x81", "unknown_encoding"),
    "halves of characters": ("a.html", lambda: b"\xff\xfe" + b"\x00\xd8" * 100, "unknown_encoding"),
    "an encoding that hides markup": ("a.html", lambda: b"<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-", ""),
    "an encoding that does not exist": ("a.html", lambda: b"<meta charset=zlib_codec>" + "文".encode(), ""),
    "NULs": ("a.html", lambda: b"<scr\0ipt>alert(1)</scr\0ipt>" + "文".encode(), "extension_mismatch"),
    "an SVG by the name of a page": ("a.html", page("<svg onload=alert(1)>"), "unsupported_svg"),
    "a marking": ("a.html", page("<p>机密<span>★</span>1年</p>"), "classified_marking"),
}  # fmt: skip

LESSONS: dict[str, Case] = {
    "100 KB of brackets": ("a.md", lesson("[" * 100_000), "markdown_too_complex"),
    "quotations in each other": ("a.md", lesson("> " * 20_000 + "a"), "empty_body"),
    "lists in each other": ("a.md", lesson("- " * 20_000 + "a"), "empty_body"),
    "markup in Markdown": ("a.md", lesson("<script>alert(1)</script>"), ""),
    "a script link in Markdown": ("a.md", lesson("[a](javascript:alert(1))"), ""),
    "aliases": ("a.md", page("---\ntitle: &a a\nsource: *a\n---\na"), "yaml_alias"),
    "an object": ("a.md", page("---\ntitle: !!python/object/apply:os.system [id]\nsource: a\n---\na"), "yaml_too_deep"),
    "a great head": ("a.md", page("---\n" + "# a\n" * 9_000 + "---\na"), "front_matter_too_large"),
    "600 KB": ("a.md", lesson("a" * 600_000), "file_too_large"),
    "no UTF-8": ("a.md", lambda: b"\xff\xff", "not_utf8"),
    "NULs in Markdown": ("a.md", lambda: b"---\0", "extension_mismatch"),
}
