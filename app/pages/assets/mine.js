// What a member has in hand about themselves: who sees them, what they are told, what they agreed to, and leaving.
import { ask, bind, enter } from "./consent.js";
import { actions, h, part, show, tag } from "./dom.js";
import { ROLES, day, time } from "./format.js";
import { ownNotices } from "./my-notices.js";
import { ownNotes } from "./notes.js";
import { preferences } from "./preferences.js";
import { record } from "./record.js";
import { openLesson } from "./study.js";

/** `home(said)` shows the member's first page again. */
export function minePart(root, me, phone, who, home, reader) {
  const place = h("div", { class: "work" });
  const open = (label, build) => ({ label, quiet: true, small: true, run: async () => show(place, await build()) });
  return part(
    "我的",
    actions(
      open("我的记录", () => record(me)),
      open("我的收藏", () => favourites(me, reader)),
      open("我的心得", () => ownNotes(me)),
      open("谁能看到我的信息", () => viewers(me)),
      open("我收到的通知", () => ownNotices(me)),
      open("通知设置", () => preferences(me, phone)),
      open("我同意过的告知书", () => consents(root, me, phone, home)),
      who.members.length > 1 && open("换一位党员", () => switching(me, who, home)),
      { label: "再绑一位家人", quiet: true, small: true, run: () => bind(root, me, phone, home, "", true) },
      open("解除绑定", () => leaving(root, me, phone, who, home)),
    ),
    place,
  );
}

async function favourites(me, reader) {
  const items = await me.all("/me/favourites");
  return [
    h("h4", {}, "我的收藏"),
    items.length === 0 && h("p", { class: "soft" }, "还没有收藏。打开一篇资料，点“☆ 收藏”。"),
    items.map((each) => h("div", { class: "item" }, h("strong", {}, each.title), each.summary && h("p", { class: "small soft" }, each.summary), actions(openLesson(me, reader, each, "打开")))),
  ];
}

async function viewers(me) {
  const { items } = await me.call("GET", "/me/viewers?limit=200");
  return [
    h("h4", {}, "谁能看到我的信息"),
    h("p", { class: "small soft" }, "按职务自动算出，职务一变，这里也变。"),
    items.length === 0 && h("p", {}, "现在没有人能看到。"),
    h("ul", { class: "items" }, items.map((each) =>
      h(
        "li",
        { class: "item" },
        h("div", { class: "split" }, h("strong", {}, each.account), tag(`${ROLES[each.role] ?? each.role}${each.acting ? "（代理）" : ""}`)),
        h("p", { class: "small" }, each.why),
        each.until_at && h("p", { class: "small soft" }, `到 ${day(each.until_at)}`),
      ),
    )),
  ];
}

async function consents(root, me, phone, home) {
  const { items } = await me.call("GET", "/me/consents?limit=200");
  return [
    h("h4", {}, "我同意过的告知书"),
    h("ul", {}, items.map((each) => h("li", {}, `${time(each.at)}：${each.accepted ? "同意" : "不同意"}（${each.version.startsWith("shipped") ? "产品自带的告知书" : "党组织发布的告知书"}）`))),
    actions({ label: "再看告知书，或收回同意", quiet: true, small: true, run: () => ask(root, me, phone, home, { taken: true }) }),
  ];
}

async function switching(me, who, home) {
  return [
    h("h4", {}, "这部手机上的党员"),
    actions(
      ...who.members.map((each) => ({
        label: each.member_id === who.member_id ? `${each.name}（现在）` : `换成 ${each.name}`,
        quiet: true,
        small: true,
        disabled: each.member_id === who.member_id,
        run: async () => {
          await me.call("PUT", "/sessions/current/member", { json: { member_id: each.member_id } });
          await home(`已换成 ${each.name}，${each.organisation}。`);
        },
      })),
    ),
  ];
}

async function leaving(root, me, phone, who, home) {
  return [
    h("h4", {}, "解除绑定"),
    h("p", {}, "换手机、换微信或绑错了人时用。学习记录不会丢；再绑定要用支部书记发的绑定单，或微信手机号。"),
    actions({
      label: `解除 ${who.name} 与这个微信的绑定`,
      quiet: true,
      small: true,
      confirm: `${who.name} 在这部手机上马上退出，不再收到微信通知。`,
      run: async () => {
        await me.call("DELETE", "/me/binding");
        await enter(root, me, phone, home, "已解除绑定。");
      },
    }),
  ];
}
