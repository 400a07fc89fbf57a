// Step 4: a reviewer looks at what was handed in, and says when it goes out.
import { actions, done, h, part, say, show, tag } from "./dom.js";
import { NIGHT, STATES, isNight, time } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";
import { reviewer } from "./staff.js";

const SOON = 60_000;
const LOOK_EVERY = 3000;
const LOOK_FOR = 180_000;

export function mount(root) {
  show(
    root,
    actions({
      label: "以审核人身份登录",
      run: async () => {
        await reviewer.open();
        await overview(root);
      },
    }),
  );
}

async function overview(root) {
  const session = await reviewer.open();
  const [waiting, scheduled] = await Promise.all([
    reviewer.call("GET", "/desk/issues?state=in_review"),
    reviewer.call("GET", "/desk/issues?state=scheduled"),
  ]);
  const cards = await Promise.all(waiting.items.map((issue) => card(root, issue)));
  show(
    root,
    h("p", { class: "said good" }, `已登录：${session.name}`),
    part("待审核", cards.length ? cards : h("p", { class: "soft" }, "没有待审核的学习。请先完成第 3 步，再点“刷新”。")),
    scheduled.items.length > 0 &&
      part("已定时", h("ul", { class: "items" }, scheduled.items.map((issue) => h("li", { class: "split" }, h("span", {}, `${issue.week}　${issue.title}`), tag(time(issue.publish_at)))))),
    actions({ label: "刷新", quiet: true, run: () => overview(root) }),
  );
}

async function quizOf(issue) {
  try {
    return await reviewer.call("GET", `/desk/issues/${issue.id}/quiz`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

async function card(root, listed) {
  const [issue, quiz] = await Promise.all([reviewer.call("GET", `/desk/issues/${listed.id}`), quizOf(listed)]);
  const preview = h("div");
  const outcome = h("div", { class: "said", role: "status" });
  const move = async (tell, to, publishAt) => {
    const json = publishAt ? { to, publish_at: publishAt } : { to };
    const moved = await reviewer.call("POST", `/issues/${issue.id}/transitions`, { json });
    tell("good", moved.state === "scheduled" ? `已通过，将于 ${time(moved.publish_at)} 发布。` : `已退回编辑，现在是“${STATES[moved.state]}”。`);
    done(4);
    return moved;
  };
  return h(
    "div",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, `${issue.week}：${issue.title}`), tag(STATES[issue.state], "warn")),
    h("p", { class: "small soft" }, `拟稿：${issue.author.name} · ${issue.lessons.length} 篇资料 · ${quiz ? `测验 ${asks(quiz)} 题` : "没有测验"}`),
    actions(
      ...issue.lessons.map((lesson) => ({
        label: `预览《${lesson.title}》`,
        quiet: true,
        small: true,
        run: async () => {
          const shown = await reviewer.call("POST", `/lessons/${lesson.lesson_id}/preview`);
          show(preview, h("div", { class: "reading" }, lessonFrame(shown, { onBack: () => show(preview) }).element));
        },
      })),
      quiz && { label: "看测验和答案", quiet: true, small: true, run: () => show(preview, answers(quiz)) },
    ),
    preview,
    actions(
      { label: "通过，一分钟后发布", run: async (tell) => watch(await move(tell, "scheduled", new Date(Date.now() + SOON).toISOString()), outcome) },
      { label: "通过，下周一 08:00 发布", quiet: true, run: (tell) => move(tell, "scheduled") },
      { label: "退回修改", quiet: true, run: (tell) => move(tell, "draft") },
    ),
    outcome,
  );
}

function asks(quiz) {
  return quiz.questions.length + quiz.draw.reduce((sum, rule) => sum + rule.count, 0);
}

function answers(quiz) {
  if (quiz.draw.length) return h("ul", {}, quiz.draw.map((rule) => h("li", {}, `从题库抽 ${rule.count} 题（${rule.tags.join("、") || "不限标签"}），现有 ${rule.available} 题符合。`)));
  return h("ol", { class: "items" }, quiz.questions.map((question) =>
    h(
      "li",
      { class: "item" },
      h("strong", {}, question.stem),
      question.options.length ? h("p", {}, question.options.map((option, index) => `${"ABCDEFGH"[index]}．${option}`).join("　")) : null,
      h("p", { class: "soft" }, `答案：${question.answer.join({ fill_in: " 或 ", ordering: " → " }[question.kind] ?? "")}　${question.explanation}`),
    ),
  ));
}

/** Says when the scheduler has published the issue. */
function watch(issue, place) {
  const until = Date.now() + LOOK_FOR;
  async function look() {
    if (!place.isConnected) return;
    try {
      const now = await reviewer.call("GET", `/desk/issues/${issue.id}`);
      if (now.state === "published") {
        say(place, "good", `已在 ${time(now.published_at)} 自动发布。消息正在发出，可到`);
        place.append(h("a", { href: "/demonstration/messages" }, "消息页"), "查看；党员在第 1 步刷新也能看到。", isNight() ? NIGHT : "");
        return;
      }
      if (now.state !== "scheduled") return;
      const left = Math.max(0, Math.ceil((new Date(now.publish_at) - Date.now()) / 1000));
      say(place, "", left ? `离发布还有约 ${left} 秒，到点由定时程序发布，无需人工操作。` : "已到时间，正在等定时程序发布……");
    } catch (error) {
      say(place, "bad", error.detail ?? error.message);
    }
    if (Date.now() < until) setTimeout(look, LOOK_EVERY);
    else say(place, "warn", "三分钟内没有看到发布。请查看终端日志，或点“刷新”再看。");
  }
  look();
}
