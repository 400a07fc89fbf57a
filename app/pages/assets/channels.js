// Channels: which of them are in use, how they are set up, and how notices look there.
import { addressSheet } from "./addresses.js";
import { callback } from "./channel-callback.js";
import { adding, changing } from "./channel-form.js";
import { actions, fold, h, part, show, tag, told } from "./dom.js";
import { TEMPLATES, time } from "./format.js";
import { admin } from "./staff.js";

const TONES = { accepted: "good", refused: "bad", away: "warn", not_checked: "" };

export async function channels(area, said) {
  const [all, kinds, places] = await Promise.all([admin.all("/channels"), admin.call("GET", "/channel-kinds"), admin.all("/organisations")]);
  const again = (channel, text) => channels(area, { [channel.id]: text });
  show(
    area,
    part(
      "渠道",
      h("p", { class: "soft" }, "密钥只能更换，不能读出。停用渠道后，消息改走其他渠道。"),
      h("ul", { class: "items" }, all.map((channel) => row(channel, all, kinds.items, said?.[channel.id], again))),
      fold("新建一个渠道", adding(kinds.items, places, again)),
    ),
  );
}

function standing(channel) {
  if (!channel.enabled) return ["已停用", "warn"];
  return channel.stopped_reason ? ["已自动停下", "bad"] : ["使用中", "good"];
}

function row(channel, all, kinds, said, again) {
  const kind = kinds.find((each) => each.adapter === channel.adapter) ?? { ...kinds[0], adapter: channel.adapter, label: channel.adapter, addresses: false };
  const about = [kind.label, channel.account && `${kind.account ?? "账号"} ${channel.account}`, channel.has_secret && "密钥已设置"];
  const others = all.filter((each) => each.enabled && each.id !== channel.id).map((each) => each.name);
  const instead = others.length ? `消息改走：${others.join("、")}。` : "没有其他渠道，党员将收不到任何消息。";
  const wechat = channel.adapter === "wechat_miniprogram" ? "党员也不能再用这个小程序登录。" : "";
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, channel.name), tag(...standing(channel))),
    h("p", { class: "small soft" }, about.filter(Boolean).join(" · ")),
    channel.stopped_reason && h("p", { class: "said bad" }, `已自动停下：${channel.stopped_reason}。处理好后，请在“修改设置”中保存一次，会接着发送积下的消息。`),
    channel.rests_until &&
      new Date(channel.rests_until) > new Date() &&
      h("p", { class: "said" }, `平台当日额度已用完，消息将在 ${time(channel.rests_until)} 后继续发送；如已提高额度，修改渠道即可马上继续。`),
    told(said),
    actions(
      {
        label: channel.enabled ? "停用" : "启用",
        quiet: true,
        small: true,
        confirm: channel.enabled ? `${channel.name} 马上停用。${instead}${wechat}` : null,
        run: async () => {
          await admin.call("PATCH", `/channels/${channel.id}`, { json: { enabled: !channel.enabled } });
          await again(channel, `已${channel.enabled ? "停用" : "启用"}：${channel.name}`);
        },
      },
      channel.has_secret && {
        label: "检查账号",
        quiet: true,
        small: true,
        run: async (tell) => {
          const found = await admin.call("POST", `/channels/${channel.id}/check`);
          tell(TONES[found.result], found.detail);
        },
      },
    ),
    kind.addresses && fold("收件地址", addressSheet(channel)),
    fold("修改设置", changing(channel, kind, again)),
    callback(channel, again),
    looks(channel),
  );
}

/** How an example of each kind of notice looks, read when it is opened. */
function looks(channel) {
  const place = h("div", { class: "work" });
  return fold(
    "看看发出去的样子",
    h("p", { class: "hint" }, "用一段示例文字，按平台的长度限制显示；标“已截短”的，发出时也会这样截短。"),
    actions({
      label: "显示样子",
      quiet: true,
      small: true,
      run: async () => {
        const shown = await admin.call("GET", `/channels/${channel.id}/preview`);
        show(place, h("ul", { class: "items" }, shown.items.map(look)));
      },
    }),
    place,
  );
}

function look(notice) {
  return h(
    "li",
    { class: "item" },
    h("strong", {}, TEMPLATES[notice.kind] ?? notice.kind),
    notice.problem && h("p", { class: "soft" }, notice.problem),
    notice.parts.map((each) => h("p", { class: "lines" }, h("span", { class: "soft" }, `${each.label}：`), each.text, each.cut && [" ", tag("已截短", "warn")])),
  );
}
