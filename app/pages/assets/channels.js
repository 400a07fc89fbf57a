// Channels: which of them are in use.
import { actions, h, part, show, tag, told } from "./dom.js";
import { ADAPTERS, time } from "./format.js";
import { admin } from "./staff.js";

export async function channels(area, said) {
  const all = await admin.all("/channels");
  const again = (channel, text) => channels(area, { [channel.id]: text });
  show(
    area,
    part(
      "渠道",
      h("p", { class: "soft" }, "密钥只能更换，不能读出。停用渠道后，消息改走其他渠道。"),
      h("ul", { class: "items" }, all.map((channel) => row(channel, all, said?.[channel.id], again))),
    ),
  );
}

function row(channel, all, said, again) {
  const about = [ADAPTERS[channel.adapter] ?? channel.adapter, channel.account && `AppID ${channel.account}`, channel.has_secret && "密钥已设置"];
  const others = all.filter((each) => each.enabled && each.id !== channel.id).map((each) => each.name);
  const instead = others.length ? `消息改走：${others.join("、")}。` : "没有其他渠道，党员将收不到任何消息。";
  const wechat = channel.adapter === "wechat_miniprogram" ? "党员也不能再用这个小程序登录。" : "";
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, channel.name), channel.enabled ? tag("使用中", "good") : tag("已停用", "warn")),
    h("p", { class: "small soft" }, about.filter(Boolean).join(" · ")),
    channel.stopped_reason && h("p", { class: "said bad" }, `已自动停下：${channel.stopped_reason}`),
    channel.rests_until &&
      new Date(channel.rests_until) > new Date() &&
      h("p", { class: "said" }, `平台当日额度已用完，消息将在 ${time(channel.rests_until)} 后继续发送；如已提高额度，修改渠道即可马上继续。`),
    told(said),
    actions({
      label: channel.enabled ? "停用" : "启用",
      quiet: true,
      small: true,
      confirm: channel.enabled ? `${channel.name} 马上停用。${instead}${wechat}` : null,
      run: async () => {
        await admin.call("PATCH", `/channels/${channel.id}`, { json: { enabled: !channel.enabled } });
        await again(channel, `已${channel.enabled ? "停用" : "启用"}：${channel.name}`);
      },
    }),
  );
}
