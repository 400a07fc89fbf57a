// Step 7: the latest messages, as the messages page shows them.
import { call } from "./api.js";
import { actions, done, h, show } from "./dom.js";
import { consoleCard } from "./inbox.js";

export function mount(root) {
  const list = h("div", { class: "list" });
  show(
    root,
    actions({
      label: "在这里看最近三条",
      quiet: true,
      run: async () => {
        const { items } = await call("GET", "/demonstration/messages.json?limit=3");
        show(list, items.length ? items.map((message) => consoleCard(message)) : h("p", { class: "soft" }, "还没有消息。"));
        done(7);
      },
    }),
    list,
  );
}
