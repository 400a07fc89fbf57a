// Corrections of a published lesson: written by an editor, published or returned by a reviewer who did not write them.
import { difference } from "./compare.js";
import { actions, field, fileField, h, show, tag, told } from "./dom.js";
import { time } from "./format.js";
import { ACCEPTED, formOf } from "./lesson-file.js";
import { warningsOf } from "./lesson-checks.js";
import { text } from "./versions.js";

const STATES = { in_review: ["待审核", "warn"], published: ["已发布", "good"], returned: ["已退回", "bad"], withdrawn: ["已撤回", ""] };

/** The corrections of a lesson; `role` is editor or reviewer. */
export async function corrections(place, actor, lesson, role, said) {
  const found = await actor.all(`/lessons/${lesson.id}/corrections`);
  const again = (words) => corrections(place, actor, lesson, role, words);
  // One at a time: what was found in it is to be looked at before it is published.
  const open = found.find((each) => each.state === "in_review");
  const warned = open && (await actor.call("GET", `/corrections/${open.id}`));
  show(
    place,
    told(said),
    h("h4", {}, `《${lesson.title}》的更正`),
    found.length === 0 && h("p", { class: "soft" }, "还没有更正过。"),
    h("ul", { class: "items" }, found.map((each) => row(actor, each === open ? warned : each, role, again))),
    role === "editor" && !open && (await form(actor, lesson, again)),
  );
}

function row(actor, each, role, again) {
  const opened = h("div", { class: "work" });
  const [state, tone] = STATES[each.state];
  const remark = h("input", { type: "text", maxlength: "500" });
  const reviewed = each.state === "in_review" && role === "reviewer";
  const checked = h("input", { type: "checkbox" });
  const asked = reviewed && each.warnings.some((one) => one.to_confirm);
  const move = (label, to, words, confirm) => ({
    label,
    quiet: to !== "published",
    small: true,
    run: async (tell) => {
      if (to === "returned" && !remark.value.trim()) return tell("warn", "请先写审核意见，让编辑知道改哪里。");
      const moved = await actor.call("POST", `/corrections/${each.id}/transitions`, { json: { to, confirm_warnings: to === "published" && checked.checked, ...(role === "reviewer" && { remark: remark.value.trim() }) } });
      const waits = to === "published" && moved.state === "in_review";
      return again(waits ? `已记录您的审核，还需要 ${moved.reviews_required - moved.reviews.length} 人审核。` : words);
    },
    confirm,
  });
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, each.note), h("span", {}, tag(state, tone), each.substantive && tag("实质性更正，要重读"))),
    h("p", { class: "small soft" }, `${each.author.name} · ${time(each.created_at)}${each.remark ? ` · 审核意见：${each.remark}` : ""}`),
    each.state === "in_review" && warningsOf(each),
    asked && h("label", { class: "choice" }, checked, h("span", {}, "已逐条核对上面的提示，确认可以发布（会记入审计日志）")),
    reviewed && field("审核意见（退回时必填）", remark),
    actions(
      { label: "看改了什么", quiet: true, small: true, run: async () => show(opened, await changes(actor, each)) },
      ...(reviewed
        ? [
            move("发布更正", "published", "更正已发布，党员现在读到的是新版本。", each.substantive ? "这是实质性更正：发布后党员要重新阅读这篇资料。" : "发布后党员读到新版本，已有的进度保留。"),
            move("退回", "returned", "已退回给编辑。"),
          ]
        : []),
      each.state === "in_review" && role === "editor" && move("撤回更正", "withdrawn", "已撤回这份更正。"),
    ),
    opened,
  );
}

/** What the correction changes of what members read; of one that is published, of the version before it. */
async function changes(actor, each) {
  const [whole, found] = await Promise.all([actor.call("GET", `/corrections/${each.id}`), actor.all(`/lessons/${each.lesson_id}/versions`)]);
  const before = found.find((version) => (each.state === "published" ? version.created_at < each.closed_at : version.current));
  const version = before && (await actor.call("GET", `/lessons/${each.lesson_id}/versions/${before.number}`));
  return difference(version ? text(version) : "", text(whole));
}

async function form(actor, lesson, again) {
  const now = await actor.call("GET", `/lessons/${lesson.id}/draft`);
  if (!now.published_version) return h("p", { class: "soft" }, "这篇资料目前没有发布，请直接修改草稿。");
  const line = (name, most) => h("input", { type: "text", maxlength: most, value: now[name] });
  const controls = { title: line("title", "80"), summary: line("summary", "200"), source: line("source", "200"), article: line("article", "80"), markdown: h("textarea", { value: now.markdown, spellcheck: "false", rows: "10" }) };
  const note = h("input", { type: "text", maxlength: "200" });
  const substantive = h("input", { type: "checkbox" });
  const file = fileField("选择文件", ACCEPTED);
  return h(
    "details",
    {},
    h("summary", {}, "提出更正"),
    h(
      "div",
      { class: "work" },
      h("p", { class: "soft" }, "学习不必撤回：审核人通过后，党员读到新版本，并看到更正说明。"),
      h("div", { class: "fields" }, field("标题", controls.title), field("摘要", controls.summary), field("出处", controls.source), field("条款", controls.article)),
      field("正文", controls.markdown, now.markdown ? "" : "这篇资料来自文件：不填则正文不变，填写则替换。"),
      h("p", { class: "soft small" }, "也可以改用另一个文件：选择后，除更正说明外，上面各项以这篇资料现有的为准（.md 以文件中写的为准）。"),
      file.element,
      field("更正说明", note, "党员会看到，如“第二条的期限更正为三个月”"),
      h("label", { class: "choice" }, substantive, h("span", {}, "实质性更正：读过的党员要重新阅读")),
      actions({
        label: "提交更正",
        small: true,
        run: async (tell) => {
          if (!note.value.trim()) return tell("warn", "请写更正说明。");
          const chosen = await file.read();
          const said = { note: note.value.trim(), substantive: substantive.checked };
          const given = Object.entries(controls).filter(([name, control]) => control.value !== now[name]);
          const json = { ...Object.fromEntries(given.map(([name, control]) => [name, control.value])), ...said };
          await actor.call("POST", `/lessons/${lesson.id}/corrections`, { ...(chosen ? { form: formOf(said, chosen) } : { json }), once: true });
          return again("更正已提交，请审核人审核。");
        },
      }),
    ),
  );
}
