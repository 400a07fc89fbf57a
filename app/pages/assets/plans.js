// The plans of an organisation: recurring columns, from which drafts are made ahead.
import { actions, field, h, options, part, show, tag, told } from "./dom.js";
import { weekText } from "./format.js";

const WEEKS = [["every", "每周"], ["first", "每月第一周"], ["second", "每月第二周"], ["third", "每月第三周"], ["fourth", "每月第四周"], ["last", "每月最后一周"]];
const NAMES = Object.fromEntries(WEEKS);
const AHEAD = [1, 2, 4, 8, 12].map((weeks) => [weeks, `${weeks} 周`]);
const MOST_COLUMNS = 20;

export async function plans(place, actor, organisation, said) {
  const found = (await actor.all("/plans")).filter((each) => each.organisation_id === organisation);
  const again = (words) => plans(place, actor, organisation, words);
  const fresh = planFields({ title: "{year}年第{week}周学习", columns: [{ title: "", weeks: "every" }], ahead_weeks: 4 });
  show(
    place,
    told(said),
    h("p", { class: "soft" }, "设好固定栏目，到时自动提前建好草稿，编辑只要往里放资料。"),
    h("ul", { class: "items" }, found.map((plan) => row(actor, plan, again))),
    part(
      "新计划",
      fresh.element,
      actions({
        label: "建立计划",
        small: true,
        run: async () => {
          await actor.call("POST", "/plans", { json: { organisation_id: organisation, ...fresh.read() }, once: true });
          await again("计划已建立，草稿会在几秒内出现在“丙”的列表里。");
        },
      }),
    ),
  );
}

function row(actor, plan, again) {
  const fields = planFields(plan);
  const change = async (json, words) => {
    await actor.call("PATCH", `/plans/${plan.id}`, { json });
    await again(words);
  };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, plan.title), tag(plan.enabled ? "进行中" : "已停用", plan.enabled ? "good" : "")),
    h("p", { class: "small" }, plan.columns.map((each) => `${each.title}（${NAMES[each.weeks]}）`).join("、")),
    h("p", { class: "small soft" }, `提前 ${plan.ahead_weeks} 周，已排到 ${weekText(plan.planned_until)}`),
    actions(plan.enabled
      ? { label: "停用", quiet: true, small: true, run: () => change({ enabled: false }, "已停用，不再生成新的草稿；已有的草稿不变。") }
      : { label: "启用", quiet: true, small: true, run: () => change({ enabled: true }, "已启用。") }),
    h("details", {}, h("summary", {}, "修改"), h("div", { class: "work" }, fields.element, actions({ label: "保存计划", small: true, run: () => change(fields.read(), "计划已修改；已有的草稿不变。") }))),
  );
}

function planFields(plan) {
  const title = h("input", { type: "text", maxlength: "60", value: plan.title });
  const ahead = h("select", {}, options(AHEAD.some(([weeks]) => weeks === plan.ahead_weeks) ? AHEAD : [[plan.ahead_weeks, `${plan.ahead_weeks} 周`], ...AHEAD], plan.ahead_weeks));
  const rows = h("div", { class: "work" });
  const add = (column) => rows.children.length < MOST_COLUMNS && rows.append(columnFields(column));
  plan.columns.forEach(add);
  return {
    element: [
      h("div", { class: "fields" }, field("每期标题", title, "{year}、{month}、{week} 会换成那一周的年、月、周"), field("提前多久建草稿", ahead)),
      rows,
      actions({ label: "再加一个栏目", quiet: true, small: true, run: () => void add({ title: "", weeks: "every" }) }),
    ],
    read: () => ({
      title: title.value.trim(),
      ahead_weeks: Number(ahead.value),
      columns: [...rows.children].map((each) => ({ title: each.querySelector("input").value.trim(), weeks: each.querySelector("select").value })).filter((each) => each.title),
    }),
  };
}

function columnFields(column) {
  return h(
    "div",
    { class: "fields" },
    field("栏目（清空即去掉）", h("input", { type: "text", maxlength: "100", value: column.title })),
    field("哪些周有", h("select", {}, options(WEEKS, column.weeks))),
  );
}
