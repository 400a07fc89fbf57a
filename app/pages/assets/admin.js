// Step 6: the administrator's lists, one at a time.
import { accounts } from "./accounts.js";
import { auditLog } from "./audit-log.js";
import { channels } from "./channels.js";
import { actions, done, h, say, show } from "./dom.js";
import { imports } from "./imports.js";
import { notices } from "./notices.js";
import { organisations } from "./organisations.js";
import { people } from "./people.js";
import { posts } from "./posts.js";
import { practice } from "./practice.js";
import { schedules } from "./schedules.js";
import { settings } from "./settings.js";
import { admin } from "./staff.js";
import { wordList } from "./word-list.js";

const LISTS = [
  ["组织", organisations],
  ["名册导入", imports],
  ["找人", (area) => people(area, admin)],
  ["账号", accounts],
  ["职务", posts],
  ["告知书", notices],
  ["设置", settings],
  ["词表", wordList],
  ["渠道", channels],
  ["定时", schedules],
  ["演练", practice],
  ["审计日志", auditLog],
];

export function mount(root) {
  show(
    root,
    actions({
      label: "以管理员身份登录",
      run: async () => {
        const session = await admin.open();
        show(
          root,
          h("p", { class: "said good" }, `已登录：${session.name}，${session.posts.map((post) => post.organisation).join("、")}`),
          await lists(),
        );
        done(6);
      },
    }),
  );
}

/** The names of the lists, the one that is shown marked, and its area. */
async function lists() {
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
  const buttons = LISTS.map(([label, list]) => {
    const button = h("button", { type: "button", class: "quiet small" }, label);
    button.addEventListener("click", () => open(button, list));
    return button;
  });
  await open(buttons[0], LISTS[0][1]);
  return h("div", { class: "work" }, h("nav", { class: "row lists", "aria-label": "管理员的各项" }, buttons), area);
}
