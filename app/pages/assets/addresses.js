// By which id a platform knows each member: one by one beside the person, or for all of them by a sheet.
import { actions, field, fileField, h, save } from "./dom.js";
import { ADAPTERS } from "./format.js";
import { admin } from "./staff.js";

/** The sheet of a channel: down, and filled in up again. */
export function addressSheet(channel) {
  const file = fileField("选择填好的表", ".xlsx");
  const upload = async (more, extra) => {
    const chosen = await file.read();
    if (!chosen) return null;
    const form = new FormData();
    form.append("file", chosen);
    return admin.call("POST", `/channels/${channel.id}/addresses/import${more}`, { form, ...extra });
  };
  return [
    h("p", { class: "small soft" }, "先下载表格，在“收件地址”一列填每个人在这个平台上的账号或邮箱，再上传。没填的行不变；有一行不对，就全都不导入。"),
    file.element,
    actions(
      {
        label: "下载表格",
        quiet: true,
        small: true,
        run: async () => {
          const { blob, name } = await admin.call("GET", `/channels/${channel.id}/addresses.xlsx`, { as: "file" });
          save(blob, name);
          return `已下载：${name}。下载已记入审计日志。`;
        },
      },
      {
        label: "检查",
        quiet: true,
        small: true,
        run: async (tell) => {
          const report = await upload("?dry_run=true");
          if (!report) return tell("warn", "请先选择文件。");
          const lines = report.rejected.map((each) => `第 ${each.line} 行：${each.detail}`);
          return lines.length ? tell("bad", `${lines.length} 行需要修改，${report.accepted} 行没有问题：`, lines) : `${report.accepted} 行都没有问题，可以导入。`;
        },
      },
      {
        label: "导入",
        small: true,
        run: async (tell) => {
          const report = await upload("", { once: true });
          return report ? `已登记 ${report.accepted} 人的收件地址。` : tell("warn", "请先选择文件。");
        },
      },
    ),
  ];
}

/** The addresses of one member, a line a channel; null where no channel needs any. */
export async function memberAddresses(actor, member, reread) {
  const { items } = await actor.call("GET", `/members/${member.id}/addresses`);
  return items.length === 0 ? null : items.map((each) => oneAddress(actor, member, each, reread));
}

function oneAddress(actor, member, each, reread) {
  const name = each.channel || ADAPTERS[each.adapter];
  const path = `/members/${member.id}/addresses/${each.channel_id}`;
  const address = h("input", { type: "text", maxlength: "128", autocomplete: "off" });
  return h(
    "div",
    { class: "item" },
    field(name, address, each.address_masked ? `现在是 ${each.address_masked}，只显示一部分；填新的就替换。` : "还没有登记。填本人在这个平台上的账号或邮箱。"),
    actions(
      {
        label: "保存",
        small: true,
        run: async () => {
          await actor.call("PUT", path, { json: { address: address.value.trim() } });
          await reread(`已登记：${member.name} 在“${name}”的收件地址。`);
        },
      },
      each.address_masked && {
        label: "删除",
        quiet: true,
        small: true,
        confirm: `“${name}”不再给 ${member.name} 发通知，改走其他渠道。`,
        run: async () => {
          await actor.call("DELETE", path);
          await reread(`已删除：${member.name} 在“${name}”的收件地址。`);
        },
      },
    ),
  );
}
