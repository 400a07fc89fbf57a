"""All rows, and what is served without one; what a row says and what follows from it is in `rules`."""

from tests.security.rows import learning, library, messaging, people

ROWS = (*people.ROWS, *messaging.ROWS, *library.ROWS, *learning.ROWS)

# Outside of `/api/v1`, for everybody: signs of life and the document.
PUBLIC = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"}
# The callbacks below `/api/v1`, under the addresses that operators enter in the platforms' consoles.
CALLED = {
    "GET /callbacks/wechat/{appid}",
    "POST /callbacks/wechat/{appid}",
    "GET /callbacks/wecom/{corpid}",
    "POST /callbacks/wecom/{corpid}",
}
# The pages that the program serves itself, which hold no data.
PAGES = {"GET /", "GET /assets/{name}", "GET /bind"}
# The demonstration only: its people are made up, and production does not have these routes at all.
DEMONSTRATION = {
    "GET /demonstration/messages",
    "GET /demonstration/messages.json",
    "GET /demonstration/wechat-messages.json",
    "POST /demonstration/phones/{phone}/login",
    "POST /demonstration/phones/{phone}/number",
    "POST /demonstration/phones/{phone}/acceptances",
}
