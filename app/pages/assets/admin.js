// Step 6: the administrator's lists, and two small changes that can be undone.
import { action, actor, detail, object } from "./audit.js";
import { actions, done, field, h, options, part, show, table, tag } from "./dom.js";
import { ADAPTERS, KINDS, ROLES, SCHEDULES, day, shortTime, time } from "./format.js";
import { imports } from "./imports.js";
import { people } from "./people.js";
import { settings } from "./settings.js";
import { admin } from "./staff.js";

const LISTS = [
  ["组织", organisations],
  ["名册导入", imports],
  ["找人", (area) => people(area, admin)],
  ["设置", settings],
  ["职务", posts],
  ["渠道", channels],
  ["定时", schedules],
  ["审计日志", audit],
];

export function mount(root) {
  show(
    root,
    actions({
      label: "以管理员身份登录",
      run: async () => {
        const session = await admin.open();
        const area = h("div", { class: "work" });
        show(
          root,
          h("p", { class: "said good" }, `已登录：${session.name}，${session.posts.map((post) => post.organisation).join("、")}`),
          actions(...LISTS.map(([label, list]) => ({ label, quiet: true, run: () => list(area, null) }))),
          area,
        );
        await organisations(area);
        done(6);
      },
    }),
  );
}

/** What came of a change, above the list that it is read again for. */
function told(said) {
  return said && h("p", { class: "said good", role: "status" }, said);
}

function inTreeOrder(all) {
  const reached = new Set(all.map((each) => each.id));
  const walk = (each) => [each, ...all.filter((other) => other.parent_id === each.id).flatMap(walk)];
  return all.filter((each) => !reached.has(each.parent_id)).flatMap(walk);
}

async function organisations(area, said) {
  const all = await admin.all("/organisations");
  const sorted = inTreeOrder(all);
  const top = Math.min(...all.map((each) => each.path.split("/").length));
  const depth = (each) => each.path.split("/").length - top;
  const parent = h("select", {}, options(all.filter((each) => each.kind !== "group" && each.kind !== "branch").map((each) => [each.id, each.name])));
  const name = h("input", { type: "text", maxlength: "100", value: "演示新建党支部" });
  show(
    area,
    told(said),
    part(
      "组织",
      h("ul", { class: "tree" }, sorted.map((each) => h("li", { class: `depth-${Math.min(depth(each), 4)}` }, each.name, " ", tag(KINDS[each.kind])))),
    ),
    part(
      "新建一个党支部",
      h("div", { class: "fields" }, field("上级", parent), field("名称", name)),
      actions({
        label: "新建",
        run: async () => {
          const made = await admin.call("POST", "/organisations", { json: { parent_id: Number(parent.value), name: name.value, kind: "branch" }, once: true });
          await organisations(area, `已新建：${made.name}`);
        },
      }),
    ),
  );
}

async function posts(area) {
  const all = await admin.all("/posts");
  show(
    area,
    part(
      "职务",
      h("p", { class: "soft" }, "权限来自职务：在哪个组织任什么职，就只看得到那个组织和它的下级；到期或免职，下一次操作就没有了。"),
      table("在任职务", [
        ["姓名", (post) => post.account],
        ["职务", (post) => [ROLES[post.role], post.acting && tag("代理", "warn")]],
        ["组织", (post) => post.organisation],
        ["任期", (post) => `${day(post.from_at)}起${post.until_at ? `，至 ${day(post.until_at)}` : "，不限期"}`],
      ], all),
    ),
  );
}

async function channels(area, said) {
  const all = await admin.all("/channels");
  show(
    area,
    told(said),
    part(
      "渠道",
      h("p", { class: "soft" }, "密钥只能更换，不能读出。停用渠道后，消息改走其他渠道。"),
      h("ul", { class: "items" }, all.map((channel) =>
        h(
          "li",
          { class: "item" },
          h("div", { class: "split" }, h("strong", {}, channel.name), channel.enabled ? tag("使用中", "good") : tag("已停用", "warn")),
          h("p", { class: "small soft" }, [ADAPTERS[channel.adapter] ?? channel.adapter, channel.account && `AppID ${channel.account}`, channel.has_secret && "密钥已设置"].filter(Boolean).join(" · ")),
          channel.stopped_reason && h("p", { class: "said bad" }, `已自动停下：${channel.stopped_reason}`),
          actions({
            label: channel.enabled ? "停用" : "启用",
            quiet: true,
            small: true,
            run: async () => {
              await admin.call("PATCH", `/channels/${channel.id}`, { json: { enabled: !channel.enabled } });
              await channels(area, `已${channel.enabled ? "停用" : "启用"}：${channel.name}`);
            },
          }),
        ),
      )),
    ),
  );
}

function rhythm(schedule) {
  if (!schedule.cron) return time(schedule.once_at);
  return `定期 ${schedule.cron}${schedule.next_due_at ? ` · 下次 ${time(schedule.next_due_at)}` : ""}`;
}

async function schedules(area, said) {
  const [all, places] = await Promise.all([admin.all("/schedules"), admin.all("/organisations")]);
  const names = new Map(places.map((each) => [each.id, each.name]));
  const latest = [...all].sort((one, other) => other.id - one.id).slice(0, 15);
  const top = (await admin.open()).posts[0];
  show(
    area,
    told(said),
    part(
      "定时",
      h("ul", { class: "items" }, latest.map((schedule) =>
        h(
          "li",
          { class: "item" },
          h("div", { class: "split" }, h("strong", {}, SCHEDULES[schedule.kind] ?? schedule.kind), tag(schedule.next_due_at ? (schedule.enabled ? "等待中" : "已关闭") : "已完成", schedule.next_due_at && schedule.enabled ? "warn" : "")),
          h("p", { class: "small soft" }, `${names.get(schedule.organisation_id) ?? ""} · ${rhythm(schedule)}`),
          schedule.next_due_at &&
            actions({
              label: schedule.enabled ? "关闭" : "打开",
              quiet: true,
              small: true,
              run: async () => {
                await admin.call("PATCH", `/schedules/${schedule.id}`, { json: { enabled: !schedule.enabled } });
                await schedules(area, schedule.enabled ? "已关闭" : "已打开");
              },
            }),
        ),
      )),
      actions({
        label: "新建：每周五 15:00 提醒未完成的人",
        quiet: true,
        run: async () => {
          const json = { organisation_id: top.organisation_id, kind: "unfinished_reminder", cron: "0 15 * * fri" };
          const made = await admin.call("POST", "/schedules", { json, once: true });
          await schedules(area, `已新建，下次 ${time(made.next_due_at)}`);
        },
      }),
    ),
  );
}

async function audit(area) {
  const [page, accounts] = await Promise.all([admin.call("GET", "/audit?limit=30"), admin.all("/accounts")]);
  const names = new Map(accounts.map((account) => [account.id, account.name]));
  show(
    area,
    part(
      "审计日志",
      table("最近 30 条，新的在前", [
        ["动作", (entry) => action(entry)],
        ["时间", (entry) => shortTime(entry.at)],
        ["谁", (entry) => actor(entry, names)],
        ["对象", (entry) => object(entry)],
        ["内容", (entry) => detail(entry)],
      ], page.items, "compact"),
    ),
  );
}
