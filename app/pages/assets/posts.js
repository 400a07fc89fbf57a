// Posts: who holds which role where; appointed, ended, handed over with what is open.
import { actions, field, fold, h, options, part, show, tag, told } from "./dom.js";
import { ROLES, day, fromDay } from "./format.js";
import { admin } from "./staff.js";

export async function posts(area, said) {
  const [all, accounts, places] = await Promise.all([admin.all("/posts"), admin.all("/accounts"), admin.all("/organisations")]);
  const usable = accounts.filter((each) => !each.disabled_at);
  const again = (text) => posts(area, text);
  show(
    area,
    told(said),
    part(
      "职务",
      h("p", { class: "soft" }, "权限来自职务：在哪个组织任什么职，就只看得到那个组织和它的下级；到期或免职，下一次操作就没有了。"),
      h("ul", { class: "items" }, all.map((post) => row(post, usable, again))),
      fold("任职", appointing(usable, places, again)),
    ),
  );
}

function term(post) {
  return `${day(post.from_at)}起${post.until_at ? `，至 ${day(post.until_at)}` : "，不限期"}`;
}

function accountChoice(accounts) {
  return h("select", {}, options(accounts.map((each) => [each.id, `${each.name}（${each.login}）`])));
}

function row(post, accounts, again) {
  const open = h("div", { class: "work" });
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, `${post.account}　${ROLES[post.role]}`), post.acting ? tag("代理", "warn") : null),
    h("p", { class: "small soft" }, `${post.organisation} · ${term(post)}`),
    actions(
      { label: "交接", quiet: true, small: true, run: () => handing(post, accounts, open, again) },
      {
        label: "免职",
        quiet: true,
        small: true,
        confirm: `${post.account} 不再担任${post.organisation}的${ROLES[post.role]}，权限马上没有。手头没办完的事要有人接，请优先用“交接”。`,
        run: async () => {
          await admin.call("DELETE", `/posts/${post.id}`);
          await again(`已免职：${post.account}，${ROLES[post.role]}。`);
        },
      },
    ),
    open,
  );
}

function matters(items) {
  const some = items.filter((each) => each.count > 0);
  if (!some.length) return h("p", { class: "soft" }, "没有没办完的事。");
  return [
    h("p", {}, "接任的人会接到这些没办完的事："),
    h("ul", {}, some.map((each) => h("li", {}, `${each.label} ${each.count} 件${each.titles.length ? `：${each.titles.join("、")}` : ""}`))),
  ];
}

async function handing(post, accounts, place, again) {
  const { items } = await admin.call("GET", `/posts/${post.id}/open-matters`);
  const to = accountChoice(accounts.filter((each) => each.id !== post.account_id));
  const name = () => to.selectedOptions[0]?.textContent ?? "";
  show(
    place,
    matters(items),
    field("接任的账号", to),
    actions({
      label: "交给这个人",
      small: true,
      confirm: () => `${post.account} 的${ROLES[post.role]}（${post.organisation}）马上交给 ${name()}，权限同时转过去。`,
      run: async () => {
        await admin.call("POST", `/posts/${post.id}/handover`, { json: { to_account_id: Number(to.value) }, once: true });
        await again(`已交接：${post.organisation}${ROLES[post.role]}，现在是 ${name()}。`);
      },
    }),
  );
}

function appointing(accounts, places, again) {
  const account = accountChoice(accounts);
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  const role = h("select", {}, options(Object.entries(ROLES)));
  const acting = h("input", { type: "checkbox", id: "acting" });
  const until = h("input", { type: "date" });
  return [
    h("div", { class: "fields" }, field("账号", account), field("组织", place), field("职务", role), field("到哪天为止（含当天）", until, "代理必须填；不填就是不限期")),
    h("div", { class: "row" }, acting, h("label", { for: acting.id }, "代理（替别人临时担任）")),
    actions({
      label: "任职",
      run: async (tell) => {
        if (acting.checked && !until.value) return tell("warn", "代理要填写到哪天为止。");
        const json = { account_id: Number(account.value), organisation_id: Number(place.value), role: role.value, acting: acting.checked, until_at: until.value ? fromDay(until.value, 1) : null };
        const made = await admin.call("POST", "/posts", { json, once: true });
        await again(`已任职：${made.account}，${made.organisation}${ROLES[made.role]}。`);
        return undefined;
      },
    }),
  ];
}
