// The messages page: newest first, read again every few seconds.
import { call } from "./api.js";
import { actions, h, options, show } from "./dom.js";
import { MESSAGES, clock } from "./format.js";
import { consoleCard, wechatCard } from "./inbox.js";

const EVERY = 3000;
const PAGE = 50;
const $ = (id) => document.getElementById(id);

let items = []; // newest first
let next = null;
let seen = 0; // the newest id of the list before
let timer = 0;
let asked = 0;

function address(cursor) {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if ($("member").value.trim()) query.set("member", $("member").value.trim());
  if ($("kind").value) query.set("kind", $("kind").value);
  if (cursor) query.set("cursor", cursor);
  return `/demonstration/messages.json?${query}`;
}

function takeNewest(page) {
  const joined = items.length > PAGE && page.items.some((each) => each.id === items[0].id);
  const known = new Set(page.items.map((each) => each.id));
  items = joined ? [...page.items, ...items.filter((each) => !known.has(each.id))] : page.items;
  if (!joined) next = page.next;
}

function count(list, text) {
  document.querySelectorAll(`.count-${list}`).forEach((place) => (place.textContent = text));
}

function showConsole(first) {
  const fresh = first ? Infinity : seen;
  const cards = items.map((message) => consoleCard(message, message.id > fresh));
  show($("console"), cards.length ? cards : h("p", { class: "empty" }, "没有符合条件的消息。发布一期学习或召开一次会议后，这里会自己出现。"));
  count("console", `${items.length}${next ? "+" : ""} 条`);
  show($("older"), next && actions({ label: "更早的消息", quiet: true, run: older }));
  if (items.length) seen = Math.max(seen, items[0].id);
}

function showWechat(all) {
  const name = $("member").value.trim();
  const shown = all.filter((message) => !name || (message.member ?? "").includes(name));
  show($("wechat"), shown.length ? shown.map(wechatCard) : h("p", { class: "empty" }, "仿真微信还没有收到消息。只有绑定了微信、点过“接收一次”的人会从这里收到。"));
  count("wechat", `${shown.length} 条`);
}

async function older() {
  const page = await call("GET", address(next));
  items = [...items, ...page.items];
  next = page.next;
  showConsole(false);
}

let before = "";

async function refresh(first = false) {
  clearTimeout(timer);
  const turn = (asked += 1);
  const [received, wechat] = await Promise.allSettled([
    call("GET", address(null)),
    call("GET", "/demonstration/wechat-messages.json"),
  ]);
  if (turn !== asked) return; // the filter changed meanwhile
  const problems = [received, wechat].filter((each) => each.status === "rejected").map((each) => each.reason.detail ?? each.reason.message);
  const now = JSON.stringify([received.value, wechat.value]);
  if (now !== before || first) {
    if (received.status === "fulfilled") {
      takeNewest(received.value);
      showConsole(first);
    }
    if (wechat.status === "fulfilled") showWechat(wechat.value.items);
    before = now;
  }
  const said = problems.length ? [...new Set(problems)].join(" ") : `每 ${EVERY / 1000} 秒刷新，最近 ${clock()}`;
  $("refresh").textContent = said;
  $("refresh").classList.toggle("trouble", problems.length > 0);
  timer = setTimeout(refresh, EVERY);
}

function restart() {
  items = [];
  next = null;
  refresh(true);
}

const wide = window.matchMedia("(min-width: 900px)");
const tabs = [$("tab-console"), $("tab-wechat")];

function choose(chosen) {
  for (const tab of tabs) {
    const selected = tab === chosen;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !selected && !wide.matches;
  }
}

tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    choose(tabs[1 - index]);
    tabs[1 - index].focus();
  });
});
wide.addEventListener("change", () => choose(tabs.find((tab) => tab.getAttribute("aria-selected") === "true")));

$("kind").append(...options([["", "全部"], ...Object.entries(MESSAGES)], ""));
$("kind").addEventListener("change", restart);
let typing = 0;
$("member").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(restart, 300);
});
$("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  restart();
});
choose(tabs[0]);
refresh(true);
