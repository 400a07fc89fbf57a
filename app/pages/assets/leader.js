// Step 5: a branch leader sees completion, exports it and reminds; the neighbour's leader sees nothing of it.
import { campaigns } from "./campaigns.js";
import { actions, done, facts, field, h, options, part, save, show, table, tag } from "./dom.js";
import { NIGHT, isNight, weekText, weeks } from "./format.js";
import { hoursPart } from "./hours.js";
import { meetingsPart } from "./meetings.js";
import { reviewNotesPart } from "./notes.js";
import { ownPassword } from "./own-password.js";
import { paperPart } from "./paper.js";
import { people } from "./people.js";
import { requestsPart } from "./requests.js";
import { slipsPart } from "./slips.js";
import { east, west } from "./staff.js";
import { unreachedPart } from "./unreached.js";

const PAST_WEEKS = 4;

function postOf(session) {
  return session.posts.find((post) => post.role === "leader");
}

export function mount(root) {
  show(
    root,
    actions(
      {
        label: "以支部书记甲登录（东溪村）",
        run: async () => office(root, east, await east.open()),
      },
      {
        label: "以支部书记乙登录（西溪村）",
        quiet: true,
        run: async () => office(root, west, await west.open()),
      },
    ),
  );
}

function office(root, leader, session) {
  const post = postOf(session);
  show(
    root,
    h("div", { class: "said good" }, `已登录：${session.name}，${post.organisation}`),
    completionPart(leader, post),
    unreachedPart(leader, post),
    hoursPart(leader, post),
    paperPart(leader, post),
    meetingsPart(leader, post),
    slipsPart(leader, post),
    requestsPart(leader),
    reviewNotesPart(leader),
    sendingPart(leader),
    rosterPart(leader),
    leader === west ? refusedPart(leader) : null,
    ownPassword(leader),
    actions({
      label: leader === west ? "换成支部书记甲" : "换成支部书记乙，看看能不能看到这里",
      quiet: true,
      run: async () => {
        const other = leader === west ? east : west;
        office(root, other, await other.open());
        root.closest(".step").scrollIntoView({ block: "start" });
      },
    }),
  );
}

function sendingPart(leader) {
  const area = h("div", { class: "work" });
  return part("消息发送情况", actions({ label: "看进度，暂停或取消", quiet: true, run: () => campaigns(area, leader) }), area);
}

function rosterPart(leader) {
  const area = h("div", { class: "work" });
  return part("本支部的党员", actions({ label: "找人、修改、归档、解除绑定", quiet: true, run: () => people(area, leader) }), area);
}

function score(value) {
  return value === null ? "—" : `${Math.round(value)} 分`;
}

function completionPart(leader, post) {
  // Newest first: the week that has just begun is the one that is asked for.
  const week = h("select", {}, options(weeks(-PAST_WEEKS, PAST_WEEKS + 1).reverse().map((each) => [each.value, each.text])));
  const result = h("div", { class: "work" });
  week.addEventListener("change", () => show(result));
  const path = `/organisations/${post.organisation_id}/completion`;
  return part(
    "完成情况",
    h("div", { class: "fields" }, field("周", week)),
    actions(
      {
        label: "查看",
        run: async () => {
          const [whole, members] = await Promise.all([
            leader.call("GET", `${path}?week=${week.value}`),
            leader.all(`${path}?week=${week.value}&by=member`),
          ]);
          show(result, completion(whole, members));
          done(5);
        },
      },
      {
        label: "导出 Excel",
        quiet: true,
        run: async () => {
          const { blob, name } = await leader.call("GET", `${path}.xlsx?week=${week.value}`, { as: "file" });
          save(blob, name);
          return `已下载：${name}。导出已记入审计日志。`;
        },
      },
      {
        label: "提醒未完成的人",
        quiet: true,
        confirm: async () => {
          const { totals } = await leader.call("GET", `${path}?week=${week.value}`);
          return `${weekText(week.value)}这一周还有 ${totals.due - totals.completed} 人没有学完，给每人发一条提醒。发出后不能收回，每天最多一次。`;
        },
        run: async () => {
          const nudge = await leader.call("POST", `/organisations/${post.organisation_id}/nudges`, { json: { week: week.value }, once: true });
          return `已提醒 ${nudge.unfinished} 人，每天最多一次。${isNight() ? NIGHT : ""}`;
        },
      },
    ),
    result,
  );
}

function completion(whole, members) {
  const { totals } = whole;
  const rate = totals.due ? `${Math.round((totals.completed / totals.due) * 100)}%` : "—";
  return [
    h("p", { class: "soft" }, whole.issues.length ? `${weekText(whole.week)}：${whole.issues.map((issue) => `《${issue.title}》`).join("")}` : `${weekText(whole.week)}没有发布学习。`),
    facts([["应学", `${totals.due} 人`], ["已开始", `${totals.started} 人`], ["已完成", `${totals.completed} 人`], ["其中纸质、送学上门", `${totals.recorded} 人`], ["完成率", rate], ["测验及格", `${totals.quiz_passed} 人`], ["平均分", score(totals.average_score)]]),
    whole.items.length > 1 &&
      table("各组织", [
        ["组织", (row) => row.organisation],
        ["应学", (row) => String(row.due), "figure"],
        ["完成", (row) => String(row.completed), "figure"],
        ["测验及格", (row) => String(row.quiz_passed), "figure"],
      ], whole.items),
    h(
      "details",
      {},
      h("summary", {}, `逐人情况（${members.length} 人，按名册顺序，不排名）`),
      table("免学的同志列出但不计入应学", [
        ["姓名", (row) => row.name],
        ["状态", state],
        ["学完", (row) => `${row.lessons_completed} / ${row.lessons_required} 课${row.lessons_recorded ? `（纸质 ${row.lessons_recorded}）` : ""}`],
        ["测验", (row) => score(row.best_score)],
      ], members, "compact"),
    ),
  ];
}

function state(row) {
  if (!row.due) return tag("不计入");
  if (row.completed) return tag("已完成", "good");
  return row.started ? tag("学习中", "warn") : tag("未开始");
}

function refusedPart(leader) {
  return part(
    "范围之外",
    h("p", { class: "soft" }, "支部书记乙只管西溪村。试着直接用编号去取东溪村的数据："),
    actions({
      label: "打开东溪村党支部的完成情况",
      quiet: true,
      run: async (tell) => {
        const { organisation_id: other } = postOf(await east.open());
        try {
          await leader.call("GET", `/organisations/${other}/completion`);
        } catch (error) {
          if (error.status !== 404) throw error;
          tell("good", `服务拒绝了：“${error.detail}”不在管理范围内的，和不存在的，回答一样。`);
          return;
        }
        tell("bad", "竟然打开了：这是缺陷，请报告。");
      },
    }),
  );
}
