// What an import would do, or has done: its figures, its lines, what it asks, and the buttons that go with its state.
import { actions, facts, field, h, options, save, table } from "./dom.js";
import { KINDS as ORGANISATIONS, shortTime } from "./format.js";
import { admin } from "./staff.js";

export const STATES = { reading: "正在读取", checked: "已检查，尚未导入", applying: "正在导入", applied: "已导入", failed: "未能读取", undone: "已撤销" };
const KINDS = { added: "新增", changed: "变更", rejected: "不能导入" };
// What is taken to be so where a file has no such column.
const ASSUMED = {
  stage: "没有读到人员类别，新增的人一律按正式党员",
  roster: "没有读到名册（在职、无职、流动），新增的人一律按在职",
  phone: "没有读到手机号，新增的人要用绑定单绑定微信",
};
const SHOWN = 200;

/** What is shown of an import; `follow` takes the import after a change. */
export async function report(seen, follow) {
  if (seen.state === "failed") return h("p", { class: "said bad", role: "alert" }, `${seen.file_name}：${seen.error_detail}`);
  const path = `/rosters/imports/${seen.id}`;
  // Each list that is looked at is on record: what is empty is not asked for.
  const list = async (count, what) => (count > 0 ? (await admin.call("GET", `${path}/${what}limit=${SHOWN}`)).items : []);
  const counts = { question: seen.questions_count, rejected: seen.rejected_count, changed: seen.changed, added: seen.added, unchanged: seen.state === "checked" ? seen.unchanged : 0 };
  const [questions, rejected, changed, added, unchanged] = await Promise.all(Object.entries(counts).map(([status, count]) => list(count, `lines?status=${status}&`)));
  const answered = [...changed, ...added, ...unchanged].filter((line) => line.answered);
  const missing = await list(seen.missing, "missing?");
  return [
    h("h4", {}, `${seen.file_name || "名册"}（${shortTime(seen.created_at)}）`),
    h("p", { class: `said ${seen.state === "applied" ? "good" : ""}`.trim(), role: "status" }, STATES[seen.state]),
    figures(seen),
    kept(seen),
    assumptions(seen),
    newOrganisations(seen),
    questions.length + answered.length > 0 && asked(seen, questions, answered, follow),
    listed(seen, "rejected", rejected),
    listed(seen, "changed", changed),
    listed(seen, "added", added),
    skipped(seen),
    missing.length > 0 &&
      h("details", {}, h("summary", {}, `名册中有、文件里没有的人（${seen.missing}）：不会删除`), table("如已调出、去世，请到“找人”里归档", [["姓名", (each) => each.name], ["组织", (each) => each.organisation]], missing, "compact")),
    doings(seen, follow),
  ];
}

function figures(seen) {
  const all = [["新增", seen.added, "人"], ["变更", seen.changed, "人"], ["不变", seen.unchanged, "人"], ["名册中有、文件里没有", seen.missing, "人"], ["不能导入", seen.rejected_count, "行"], ["需要确认", seen.questions_count, "行"], ["不是党员、已略过", seen.skipped_count, "行"], ["新建组织", seen.organisations_added, "个"]];
  const some = all.filter(([, count]) => count > 0);
  return some.length > 0 ? facts(some.map(([name, count, unit]) => [name, `${count} ${unit}`])) : h("p", { class: "soft" }, "和名册一样，没有要改的。");
}

function assumptions(seen) {
  const read = new Set(seen.columns.map((each) => each.field));
  const lines = Object.entries(ASSUMED).filter(([name]) => read.size > 0 && !read.has(name)).map(([, text]) => text);
  if (seen.ignored_columns.length) lines.unshift(`这些列没有读取，也不会保存：${seen.ignored_columns.join("、")}`);
  if (seen.skipped_sheets.length) lines.push(`这些工作表没有读取：${seen.skipped_sheets.join("、")}`);
  return lines.length > 0 && h("div", { class: "said warn" }, "请核对：", h("ul", {}, lines.map((line) => h("li", {}, `${line}。`))));
}

function newOrganisations(seen) {
  return seen.organisations.length > 0 && h(
    "details",
    { open: true },
    h("summary", {}, `新建的组织（${seen.organisations_added} 个）`),
    table("名称写错的，请改文件后重新上传", [
      ["名称", (each) => each.name],
      ["类别", (each) => ORGANISATIONS[each.kind]],
      ["上级", (each) => each.superior || "—"],
    ], seen.organisations, "compact"),
  );
}

/** What an undo left there, for others use it meanwhile. */
function kept(seen) {
  const names = seen.organisations.filter((each) => each.stays).map((each) => each.name);
  return names.length > 0 && h("p", { class: "said warn" }, `这些党组织已在使用，撤销时没有删除：${names.join("、")}。`);
}

function place(line) {
  return `${line.sheet ? `${line.sheet} ` : ""}第 ${line.line} 行`;
}

function counted(count, lines) {
  return `共 ${count} 行${count > lines.length ? `，列出前 ${lines.length} 行` : ""}`;
}

function skipped(seen) {
  return seen.skipped.length > 0 && h(
    "details",
    {},
    h("summary", {}, `不是党员、已略过的行（${counted(seen.skipped_count, seen.skipped)}）`),
    table("如其中有党员，请更正那一行后重新上传", [["行", place], ["内容", (line) => line.text]], seen.skipped, "compact"),
  );
}

function content(status, line) {
  if (line.reason) return line.reason;
  return line.changes
    .map((each) => `${each.label ?? each.field}：${status === "added" ? (each.after ?? "空") : `${each.before || "空"} → ${each.after || "空"}`}`)
    .join("；");
}

function countOf(seen, status) {
  return { added: seen.added, changed: seen.changed, rejected: seen.rejected_count }[status];
}

function listed(seen, status, lines) {
  if (!lines.length) return null;
  const count = Math.max(countOf(seen, status), lines.length);
  const says = lines.some((line) => content(status, line));
  return h(
    "details",
    { open: status === "rejected" },
    h("summary", {}, `${KINDS[status]}（${counted(count, lines)}）`),
    table(
      KINDS[status],
      [
        ["姓名", (line) => line.name || "—"],
        ["行", place],
        ["组织", (line) => line.organisation || "—"],
        ...(says ? [[status === "rejected" ? "问题" : "内容", (line) => content(status, line)]] : []),
      ],
      lines,
    ),
  );
}

function described(each) {
  const more = [each.organisation, each.birth_month && `${each.birth_month} 生`, each.phone_masked, each.archived && "已归档"].filter(Boolean);
  return `就是 ${each.name}（${more.join("，")}）`;
}

/** What a machine should not guess: the same person, or somebody else? What was answered can be answered again. */
function asked(seen, questions, answered, follow) {
  const open = seen.state === "checked";
  const choices = [...questions, ...answered].map((line) => {
    const before = line.answered ? (line.answer_member_id ?? "new") : "";
    const select = h("select", { disabled: !open }, options([["", "请选择"], ...line.candidates.map((each) => [each.member_id, described(each)]), ["new", "是另一个人，请新增"]], before));
    return { line, select, before: String(before) };
  });
  return h(
    "div",
    { class: "part" },
    h("h4", {}, [questions.length > 0 && `需要确认的 ${questions.length} 行`, answered.length > 0 && `已回答、还可以改的 ${answered.length} 行`].filter(Boolean).join("，")),
    choices.map(({ line, select }) => field(`第 ${line.line} 行 ${line.name}（${line.organisation}）`, select, line.reason ?? "")),
    open &&
      actions({
        label: "保存这些回答",
        run: async (say) => {
          const given = choices.filter(({ select, before }) => select.value !== "" && select.value !== before);
          if (!given.length) return say("warn", "请先为每一行选择。");
          const answers = given.map(({ line, select }) => ({ line_id: line.id, member_id: select.value === "new" ? null : Number(select.value) }));
          await follow(await admin.call("PUT", `/rosters/imports/${seen.id}/answers`, { json: { answers } }));
          return "";
        },
      }),
  );
}

function whatFor(seen) {
  return [[seen.added, "新增", "人"], [seen.changed, "变更", "人"], [seen.organisations_added, "新建组织", "个"]]
    .filter(([count]) => count > 0)
    .map(([count, name, unit]) => `${name} ${count} ${unit}`)
    .join("，");
}

function hindrance(seen) {
  const open = [[seen.rejected_count, "行不能导入，请按提示改好文件重新上传"], [seen.questions_count, "行需要确认，请在上面逐行选择后保存"]];
  return open.filter(([count]) => count > 0).map(([count, text]) => `还有 ${count} ${text}`).join("；");
}

function doings(seen, follow) {
  const path = `/rosters/imports/${seen.id}`;
  const why = seen.state === "checked" ? hindrance(seen) : "";
  return [
    why && h("p", { class: "said warn" }, `现在还不能“全部导入”：${why}。`),
    actions(
      seen.state === "checked" && {
        label: "全部导入",
        disabled: Boolean(why),
        confirm: `《${seen.file_name}》：${whatFor(seen) || "没有要改的"}。\n马上生效；事后可以整批撤销。`,
        run: async () => follow(await admin.call("POST", `${path}/application`)),
      },
      seen.rejected_count + seen.questions_count > 0 && {
        label: "下载待更正的行",
        quiet: true,
        run: async () => {
          const { blob, name } = await admin.call("GET", `${path}/corrections.xlsx`, { as: "file" });
          save(blob, name);
          return `已下载：${name}。里面是全部的行，有问题的在最前面；改好后可以直接再上传。`;
        },
      },
      seen.state === "applied" && {
        label: "撤销这次导入",
        quiet: true,
        confirm: `《${seen.file_name}》导入的内容整批撤回：新增 ${seen.added} 人退出名册，变更 ${seen.changed} 人恢复原样。`,
        run: async () => follow(await admin.call("POST", `${path}/undo`)),
      },
    ),
  ];
}
