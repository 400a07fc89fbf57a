// The lessons of the desk: found by their text, with versions, corrections, remarks and history.
import { corrections } from "./corrections.js";
import { actions, field, h, show, tag } from "./dom.js";
import { time } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";
import { remarks } from "./remarks.js";
import { versions } from "./versions.js";

const SHOWN = 20;

/** The list; `role` is editor or reviewer. */
export async function deskLessons(place, actor, role) {
  const wanted = h("input", { type: "search", maxlength: "60" });
  const list = h("div", { class: "work" });
  const read = async (cursor = "") => {
    const page = await actor.call("GET", `/desk/lessons?limit=${SHOWN}${cursor && `&cursor=${cursor}`}`);
    const rows = h("ul", { class: "items" }, page.items.map((lesson) => row(actor, role, lesson, [tag(lesson.published ? "已发布" : "未发布", lesson.published ? "good" : "")], `${lesson.source} · ${lesson.characters} 字 · ${time(lesson.updated_at)} 修改`)));
    const more = page.next && actions({ label: "再往前", quiet: true, small: true, run: () => read(page.next) });
    show(list, page.items.length === 0 && h("p", { class: "soft" }, "还没有资料。"), rows, more);
  };
  const search = async () => {
    if (!wanted.value.trim()) return read();
    const { items } = await actor.call("GET", `/desk/search?limit=${SHOWN}&q=${encodeURIComponent(wanted.value.trim())}`);
    const rows = items.map((each) => row(actor, role, each, [], excerpt(each.snippet)));
    return show(list, items.length === 0 ? h("p", { class: "soft" }, "没有找到，换个词试试。") : h("ul", { class: "items" }, rows));
  };
  show(place, field("在资料里找", wanted, "标题、摘要和正文都找；留空看全部"), actions({ label: "找", small: true, run: search }), list);
  await read();
}

/** What stands around what was searched for, the found words marked. */
export function excerpt(snippet) {
  return [snippet.before, snippet.match && h("mark", {}, snippet.match), snippet.after].filter(Boolean);
}

function row(actor, role, lesson, tags, words) {
  const opened = h("div", { class: "work" });
  const open = (label, build) => ({ label, quiet: true, small: true, run: () => build(opened) });
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, lesson.title), tags),
    h("p", { class: "small soft" }, words),
    actions(
      open("预览", async () => {
        const shown = await actor.call("POST", `/lessons/${lesson.id}/preview`);
        show(opened, h("div", { class: "reading" }, lessonFrame(shown, { onBack: () => show(opened) }).element));
      }),
      open("版本", (there) => versions(there, actor, lesson)),
      open("更正", (there) => corrections(there, actor, lesson, role)),
      open("批注和记录", (there) => remarks(there, actor, `/lessons/${lesson.id}`)),
    ),
    opened,
  );
}
