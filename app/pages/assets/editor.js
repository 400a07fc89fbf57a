// Step 3: an editor hands in a lesson and questions, and makes an issue of them.
import { actions, done, field, fileField, h, options, part, save, say, show, tag } from "./dom.js";
import { STATES, duration, weeks } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";
import { LESSON } from "./sample.js";
import { editor } from "./staff.js";

const EXPLANATIONS = [["after_submission", "每次交卷后"], ["after_last_attempt", "次数用完或及格后"], ["after_week", "本周结束后"]];
const COUNTS = [["best", "取最好一次"], ["first", "取第一次"], ["last", "取最后一次"]];
const WEEKS_AHEAD = 26;
const FROM_BANK = 5;

export function mount(root) {
  show(
    root,
    actions({
      label: "以内容编辑身份登录",
      run: async () => {
        const session = await editor.open();
        desk(root, session, session.posts.find((post) => post.role === "editor"));
      },
    }),
  );
}

function desk(root, session, post) {
  const work = { organisation: post.organisation_id, lesson: null, questions: [] };
  const issue = part("丙　选一个空着的周，提交审核");
  show(
    root,
    h("p", { class: "said good" }, `已登录：${session.name}，${post.organisation}`),
    lessonPart(work),
    questionPart(work),
    issue,
  );
  issuePart(issue, work).catch((error) => issue.append(h("p", { class: "said bad" }, error.detail ?? error.message)));
}

function lessonPart(work) {
  const text = h("textarea", { value: LESSON, spellcheck: "false", rows: "16" });
  const file = fileField("换成一个 .md 文件", ".md,text/markdown", async (chosen) => {
    text.value = await chosen.text();
  });
  const preview = h("div");
  return part(
    "甲　上传一篇资料",
    field("资料内容（Markdown）", text, "开头两行“---”之间写标题、摘要、出处、条款；可以直接用这份示例，也可以改。"),
    file.element,
    actions(
      {
        label: "上传资料并预览",
        run: async () => {
          const form = new FormData();
          form.set("organisation_id", String(work.organisation));
          form.set("file", new File([text.value], "lesson.md", { type: "text/markdown" }));
          work.lesson = await editor.call("POST", "/lessons", { form, once: true });
          const shown = await editor.call("POST", `/lessons/${work.lesson.id}/preview`);
          show(preview, h("div", { class: "reading" }, lessonFrame(shown).element));
          return `已保存为资料 ${work.lesson.id}：${work.lesson.characters} 字，约需阅读 ${duration(work.lesson.required_seconds)}。下面是党员将看到的样子。`;
        },
      },
      {
        label: "下载这份示例",
        quiet: true,
        run: () => save(new Blob([LESSON], { type: "text/markdown" }), "示例资料.md"),
      },
    ),
    preview,
  );
}

async function importSheet(work, file, say_) {
  const path = `/questions/import?organisation_id=${work.organisation}`;
  const sheet = () => {
    const form = new FormData();
    form.set("file", file);
    return form;
  };
  const check = await editor.call("POST", `${path}&dry_run=true`, { form: sheet() });
  if (check.rejected.length) {
    say_("bad", `检查发现 ${check.rejected.length} 行需要修改（另外 ${check.accepted} 行没有问题），还没有导入：`, check.rejected.map((bad) => `第 ${bad.line} 行：${bad.detail}`));
    return;
  }
  const report = await editor.call("POST", path, { form: sheet(), once: true });
  work.questions = report.question_ids;
  say_("good", `试题表没有问题，${report.question_ids.length} 道题可用于本期测验。`);
}

function questionPart(work) {
  const file = fileField("选择试题表（.xlsx）", ".xlsx");
  const template = () => editor.call("GET", "/questions/template.xlsx", { as: "file" });
  return part(
    "乙　上传试题表",
    h("p", { class: "soft" }, "先检查、后导入；有一行不合格就一道也不导入，并逐行说明原因。同一道题不会重复入库。"),
    file.element,
    actions(
      {
        label: "检查并导入",
        run: async (tell) => {
          if (!file.input.files[0]) {
            tell("warn", "请先选择一个 .xlsx 文件；也可以点“直接用模板里的示例题”。");
            return;
          }
          await importSheet(work, file.input.files[0], tell);
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
      {
        label: `用题库里最新的 ${FROM_BANK} 道题`,
        quiet: true,
        run: async (tell) => {
          const { items } = await editor.call("GET", `/questions?organisation_id=${work.organisation}&limit=${FROM_BANK}`);
          if (items.length === 0) {
            tell("warn", "题库还是空的，请先导入一张试题表。");
            return;
          }
          work.questions = items.map((question) => question.id);
          tell("good", `已选题库中 ${items.length} 道题用于本期测验：`, items.map((question) => question.stem));
        },
      },
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

async function freeWeeks(work) {
  const issues = await editor.all(`/desk/issues?organisation_id=${work.organisation}`);
  const taken = new Set(issues.filter((issue) => issue.state !== "withdrawn").map((issue) => issue.week));
  return { issues, free: weeks(0, WEEKS_AHEAD).filter((week) => !taken.has(week.value)) };
}

async function issuePart(root, work) {
  const { issues, free } = await freeWeeks(work);
  const week = h("select", {}, options(free.map((each) => [each.value, each.text])));
  const title = h("input", { type: "text", maxlength: "100", value: "开好党小组会" });
  const summary = h("input", { type: "text", maxlength: "200", value: "从一次党小组会说起。" });
  const quiz = quizFields();
  show(
    root,
    h("h3", {}, "丙　选一个空着的周，提交审核"),
    h("details", {}, h("summary", {}, `这个组织已有 ${issues.length} 期`), h("ul", { class: "items" }, issues.map(issueRow))),
    h("div", { class: "fields" }, field("周", week, "只列出还没有学习的周"), field("标题", title), field("摘要", summary), quiz.fields),
    actions({
      label: "建一期并提交审核",
      run: async (tell) => {
        if (!work.lesson) {
          tell("warn", "请先在“甲”里上传一篇资料。");
          return;
        }
        await submit(work, week.value, title.value, summary.value, quiz.settings(), tell);
      },
    }),
  );
}

function issueRow(issue) {
  return h("li", { class: "split" }, h("span", {}, `${issue.week}　${issue.title}`), tag(STATES[issue.state], issue.state === "published" ? "good" : ""));
}

/** How the quiz is taken: the rest stays as the service has it. */
function quizFields() {
  const limit = h("select", {}, options([["", "不限时"], ["300", "5 分钟"], ["600", "10 分钟"], ["1200", "20 分钟"]], ""));
  const shown = h("select", {}, options(EXPLANATIONS, "after_submission"));
  const counts = h("select", {}, options(COUNTS, "best"));
  return {
    fields: [field("测验限时", limit, "以服务器时间为准"), field("何时看到答案和解析", shown), field("成绩", counts)],
    settings: () => ({ time_limit_seconds: limit.value ? Number(limit.value) : null, explanations: shown.value, score_counts: counts.value }),
  };
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
  tell("good", `${moved.week}《${moved.title}》${quiz}，现在是“${STATES[moved.state]}”。请到第 4 步审核。`);
  done(3);
}
