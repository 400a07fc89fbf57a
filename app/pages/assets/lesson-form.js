// The fields of a lesson: to hand one in, and to mend one.
import { actions, field, fileField, fold, h, part, show } from "./dom.js";
import { duration } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";
import { LESSON } from "./sample.js";
import { editor } from "./staff.js";

const HOW = "空一行分段；行首“## ”是小标题，“- ”是列表，“> ”是引文；表格和链接也可以。";

function lessonFields(lesson) {
  const line = (name, more = {}) => h("input", { type: "text", maxlength: "200", value: lesson[name] ?? "", ...more });
  const controls = {
    title: line("title", { maxlength: "100" }),
    summary: line("summary"),
    source: line("source"),
    article: line("article"),
    source_url: line("source_url", { type: "url", maxlength: "500", placeholder: "https://" }),
    markdown: h("textarea", { value: lesson.markdown, spellcheck: "false", rows: "14" }),
  };
  const element = [
    h("div", { class: "fields" }, field("标题", controls.title), field("摘要（可不填）", controls.summary), field("出处", controls.source, "依据的公开文件"), field("条款（可不填）", controls.article), field("原文网址（可不填）", controls.source_url)),
    field("正文", controls.markdown, HOW),
  ];
  return { element, read: () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, name === "markdown" ? control.value : control.value.trim()])) };
}

async function preview(place, id) {
  show(place, h("div", { class: "reading" }, lessonFrame(await editor.call("POST", `/lessons/${id}/preview`)).element));
}

function saidOf(lesson) {
  return `已保存《${lesson.title}》：${lesson.characters} 字，约需阅读 ${duration(lesson.required_seconds)}。下面是党员将看到的样子。`;
}

/** Handing in a lesson; `work.lesson` is the one that came of it. */
export function newLesson(work) {
  const fields = lessonFields(LESSON);
  const file = fileField("选择 .md 文件", ".md,text/markdown");
  const shown = h("div");
  const keep = async (body) => {
    work.lesson = await editor.call("POST", "/lessons", { ...body, once: true });
    await preview(shown, work.lesson.id);
    return saidOf(work.lesson);
  };
  return part(
    "甲　上传一篇资料",
    h("p", { class: "soft" }, "下面是一份示例，可以直接用，也可以改成自己的。"),
    fields.element,
    actions({ label: "保存资料并预览", run: () => keep({ json: { organisation_id: work.organisation, ...fields.read() } }) }),
    fold(
      "已经写成文件的，也可以上传",
      h("p", { class: "soft small" }, "文本文件（.md，UTF-8），开头两行“---”之间写 title、summary、source、article。"),
      file.element,
      actions({
        label: "上传文件并预览",
        quiet: true,
        run: async (tell) => {
          const chosen = await file.read();
          if (!chosen) return tell("warn", "请先选择 .md 文件。");
          const form = new FormData();
          form.set("organisation_id", String(work.organisation));
          form.set("file", chosen);
          return keep({ form });
        },
      }),
    ),
    shown,
  );
}

/** Mending a lesson of a draft. */
export function changeLesson(lesson) {
  const fields = lessonFields(lesson);
  const shown = h("div");
  return [
    fields.element,
    actions({
      label: "保存资料并预览",
      small: true,
      run: async () => {
        const saved = await editor.call("PATCH", `/lessons/${lesson.id}/draft`, { json: fields.read() });
        await preview(shown, lesson.id);
        return saidOf(saved);
      },
    }),
    shown,
  ];
}
