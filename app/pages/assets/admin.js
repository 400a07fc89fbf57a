// Step 6: the administrator's lists, one at a time.
import { accounts } from "./accounts.js";
import { auditLog } from "./audit-log.js";
import { campaigns } from "./campaigns.js";
import { channels } from "./channels.js";
import { actions, done, h, show } from "./dom.js";
import { imports } from "./imports.js";
import { lists } from "./lists.js";
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
  ["发送", (area) => campaigns(area, admin)],
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
          await lists("管理员的各项", LISTS),
        );
        done(6);
      },
    }),
  );
}
