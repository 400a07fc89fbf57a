// The guided demonstration: each step is a module that fills its own card.
import { mount as admin } from "./admin.js";
import { forgetAll } from "./api.js";
import { mount as editor } from "./editor.js";
import { mount as floating } from "./floating.js";
import { mount as leader } from "./leader.js";
import { mount as messages } from "./messages.js";
import { mount as read } from "./reading.js";
import { mount as reviewer } from "./reviewer.js";

const STEPS = { read, floating, editor, reviewer, leader, admin, messages };

function begin() {
  for (const work of document.querySelectorAll(".work[data-step]")) STEPS[work.dataset.step](work);
}

document.getElementById("forget").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  const count = await forgetAll();
  begin();
  button.textContent = count ? "已全部退出" : "本来就没有登录";
  button.disabled = false;
});

begin();
