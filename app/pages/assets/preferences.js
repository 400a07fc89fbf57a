// What a member wants of notices: which kinds, by which way first, and when it is night.
import { actions, field, h, show } from "./dom.js";
import { ADAPTERS, MESSAGES } from "./format.js";
import { subscribe } from "./phones.js";

export async function preferences(me, phone) {
  const wanted = await me.call("GET", "/me/preferences");
  const boxes = wanted.switchable.map((kind) => ({ kind, box: h("input", { type: "checkbox", checked: !wanted.notices_off.includes(kind) }) }));
  const fixed = Object.keys(MESSAGES).filter((kind) => !wanted.switchable.includes(kind)).map((kind) => MESSAGES[kind]);
  const order = [...new Set([...wanted.channels, ...wanted.available.map((way) => way.adapter)])];
  const before = order.join();
  const from = h("input", { type: "time", min: "15:00", max: "23:59", value: wanted.quiet_from ?? "" });
  const until = h("input", { type: "time", min: "05:00", max: "12:00", value: wanted.quiet_until ?? "" });
  const ways = h("div");
  drawWays(ways, order, wanted.available);
  return [
    h("h4", {}, "通知设置"),
    h("fieldset", {}, h("legend", {}, "我要接收"), boxes.map(({ kind, box }) => h("label", { class: "choice" }, box, MESSAGES[kind] ?? kind))),
    h("p", { class: "small soft" }, `${fixed.join("、")}关系到您的党员权利，不能关闭。`),
    order.length > 0 && h("fieldset", {}, h("legend", {}, "先用哪种方式通知我"), ways),
    h(
      "fieldset",
      {},
      h("legend", {}, "晚上不打扰我"),
      h("div", { class: "fields" }, field("从", from), field("到第二天", until)),
      h("p", { class: "small soft" }, "不填就按党组织的设置。开始时间在 15:00 以后，结束时间在 5:00 至 12:00 之间。会议通知等不到那时的，按党组织的时间送。"),
    ),
    actions(
      {
        label: "保存",
        small: true,
        run: async () => {
          const kept = await me.call("PATCH", "/me/preferences", {
            json: {
              notices_off: boxes.filter(({ box }) => !box.checked).map(({ kind }) => kind),
              // Whoever has moved nothing keeps to what the organisation sets up.
              ...(order.join() === before ? {} : { channels: order }),
              quiet_from: from.value || null,
              quiet_until: until.value || null,
            },
          });
          return kept.notices_off.length ? `已保存：不再接收${kept.notices_off.map((kind) => MESSAGES[kind] ?? kind).join("、")}。` : "已保存：全部接收。";
        },
      },
      { label: "同意再接收一次微信通知", quiet: true, small: true, run: () => subscribe(me, phone) },
    ),
  ];
}

/** The ways in order, each with a button that takes it one place up; `order` is changed in place. */
function drawWays(place, order, available) {
  const names = Object.fromEntries(available.map((way) => [way.adapter, way.name]));
  // A gateway of one's own says nothing to a member; its name does.
  const called = (adapter) => (adapter !== "webhook" && ADAPTERS[adapter]) || names[adapter] || ADAPTERS[adapter] || adapter;
  const up = (at) => {
    order.splice(at - 1, 2, order[at], order[at - 1]);
    drawWays(place, order, available);
  };
  show(
    place,
    h("ol", { class: "items" }, order.map((adapter, at) =>
      h(
        "li",
        { class: "item split" },
        h("span", {}, `${at + 1}. ${called(adapter)}`),
        at > 0 && actions({ label: "提前", quiet: true, small: true, run: async () => up(at) }),
      ),
    )),
    h("p", { class: "small soft" }, order.length > 1 ? "前一种送不到时，自动换下一种。" : "党组织现在只开通了这一种。"),
  );
}
