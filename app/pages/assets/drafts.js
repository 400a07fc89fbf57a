// The issues of an organisation as its editor sees them: mended, handed in, and taken back, as their states allow.
import { audienceFields } from "./audience.js";
import { actions, field, h, options, show, tag } from "./dom.js";
import { drawRules } from "./draw-rules.js";
import { STATES, time, weekText } from "./format.js";
import { changeLesson } from "./lesson-form.js";
import { quizFigures } from "./quiz-figures.js";
import { settingsOf } from "./quiz-settings.js";
import { remarks } from "./remarks.js";
import { editor } from "./staff.js";

const TONES = { published: "good", in_review: "warn" };

/** One issue; `again(said)` reads the list anew, `free()` are the weeks that it may take. */
export function issueRow(issue, work, free, again) {
  const opened = h("div", { class: "work" });
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, `${weekText(issue.week)}　${issue.title}`), tag(STATES[issue.state], TONES[issue.state] ?? "")),
    h("p", { class: "small soft" }, [`拟稿：${issue.author.name}`, issue.state === "scheduled" && `${time(issue.publish_at)} 发布`, issue.published_at && issue.state === "published" && `${time(issue.published_at)} 发布`].filter(Boolean).join(" · ")),
    actions(...doings(issue, work, free, opened, again), ...looks(issue, opened)),
    opened,
  );
}

/** What can be looked at in any state. */
function looks(issue, opened) {
  return [
    { label: "批注和记录", quiet: true, small: true, run: () => remarks(opened, editor, `/issues/${issue.id}`) },
    issue.state === "published" && { label: "测验情况", quiet: true, small: true, run: () => quizFigures(opened, editor, issue) },
  ];
}

function doings(issue, work, free, opened, again) {
  const move = (label, to, said, confirm) => ({
    label,
    quiet: true,
    small: true,
    confirm,
    run: async () => {
      await editor.call("POST", `/issues/${issue.id}/transitions`, { json: { to } });
      await again(`${issue.title}：${said}`);
    },
  });
  const mine = issue.author.id === work.account;
  switch (issue.state) {
    case "draft":
      return [
        { label: "修改", quiet: true, small: true, run: () => change(issue, work, free, opened, again) },
        move("提交审核", "in_review", "已提交审核，请到第 4 步审核。"),
        move("放弃草稿", "withdrawn", "已放弃，这一周空了出来。", `放弃《${issue.title}》的草稿，这一周可以另做一期。资料都还在，以后也可以把它转回草稿。`),
      ];
    case "in_review":
      return mine ? [move("撤回提交", "draft", "已撤回提交，可以再改。")] : [];
    case "scheduled":
      return [move("取消定时", "draft", "已取消定时，回到草稿。", `《${issue.title}》不会在 ${time(issue.publish_at)} 发布，回到草稿，要重新提交审核。`)];
    case "published":
      return [move("撤回", "withdrawn", "已撤回。", `《${issue.title}》马上从党员那里撤下，还没发出的通知不再发送。已学的记录仍然保留。`)];
    default:
      return [move("转为草稿", "draft", "已转为草稿，可以再改。")];
  }
}

async function change(issue, work, free, opened, again) {
  const whole = await editor.call("GET", `/desk/issues/${issue.id}`);
  const lessons = await Promise.all(whole.lessons.map((each) => editor.call("GET", `/lessons/${each.lesson_id}/draft`)));
  const title = h("input", { type: "text", maxlength: "100", value: whole.title });
  const summary = h("input", { type: "text", maxlength: "200", value: whole.summary });
  const week = h("select", {}, options([[whole.week, weekText(whole.week)], ...free().filter((each) => each.value !== whole.week).map((each) => [each.value, each.text])], whole.week));
  const patch = async (json) => {
    await editor.call("PATCH", `/issues/${issue.id}`, { json });
    await again(`${title.value}：已保存，提交审核后才会发布。`);
  };
  show(
    opened,
    h("div", { class: "fields" }, field("周", week), field("标题", title), field("摘要", summary)),
    whole.outline.length > 0 && h("p", { class: "soft" }, `计划的栏目：${whole.outline.join("、")}`),
    audienceFields(editor, whole, (audience) => patch({ audience })),
    drawRules(editor, issue, () => title.value),
    lessons.map((lesson) => h("details", {}, h("summary", {}, `修改资料《${lesson.title}》`), h("div", { class: "work" }, changeLesson(lesson)))),
    actions(
      { label: "保存这一期", small: true, run: () => patch({ title: title.value, summary: summary.value, week: week.value }) },
      {
        label: "加入“甲”里的资料",
        quiet: true,
        small: true,
        run: async (tell) => {
          if (!work.lesson) return tell("warn", "请先在“甲”里保存一篇资料。");
          const kept = whole.lessons.filter((each) => each.lesson_id !== work.lesson.id).map((each) => ({ lesson_id: each.lesson_id, required: each.required }));
          return patch({ lessons: [...kept, { lesson_id: work.lesson.id, required: true }] });
        },
      },
      {
        label: "测验改用“乙”里的题",
        quiet: true,
        small: true,
        run: async (tell) => {
          if (!work.questions.length) return tell("warn", "请先在“乙”里导入或选好试题。");
          await editor.call("PUT", `/issues/${issue.id}/quiz`, { json: { ...(await settingsOf(issue.id)), title: `${title.value}小测验`, question_ids: work.questions } });
          return `测验已换成 ${work.questions.length} 道题。`;
        },
      },
      {
        label: "不要测验",
        quiet: true,
        small: true,
        run: async () => {
          await editor.call("DELETE", `/issues/${issue.id}/quiz`);
          return "这一期不再有测验，试题仍在题库里。";
        },
      },
    ),
  );
}
