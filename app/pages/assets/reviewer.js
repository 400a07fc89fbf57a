// Step 4: a reviewer looks at what was handed in, and says when it goes out.
import { reached } from "./audience.js";
import { calendar } from "./calendar.js";
import { deskLessons } from "./desk-lessons.js";
import { actions, done, h, part, say, show, tag } from "./dom.js";
import { outcome } from "./draw-rules.js";
import { NIGHT, STATES, isNight, publishing, time, weekText } from "./format.js";
import { warningsOf } from "./lesson-checks.js";
import { lessonFrame } from "./lesson-frame.js";
import { lists } from "./lists.js";
import { ownPassword } from "./own-password.js";
import { remarks } from "./remarks.js";
import { reviewer } from "./staff.js";
import { topics } from "./topics.js";

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
      part("已定时", h("ul", { class: "items" }, scheduled.items.map((issue) => h("li", { class: "split" }, h("span", {}, `${weekText(issue.week)}　${issue.title}`), tag(time(issue.publish_at)))))),
    actions({ label: "刷新", quiet: true, run: () => overview(root) }),
    part("审核台", await lists("审核台的各项", [
      ["资料和更正", (place) => deskLessons(place, reviewer, "reviewer")],
      ["专题", (place) => topics(place, reviewer, "reviewer")],
      ["学习日历", (place) => calendar(place, reviewer, session.posts.find((post) => post.role === "reviewer").organisation_id)],
    ], false)),
    ownPassword(reviewer),
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

/** The drafts of an issue, with what is to be looked at in them; a lesson of a superior is not the reviewer's. */
async function draftsOf(issue) {
  const found = await Promise.all(issue.lessons.map((each) => reviewer.call("GET", `/lessons/${each.lesson_id}/draft`).catch((error) => (error.status === 404 ? null : Promise.reject(error)))));
  return found.filter(Boolean);
}

async function card(root, listed) {
  const [issue, quiz] = await Promise.all([reviewer.call("GET", `/desk/issues/${listed.id}`), quizOf(listed)]);
  const drafts = await draftsOf(issue);
  const preview = h("div");
  const state = tag(STATES[issue.state], "warn");
  return h(
    "div",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, `${weekText(issue.week)}　${issue.title}`), state),
    h("p", { class: "small soft" }, `拟稿：${issue.author.name} · ${issue.lessons.length} 篇资料 · ${quiz ? `测验 ${asks(quiz)} 题` : "没有测验"}`),
    issue.reviews?.length > 0 && h("p", { class: "small soft" }, `已审核通过：${issue.reviews.map((each) => each.reviewer.name).join("、")}；还需要 ${missing(issue)} 人审核。`),
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
      { label: "批注和记录", quiet: true, small: true, run: () => remarks(preview, reviewer, `/issues/${issue.id}`) },
      { label: "学习对象", quiet: true, small: true, run: async () => void show(preview, reached(await reviewer.call("GET", `/issues/${issue.id}/reach`))) },
    ),
    preview,
    drafts.map((each) => warningsOf(each)),
    decision(root, issue, state, drafts.some((each) => each.warnings.some((one) => one.to_confirm))),
  );
}

/** How many more have to approve the issue. */
function missing(issue) {
  return Math.max(0, (issue.reviews_required ?? 1) - (issue.reviews?.length ?? 0));
}

function outcomeOf(moved) {
  if (moved.state === "scheduled") return `已通过，将于 ${time(moved.publish_at)} 发布。`;
  if (moved.state === "in_review") return `已记录您的审核，还需要 ${missing(moved)} 人审核，最后一位通过后定时发布。`;
  return "已退回编辑：编辑在第 3 步的列表里修改后，会重新提交。";
}

/** The buttons of the decision; what was decided stands in their place. `asked`: there is something to confirm. */
function decision(root, issue, state, asked) {
  const outcome = h("div", { class: "said", role: "status" });
  const place = h("div", { class: "work" });
  const tick = h("input", { type: "checkbox" });
  const move = async (to, publishAt) => {
    const json = { to, ...(publishAt && { publish_at: publishAt }), ...(to === "scheduled" && tick.checked && { confirm_warnings: true }) };
    const moved = await reviewer.call("POST", `/issues/${issue.id}/transitions`, { json });
    state.textContent = STATES[moved.state];
    show(place, h("p", { class: "said good", role: "status" }, outcomeOf(moved)), outcome, actions({ label: "看其余待审核的", quiet: true, small: true, run: () => overview(root) }));
    done(4);
    return moved;
  };
  const at = publishing(issue.week);
  const oneOfSeveral = {
    label: "通过",
    confirm: `《${issue.title}》要由 ${missing(issue)} 位审核人通过，您是其中一位。最后一位通过后才定时发布。`,
    run: () => move("scheduled"),
  };
  const lastOne = [
    {
      label: "通过，一分钟后发布",
      confirm: `《${issue.title}》一分钟后发给党员，并发出通知。发布后可以撤回，已发出的通知收不回来。`,
      run: async () => {
        const moved = await move("scheduled", new Date(Date.now() + SOON).toISOString());
        if (moved.state === "scheduled") watch(moved, outcome);
      },
    },
    {
      label: `通过，${time(at)} 发布`,
      quiet: true,
      confirm: `《${issue.title}》${time(at)} 自动发布，并通知党员。发布前可以取消定时。`,
      run: () => move("scheduled"),
    },
  ];
  return show(
    place,
    asked && h("label", { class: "choice" }, tick, "已逐条核对上面的提示，确认可以发布（会记入审计日志）"),
    actions(
      ...(missing(issue) > 1 ? [oneOfSeveral] : lastOne),
      {
        label: "退回修改",
        quiet: true,
        confirm: `《${issue.title}》退回给 ${issue.author.name}，回到草稿，要重新提交审核。`,
        run: () => move("draft"),
      },
    ),
  );
}

function asks(quiz) {
  return quiz.questions.length + quiz.draw.reduce((sum, rule) => sum + rule.count, 0);
}

function answers(quiz) {
  if (quiz.draw.length) return outcome(quiz);
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
