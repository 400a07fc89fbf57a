// One question: how it is asked, answered and, afterwards, explained. Letters are those that the server shows.
import { h, show, tag } from "./dom.js";

const LETTERS = "ABCDEFGH";
export const KINDS = { single: "单选", multiple: "多选", true_false: "判断", fill_in: "填空", ordering: "排序" };

/** A question to answer; `save(given)` is called with each choice. `given` is the answer so far. */
export function asked(question, index, given, save) {
  const legend = h("legend", {}, `${index + 1}．${question.stem}（${KINDS[question.kind]}）`);
  if (question.kind === "fill_in") return h("fieldset", {}, legend, blank(index, given, save));
  if (question.kind === "ordering") return h("fieldset", {}, legend, ordering(question, given, save));
  return h("fieldset", {}, legend, choices(question, given, save));
}

function blank(index, given, save) {
  const input = h("input", { type: "text", maxlength: "200", "aria-label": `第 ${index + 1} 题的答案`, value: given[0] ?? "" });
  input.addEventListener("change", () => save(input.value.trim() ? [input.value.trim()] : []));
  return input;
}

function choices(question, given, save) {
  const type = question.kind === "multiple" ? "checkbox" : "radio";
  const inputs = question.options.map((_, place) =>
    h("input", { type, name: `question-${question.id}`, value: LETTERS[place], checked: given.includes(LETTERS[place]) }),
  );
  inputs.forEach((input) =>
    input.addEventListener("change", () => save(inputs.filter((each) => each.checked).map((each) => each.value))),
  );
  return question.options.map((option, place) => h("label", { class: "choice" }, inputs[place], h("span", {}, `${LETTERS[place]}．${option}`)));
}

/** A list whose items move up and down; it is an answer only once something was moved or confirmed. */
function ordering(question, given, save) {
  const order = given.length ? [...given] : [...LETTERS.slice(0, question.options.length)];
  const list = h("ol", { class: "ordering" });
  const hint = h("p", { class: "hint", role: "status" });
  const confirm = h("button", { type: "button", class: "quiet small", onclick: () => keep() }, "就是这个顺序");

  function keep() {
    save([...order]);
    confirm.hidden = true;
    hint.textContent = "已按这个顺序作答，还可以调整。";
  }

  function move(place, by) {
    [order[place], order[place + by]] = [order[place + by], order[place]];
    draw();
    keep();
    // The focus follows the item, unless it has come to the end of its way.
    const row = list.children[place + by];
    (row.querySelector(`[data-by="${by}"]:not(:disabled)`) ?? row.querySelector("button:not(:disabled)")).focus();
  }

  function button(place, by, label) {
    const text = question.options[LETTERS.indexOf(order[place])];
    const name = `${label}：${text}`;
    const end = by < 0 ? 0 : order.length - 1;
    return h("button", { type: "button", class: "quiet small", "data-by": by, "aria-label": name, disabled: place === end, onclick: () => move(place, by) }, label);
  }

  function draw() {
    show(list, order.map((letter, place) =>
      h("li", {}, h("span", {}, question.options[LETTERS.indexOf(letter)]), h("span", { class: "row" }, button(place, -1, "上移"), button(place, 1, "下移"))),
    ));
  }

  draw();
  confirm.hidden = given.length > 0;
  hint.textContent = given.length ? "已按这个顺序作答，还可以调整。" : "尚未作答：请用“上移”“下移”排好，从先到后。";
  return [list, h("div", { class: "row" }, confirm), hint];
}

function written(question, answer) {
  if (answer.length === 0) return "未作答";
  if (question.kind === "fill_in") return answer[0]; // of the texts that are taken, the first is how it is written
  const texts = answer.map((letter) => `${letter}．${question.options[LETTERS.indexOf(letter)] ?? ""}`);
  return texts.join(question.kind === "ordering" ? " → " : "；");
}

/** A question after it was answered; without its key where that may not be seen yet. */
export function explained(question, index) {
  const verdict = question.correct === null ? null : tag(question.correct ? "正确" : "不正确", question.correct ? "good" : "bad");
  return h(
    "div",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, `${index + 1}．${question.stem}`), verdict),
    h("p", {}, `您的答案：${written(question, question.your_answer)}`),
    question.correct === false ? h("p", {}, `参考答案：${written(question, question.answer)}`) : null,
    question.explanation && h("p", { class: "soft" }, `解析：${question.explanation}`),
    question.source && h("p", { class: "small soft" }, `出处：${question.source}`),
  );
}
