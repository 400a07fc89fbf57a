// Who did what to an issue or a lesson, and what was there before.
import { difference } from "./compare.js";
import { actions, h, show } from "./dom.js";
import { ROSTERS, STAGES, STATES, time, weekText } from "./format.js";
import { KINDS } from "./question.js";

const ACTIONS = { created: "新建", changed: "修改", moved: "改变状态", approved: "审核通过", corrected: "更正" };
const FIELDS = {
  title: "标题", summary: "摘要", source: "出处", article: "条款", source_url: "原文网址", markdown: "正文", author_line: "作者",
  reprint_permission: "转载授权", week: "周", lessons: "资料", lesson_id: "资料编号", required: "必学", stages: "发展阶段", rosters: "名册类别", tags: "标签",
  state: "状态", publish_at: "发布时间", quiz: "测验", draw: "抽题条件", count: "题数", kinds: "题型", difficulty_from: "最低难度", difficulty_to: "最高难度",
  question_ids: "试题编号", pass_mark: "及格分", attempts_allowed: "可答次数", time_limit_seconds: "限时（秒）", explanations: "何时看到解析",
  score_counts: "成绩", shuffle_options: "打乱选项", shuffle_questions: "打乱题目", outline: "计划的栏目",
};
const VALUES = {
  ...STATES, ...STAGES, ...ROSTERS, ...KINDS, true: "是", false: "否", own: "自有", public_document: "公开文件", permitted: "已获授权", unknown: "未说明",
  after_submission: "每次交卷后", after_last_attempt: "次数用完或及格后", after_week: "本周结束后", best: "最好一次", first: "第一次", last: "最后一次",
};

/** One change of what is at `path`. */
export function change(actor, path, each) {
  const opened = h("div", { class: "work" });
  const changed = each.fields.map(named).join("、");
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, ACTIONS[each.action] ?? each.action), h("span", { class: "small soft" }, `${each.by?.name ?? "系统"} · ${time(each.at)}`)),
    changed && h("p", { class: "small" }, `改动：${changed}`),
    changed && actions({
      label: "看改了什么",
      quiet: true,
      small: true,
      run: async () => show(opened, sides(await actor.call("GET", `${path}/history/${each.id}`))),
    }),
    opened,
  );
}

function sides(found) {
  return found.fields.map((name) => [h("h4", {}, named(name)), difference(written(found.before[name]), written(found.after[name]))]);
}

function named(name) {
  return FIELDS[name] ?? name;
}

/** A value in words, an entry of what has several a line. */
function written(value) {
  if (value === null || value === undefined || value === "") return "无";
  if (Array.isArray(value)) return value.length ? value.map(written).join(value.some((each) => typeof each === "object") ? "\n" : "、") : "无";
  if (typeof value === "object") return Object.entries(value).map(([name, inner]) => `${named(name)}：${written(inner)}`).join("\n");
  if (/^\d{4}-W\d\d$/.test(value)) return weekText(value);
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return time(value);
  return VALUES[value] ?? String(value);
}
