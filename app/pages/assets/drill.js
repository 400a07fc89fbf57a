// Practising for oneself: a few questions a day, and the notebook of wrong answers. Nothing depends on either.
import { actions, h, part, show } from "./dom.js";
import { asked, explained } from "./question.js";

const PAGE = 5;

/** Two buttons, and below them what is practised. */
export function drill(me) {
  const root = h("div", { class: "work" });
  return part(
    "自己练一练",
    h("p", { class: "small soft" }, "自愿练习：不计分、不排名、不计入完成情况，只有您自己看得到。"),
    actions(
      { label: "每日一练", quiet: true, run: () => daily(root, me) },
      { label: "错题本", quiet: true, run: () => notebook(root, me, null) },
    ),
    root,
  );
}

async function daily(root, me) {
  const today = await me.call("GET", "/me/daily-practice");
  if (today.questions.length === 0) {
    show(root, h("p", { class: "said" }, "今天没有可练的题。还没有做完的测验里的题，不会出现在这里。"));
    return;
  }
  questions(root, today.questions, (answers) => me.call("POST", "/me/daily-practice/answers", { json: { day: today.day, answers } }));
}

async function notebook(root, me, cursor) {
  const page = await me.call("GET", `/me/notebook?limit=${PAGE}${cursor ? `&cursor=${cursor}` : ""}`);
  if (page.items.length === 0) {
    show(root, h("p", { class: "said good" }, "错题本是空的。"));
    return;
  }
  const more = page.next && { label: "下一组", quiet: true, run: () => notebook(root, me, page.next) };
  const wrong = page.items.map((item) => item.question);
  questions(root, wrong, (answers) => me.call("POST", "/me/notebook/answers", { json: { answers } }), more, `在 ${page.right_days_needed} 个不同的日子答对，题目就会离开错题本。`);
}

/** Asks questions, and shows what came of them; `check(answers)` gives the result. */
function questions(root, asking, check, more, note) {
  const given = new Map(asking.map((question) => [question.id, []]));
  show(
    root,
    note && h("p", { class: "hint" }, note),
    asking.map((question, index) => asked(question, index, [], (answer) => given.set(question.id, answer))),
    actions(
      {
        label: "看看对了没有",
        run: async () => {
          const { items } = await check(Object.fromEntries(given));
          const left = items.filter((item) => item.left_notebook).length;
          show(
            root,
            h("p", { class: "said", role: "status" }, `${items.length} 题，对了 ${items.filter((item) => item.correct).length} 题。${left ? `${left} 题已离开错题本。` : ""}`),
            items.map(explained),
            more ? actions(more) : null,
          );
        },
      },
      more,
    ),
  );
}
