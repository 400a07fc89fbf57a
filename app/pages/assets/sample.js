// The lesson that the editor's form begins with: procedural, and its facts are in the article that it names.
export const LESSON = {
  title: "开好一次党小组会",
  summary: "会前、会中、会后各做哪几件事，一页纸讲清楚。",
  source: "《中国共产党支部工作条例（试行）》",
  article: "第十三条",
  source_url: "",
  markdown: `党小组会一般每月召开1次，组织党员参加政治学习、谈心谈话、开展批评和自我批评等。

## 会前

- 提前把时间、地点和议题告诉每位党员；
- 在外地的流动党员，同时发线上会议的链接。

## 会中

1. 清点到会人数；
2. 围绕议题学习、讨论；
3. 把大家的意见如实记下来。

## 会后

| 事项 | 谁来做 |
|---|---|
| 整理会议记录 | 党小组组长 |
| 向支部反映意见 | 党小组组长 |
| 没到会的同志补课 | 本人 |

> 条文以公布的原文为准。
`,
};
