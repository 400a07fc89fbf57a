// The quiz of an issue: how the member stands, the attempt against the server's clock, its result.
import { actions, done, h, say, show, tag } from "./dom.js";
import { clock, duration, time } from "./format.js";
import { asked, explained } from "./question.js";

const COUNTS = { best: "取最好成绩", first: "取第一次成绩", last: "取最后一次成绩" };

/** Shows how the member stands in the quiz of the issue, if it has one. */
export async function mountQuiz(root, me, issue, step) {
  let quiz;
  try {
    quiz = await me.call("GET", `/issues/${issue.id}/quiz`);
  } catch (error) {
    if (error.status !== 404) show(root, h("p", { class: "said bad" }, error.detail ?? error.message));
    return;
  }
  const at = { root, me, issue, step };
  const left = quiz.attempts_allowed - quiz.attempts_used;
  const standing = quiz.score === null ? tag("未作答") : tag(`${quiz.score} 分`, quiz.passed ? "good" : "warn");
  const can = quiz.open_attempt_id !== null || left > 0;
  const over = quiz.attempts.filter((each) => each.state === "submitted");
  show(
    root,
    h(
      "div",
      { class: "item" },
      h("div", { class: "split" }, h("strong", {}, `小测验：${quiz.title}`), standing),
      h("p", { class: "small soft" }, rules(quiz, left)),
      actions(
        {
          label: quiz.open_attempt_id === null ? (can ? "开始作答" : "次数已用完") : "继续作答",
          small: true,
          quiet: true,
          disabled: !can,
          run: async () => ask(at, await me.call("POST", `/quizzes/${quiz.id}/attempts`)),
        },
        ...over.map((each) => ({
          label: `第 ${each.number} 次：${each.score} 分`,
          small: true,
          quiet: true,
          run: async () => result(at, await me.call("GET", `/attempts/${each.id}`)),
        })),
      ),
    ),
  );
}

function rules(quiz, left) {
  const seconds = quiz.time_limit_seconds;
  const limit = seconds === null ? "不限时" : `限时 ${seconds % 60 ? duration(seconds) : `${seconds / 60} 分钟`}，离开页面也继续计时`;
  const counts = quiz.attempts_allowed > 1 ? `，${COUNTS[quiz.score_counts]}` : "";
  return `共 ${quiz.question_count} 题，${quiz.pass_mark} 分及格，${limit}；可作答 ${quiz.attempts_allowed} 次，还剩 ${left} 次${counts}。`;
}

function ask(at, attempt) {
  const saved = h("p", { class: "hint", role: "status" }, "答案随选随存，交卷前都可以改，换一台设备也能接着做。");
  const answered = new Map(attempt.questions.map((question) => [question.id, question.your_answer.length > 0]));
  let saving = Promise.resolve();
  let failed = null;

  function save(question, given) {
    // One after the other, so that the last choice is the one that stays.
    saving = saving.then(async () => {
      try {
        await at.me.call("PUT", `/attempts/${attempt.id}/answers`, { json: { answers: { [question.id]: given } } });
        answered.set(question.id, given.length > 0);
        failed = null;
        say(saved, "hint", `已保存 ${clock()}`);
        saved.className = "hint";
      } catch (error) {
        failed = error;
        say(saved, "bad", `没有保存：${error.detail ?? error.message}`);
        if (error.code === "time_is_up") await hand();
      }
    });
  }

  async function hand() {
    result(at, await at.me.call("POST", `/attempts/${attempt.id}/submission`));
    done(at.step);
  }

  async function timeIsUp() {
    say(saved, "warn", "时间到，正在自动交卷……");
    await saving;
    if (!saved.isConnected) return;
    try {
      await hand();
    } catch (error) {
      say(saved, "bad", `${error.detail ?? error.message} 已保存的答案不会丢失，请再点一次“交卷”。`);
    }
  }

  let sure = false;
  const submit = actions(
    {
      label: "交卷",
      run: async (tell) => {
        await saving;
        if (!saved.isConnected) return;
        if (failed) throw failed;
        const open = [...answered.values()].filter((each) => !each).length;
        if (open && !sure) {
          sure = true;
          tell("warn", `还有 ${open} 题没有作答，交卷后不能再改。确定的话请再点一次“交卷”。`);
          return;
        }
        await hand();
      },
    },
    { label: "先放一放", quiet: true, run: () => mountQuiz(at.root, at.me, at.issue, at.step) },
  );
  show(
    at.root,
    h("div", { class: "split" }, h("h4", {}, `第 ${attempt.number} 次作答`), attempt.remaining_seconds === null ? null : countdown(attempt.remaining_seconds, timeIsUp)),
    saved,
    attempt.questions.map((question, index) => asked(question, index, question.your_answer, (given) => save(question, given))),
    submit,
  );
  at.root.classList.add("part");
  at.root.scrollIntoView({ block: "start" });
}

/** Counts down what the server has said, by time that passes here and not by this device's clock. */
function countdown(seconds, then) {
  const place = h("span", { class: "tag warn", role: "timer" });
  const began = performance.now();
  function look() {
    const left = Math.max(0, Math.ceil(seconds - (performance.now() - began) / 1000));
    place.textContent = `剩余 ${duration(left)}`;
    if (left > 0) setTimeout(() => place.isConnected && look(), 500);
    else then();
  }
  // Once it stands in the page.
  setTimeout(look);
  return place;
}

function result(at, attempt) {
  const ended = attempt.timed_out ? "时间到，已按保存的答案自动交卷。" : "";
  const passed = attempt.passed ? "已及格。" : "未及格。";
  const later = attempt.explained_from ? `${time(attempt.explained_from)}以后` : "作答次数用完或及格以后";
  show(
    at.root,
    h("p", { class: `said ${attempt.passed ? "good" : "warn"}`, role: "status" }, `${ended}第 ${attempt.number} 次得分 ${attempt.score} 分，${passed}`),
    attempt.explained ? null : h("p", { class: "said" }, `答案和解析在${later}可以查看。`),
    attempt.questions.map(explained),
    actions({ label: "完成", quiet: true, run: () => mountQuiz(at.root, at.me, at.issue, at.step) }),
  );
  at.root.scrollIntoView({ block: "start" });
}
