// What a member has learned: the year's hours, the weeks of a period, and what can be taken along on paper.
import { actions, facts, field, h, save, show, table, tag } from "./dom.js";
import { localIn, weekText } from "./format.js";

const WHAT = { lesson: "学习资料", quiz: "测验", meeting: "会议、党课", class: "集中培训" };
export const WAYS = { online: "手机学习", attended: "参加", paper: "纸质学习", home_visit: "送学上门", recorded: "纸质、送学上门", both: "手机和纸质" };

/** A day in Shanghai, so many from now. */
export function today() {
  return localIn(0, "").slice(0, 10);
}

export async function record(me) {
  const year = await me.call("GET", "/me/study-hours");
  const from = h("input", { type: "date", value: `${year.year}-01-01`, required: true });
  const to = h("input", { type: "date", value: today(), max: today(), required: true });
  const rows = h("div", { class: "work" });
  const query = () => `from=${from.value}&to=${to.value}`;
  const file = async (method, path, more) => {
    const { blob, name } = await me.call(method, path, { ...more, as: "file" });
    save(blob, name);
    return `已下载：${name}`;
  };
  return [
    h("h4", {}, "我的记录"),
    h("p", {}, year.verdict),
    hoursOf(year),
    h("p", { class: "small soft" }, `依据：${year.rule.article}；规则版本：${year.rule.version}。支部书记也看得到学时，不排名。`),
    h("div", { class: "fields" }, field("从", from), field("到", to)),
    actions(
      { label: "查看各周", quiet: true, small: true, run: async () => show(rows, weeksOf(await me.call("GET", `/me/record?${query()}`))) },
      { label: "下载 Excel", quiet: true, small: true, run: () => file("GET", `/me/record.xlsx?${query()}`) },
      { label: "下载 PDF", quiet: true, small: true, run: () => file("GET", `/me/record.pdf?${query()}`) },
      { label: "开学习证明（PDF）", quiet: true, small: true, run: () => file("POST", "/me/certificates.pdf", { json: { begins_on: from.value, ends_on: to.value } }) },
    ),
    rows,
  ];
}

function hoursOf(year) {
  const shown = [["本年度", `${year.hours} 学时`]];
  if (!year.exempt) shown.push(["全年应学", `${year.target} 学时`], ["还差", `${year.missing} 学时`]);
  if (Number(year.recorded)) shown.push(["其中纸质、送学上门", `${year.recorded} 学时`]);
  return [
    facts(shown),
    year.kinds.length > 0 && h("ul", {}, year.kinds.map((each) => h("li", {}, `${WHAT[each.kind]}（${WAYS[each.way]}）：${each.count} 次，${each.hours} 学时`))),
  ];
}

function weeksOf(found) {
  return [
    found.weeks.length === 0 && h("p", { class: "soft" }, "这段时间没有发布学习。"),
    found.weeks.length > 0 && table(`这段时间 ${found.hours} 学时`, [
      ["周", (row) => weekText(row.week)],
      ["学习", (row) => row.title],
      ["完成", (row) => (row.completed ? tag(row.completed_on, "good") : tag(`${row.lessons_completed} / ${row.lessons_total} 课`))],
      ["方式", (row) => WAYS[row.way]],
    ], found.weeks),
    found.quizzes.length > 0 && table("测验", [
      ["周", (row) => weekText(row.week)],
      ["测验", (row) => row.title],
      ["成绩", (row) => tag(`${row.score} 分`, row.passed ? "good" : "warn")],
      ["方式", (row) => (row.recorded ? WAYS.recorded : WAYS.online)],
    ], found.quizzes),
  ];
}
