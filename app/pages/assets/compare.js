// What changed between two texts, line by line.
import { h } from "./dom.js";

// Beyond this the table of the comparison would be too large: all old lines, then all new ones.
const MOST = 4_000_000;

/** [[sign, line]] from one text to another: "-" is gone, "+" is new, " " is as it was (longest common subsequence). */
function compared(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  if (old.length * now.length > MOST) return [...old.map((line) => ["-", line]), ...now.map((line) => ["+", line])];
  const length = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      length[i][j] = old[i] === now[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      found.push([" ", old[i]]);
      [i, j] = [i + 1, j + 1];
    } else if (j === now.length || (i < old.length && length[i + 1][j] >= length[i][j + 1])) {
      found.push(["-", old[i]]);
      i += 1;
    } else {
      found.push(["+", now[j]]);
      j += 1;
    }
  }
  return found;
}

const NAMES = { "-": "删去：", "+": "新增：", " ": "" };

/** The lines that changed, each with its neighbours; the rest is left out. */
export function difference(before, after) {
  const lines = compared(before, after);
  const near = (at) => lines.slice(Math.max(0, at - 1), at + 2).some(([sign]) => sign !== " ");
  if (lines.every(([sign]) => sign === " ")) return h("p", { class: "soft" }, "文字没有不同。");
  const kinds = { "-": "gone", "+": "new", " ": "" };
  const shown = lines.map(([sign, line], at) => near(at) && h("li", { class: kinds[sign] }, h("span", { class: "unseen" }, NAMES[sign]), line || "（空行）"));
  return h("ul", { class: "difference" }, shown);
}
