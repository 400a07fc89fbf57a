// Step 5: a branch leader sees completion, exports it and reminds; the neighbour's leader sees nothing of it.
import { actions, done, facts, field, h, options, part, save, show, table, tag } from "./dom.js";
import { NIGHT, day, isNight, time, weeks } from "./format.js";
import { meetingsPart } from "./meetings.js";
import { east, west } from "./staff.js";

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
    meetingsPart(leader, post),
    slipsPart(leader, post),
    requestsPart(leader),
    leader === west ? refusedPart(leader) : null,
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

function score(value) {
  return value === null ? "—" : `${Math.round(value)} 分`;
}

function completionPart(leader, post) {
  // Newest first: the week that has just begun is the one that is asked for.
  const week = h("select", {}, options(weeks(-PAST_WEEKS, PAST_WEEKS + 1).reverse().map((each) => [each.value, each.text])));
  const result = h("div", { class: "work" });
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
    h("p", { class: "soft" }, whole.issues.length ? `${whole.week}：${whole.issues.map((issue) => `《${issue.title}》`).join("")}` : `${whole.week} 没有发布学习。`),
    facts([["应学", `${totals.due} 人`], ["已开始", `${totals.started} 人`], ["已完成", `${totals.completed} 人`], ["完成率", rate], ["测验及格", `${totals.quiz_passed} 人`], ["平均分", score(totals.average_score)]]),
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
        ["学完", (row) => `${row.lessons_completed} / ${row.lessons_required} 课`],
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

function slipsPart(leader, post) {
  const path = `/organisations/${post.organisation_id}/binding-slips`;
  const result = h("div", { class: "work" });
  const print = (body) => async () => {
    const { blob, name } = await leader.call("POST", `${path}.pdf`, { json: body, as: "file" });
    save(blob, name);
    await slipStates(result, leader, path);
    return `已下载：${name}，打印后裁开发放。14 天有效，一人一码，用后作废。`;
  };
  return part(
    "绑定单",
    h("p", { class: "soft" }, "A4 纸，每页十张，有姓名、8 位数字和二维码。只发给还没有绑定、手里也没有绑定单的党员；已发出的不会作废。"),
    actions(
      { label: "打印绑定单（PDF）", run: print({}) },
      { label: "全部重新打印，旧的作废", quiet: true, run: print({ reprint: true }) },
      { label: "看谁还没有绑定", quiet: true, run: () => slipStates(result, leader, path) },
    ),
    result,
  );
}

const SLIPS = { bound: ["已绑定", "good"], slip_out: ["绑定单已发出", "warn"], expired: ["绑定单已过期", ""], none: ["未发", ""] };

async function slipStates(result, leader, path) {
  const page = await leader.call("GET", `${path}?limit=200`);
  show(
    result,
    facts(Object.entries(SLIPS).map(([state, [text]]) => [text, `${page.counts[state] ?? 0} 人`])),
    h(
      "details",
      {},
      h("summary", {}, "逐人情况"),
      table("绑定单不显示号码", [
        ["姓名", (row) => row.name],
        ["状态", (row) => tag(...SLIPS[row.state])],
        ["有效期至", (row) => (row.expires_at ? day(row.expires_at) : "—")],
      ], page.items, "compact"),
    ),
  );
}

const REASONS = { already_bound: "该党员已绑定其他微信，本人可能换了手机或微信号", shared_phone: "名册上几位党员用同一个手机号" };

/** What a machine should not decide: the applicant's phone number is right, but the member is bound or shares it. */
function requestsPart(leader) {
  const result = h("div", { class: "work" });
  const refresh = async () => {
    const { items } = await leader.call("GET", "/binding-requests");
    show(
      result,
      items.length === 0 && h("p", { class: "soft" }, "没有等待处理的申请。"),
      items.map((each) =>
        h(
          "div",
          { class: "item" },
          h("div", { class: "split" }, h("strong", {}, each.name), tag(each.organisation)),
          h("p", { class: "small soft" }, `${time(each.created_at)} 用微信手机号申请绑定。${REASONS[each.reason] ?? ""}`),
          actions(
            { label: "核实是本人，同意", small: true, run: () => decide(each, true) },
            { label: "不同意", quiet: true, small: true, run: () => decide(each, false) },
          ),
        ),
      ),
    );
  };
  const decide = async (each, approve) => {
    await leader.call("PUT", `/binding-requests/${each.id}/decision`, { json: { approve } });
    await refresh();
  };
  return part("等待处理的绑定申请", actions({ label: "查看", quiet: true, run: refresh }), result);
}

function refusedPart(leader) {
  return part(
    "范围之外",
    h("p", { class: "soft" }, "支部书记乙只管西溪村。试着直接用编号去取东溪村的数据："),
    actions({
      label: "打开东溪村党支部的完成情况",
      quiet: true,
      run: async (tell) => {
        const { organisation_id: other, organisation } = postOf(await east.open());
        try {
          await leader.call("GET", `/organisations/${other}/completion`);
        } catch (error) {
          if (error.status !== 404) throw error;
          tell("good", `服务拒绝了（404）：“${error.detail}”乙连${organisation}是否存在都不会知道。`);
          return;
        }
        tell("bad", "竟然打开了：这是缺陷，请报告。");
      },
    }),
  );
}
