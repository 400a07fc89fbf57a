// Messages as cards: those of the console channel, and those that the fake WeChat took.
import { h, safeLink, tag } from "./dom.js";
import { MESSAGES, shortTime } from "./format.js";

const VALUES = { title: "主题", time: "时间", organisation: "组织", note: "提示" };

function head(name, organisation, at) {
  return h(
    "header",
    {},
    h("span", {}, h("strong", {}, name ?? "（已删除的人员）"), organisation ? ` ${organisation}` : ""),
    h("time", { datetime: at }, shortTime(at)),
  );
}

export function consoleCard(message, fresh = false) {
  const address = /^https?:/i.test(message.link);
  return h(
    "article",
    { class: fresh ? "message fresh" : "message" },
    head(message.member, message.organisation, message.at),
    h("h3", {}, message.title),
    h("p", { class: "body" }, message.body),
    message.link ? h("p", { class: "body" }, address ? safeLink(message.link, "打开参加链接") : message.link) : null,
    h("div", { class: "row" }, tag(MESSAGES[message.kind] ?? message.kind), message.times > 1 ? tag(`第 ${message.times} 次`, "warn") : null),
  );
}

export function wechatCard(message) {
  const title = message.fields.find((each) => each.value === "title");
  const order = Object.keys(VALUES);
  const rest = message.fields.filter((each) => each !== title).sort((one, other) => order.indexOf(one.value) - order.indexOf(other.value));
  return h(
    "article",
    { class: "message" },
    head(message.member ?? message.phone, message.organisation, message.at),
    h("h3", {}, title ? title.text : "订阅消息"),
    h("dl", {}, rest.map((each) => h("div", {}, h("dt", {}, VALUES[each.value] ?? each.value), h("dd", {}, each.text)))),
    h("div", { class: "row" }, tag(`微信 ${message.phone}`), message.page ? h("span", { class: "small soft" }, `打开：${message.page}`) : null),
  );
}
