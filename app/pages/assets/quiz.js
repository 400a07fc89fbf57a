// The quiz of an issue: questions without answers, then score and explanations.
import { actions, done, h, say, show, tag } from "./dom.js";
import { clock } from "./format.js";

const LETTERS = "ABCDEFGH";
const KINDS = { single: "单选", multiple: "多选", true_false: "判断", fill_in: "填空" };

/** Shows how the member stands in the quiz of the issue, if it has one. */
export async function mountQuiz(root, me, issue, step) {
  let quiz;
  try {
    quiz = await me.call("GET", `/issues/${issue.id}/quiz`);
  } catch (error) {
    if (error.status !== 404) show(root, h("p", { class: "said bad" }, error.detail ?? error.message));
    return;
  }
  const left = quiz.attempts_allowed - quiz.attempts_used;
  const standing = quiz.best_score === null ? tag("未作答") : tag(`最好 ${quiz.best_score} 分`, quiz.passed ? "good" : "warn");
  const can = quiz.open_attempt_id !== null || left > 0;
  show(
    root,
    h(
      "div",
      { class: "item" },
      h("div", { class: "split" }, h("strong", {}, `小测验：${quiz.title}`), standing),
      h("p", { class: "small soft" }, `共 ${quiz.question_count} 题，${quiz.pass_mark} 分及格，可作答 ${quiz.attempts_allowed} 次，还剩 ${left} 次。`),
      actions({
        label: quiz.open_attempt_id === null ? (can ? "开始作答" : "次数已用完") : "继续作答",
        small: true,
        quiet: true,
        disabled: !can,
        run: async () => ask(root, me, issue, step, await me.call("POST", `/quizzes/${quiz.id}/attempts`)),
      }),
    ),
  );
}

function ask(root, me, issue, step, attempt) {
  const saved = h("p", { class: "hint", role: "status" }, "答案随选随存，交卷前都可以改。");
  let saving = Promise.resolve();
  let failed = null;

  function save(question, given) {
    // One after the other, so that the last choice is the one that stays.
    saving = saving.then(async () => {
      try {
        await me.call("PUT", `/attempts/${attempt.id}/answers`, { json: { answers: { [question.id]: given } } });
        question.your_answer = given;
        failed = null;
        say(saved, "hint", `已保存 ${clock()}`);
        saved.className = "hint";
      } catch (error) {
        failed = error;
        say(saved, "bad", `没有保存：${error.detail ?? error.message}`);
      }
    });
  }

  let sure = false;
  const submit = actions(
    {
      label: "交卷",
      run: async (tell) => {
        await saving;
        if (failed) throw failed;
        const open = attempt.questions.filter((question) => question.your_answer.length === 0).length;
        if (open && !sure) {
          sure = true;
          tell("warn", `还有 ${open} 题没有作答，交卷后不能再改。确定的话请再点一次“交卷”。`);
          return;
        }
        result(root, me, issue, step, await me.call("POST", `/attempts/${attempt.id}/submission`));
        done(step);
      },
    },
    { label: "先放一放", quiet: true, run: () => mountQuiz(root, me, issue, step) },
  );
  show(
    root,
    h("h4", {}, `第 ${attempt.number} 次作答`),
    saved,
    attempt.questions.map((question, index) => asked(question, index, (given) => save(question, given))),
    submit,
  );
  root.classList.add("part");
  root.scrollIntoView({ block: "start" });
}

function asked(question, index, save) {
  const legend = h("legend", {}, `${index + 1}．${question.stem}（${KINDS[question.kind]}）`);
  if (question.kind === "fill_in") {
    const input = h("input", { type: "text", maxlength: "200", "aria-label": `第 ${index + 1} 题的答案`, value: question.your_answer[0] ?? "" });
    input.addEventListener("change", () => save(input.value.trim() ? [input.value.trim()] : []));
    return h("fieldset", {}, legend, input);
  }
  const type = question.kind === "multiple" ? "checkbox" : "radio";
  const inputs = question.options.map((_, place) =>
    h("input", { type, name: `question-${question.id}`, value: LETTERS[place], checked: question.your_answer.includes(LETTERS[place]) }),
  );
  inputs.forEach((input) =>
    input.addEventListener("change", () => save(inputs.filter((each) => each.checked).map((each) => each.value))),
  );
  return h(
    "fieldset",
    {},
    legend,
    question.options.map((option, place) => h("label", { class: "choice" }, inputs[place], h("span", {}, `${LETTERS[place]}．${option}`))),
  );
}

function written(question, answer) {
  if (answer.length === 0) return "未作答";
  if (question.kind === "fill_in") return answer[0]; // of the texts that are taken, the first is how it is written
  return answer.map((letter) => `${letter}．${question.options[LETTERS.indexOf(letter)] ?? ""}`).join("；");
}

function result(root, me, issue, step, attempt) {
  show(
    root,
    h("p", { class: `said ${attempt.passed ? "good" : "warn"}`, role: "status" }, `本次得分 ${attempt.score} 分，${attempt.passed ? "已及格。" : "未及格，看过解析后可以再试。"}`),
    attempt.questions.map((question, index) =>
      h(
        "div",
        { class: "item" },
        h("div", { class: "split" }, h("strong", {}, `${index + 1}．${question.stem}`), tag(question.correct ? "正确" : "不正确", question.correct ? "good" : "bad")),
        h("p", {}, `您的答案：${written(question, question.your_answer)}`),
        question.correct ? null : h("p", {}, `参考答案：${written(question, question.answer)}`),
        question.explanation && h("p", { class: "soft" }, `解析：${question.explanation}`),
        question.source && h("p", { class: "small soft" }, `出处：${question.source}`),
      ),
    ),
    actions({ label: "完成", quiet: true, run: () => mountQuiz(root, me, issue, step) }),
  );
  root.scrollIntoView({ block: "start" });
}
