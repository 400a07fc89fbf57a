// The audit log: filtered, read on, exported.
import { action, actor, beginnings, detail, object } from "./audit.js";
import { actions, field, h, options, part, save, show, table } from "./dom.js";
import { fromDay, shortTime } from "./format.js";
import { admin } from "./staff.js";

const AT_ONCE = 30;

export async function auditLog(area) {
  const [accounts, living, gone] = await Promise.all([admin.all("/accounts"), admin.all("/organisations"), admin.all("/organisations?archived=true")]);
  const known = { accounts: new Map(accounts.map((each) => [each.id, each.name])), places: new Map([...living, ...gone].map((each) => [each.id, each.name])) };
  const what = h("select", {}, options([["", "全部动作"], ...beginnings()]));
  const who = h("select", {}, options([["", "所有人"], ["system", "系统"], ...accounts.map((each) => [`account:${each.id}`, each.name])]));
  const [from, until] = [h("input", { type: "date" }), h("input", { type: "date" })];
  const result = h("div", { class: "work" });
  const query = () => {
    const chosen = { action: what.value, actor: who.value, from: from.value && fromDay(from.value), until: until.value && fromDay(until.value, 1) };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
  };
  const read = async (before = [], cursor = null) => {
    const page = await admin.call("GET", `/audit?limit=${AT_ONCE}&${query()}${cursor ? `&cursor=${cursor}` : ""}`);
    const entries = [...before, ...page.items];
    show(result, listed(entries, known), page.next && actions({ label: "更早", quiet: true, run: () => read(entries, page.next) }));
  };
  show(
    area,
    part(
      "审计日志",
      h("div", { class: "fields" }, field("动作", what), field("谁", who), field("从哪天", from), field("到哪天", until)),
      actions(
        { label: "查看", run: () => read() },
        {
          label: "导出 Excel",
          quiet: true,
          run: async () => {
            const { blob, name } = await admin.call("GET", `/audit.xlsx?${query()}`, { as: "file" });
            save(blob, name);
            return `已下载：${name}。导出已记入审计日志。`;
          },
        },
      ),
      result,
    ),
  );
  await read();
}

function listed(entries, known) {
  if (!entries.length) return h("p", { class: "said" }, "没有符合条件的记录。");
  return table(`${entries.length} 条，新的在前`, [
    ["动作", (entry) => action(entry)],
    ["时间", (entry) => shortTime(entry.at)],
    ["谁", (entry) => h("span", { class: "whole" }, actor(entry, known.accounts))],
    ["组织", (entry) => known.places.get(entry.organisation_id) ?? "—"],
    ["对象", (entry) => object(entry, known)],
    ["内容", (entry) => detail(entry, known)],
  ], entries);
}
