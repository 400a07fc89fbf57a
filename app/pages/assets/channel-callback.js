// How a platform calls us: the address to paste into its console, and the token and the key that are the same on both sides.
import { actions, field, fold, h, options, say } from "./dom.js";
import { time } from "./format.js";
import { admin } from "./staff.js";

const CALLED = new Set(["wechat_miniprogram", "wechat_service_account", "wecom"]);
const MODES = [["safe", "安全模式（推荐）"], ["compatible", "兼容模式"], ["plain", "明文模式"]];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Random letters and digits; 248 is the largest multiple of 62 in a byte, so that all are as likely. */
function letters(length) {
  const found = [];
  while (found.length < length) found.push(...[...crypto.getRandomValues(new Uint8Array(64))].filter((byte) => byte < 248));
  return found.slice(0, length).map((byte) => LETTERS[byte % 62]).join("");
}

function standing(channel) {
  if (!channel.has_callback) return h("p", { class: "soft" }, "还没有设置。设置后，平台会主动告诉本系统订阅、关注和成员变动等情况。");
  if (!channel.callback_checked_at) return h("p", { class: "said warn" }, "令牌已保存，但平台还没有调用过本系统。请把下面的地址和同样的令牌、密钥填到平台后台；在此之前，新的订阅不会计数。");
  return h("p", { class: "said good" }, `平台已于 ${time(channel.callback_checked_at)} 接通。`);
}

function address(channel) {
  if (!channel.callback_url) return h("p", { class: "said warn" }, "还没有设置本系统的公网地址（ZHIJIAN_PUBLIC_URL），请联系系统管理人员。");
  const shown = h("input", { type: "text", readonly: true, value: channel.callback_url, onfocus: () => shown.select() });
  return field("填到平台后台的地址（URL）", shown, "在平台后台的“消息推送”或“接收消息”中粘贴。");
}

function form(channel, again) {
  const wecom = channel.adapter === "wecom";
  const text = (more) => h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...more });
  const token = text({ maxlength: "32", pattern: "[A-Za-z0-9]{3,32}" });
  const key = text({ maxlength: "43", pattern: "[A-Za-z0-9]{43}" });
  const mode = h("select", {}, options(MODES, "safe"));
  const warning = h("p", {});
  const keyed = field("密钥（EncodingAESKey）", key, "43 位字母和数字，与平台后台一致。");
  const follow = () => {
    keyed.hidden = mode.value === "plain";
    say(warning, "warn", mode.value === "plain" ? "明文模式只核对地址，不核对内容：看到过一次完整网址的人就能伪造消息。请尽量使用安全模式。" : "");
    warning.hidden = mode.value !== "plain";
  };
  mode.addEventListener("change", follow);
  follow();
  return [
    field("令牌（Token）", token, "3 到 32 位字母和数字，与平台后台一致；建议点“随机生成”。保存后不再显示。"),
    keyed,
    !wecom && field("消息加解密方式", mode),
    warning,
    actions(
      {
        label: "随机生成",
        quiet: true,
        small: true,
        run: () => {
          [token.value, key.value] = [letters(32), letters(43)];
          return "已生成，请在保存前复制到平台后台，保存后不再显示。";
        },
      },
      {
        label: "保存",
        small: true,
        run: async () => {
          const json = { callback_token: token.value.trim(), callback_mode: wecom ? "safe" : mode.value };
          if (json.callback_mode !== "plain") json.callback_key = key.value.trim();
          await admin.call("PATCH", `/channels/${channel.id}`, { json });
          await again(channel, "回调已保存。请到平台后台填写同样的地址、令牌和密钥。");
        },
      },
      channel.has_callback && {
        label: "停用回调",
        quiet: true,
        small: true,
        confirm: "停用后，平台的调用一律不收，订阅改由手机上报。",
        run: async () => {
          await admin.call("PATCH", `/channels/${channel.id}`, { json: { callback_mode: "off" } });
          await again(channel, "回调已停用。");
        },
      },
    ),
  ];
}

/** The part of a channel's row; nothing where the platform does not call. */
export function callback(channel, again) {
  if (!CALLED.has(channel.adapter) || !channel.account) return null;
  return fold("平台回调", standing(channel), address(channel), form(channel, again));
}
