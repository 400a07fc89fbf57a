// Step 1: a member reads this week's lessons. What counts is what the server's clock saw.
import { member, randomKey } from "./api.js";
import { ask, enter } from "./consent.js";
import { actions, done, h, part, say, show, tag } from "./dom.js";
import { clock, duration, time } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";
import { practice } from "./practice.js";
import { mountQuiz } from "./quiz.js";
import { subscribe } from "./phones.js";

const BEAT = 10_000;

let phone;
let me;
let stopReading = () => {};

export function mount(root) {
  const signIn = (name) => async () => {
    phone = name;
    me = member(name);
    await me.open();
    await enter(root, me, phone, () => overview(root));
  };
  show(
    root,
    actions(
      { label: "以党员身份登录（仿真微信）", run: signIn("demo-member") },
      { label: "用一部还没绑定的新手机登录", quiet: true, run: signIn("demo-new") },
    ),
  );
}

async function overview(root) {
  stopReading();
  const [who, current, all] = await Promise.all([
    me.call("GET", "/me"),
    me.call("GET", "/issues/current"),
    me.call("GET", "/issues?limit=20"),
  ]);
  const issues = await Promise.all(current.items.map((issue) => me.call("GET", `/issues/${issue.id}`)));
  const now = new Set(current.items.map((issue) => issue.id));
  const others = all.items.filter((issue) => !now.has(issue.id));
  show(
    root,
    h("p", { class: "said good" }, `已登录：${who.name}，${who.organisation}${who.exempt ? "（免学）" : ""}`),
    issues.map((issue) => issueCard(root, issue)),
    issues.length === 0 && h("p", { class: "said warn" }, "本周还没有已发布的学习。演示刚启动时，几秒后就会发布，请点“刷新”。"),
    others.length > 0 && otherIssues(root, others),
    practice(me),
    actions(
      { label: "刷新", quiet: true, run: () => overview(root) },
      { label: "同意再接收一次微信提醒", quiet: true, run: () => subscribe(me, phone) },
      { label: "看告知书，或收回同意", quiet: true, run: () => ask(root, me, () => overview(root), { taken: true }) },
    ),
  );
}

function issueCard(root, issue) {
  const quiz = h("div");
  // One red button: the next lesson to read.
  const upNext = issue.lessons.find((lesson) => !lesson.completed_at);
  const card = part(
    `${issue.week}：${issue.title}`,
    issue.summary && h("p", { class: "soft" }, issue.summary),
    h("p", { class: "small soft" }, `${issue.organisation} · ${time(issue.published_at)} 发布 · 已完成 ${issue.lessons_completed} / ${issue.lessons_total} 课`),
    h("ol", { class: "items" }, issue.lessons.map((lesson) => lessonRow(root, issue, lesson, lesson === upNext))),
    quiz,
  );
  mountQuiz(quiz, me, issue);
  return card;
}

function lessonRow(root, issue, lesson, isNext) {
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
    actions({ label: lesson.completed_at ? "再看一遍" : "阅读", small: true, quiet: !isNext, run: () => read(root, issue, lesson) }),
  );
}

/** Issues of other weeks: those before, and one that was published ahead of its week. */
function otherIssues(root, issues) {
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
        h("p", { class: "small soft" }, `${issue.week} · ${issue.organisation}`),
        actions({
          label: "打开这一期",
          small: true,
          quiet: true,
          run: async () => {
            show(opened, issueCard(root, await me.call("GET", `/issues/${issue.id}`)));
            opened.scrollIntoView({ block: "start" });
          },
        }),
      ),
    )),
    opened,
  );
}

async function read(root, issue, listed) {
  const lesson = await me.call("GET", `/lessons/${listed.lesson_id}`);
  const bar = h("progress", { max: String(lesson.required_seconds), value: "0", "aria-label": "已计入的阅读时间" });
  const missing = h("p", { role: "status" }, "正在打开……");
  const beats = h("p", { class: "beats" });
  const next = issue.lessons[issue.lessons.findIndex((each) => each.lesson_id === listed.lesson_id) + 1];
  const back = () => overview(root).catch((error) => say(missing, "bad", error.detail ?? error.message));
  const frame = lessonFrame(lesson, { foot: [bar, missing, beats], onBack: back });
  const below = actions(
    { label: "返回列表", quiet: true, run: () => overview(root) },
    next && { label: `下一课：${next.title}`, run: () => read(root, issue, next) },
  );
  stopReading();
  show(root, h("div", { class: "reading" }, frame.element, below));
  root.scrollIntoView({ block: "start" });
  stopReading = beat(lesson, frame, { bar, missing, beats });
}

/** Sends a heartbeat at once and every ten seconds while the page is seen; gives what stops it. */
function beat(lesson, frame, { bar, missing, beats }) {
  let timer = 0;
  let stopped = false;
  let count = 0;
  let pending = null; // a heartbeat whose answer never came is sent again under its own id

  async function once() {
    if (stopped || !bar.isConnected) return;
    if (document.hidden) {
      beats.textContent = "页面不在前台，暂停计时。";
    } else {
      pending ??= randomKey();
      try {
        const state = await me.call("PUT", `/lessons/${lesson.id}/progress`, {
          json: { position: frame.position(), heartbeat_id: pending },
        });
        pending = null;
        count += 1;
        tell(state);
      } catch (error) {
        missing.textContent = error.detail ?? error.message;
      }
    }
    if (!stopped) timer = setTimeout(once, BEAT);
  }

  function tell(state) {
    bar.value = lesson.required_seconds - state.remaining_seconds;
    const at = `读到 ${Math.round(state.position * 100)}%`;
    if (state.completed_at) {
      bar.value = lesson.required_seconds;
      missing.textContent = "✓ 这一课已完成。";
      beats.textContent = `${at} · ${time(state.completed_at)} 完成`;
      stopped = true;
      done(1);
      return;
    }
    missing.textContent = state.remaining_seconds
      ? `还需阅读 ${duration(state.remaining_seconds)}，并读到文末。`
      : "时间已够，请向下读到文末。";
    beats.textContent = `${at} · 服务器已计 ${duration(state.credited_seconds)} · 第 ${count} 次上报 ${clock()}`;
  }

  timer = setTimeout(once, 600);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
