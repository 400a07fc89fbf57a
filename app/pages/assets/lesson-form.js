// The fields of a lesson: to hand one in as text, as a file, as a page that was copied, or as a recording; to mend one.
import { actions, field, fileField, fold, h, part, show } from "./dom.js";
import { duration } from "./format.js";
import { checksOf, mediaField } from "./lesson-checks.js";
import { ACCEPTED, formOf } from "./lesson-file.js";
import { lessonFrame } from "./lesson-frame.js";
import { LESSON } from "./sample.js";
import { editor } from "./staff.js";

const HOW = "空一行分段；行首“## ”是小标题，“- ”是列表，“> ”是引文；表格和链接也可以。";
const KINDS = "可以上传 Word（.docx）、PPT（.pptx）、PDF、网页、图片，最大 20 MB；PDF 每页成为一张图，页数多时要等几十秒。";

/** The fields beside a text; `wanted` says what an empty title means. */
function besideText(lesson, wanted) {
  const line = (name, more = {}) => h("input", { type: "text", maxlength: "200", value: lesson[name] ?? "", ...more });
  const controls = {
    title: line("title", { maxlength: "80" }),
    summary: line("summary"),
    source: line("source"),
    article: line("article", { maxlength: "80" }),
    source_url: line("source_url", { type: "url", maxlength: "500", placeholder: "https://" }),
  };
  const element = h("div", { class: "fields" }, field("标题", controls.title, wanted), field("摘要（可不填）", controls.summary), field("出处", controls.source, "依据的公开文件"), field("条款（可不填）", controls.article), field("原文网址（可不填）", controls.source_url));
  return { element, read: () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value.trim()])) };
}

function lessonFields(lesson) {
  const beside = besideText(lesson);
  const markdown = h("textarea", { value: lesson.markdown, spellcheck: "false", rows: "14" });
  return { element: [beside.element, field("正文", markdown, HOW)], read: () => ({ ...beside.read(), markdown: markdown.value }) };
}

/** What came of a lesson: what is still to be done, and how members will see it. */
async function showLesson(place, lesson) {
  const preview = await editor.call("POST", `/lessons/${lesson.id}/preview`);
  show(place, checksOf(lesson, (changed) => showLesson(place, changed)), h("div", { class: "reading" }, lessonFrame(preview).element));
  place.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function saidOf(lesson) {
  return `已保存《${lesson.title}》：${lesson.characters} 字，约需学习 ${duration(lesson.required_seconds)}。下面是党员将看到的样子。`;
}

/** A document: of a Markdown file the fields are in the file itself. */
function fromFile(work, keep) {
  const beside = besideText({}, "不填就用文件里的标题，没有则用文件名");
  const file = fileField("选择文件", ACCEPTED);
  const run = async (tell) => {
    const chosen = await file.read();
    if (!chosen) return tell("warn", "请先选择一个文件。");
    tell("", "正在上传和转换……");
    const fields = /\.(md|markdown)$/i.test(chosen.name) ? {} : beside.read();
    return keep({ form: formOf({ organisation_id: work.organisation, ...fields }, chosen) });
  };
  return fold(
    "上传一个文件",
    h("p", { class: "soft small" }, KINDS, "文本文件（.md，UTF-8）在开头两行“---”之间写 title、summary、source、article，下面的各项不用填。"),
    file.element,
    beside.element,
    actions({ label: "上传文件并预览", quiet: true, run }),
  );
}

/** A page that was copied, as from an official account: its pictures are put in afterwards. */
function fromPage(work, keep) {
  const beside = besideText({});
  let html = "";
  const said = h("p", { class: "soft" }, "点这里，再按 Ctrl+V 粘贴网页内容");
  const place = h("div", { class: "item paste", tabindex: "0", role: "textbox", "aria-label": "粘贴网页内容" }, said);
  place.addEventListener("paste", (event) => {
    event.preventDefault();
    html = event.clipboardData.getData("text/html") || event.clipboardData.getData("text/plain");
    said.textContent = html ? `已粘贴 ${html.length} 个字符的内容，再粘贴一次会替换它。` : "剪贴板里没有文字，请重新复制。";
  });
  const run = async (tell) => (html ? keep({ json: { organisation_id: work.organisation, ...beside.read(), html } }) : tell("warn", "请先粘贴网页内容。"));
  return fold(
    "从公众号或网页粘贴",
    h("p", { class: "soft small" }, "在浏览器里打开文章，全选复制后粘贴到这里。图片不会自动带来，保存后按标出的位置逐张上传。"),
    place,
    beside.element,
    actions({ label: "保存并预览", quiet: true, run }),
  );
}

/** A recording or a video, with a text beside it or without. */
function fromRecording(work, keep) {
  const beside = besideText({});
  const markdown = h("textarea", { spellcheck: "false", rows: "4" });
  let media = null;
  const run = async (tell) => {
    if (!media) return tell("warn", "请先上传视频或音频。");
    const text = markdown.value.trim() ? { markdown: markdown.value } : {};
    return keep({ json: { organisation_id: work.organisation, ...beside.read(), ...text, media_id: media.id } });
  };
  return fold(
    "上传视频或音频课件",
    h("p", { class: "soft small" }, "视频用 .mp4，音频用 .mp3、.m4a 或 .wav。"),
    mediaField(work.organisation, (asset) => (media = asset)),
    beside.element,
    field("文字说明（可不填）", markdown, HOW),
    actions({ label: "保存并预览", quiet: true, run }),
  );
}

/** Handing in a lesson; `work.lesson` is the one that came of it. */
export function newLesson(work) {
  const fields = lessonFields(LESSON);
  const shown = h("div", { class: "work" });
  const keep = async (body) => {
    work.lesson = await editor.call("POST", "/lessons", { ...body, once: true });
    await showLesson(shown, work.lesson);
    return saidOf(work.lesson);
  };
  return part(
    "甲　上传一篇资料",
    h("p", { class: "soft" }, "下面是一份示例，可以直接用，也可以改成自己的。"),
    fields.element,
    actions({ label: "保存资料并预览", run: () => keep({ json: { organisation_id: work.organisation, ...fields.read() } }) }),
    fromFile(work, keep),
    fromPage(work, keep),
    fromRecording(work, keep),
    shown,
  );
}

/** Mending a lesson of a draft: a document keeps its text unless another file takes its place. */
export function changeLesson(lesson) {
  const fields = lesson.markdown ? lessonFields(lesson) : besideText(lesson);
  const file = fileField("换一个文件", ACCEPTED);
  let recording = {};
  const shown = h("div", { class: "work" }, checksOf(lesson, (changed) => showLesson(shown, changed)));
  const saved = async (draft) => {
    await showLesson(shown, draft);
    return saidOf(draft);
  };
  const replace = async (tell) => {
    const chosen = await file.read();
    if (!chosen) return tell("warn", "请先选择一个文件。");
    return saved(await editor.call("PUT", `/lessons/${lesson.id}/draft/document`, { form: formOf({}, chosen) }));
  };
  return [
    fields.element,
    !lesson.markdown && file.element,
    lesson.media && fold("换一个视频或音频", mediaField(lesson.organisation_id, (asset) => (recording = { media_id: asset.id }))),
    actions(
      { label: "保存资料并预览", small: true, run: async () => saved(await editor.call("PATCH", `/lessons/${lesson.id}/draft`, { json: { ...fields.read(), ...recording } })) },
      !lesson.markdown && { label: "用这个文件替换正文", quiet: true, small: true, run: replace },
    ),
    shown,
  ];
}
