// What is being told to many: how far it has come, live, and holding it back or calling it off.
import { actions, facts, h, part, say, show, tag, told } from "./dom.js";
import { MESSAGES, duration, time } from "./format.js";

const STATES = { planning: ["正在安排", "warn"], sending: ["正在发送", "warn"], paused: ["已暂停", "warn"], cancelled: ["已取消", ""], done: ["已完成", "good"] };
// A person may watch five at once.
const WATCHED = 3;
const SHOWN = 20;
const AGAIN = 3000;

/** The newest campaigns that `actor` answers for; those under way are watched live. */
export async function campaigns(area, actor, said, cursor) {
  stopWatching(actor);
  const page = await actor.call("GET", `/campaigns?limit=${SHOWN}${cursor ? `&cursor=${cursor}` : ""}`);
  let places = WATCHED;
  const again = (id, text) => campaigns(area, actor, { [id]: text }, cursor);
  show(
    area,
    part(
      "消息发送",
      h("p", { class: "soft" }, "从新到旧。暂停或取消只影响还没有发出的消息；学习、会议本身不变。"),
      page.items.length === 0 && h("p", {}, "还没有发过消息。"),
      h("ul", { class: "items" }, page.items.map((each) => row(actor, each, !each.over && (places -= 1) >= 0, said?.[each.id], again))),
      actions(
        cursor && { label: "回到最新", quiet: true, small: true, run: () => campaigns(area, actor) },
        page.next && { label: "更早的", quiet: true, small: true, run: () => campaigns(area, actor, null, page.next) },
      ),
    ),
  );
}

function stopWatching(actor) {
  actor.watching?.forEach((each) => each.abort());
  actor.watching = new Set();
}

export function name(campaign) {
  const kind = MESSAGES[campaign.kind] ?? campaign.kind;
  if (!campaign.title) return kind;
  return campaign.title.startsWith(kind) ? campaign.title : `${kind}：${campaign.title}`;
}

function row(actor, campaign, live, said, again) {
  const place = h("div", { class: "work" });
  const state = h("span", {}, tag(...STATES[campaign.state]));
  const hands = h("div", {});
  let latest = {};
  const tell = (progress) => {
    const changed = latest.state !== progress.state || latest.over !== progress.over;
    latest = progress;
    show(place, figures(progress));
    if (!changed) return;
    show(state, tag(...STATES[progress.state]));
    // Only now: whoever is about to press a button finds it where it was.
    show(hands, steering(actor, () => latest, again));
  };
  if (live) watch(actor, campaign, place, tell);
  else show(hands, looking(actor, campaign, place, tell));
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, name(campaign)), state),
    h("p", { class: "small soft" }, `${campaign.organisation} · ${time(campaign.created_at)}`),
    told(said),
    place,
    hands,
  );
}

function looking(actor, campaign, place, tell) {
  return actions({
    label: campaign.over ? "看结果" : "看进度",
    quiet: true,
    small: true,
    run: async () => {
      if (campaign.over || actor.watching.size >= WATCHED) tell(await actor.call("GET", `/campaigns/${campaign.id}`));
      else watch(actor, campaign, place, tell);
    },
  });
}

/** Shows what the stream tells until the campaign is over or the row has left the page. */
async function watch(actor, campaign, place, tell) {
  const controller = new AbortController();
  actor.watching.add(controller);
  try {
    while (!controller.signal.aborted) {
      for await (const { event, data } of actor.events(`/campaigns/${campaign.id}/progress`, controller.signal)) {
        if (controller.signal.aborted || event === "over") return;
        if (event === "progress") tell(data);
        if (event === "refused") return say(place, "bad", data.detail);
        if (event !== "progress" && !place.isConnected) return;
      }
      // It ends after some minutes all the same, and when the service is restarted.
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  } catch (error) {
    if (!controller.signal.aborted) say(place, "bad", error.detail ?? error.message);
  } finally {
    controller.abort();
    actor.watching.delete(controller);
  }
}

function count(number) {
  return number.toLocaleString("zh-CN");
}

function figures(progress) {
  const done = progress.planned - progress.waiting - progress.sending;
  const pairs = [
    ["通知对象", `${count(progress.recipients)} 人`],
    ["已发出", count(progress.sent)],
    ["等待发送", count(progress.waiting)],
    ["正在发送", count(progress.sending)],
    ["没有送到", count(progress.failed)],
    ["结果不明", count(progress.unknown)],
    [progress.cancelled_at ? "取消未发" : "过时未发", count(progress.expired)],
    ["转其他渠道", count(progress.passed_on)],
    ["没有渠道可达", `${count(progress.unreachable)} 人`],
  ];
  return [
    h("progress", { max: String(Math.max(progress.planned, 1)), value: String(done), "aria-label": "已处理的消息" }),
    facts(pairs),
    progress.words && h("p", { class: "said bad" }, progress.words),
    h("p", { class: "small soft" }, remaining(progress)),
    // What was called off goes on nowhere, whatever its channels wait for.
    !progress.cancelled_at && progress.channels.filter((each) => each.words).map((each) => h("p", { class: each.state === "waiting" || each.state === "resting" ? "said warn" : "said bad" }, `${each.words}${each.until ? `预计 ${time(each.until)} 继续。` : ""}还有 ${count(each.waiting + each.sending)} 条。`)),
    progress.channels.length > 1 && h("ul", { class: "small" }, progress.channels.map((each) => h("li", {}, `${each.name}：共 ${count(each.planned)} 条，已发出 ${count(each.sent)} 条`))),
    progress.failures.length > 0 &&
      h("details", {}, h("summary", {}, "没有送到的原因"), h("ul", { class: "small" }, progress.failures.map((each) => h("li", {}, `${each.words}：${count(each.count)} 条（原因代码 ${[each.reason, each.code].filter(Boolean).join(" ")}）`)))),
  ];
}

function remaining(progress) {
  const last = progress.over ? "" : `正在收尾，还有 ${count(progress.waiting + progress.sending)} 条。`;
  if (progress.cancelled_at) return `${time(progress.cancelled_at)} 取消。已发出的不能收回。${last}`;
  if (progress.over) return progress.words ? "已经结束。" : "已全部处理完。";
  const limit = `最晚到 ${time(progress.expires_at)}，过后不再发。`;
  if (progress.paused_at) return `${time(progress.paused_at)} 暂停。${limit}`;
  if (progress.remaining_seconds === null) return `还需多久暂时估计不出。${limit}`;
  return `估计还要 ${duration(progress.remaining_seconds)}。${limit}`;
}

/** What of it is left, as the question before a change says it. */
function left(progress) {
  const planning = progress.state === "planning" ? "（还在安排，可能更多）" : "";
  return `“${name(progress)}”还有 ${count(progress.waiting + progress.sending)} 条没有发出${planning}`;
}

/** Buttons; `latest()` is how far it has come when one is pressed. */
function steering(actor, latest, again) {
  const { id, over, cancelled_at: cancelled, paused_at: paused } = latest();
  if (over || cancelled) return null;
  const act = (what, text) => async () => {
    await actor.call("POST", `/campaigns/${id}/${what}`);
    await again(id, text);
  };
  const hold = {
    label: "暂停",
    quiet: true,
    small: true,
    confirm: () => `${left(latest())}。正在发的几条会发完，其余的等您点“继续发送”；时限照常计算，过了 ${time(latest().expires_at)} 就不再发。学习、会议本身不受影响。`,
    run: act("pause", "已暂停。"),
  };
  const resume = { label: "继续发送", small: true, run: act("resume", "已继续，从停下的地方接着发。") };
  return actions(paused ? resume : hold, {
    label: "取消发送",
    quiet: true,
    small: true,
    confirm: () => `${left(latest())}，取消后都不再发，不能恢复；已发出的 ${count(latest().sent)} 条不能收回。学习、会议本身不受影响：要撤回学习或取消会议，请到学习或会议里办理。`,
    run: act("cancellation", "已取消，没有发出的不再发。"),
  });
}
