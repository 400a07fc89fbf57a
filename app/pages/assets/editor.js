// Step 3: an editor hands in a lesson and questions, and makes an issue of them.
import { bank } from "./bank.js";
import { calendar } from "./calendar.js";
import { deskLessons } from "./desk-lessons.js";
import { actions, done, field, h, options, part, show, told } from "./dom.js";
import { STATES, weekText, weeks } from "./format.js";
import { issueRow } from "./drafts.js";
import { newLesson } from "./lesson-form.js";
import { lists } from "./lists.js";
import { ownPassword } from "./own-password.js";
import { plans } from "./plans.js";
import { questionPart } from "./question-sheet.js";
import { quizFields } from "./quiz-settings.js";
import { editor } from "./staff.js";
import { topics } from "./topics.js";

const WEEKS_AHEAD = 26;

export function mount(root) {
  show(
    root,
    actions({
      label: "以内容编辑身份登录",
      run: async () => {
        const session = await editor.open();
        const { account_id: account } = await editor.call("GET", "/staff/me");
        await desk(root, session, session.posts.find((post) => post.role === "editor"), account);
      },
    }),
  );
}

async function desk(root, session, post, account) {
  const work = { organisation: post.organisation_id, account, lesson: null, questions: [] };
  const issue = h("div");
  show(
    root,
    h("p", { class: "said good" }, `已登录：${session.name}，${post.organisation}`),
    newLesson(work),
    questionPart(work),
    issue,
    part("编辑台", await lists("编辑台的各项", deskLists(work), false)),
    ownPassword(editor),
  );
  issuePart(issue, work).catch((error) => issue.append(h("p", { class: "said bad" }, error.detail ?? error.message)));
}

function deskLists(work) {
  return [
    ["题库", (place) => bank(place, editor, work)],
    ["资料", (place) => deskLessons(place, editor, "editor")],
    ["学习日历", (place) => calendar(place, editor, work.organisation)],
    ["学习计划", (place) => plans(place, editor, work.organisation)],
    ["专题", (place) => topics(place, editor, "editor", work.organisation)],
  ];
}

async function issuePart(root, work) {
  const list = h("div", { class: "work" });
  const week = h("select");
  const title = h("input", { type: "text", maxlength: "100", value: "开好党小组会" });
  const summary = h("input", { type: "text", maxlength: "200", value: "从一次党小组会说起。" });
  const quiz = quizFields();
  let free = [];
  const read = async (said) => {
    const issues = await editor.all(`/desk/issues?organisation_id=${work.organisation}`);
    const taken = new Set(issues.filter((issue) => issue.state !== "withdrawn").map((issue) => issue.week));
    free = weeks(0, WEEKS_AHEAD).filter((each) => !taken.has(each.value));
    show(week, options(free.map((each) => [each.value, each.text])));
    show(list, told(said), issueLists(issues, work, () => free, read));
  };
  show(
    root,
    part(
      "丙　选一个空着的周，提交审核",
      h("div", { class: "fields" }, field("周", week, "只列出还没有学习的周"), field("标题", title), field("摘要", summary), quiz.fields),
      actions({
        label: "建一期并提交审核",
        run: async (tell) => {
          if (!work.lesson) return tell("warn", "请先在“甲”里保存一篇资料。");
          try {
            await submit(work, week.value, title.value, summary.value, quiz.settings(), tell);
          } finally {
            await read();
          }
          return undefined;
        },
      }),
      list,
      actions({ label: "刷新这个列表", quiet: true, small: true, run: () => read() }),
    ),
  );
  await read();
}

const OPEN = new Set(["draft", "in_review", "scheduled"]);

function issueLists(issues, work, free, read) {
  const rows = (some) => h("ul", { class: "items" }, some.map((issue) => issueRow(issue, work, free, read)));
  const [open, over] = [issues.filter((issue) => OPEN.has(issue.state)), issues.filter((issue) => !OPEN.has(issue.state))];
  return [
    open.length > 0 && [h("h4", {}, `办理中的 ${open.length} 期`), rows(open)],
    over.length > 0 && h("details", {}, h("summary", {}, `已发布和已撤回的 ${over.length} 期`), rows(over)),
  ].flat();
}

async function submit(work, week, title, summary, settings, tell) {
  const body = { organisation_id: work.organisation, week, title, summary, lessons: [{ lesson_id: work.lesson.id, required: true }] };
  const issue = await editor.call("POST", "/issues", { json: body, once: true });
  if (work.questions.length) {
    tell("", "已建草稿，正在放入测验……");
    await editor.call("PUT", `/issues/${issue.id}/quiz`, { json: { title: `${title}小测验`, question_ids: work.questions, ...settings } });
  }
  const moved = await editor.call("POST", `/issues/${issue.id}/transitions`, { json: { to: "in_review" } });
  const quiz = work.questions.length ? `，含 ${work.questions.length} 道题的测验` : "（没有放测验）";
  tell("good", `${weekText(moved.week)}《${moved.title}》${quiz}，现在是“${STATES[moved.state]}”。请到第 4 步审核。`);
  done(3);
}
