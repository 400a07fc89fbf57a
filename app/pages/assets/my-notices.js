// What became of the notices to one member: as the member sees them, and in full for those who help.
import { actions, h, show, tag } from "./dom.js";
import { name } from "./campaigns.js";
import { time } from "./format.js";

const TONES = { sent: "good", failed: "bad", unknown: "warn", waiting: "warn", paused: "warn", sending: "warn" };

/** The notices to the member who is signed in, newest first. */
export async function ownNotices(me) {
  return pages((cursor) => me.call("GET", `/me/notices?limit=20${cursor}`), mine, "还没有给您发过通知。", "我收到的通知");
}

/** The notices to a member of the roster, with every channel that was tried. */
export async function noticesOf(actor, id) {
  return pages((cursor) => actor.call("GET", `/members/${id}/notices?limit=20${cursor}`), helped, "还没有给这位党员发过通知。");
}

async function pages(read, item, nothing, title) {
  const list = h("ul", { class: "items" });
  const more = h("div", {});
  const next = async (cursor) => {
    const page = await read(cursor ? `&cursor=${cursor}` : "");
    list.append(...page.items.map(item));
    show(more, page.next && actions({ label: "更早的", quiet: true, small: true, run: () => next(page.next) }));
    return page.items.length;
  };
  const found = await next(null);
  return [title && h("h4", {}, title), !found && h("p", { class: "soft" }, nothing), list, more];
}

function about(notice) {
  return [`${notice.organisation} · ${time(notice.announced_at)}`, notice.happens_at && `开始时间 ${time(notice.happens_at)}`].filter(Boolean).join(" · ");
}

function mine(notice) {
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, name(notice)), tag(notice.words, TONES[notice.state] ?? "")),
    h("p", { class: "small soft" }, about(notice)),
    h("p", { class: "small" }, `渠道：${notice.channel}${notice.reason ? `。${notice.reason}` : ""}`),
  );
}

function helped(notice) {
  return h(
    "li",
    { class: "item" },
    h("strong", {}, name(notice)),
    h("p", { class: "small soft" }, about(notice)),
    h("ol", { class: "small" }, notice.chain.map(attempt)),
  );
}

function attempt(each) {
  const why = each.reason && `${each.reason_words}（原因代码 ${[each.reason, each.code].filter(Boolean).join(" ")}）`;
  const when = each.finished_at ? time(each.finished_at) : each.next_try_at && `下次 ${time(each.next_try_at)}`;
  return h("li", {}, tag(each.words, TONES[each.state] ?? ""), ` ${[each.channel, why, each.tries > 1 && `共试 ${each.tries} 次`, when].filter(Boolean).join("；")}`);
}
