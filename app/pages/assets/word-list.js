// The words that are looked for in lessons: an organisation's own list, and those it has from above.
import { actions, field, fileField, h, options, part, show, table } from "./dom.js";
import { time } from "./format.js";
import { admin } from "./staff.js";

const LEVELS = { wrong: "错误", sensitive: "敏感", notice: "提醒" };
const SHOWN = 200;

async function listOf(id) {
  try {
    return await admin.call("GET", `/organisations/${id}/word-list`);
  } catch (error) {
    if (error.code === "no_word_list") return null;
    throw error;
  }
}

function wordsOf(list) {
  if (!list) return h("p", { class: "soft" }, "这个组织没有自己的词表，只用上级的。");
  const more = list.words.length > SHOWN ? `，下面是前 ${SHOWN} 个` : "";
  const rows = list.words.slice(0, SHOWN);
  const columns = [["词语", (word) => word.text], ["建议", (word) => word.advice || "—"], ["级别", (word) => LEVELS[word.level]]];
  return [
    h("p", { class: "soft" }, `${time(list.changed_at)} 设置，${list.words.length} 个词${more}；另外沿用上级的 ${list.inherited} 个。`),
    table("词表", columns, rows),
  ];
}

export async function wordList(area, chosen) {
  const places = await admin.all("/organisations");
  const place = h("select", {}, options(places.map((each) => [each.id, each.name]), chosen));
  const file = fileField("选择词表（.xlsx）", ".xlsx");
  const words = h("div", { class: "work" });
  const read = async () => show(words, wordsOf(await listOf(place.value)));
  place.addEventListener("change", () => wordList(area, Number(place.value)));
  const put = async (tell) => {
    const chosenFile = await file.read();
    if (!chosenFile) return tell("warn", "请先选择一个 .xlsx 文件。");
    const form = new FormData();
    form.set("file", chosenFile);
    const list = await admin.call("PUT", `/organisations/${place.value}/word-list`, { form });
    await read();
    const lines = list.rejected.map((bad) => `第 ${bad.line} 行：${bad.detail}`);
    return tell(lines.length ? "warn" : "good", `已设置 ${list.words.length} 个词${lines.length ? `，有 ${lines.length} 行没有使用：` : "。"}`, lines);
  };
  const drop = async () => {
    await admin.call("DELETE", `/organisations/${place.value}/word-list`);
    await read();
    return "已删除这个组织自己的词表，上级的仍然有效。";
  };
  await read();
  show(
    area,
    part(
      "错误和敏感词表",
      h("p", { class: "soft" }, "表头是“词语、建议、级别”（级别填 错误、敏感、提醒，可不填）。本组织和所有下级的资料里出现这些词时，提示编辑，并要审核人确认；新的词表替换旧的。"),
      h("div", { class: "fields" }, field("组织", place)),
      file.element,
      actions({ label: "上传并替换", run: put }, { label: "删除本组织的词表", quiet: true, confirm: "只用上级的词表。", run: drop }),
      words,
    ),
  );
}
