// How the questions of a quiz do in first attempts.
import { figures } from "./bank.js";
import { h, show } from "./dom.js";

export async function quizFigures(place, actor, issue) {
  const quiz = await actor.call("GET", `/desk/issues/${issue.id}/quiz`);
  const { items } = await actor.call("GET", `/desk/quizzes/${quiz.id}/statistics`);
  show(
    place,
    h("h4", {}, `${quiz.title}：每道题的答题情况`),
    h("p", { class: "small soft" }, "只算每人第一次答题，不显示是谁。"),
    items.length === 0 ? h("p", { class: "soft" }, "还没有人答题。") : h("ol", { class: "items" }, items.map((each) => h("li", { class: "item" }, h("strong", {}, each.question.stem), figures(each)))),
  );
}
