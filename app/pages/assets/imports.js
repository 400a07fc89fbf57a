// A roster: look at what would happen, answer what is asked, apply it as a whole, take it back as a whole.
import { actions, facts, field, fileField, h, options, part, save, show, table, tag } from "./dom.js";
import { shortTime } from "./format.js";
import { admin } from "./staff.js";

const XLSX = ".xlsx,.xls,.csv";
const STATES = { reading: "正在读取", checked: "已检查，尚未导入", applying: "正在导入", applied: "已导入", failed: "未能读取", undone: "已撤销" };
const KINDS = { added: "新增", changed: "变更", rejected: "不能导入", question: "需要确认" };
const PAUSE = 700;
const SHOWN = 50;

export async function imports(area, said) {
  const places = await admin.all("/organisations");
  const root = h("select", {}, options(places.filter((each) => each.kind !== "group").map((each) => [each.id, each.name])));
  const create = h("input", { type: "checkbox", id: "create-organisations" });
  const file = fileField("选择名册文件", XLSX);
  const result = h("div", { class: "work" });
  show(
    area,
    said && h("p", { class: "said good", role: "status" }, said),
    part(
      "导入名册",
      h("p", { class: "soft" }, "手头的花名册可以直接用：Excel（.xlsx、.xls）或 CSV；表头不在第一行、单元格合并、列名和列序不同都没关系。先检查，不改动任何数据；文件里没有的人不会被删除。"),
      h("div", { class: "fields" }, field("导入到", root, "按名称在这个组织和它的下级里找支部。")),
      file.element,
      h("div", { class: "row" }, create, h("label", { for: create.id }, "系统里没有的党支部，按表中名称新建")),
      actions(
        {
          label: "上传并检查",
          run: async (say) => {
            const chosen = file.input.files[0];
            if (!chosen) return say("warn", "请先选择名册文件。");
            const form = new FormData();
            form.set("file", chosen);
            const query = `organisation_id=${root.value}&dry_run=true&create_organisations=${create.checked}`;
            const seen = await admin.call("POST", `/rosters/import?${query}`, { form, once: true });
            await follow(result, seen);
            return "";
          },
        },
        {
          label: "下载空白模板",
          quiet: true,
          run: async () => {
            const { blob, name } = await admin.call("GET", "/rosters/template.xlsx", { as: "file" });
            save(blob, name);
            return `已下载：${name}`;
          },
        },
      ),
      result,
    ),
    await earlier(area),
  );
}

/** Looks again until the file is read (or applied), then shows what came of it. */
async function follow(result, seen) {
  let now = seen;
  while (now.state === "reading" || now.state === "applying") {
    show(result, h("p", { class: "said", role: "status" }, `${STATES[now.state]}：${now.lines_done} / ${now.lines_total} 行`), h("progress", { max: String(now.lines_total || 1), value: String(now.lines_done) }));
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    now = await admin.call("GET", `/rosters/imports/${now.id}`);
  }
  await report(result, now);
}

async function report(result, seen) {
  if (seen.state === "failed") {
    show(result, h("p", { class: "said bad", role: "alert" }, seen.error_detail));
    return;
  }
  const lists = await Promise.all(
    ["question", "rejected", "changed", "added"].map(async (status) => [status, (await admin.call("GET", `/rosters/imports/${seen.id}/lines?status=${status}&limit=${SHOWN}`)).items]),
  );
  const missing = await admin.call("GET", `/rosters/imports/${seen.id}/missing?limit=${SHOWN}`);
  const open = seen.state === "checked";
  show(
    result,
    h("p", { class: `said ${seen.state === "applied" ? "good" : ""}`.trim(), role: "status" }, STATES[seen.state]),
    facts([["新增", `${seen.added} 人`], ["变更", `${seen.changed} 人`], ["不变", `${seen.unchanged} 人`], ["名册中有、文件里没有", `${seen.missing} 人`], ["不能导入", `${seen.rejected_count} 行`], ["需要确认", `${seen.questions_count} 行`], ["不是党员、已略过", `${seen.skipped_count} 行`], ["新建组织", `${seen.organisations_added} 个`]]),
    seen.organisations.some((each) => each.stays) &&
      h("p", { class: "said warn" }, `这些党组织已在使用，撤销时没有删除：${seen.organisations.filter((each) => each.stays).map((each) => each.name).join("、")}。`),
    seen.ignored_columns.length > 0 && h("p", { class: "soft small" }, `这些列没有读取，也不会保存：${seen.ignored_columns.join("、")}。`),
    lists.map(([status, lines]) => lines.length > 0 && (status === "question" ? asked(result, seen, lines, open) : listed(status, lines))),
    seen.skipped.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, `不是党员、已略过的行（前 ${seen.skipped.length} 行）`),
        table("如其中有党员，请更正那一行后重新上传", [["行", (line) => `${line.sheet ? `${line.sheet} ` : ""}第 ${line.line} 行`], ["内容", (line) => line.text]], seen.skipped, "compact"),
      ),
    missing.items.length > 0 &&
      h("details", {}, h("summary", {}, `名册中有、文件里没有的人（${seen.missing}）：不会删除`), table("如已调出、去世，请到“找人”里归档", [["姓名", (each) => each.name], ["组织", (each) => each.organisation]], missing.items, "compact")),
    doings(result, seen),
  );
}

function listed(status, lines) {
  return h(
    "details",
    { open: status === "rejected" },
    h("summary", {}, `${KINDS[status]}（前 ${lines.length} 行）`),
    table(
      KINDS[status],
      [
        ["姓名", (line) => line.name || "—"],
        ["行", (line) => `${line.sheet ? `${line.sheet} ` : ""}第 ${line.line} 行`],
        ["组织", (line) => line.organisation || "—"],
        [status === "rejected" ? "问题" : "内容", (line) => line.reason || line.changes.map((each) => `${each.label ?? each.field}：${each.before || "空"} → ${each.after || "空"}`).join("；")],
      ],
      lines,
    ),
  );
}

/** What a machine should not guess: the same person, or somebody else? */
function asked(result, seen, lines, open) {
  const choices = lines.map((line) => {
    const select = h(
      "select",
      { disabled: !open },
      options([["", "请选择"], ...line.candidates.map((each) => [each.member_id, `就是 ${each.name}（${each.organisation}${each.birth_month ? `，${each.birth_month} 生` : ""}${each.phone_masked ? `，${each.phone_masked}` : ""}${each.archived ? "，已归档" : ""}）`]), ["new", "是另一个人，请新增"]]),
    );
    return { line, select };
  });
  return h(
    "div",
    { class: "part" },
    h("h4", {}, `需要确认的 ${lines.length} 行`),
    choices.map(({ line, select }) => field(`第 ${line.line} 行 ${line.name}（${line.organisation}）`, select, line.reason)),
    open &&
      actions({
        label: "保存这些回答",
        run: async (say) => {
          const given = choices.filter(({ select }) => select.value !== "");
          if (!given.length) return say("warn", "请先为每一行选择。");
          const answers = given.map(({ line, select }) => ({ line_id: line.id, member_id: select.value === "new" ? null : Number(select.value) }));
          const now = await admin.call("PUT", `/rosters/imports/${seen.id}/answers`, { json: { answers } });
          await report(result, now);
          return "";
        },
      }),
  );
}

function doings(result, seen) {
  const ready = seen.state === "checked" && seen.rejected_count === 0 && seen.questions_count === 0;
  return actions(
    seen.state === "checked" && {
      label: "全部导入",
      disabled: !ready,
      run: async () => follow(result, await admin.call("POST", `/rosters/imports/${seen.id}/application`)),
    },
    seen.rejected_count + seen.questions_count > 0 && {
      label: "下载待更正的行",
      quiet: true,
      run: async () => {
        const { blob, name } = await admin.call("GET", `/rosters/imports/${seen.id}/corrections.xlsx`, { as: "file" });
        save(blob, name);
        return `已下载：${name}。里面是全部的行，有问题的在最前面；改好后可以直接再上传。`;
      },
    },
    seen.state === "applied" && {
      label: "撤销这次导入",
      quiet: true,
      run: async () => follow(result, await admin.call("POST", `/rosters/imports/${seen.id}/undo`)),
    },
  );
}

async function earlier(area) {
  const past = (await admin.call("GET", "/rosters/imports?limit=5")).items;
  if (!past.length) return null;
  const result = h("div", { class: "work" });
  return part(
    "最近的导入",
    h(
      "ul",
      { class: "items" },
      past.map((each) =>
        h(
          "li",
          { class: "item" },
          h("div", { class: "split" }, h("strong", {}, each.file_name || "名册"), tag(STATES[each.state], each.state === "applied" ? "good" : each.state === "failed" ? "warn" : "")),
          h("p", { class: "small soft" }, `${shortTime(each.created_at)} · 新增 ${each.added}，变更 ${each.changed}`),
          actions({ label: "查看", quiet: true, small: true, run: async () => report(result, await admin.call("GET", `/rosters/imports/${each.id}`)) }),
        ),
      ),
    ),
    result,
  );
}
