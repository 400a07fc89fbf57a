// The questions of an issue: from a sheet, or from the bank.
import { actions, fileField, h, part, save } from "./dom.js";
import { editor } from "./staff.js";

const FROM_BANK = 5;

async function importSheet(work, file, tell) {
  const path = `/questions/import?organisation_id=${work.organisation}`;
  const sheet = () => {
    const form = new FormData();
    form.set("file", file);
    return form;
  };
  const check = await editor.call("POST", `${path}&dry_run=true`, { form: sheet() });
  if (check.rejected.length) {
    tell("bad", `检查发现 ${check.rejected.length} 行需要修改（另外 ${check.accepted} 行没有问题），还没有导入：`, check.rejected.map((bad) => `第 ${bad.line} 行：${bad.detail}`));
    return;
  }
  const report = await editor.call("POST", path, { form: sheet(), once: true });
  work.questions = report.question_ids;
  const said = report.notes.map((note) => `第 ${note.line} 行：${note.detail}`);
  tell(said.length ? "warn" : "good", `试题表没有问题，${report.question_ids.length} 道题可用于本期测验。${said.length ? "以下内容没有导入：" : ""}`, said);
}

async function fromBank(work, tell) {
  const { items } = await editor.call("GET", `/questions?organisation_id=${work.organisation}&limit=${FROM_BANK}`);
  if (items.length === 0) return tell("warn", "题库还是空的，请先导入一张试题表。");
  work.questions = items.map((question) => question.id);
  return tell("good", `已选题库中 ${items.length} 道题用于本期测验：`, items.map((question) => question.stem));
}

export function questionPart(work) {
  // What was chosen before is not what the new file holds.
  const file = fileField("选择试题文件（Excel、CSV、GIFT、Aiken 或 QTI）", ".xlsx,.xls,.csv,.gift,.txt,.zip,.xml", () => (work.questions = []));
  const template = () => editor.call("GET", "/questions/template.xlsx", { as: "file" });
  return part(
    "乙　上传试题表",
    h("p", { class: "soft" }, "先检查、后导入；有一行不合格就一道也不导入，并逐行说明原因。同一道题不会重复入库。"),
    file.element,
    actions(
      {
        label: "检查并导入",
        run: async (tell) => {
          work.questions = [];
          const chosen = await file.read();
          if (!chosen) return tell("warn", "请先选择一个试题文件；也可以点“直接用模板里的示例题”。");
          await importSheet(work, chosen, tell);
          return undefined;
        },
      },
      {
        label: "直接用模板里的示例题",
        quiet: true,
        run: async (tell) => {
          const { blob } = await template();
          await importSheet(work, new File([blob], "questions.xlsx"), tell);
        },
      },
      { label: `用题库里最新的 ${FROM_BANK} 道题`, quiet: true, run: (tell) => fromBank(work, tell) },
      {
        label: "下载试题模板",
        quiet: true,
        run: async () => {
          const { blob, name } = await template();
          save(blob, name);
          return `已下载：${name}`;
        },
      },
    ),
  );
}
