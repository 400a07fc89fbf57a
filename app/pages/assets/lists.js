// Several lists in one place, one of them shown at a time.
import { h, say, show } from "./dom.js";

/** The names of the lists [label, list], the one that is shown marked, and its area; `first` is opened at once. */
export async function lists(label, all, first = true) {
  const area = h("div", { class: "work" });
  let turn = 0;
  const open = async (button, list) => {
    const mine = (turn += 1);
    buttons.forEach((each) => each.removeAttribute("aria-current"));
    button.setAttribute("aria-current", "true");
    // Each in a place of its own: what comes late does not stand in another list.
    const place = h("div", { class: "work" });
    try {
      await list(place);
    } catch (error) {
      say(place, "bad", error.detail ?? error.message);
    }
    if (mine === turn) show(area, place);
  };
  const buttons = all.map(([name, list]) => {
    const button = h("button", { type: "button", class: "quiet small" }, name);
    button.addEventListener("click", () => open(button, list));
    return button;
  });
  if (first) await open(buttons[0], all[0][1]);
  return h("div", { class: "work" }, h("nav", { class: "row lists", "aria-label": label }, buttons), area);
}
