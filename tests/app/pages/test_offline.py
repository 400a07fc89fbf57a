"""What a page keeps while there is no network, and hands in: its own module, run by Node.js."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from app.pages.files import ASSETS

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js")

# A phone with room for so many entries, and a service that has one member in use and refuses what is said to be bad.
PHONE = """
const held = new Map();
const room = 300;
globalThis.localStorage = {
  get length() { return held.size; },
  key: (index) => [...held.keys()][index],
  getItem: (key) => held.get(key) ?? null,
  removeItem: (key) => held.delete(key),
  setItem: (key, value) => {
    if (!held.has(key) && held.size >= room) throw new Error("QuotaExceededError");
    held.set(key, value);
  },
};
const taken = [];
const refusal = (status, code) => Object.assign(new Error(code), { status, code, detail: code });
const service = (member_id, refuse = () => null) => ({
  call: async (method, path, { json } = {}) => {
    if (method === "GET") return { member_id };
    const error = refuse(json);
    if (error) throw error;
    taken.push(...json.events.map((each) => each.heartbeat_id));
  },
});
const read = (id) => ({ heartbeat_id: id, position: 0.5 });
const keep = (member, ticket, ...ids) => ids.map((id) => keepEvent(member, ticket, read(id)));
const tell = (value) => console.log(JSON.stringify(value, (_, each) => (each instanceof Set ? [...each] : each)));
"""


def told(steps: str) -> Any:
    """What the steps tell, over the functions of `offline.js`."""
    assert NODE is not None
    script = f"{PHONE}\n{(ASSETS / 'offline.js').read_text()}\n{steps}"
    done = subprocess.run([NODE, "--input-type=module"], input=script.encode(), capture_output=True, check=True)
    return json.loads(done.stdout)


def test_what_was_kept_is_handed_in_once() -> None:
    assert told("""
        const counts = [...keep(1, "t", "a", "b"), ...keep(1, "u", "c")];
        const first = await handIn(service(1), 1);
        tell([counts, first, await handIn(service(1), 1), taken, held.size]);
    """) == [[1, 2, 3], {"events": 3, "refused": []}, {"events": 0, "refused": []}, ["a", "b", "c"], 0]


def test_one_bad_event_takes_no_others_with_it() -> None:
    steps = """
        keep(1, "t", "a", "b", "bad", "c", "d");
        const isBad = (each) => each.heartbeat_id === "bad";
        const refuse = ({ events }) => events.some(isBad) && refusal(422, "invalid_input");
        tell([await handIn(service(1, refuse), 1), taken, held.size]);
    """
    assert told(steps) == [{"events": 4, "refused": ["invalid_input"]}, ["a", "b", "c", "d"], 0]


def test_what_one_member_read_is_not_handed_in_by_another_and_not_lost() -> None:
    assert told("""
        keep(1, "t", "a");
        keep(12, "u", "b");
        const refuse = ({ ticket }) => ticket !== "u" && refusal(422, "ticket_invalid");
        const both = [await handIn(service(12, refuse), 1), await handIn(service(12, refuse), 12)];
        tell([both.map((each) => each.events), taken, (await handIn(service(1), 1)).events]);
    """) == [[0, 1], ["b", "a"], 1]


@pytest.mark.parametrize(
    ("status", "code", "waiting"),
    [
        (409, "ticket_expired", 0),
        (422, "ticket_invalid", 0),
        (409, "too_many_events", 2),
        (403, "consent_needed", 2),
        (429, "too_many", 2),
        (500, "internal", 2),
    ],
)
def test_a_ticket_that_is_refused_keeps_no_other_from_being_taken(status: int, code: str, waiting: int) -> None:
    steps = f"""
        keep(1, "old", "a", "b");
        keep(1, "new", "c");
        const result = await handIn(service(1, ({{ ticket }}) => ticket === "old" && refusal({status}, "{code}")), 1);
        tell([result, taken, held.size]);
    """
    assert told(steps) == [{"events": 1, "refused": [code]}, ["c"], waiting]


def test_without_network_all_waits() -> None:
    steps = 'keep(1, "t", "a"); tell([await handIn(service(1, () => refusal(0, "unreachable")), 1), held.size]);'
    assert told(steps) == [{"events": 0, "refused": []}, 1]


def test_a_phone_that_is_full_keeps_what_it_has() -> None:
    steps = """
        const counts = keep(1, "t", ...Array.from({ length: 301 }, (_, index) => `e${index}`)).slice(-2);
        tell([counts, (await handIn(service(1), 1)).events]);
    """
    assert told(steps) == [[300, None], 300]
