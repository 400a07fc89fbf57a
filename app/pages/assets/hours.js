// Study hours of a branch, as its leader sees them: in the order of the roster, never ranked.
import { actions, facts, h, part, save, show, table, tag } from "./dom.js";

export function hoursPart(leader, post) {
  const result = h("div", { class: "work" });
  const path = `/organisations/${post.organisation_id}/study-hours`;
  return part(
    "学时",
    h("p", { class: "soft" }, "读完资料、参加会议自动记学时，怎样折算在“设置”里。供了解谁需要帮助，不排名，不作考核依据。"),
    actions(
      {
        label: "查看本年度",
        quiet: true,
        run: async () => {
          const [year, members] = await Promise.all([leader.call("GET", `${path}?limit=1`), leader.all(path)]);
          show(result, shown(year, members));
        },
      },
      {
        label: "导出 Excel",
        quiet: true,
        run: async () => {
          const { blob, name } = await leader.call("GET", `${path}.xlsx`, { as: "file" });
          save(blob, name);
          return `已下载：${name}。导出已记入审计日志。`;
        },
      },
    ),
    result,
  );
}

function shown(year, members) {
  return [
    facts([["应学", `${year.due} 人`], ["已达到", `${year.met} 人`], ["免学", `${year.exempt} 人`]]),
    h("p", { class: "small soft" }, `依据：${year.rule.article}；规则版本：${year.rule.version}。免学的同志（第二十三条）列出但不计入。`),
    table(`${year.year} 年逐人情况，按名册顺序`, [
      ["姓名", (row) => row.name],
      ["学时", (row) => row.hours, "figure"],
      ["其中纸质、送学上门", (row) => (Number(row.recorded) ? row.recorded : "—"), "figure"],
      ["状态", (row) => (row.exempt ? tag("免学") : row.met ? tag("已达到", "good") : tag(`还差 ${row.missing}`))],
    ], members, "compact"),
  ];
}
