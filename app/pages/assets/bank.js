// The question bank: found, added one by one, changed, archived and brought back, taken out as a file.
import { actions, facts, field, fold, h, options, save, show, tag, told } from "./dom.js";
import { KINDS } from "./question.js";
import { DIFFICULTIES, questionFields } from "./question-form.js";

const SHOWN = 20;
const FORMATS = [["xlsx", "Excel 表（.xlsx）"], ["gift", "GIFT（Moodle）"], ["qti21", "QTI 2.1"], ["qti3", "QTI 3"]];
const ANY = ["", "不限"];

/** The bank of `work.organisation`; `work.questions` are those of the next quiz. */
export async function bank(place, actor, work, said) {
  const kind = h("select", {}, options([ANY, ...Object.entries(KINDS)], ""));
  const difficulty = h("select", {}, options([ANY, ...DIFFICULTIES.slice(1).map((name, at) => [at + 1, name])], ""));
  const tagged = h("input", { type: "text", maxlength: "20" });
  const words = h("input", { type: "search", maxlength: "100" });
  const archived = h("input", { type: "checkbox" });
  const list = h("div", { class: "work" });
  const again = (text) => bank(place, actor, work, text);
  const read = async (cursor = "") => {
    const wanted = { organisation_id: work.organisation, kind: kind.value, difficulty: difficulty.value, tag: tagged.value.trim(), q: words.value.trim(), archived: archived.checked || "", limit: SHOWN, cursor };
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== ""));
    const page = await actor.call("GET", `/questions?${query}`);
    show(
      list,
      page.items.length === 0 && h("p", { class: "soft" }, "没有符合的试题。"),
      h("ul", { class: "items" }, page.items.map((each) => row(actor, work, each, again))),
      page.next && actions({ label: "再往前", quiet: true, small: true, run: () => read(page.next) }),
    );
  };
  show(
    place,
    told(said),
    fresh(actor, work, again),
    taken(actor, work),
    h("div", { class: "fields" }, field("题型", kind), field("难度", difficulty), field("标签", tagged), field("题干里有", words)),
    h("label", { class: "choice" }, archived, h("span", {}, "看已归档的")),
    actions({ label: "找试题", small: true, run: () => read() }),
    list,
  );
  await read();
}

function fresh(actor, work, again) {
  const fields = questionFields({});
  return fold(
    "新题",
    fields.element,
    actions({
      label: "加入题库",
      small: true,
      run: async () => {
        const made = await actor.call("POST", "/questions", { json: { organisation_id: work.organisation, kind: fields.kind(), ...fields.read() }, once: true });
        await again(`已加入题库：${made.stem}`);
      },
    }),
  );
}

function taken(actor, work) {
  const format = h("select", {}, options(FORMATS, "xlsx"));
  const piece = h("input", { type: "number", min: "1", max: "1000" });
  return fold(
    "导出题库",
    field("格式", format, "导出的文件可以再导入；已归档的不导出"),
    field("第几部分", piece, "一个文件放不下时才填"),
    actions({
      label: "导出",
      small: true,
      quiet: true,
      run: async () => {
        const { blob, name } = await actor.call("GET", `/questions/export?organisation_id=${work.organisation}&format=${format.value}${piece.value ? `&part=${piece.value}` : ""}`, { as: "file" });
        save(blob, name);
        return `已下载：${name}`;
      },
    }),
  );
}

function row(actor, work, question, again) {
  const opened = h("div", { class: "work" });
  const chosen = tag("", "good");
  const mark = () => {
    chosen.textContent = work.questions.includes(question.id) ? "用于本期测验" : "";
    chosen.hidden = !chosen.textContent;
  };
  mark();
  const choose = () => {
    const others = work.questions.filter((id) => id !== question.id);
    work.questions = others.length === work.questions.length ? [...others, question.id] : others;
    mark();
    return `本期测验现有 ${work.questions.length} 道题。`;
  };
  const put = (label, address, words, confirm) => ({
    label,
    quiet: true,
    small: true,
    confirm,
    run: async () => {
      await actor.call("POST", `/questions/${question.id}/${address}`);
      await again(words);
    },
  });
  const small = { quiet: true, small: true };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, question.stem), h("span", {}, chosen, tag(KINDS[question.kind]), question.difficulty > 0 && tag(DIFFICULTIES[question.difficulty]))),
    h("p", { class: "small soft" }, [question.options.map((each, at) => `${"ABCDEFGH"[at]}．${each}`).join("　"), `答案：${question.answer.join(question.kind === "fill_in" ? " 或 " : "")}`, question.tags.length && `标签：${question.tags.join("、")}`].filter(Boolean).join("　·　")),
    actions(
      ...(question.archived_at
        ? [put("恢复", "restoration", "试题已恢复。")]
        : [
            { label: "选用 / 不用", ...small, run: choose },
            { label: "修改", ...small, run: () => change(actor, question, opened, again) },
            put("归档", "archive", "试题已归档。", `“${question.stem}”不再出现在题库和新的测验里；已有的测验照旧。可以恢复。`),
          ]),
      { label: "答题情况", ...small, run: async () => show(opened, figures(await actor.call("GET", `/questions/${question.id}/statistics`))) },
    ),
    opened,
  );
}

function change(actor, question, opened, again) {
  const fields = questionFields(question);
  const before = JSON.stringify(fields.read());
  show(opened, fields.element, actions({
    label: "保存试题",
    small: true,
    run: async (tell) => {
      const [old, now] = [JSON.parse(before), fields.read()];
      const changed = Object.fromEntries(Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name])));
      if (Object.keys(changed).length === 0) return tell("warn", "没有改动。");
      await actor.call("PATCH", `/questions/${question.id}`, { json: changed });
      return again("试题已修改。");
    },
  }));
}

/** How a question does in first attempts. */
export function figures(found) {
  const needed = found.respondents_needed;
  if (found.share_correct === null) return h("p", { class: "soft" }, `已有 ${found.respondents} 人次作答；满 ${needed} 人才显示，以免看出是谁。`);
  return [
    facts([
      ["作答", found.respondents],
      ["答对", `${Math.round(found.share_correct * 100)}%`],
      ["未答", found.unanswered],
      ["区分度", found.discrimination === null ? "—" : found.discrimination.toFixed(2)],
    ]),
    found.options?.length > 0 && h("p", { class: "small" }, found.options.map((each) => `${each.letter} ${each.chosen} 人`).join("　")),
  ];
}
