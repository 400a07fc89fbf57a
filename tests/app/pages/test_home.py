"""The pages and files that the program serves by itself."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.pages.files import ASSETS, EVERYWHERE, FOLDER
from app.resources import Service
from tests.conftest import application, make_settings

STRICT = "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
FILES = sorted(file.name for file in ASSETS.iterdir())
SOURCES = sorted([*FOLDER.glob("html/*.html"), *FOLDER.glob("assets/*")])


@pytest.fixture
async def production(service: Service, database: str) -> AsyncIterator[httpx.AsyncClient]:
    """The same program as an operator runs it."""
    settings = make_settings(database, mode="production")
    transport = httpx.ASGITransport(application(replace(service, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as session:
        yield session


def assert_strict(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == STRICT
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_qr_of_a_slip_leads_to_a_page_that_shows_the_code(production: httpx.AsyncClient) -> None:
    answer = await production.get("/bind?code=12345678")
    assert_strict(answer)
    (script,) = re.findall(r'src="(/assets/[a-z-]+\.js)"', answer.text)
    assert (await production.get(script)).status_code == 200
    assert "12345678" not in answer.text, "the page itself is the same for everybody"


async def test_the_demonstration_begins_with_what_to_try_next(stage: httpx.AsyncClient) -> None:
    answer = await stage.get("/")
    assert_strict(answer)
    assert "接下来可以试什么" in answer.text


async def test_the_messages_page_has_the_same_strict_headers(stage: httpx.AsyncClient) -> None:
    assert_strict(await stage.get("/demonstration/messages"))


async def test_production_says_that_it_runs_and_nothing_of_a_demonstration(production: httpx.AsyncClient) -> None:
    answer = await production.get("/")
    assert_strict(answer)
    assert "指尖课堂服务正在运行" in answer.text
    assert "演示" not in answer.text
    for link in ("/openapi.json", "/healthz"):
        assert f'href="{link}"' in answer.text
        assert (await production.get(link)).status_code == 200


async def test_production_has_no_route_of_the_demonstration(production: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/demonstration/messages"),
        ("GET", "/demonstration/messages.json"),
        ("GET", "/demonstration/wechat-messages.json"),
        ("POST", "/demonstration/phones/demo-member/login"),
        ("POST", "/demonstration/phones/demo-member/number"),
        ("POST", "/demonstration/phones/demo-member/acceptances"),
    ):
        answer = await production.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


async def test_a_browser_sees_a_page_where_there_is_none_and_a_program_the_problem(
    production: httpx.AsyncClient,
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/no-such-page", "/bind/", "/demonstration/messages"):
        seen = await production.get(path, headers=browser)
        assert seen.status_code == 404, path
        assert seen.headers["content-security-policy"] == STRICT
        assert "没有这个页面" in seen.text
        assert "演示" not in seen.text
        assert (await production.get(path)).json()["code"] == "not_found"
    for path in ("/api/v1/no-such", "/assets/no-such.css"):
        answer = await production.get(path, headers=browser)
        assert answer.headers["content-type"] == "application/problem+json", path


async def test_production_serves_only_the_files_of_its_own_page(production: httpx.AsyncClient) -> None:
    served = {name for name in FILES if (await production.get(f"/assets/{name}")).status_code == 200}
    assert served == EVERYWHERE


async def test_each_file_of_the_pages_is_served_as_what_it_is(stage: httpx.AsyncClient) -> None:
    types = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
    for name in FILES:
        answer = await stage.get(f"/assets/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-type"] == types[name.rsplit(".")[-1]]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.content == (ASSETS / name).read_bytes()


async def test_a_file_that_the_browser_has_is_not_sent_again(stage: httpx.AsyncClient) -> None:
    tag = (await stage.get("/assets/base.css")).headers["etag"]
    again = await stage.get("/assets/base.css", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = await stage.get("/assets/base.css", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_nothing_beside_the_files_of_the_pages_can_be_asked_for(stage: httpx.AsyncClient) -> None:
    for name in ("no-such.css", "..%2ffiles.py", "files.py", "%2e%2e%2f__init__.py", "base.css%00"):
        assert (await stage.get(f"/assets/{name}")).status_code in (404, 422), name


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_no_page_loads_anything_from_elsewhere_or_runs_inline(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", text)
    assert not re.search(r"""(?:@import|url\()\s*["']?(?:https?:)?//""", text)
    assert not re.search(r"""(?:from|import)\s*\(?\s*["'](?:https?:)?//""", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)
    assert "innerHTML" not in text
    assert "insertAdjacentHTML" not in text


async def test_each_file_that_a_page_names_is_there(stage: httpx.AsyncClient) -> None:
    for page in FOLDER.glob("html/*.html"):
        for name in re.findall(r'(?:href|src)="/assets/([^"]+)"', page.read_text()):
            assert name in FILES, f"{page.name} names {name}"
    for script in ASSETS.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert name in FILES, f"{script.name} names {name}"


EXPORT = r"^export (?:async )?(?:function|const|class) (\w+)"


@pytest.mark.parametrize("script", sorted(ASSETS.glob("*.js")), ids=lambda script: script.name)
def test_each_name_that_a_script_imports_is_exported_and_used(script: Path) -> None:
    text = script.read_text()
    for names, module in re.findall(r'^import \{([^}]+)\} from "\./([^"]+)"', text, re.M):
        exported = set(re.findall(EXPORT, (ASSETS / module).read_text(), re.M))
        for name in names.split(","):
            original, _, alias = name.strip().partition(" as ")
            assert original in exported, f"{module} does not export {original}"
            assert len(re.findall(rf"\b{alias or original}\b", text)) > 1, f"{original} is imported in vain"


def test_each_script_is_reached_from_a_page_and_each_export_from_another_script() -> None:
    scripts = {script.name: script.read_text() for script in ASSETS.glob("*.js")}
    imported = [re.findall(r'from "\./([^"]+)"', text) for text in scripts.values()]
    named = [re.findall(r'src="/assets/([^"]+\.js)"', page.read_text()) for page in FOLDER.glob("html/*.html")]
    assert scripts.keys() <= {name for names in (*imported, *named) for name in names}
    for name, text in scripts.items():
        for export in re.findall(EXPORT, text, re.M):
            others = (other for each, other in scripts.items() if each != name)
            assert any(re.search(rf"import \{{[^}}]*\b{export}\b[^}}]*\}} from", other) for other in others), export


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js to parse")
@pytest.mark.parametrize("script", sorted(ASSETS.glob("*.js")), ids=lambda script: script.name)
def test_each_script_can_be_parsed(script: Path) -> None:
    node = shutil.which("node")
    assert node is not None
    command = [node, "--input-type=module", "--check"]
    parsed = subprocess.run(command, input=script.read_bytes(), capture_output=True, check=False)
    assert parsed.returncode == 0, parsed.stderr.decode()


def recorded() -> set[str]:
    """The actions that the program puts on record."""
    calls = re.compile(r"\brecord(?:_[a-z]+)?\(")
    found: set[str] = set()
    for file in FOLDER.parent.rglob("*.py"):
        for call in calls.split(file.read_text())[1:]:
            found |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', call.split("\n\n")[0]))
    return found


def test_the_log_calls_each_recorded_action_by_a_name() -> None:
    named = set(re.findall(r'^  "([a-z_]+\.[a-z_]+)": "', (ASSETS / "audit.js").read_text(), re.M))
    assert {"member.viewed", "roster.imported", "slips.issued"} <= recorded()
    assert recorded() - named == set()
