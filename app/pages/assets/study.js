// What there is to learn for a member: this week's issues with their lessons and quizzes, and the others.
import { actions, h, part, show, tag } from "./dom.js";
import { duration, time, weekText } from "./format.js";
import { read, stop } from "./lesson-reading.js";
import { handIn } from "./offline.js";
import { mountQuiz } from "./quiz.js";

/** The parts for the member `me`; `reader` is {root, back}: where a lesson is read, and what then shows the list again. */
export async function studyParts(me, reader) {
  stop();
  const handed = await handIn(me, reader.memberId);
  const [current, all, begun] = await Promise.all([me.call("GET", "/issues/current"), me.call("GET", "/issues?limit=20"), me.call("GET", "/me/reading/current")]);
  const issues = await Promise.all(current.items.map((issue) => me.call("GET", `/issues/${issue.id}`)));
  const now = new Set(current.items.map((issue) => issue.id));
  const others = all.items.filter((issue) => !now.has(issue.id));
  return [
    handed.events > 0 && h("p", { class: "said good" }, `没有网络时的学习已提交：${handed.events} 条。`),
    [...handed.refused].map((detail) => h("p", { class: "said warn" }, detail)),
    begun.items.length > 0 && begunPart(me, reader, begun.items),
    issues.map((issue) => issueCard(me, reader, issue)),
    issues.length === 0 && h("p", { class: "said warn" }, "本周还没有已发布的学习。演示刚启动时，几秒后就会发布，请点“刷新”。"),
    others.length > 0 && otherIssues(me, reader, others),
  ];
}

/** A button that opens a lesson wherever it was found. */
export function openLesson(me, reader, listed, label) {
  return { label, small: true, quiet: true, run: () => read(me, reader, { lessons: [] }, listed) };
}

function begunPart(me, reader, items) {
  return part(
    "接着学",
    items.slice(0, 3).map((each) =>
      h(
        "div",
        { class: "item" },
        h("div", { class: "split" }, h("strong", {}, each.title), tag(`${each.kind === "media" ? "播放到" : "读到"} ${Math.round(each.position * 100)}%`)),
        actions(openLesson(me, reader, each, "从上次的地方继续")),
      ),
    ),
  );
}

function issueCard(me, reader, issue) {
  const quiz = h("div");
  // One red button: the next lesson to read.
  const upNext = issue.lessons.find((lesson) => !lesson.completed_at);
  const card = part(
    `${weekText(issue.week)}　${issue.title}`,
    issue.summary && h("p", { class: "soft" }, issue.summary),
    h("p", { class: "small soft" }, `${issue.organisation} · ${time(issue.published_at)} 发布 · 已完成 ${issue.lessons_completed} / ${issue.lessons_total} 课`),
    h("ol", { class: "items" }, issue.lessons.map((lesson) => lessonRow(me, reader, issue, lesson, lesson === upNext))),
    quiz,
  );
  mountQuiz(quiz, me, issue, reader.step);
  return card;
}

function lessonRow(me, reader, issue, lesson, isNext) {
  const state = lesson.completed_at
    ? tag("已完成", "good")
    : lesson.position > 0
      ? tag(`还需 ${duration(lesson.remaining_seconds)}`, "warn")
      : tag(`约 ${duration(lesson.required_seconds)}`);
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, lesson.title), h("span", {}, state, lesson.required ? null : tag("选学"))),
    lesson.summary && h("p", { class: "small soft" }, lesson.summary),
    actions({ label: lesson.completed_at ? "再看一遍" : "阅读", small: true, quiet: !isNext, run: () => read(me, reader, issue, lesson) }),
  );
}

/** Issues of other weeks: those before, and one that was published ahead of its week. */
function otherIssues(me, reader, issues) {
  const opened = h("div");
  return h(
    "details",
    {},
    h("summary", {}, `其他各期（${issues.length} 期）`),
    h("ul", { class: "items" }, issues.map((issue) =>
      h(
        "li",
        { class: "item" },
        h("div", { class: "split" }, h("strong", {}, issue.title), tag(issue.completed ? "已完成" : `${issue.lessons_completed} / ${issue.lessons_total} 课`, issue.completed ? "good" : "")),
        h("p", { class: "small soft" }, `${weekText(issue.week)} · ${issue.organisation}`),
        actions({
          label: "打开这一期",
          small: true,
          quiet: true,
          run: async () => {
            show(opened, issueCard(me, reader, await me.call("GET", `/issues/${issue.id}`)));
            opened.scrollIntoView({ block: "start" });
          },
        }),
      ),
    )),
    opened,
  );
}
