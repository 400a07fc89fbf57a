// What a schedule would tell the next time: nothing of it is sent.
import { actions, facts, h, part, say, show, table } from "./dom.js";
import { ADAPTERS, time } from "./format.js";
import { admin } from "./staff.js";

const PATIENCE = 60;
const PAGE = 20;
const ENDS = {
  nothing: "没有下一次，或者到时没有要发的内容（例如还没有设纪念日）。",
  failed: "没有算出来，请稍后再试；一直这样时请联系系统管理人员。",
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks, waits for the scheduler, and shows in `place` what it found. */
export async function dryRun(place, schedule) {
  const status = h("p", { class: "said", role: "status" });
  show(place, status);
  const asked = await admin.call("POST", `/schedules/${schedule.id}/dry-runs`, { once: true });
  let run = asked;
  for (let turn = 0; turn < PATIENCE && ["asked", "planning"].includes(run.state); turn += 1) {
    say(status, "", run.state === "asked" ? "正在试算……" : `正在试算……已算到 ${run.recipients + run.unreachable} 人`);
    await pause(turn < 5 ? 300 : 1000);
    run = await admin.call("GET", `/schedules/${schedule.id}/dry-runs/${asked.id}`);
  }
  if (run.state === "done") show(place, result(run));
  else say(status, "warn", ENDS[run.state] ?? "还没有算完，请过一会儿再试。");
}

function result(run) {
  const members = h("div", {});
  return part(
    "试算结果（没有发送任何消息）",
    facts([["下一次", time(run.due_at)], ["会收到", `${run.recipients} 人`], ["没有渠道可送", `${run.unreachable} 人`]], "words"),
    h("blockquote", { class: "lines" }, h("strong", {}, run.title), "\n", run.body),
    run.groups.length > 0 && table("经哪里、什么时候", [
      ["渠道", (each) => `${each.channel}（${ADAPTERS[each.adapter] ?? each.adapter}）`],
      ["开始发送", (each) => `${time(each.not_before)}${each.not_before === run.due_at ? "" : "（避开免打扰时段）"}${each.too_late ? "，那时已过时，不会发" : ""}`],
      ["人数", (each) => each.recipients, "figure"],
    ], run.groups),
    run.recipients > 0 && actions({ label: "看看是哪些人", quiet: true, small: true, run: () => more(members, run, null, []) }),
    members,
  );
}

async function more(place, run, cursor, before) {
  const page = await admin.call("GET", `/schedules/${run.schedule_id}/dry-runs/${run.id}/members?limit=${PAGE}${cursor ? `&cursor=${cursor}` : ""}`);
  const rows = [...before, ...page.items];
  show(
    place,
    table(`会收到的人（${rows.length} / ${run.recipients}）`, [
      ["姓名", (each) => each.name],
      ["组织", (each) => each.organisation],
      ["渠道", (each) => each.channel],
      ["开始发送", (each) => time(each.not_before)],
    ], rows),
    page.next && actions({ label: "再看一些", quiet: true, small: true, run: () => more(place, run, page.next, rows) }),
  );
}
