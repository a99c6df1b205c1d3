// Chinese for the editor's own words, where the community's list has none.
import community from "bpmn-js-i18n/translations/zn.js";

export const chinese = {
  ...community,
  "Align elements": "对齐元素", "Change element": "更改元素", "Change type": "更改类型", Create: "创建", "Delete item": "删除条目", "Create new list item": "新建条目",
  "Distribute elements horizontally": "水平分布元素", "Distribute elements vertically": "垂直分布元素", "Toggle section": "展开或收起",
  "Toggle list item": "展开或收起条目", "Section contains edits": "此部分有内容", "Section contains an error": "此部分有错误", "Toggle non-interrupting": "切换非中断",
  General: "常规", Documentation: "说明", "Element documentation": "元素说明", Name: "名称", ID: "标识", Executable: "可执行", "Version tag": "版本标签",
  "Process ID": "流程标识", "Process name": "流程名称", "Process documentation": "流程说明", "Participant ID": "参与者标识", "Participant Name": "参与者名称",
  Timer: "定时器", Type: "类型", Value: "值", Condition: "条件", "Condition Expression": "条件表达式", "Condition expression": "条件表达式",
  Message: "消息", "Global message reference": "消息", Signal: "信号", "Global signal reference": "信号", Error: "错误", "Global error reference": "错误",
  Escalation: "升级", "Global escalation reference": "升级", Link: "链接", Compensation: "补偿", Code: "代码", "Multi-instance": "多实例",
  "Loop cardinality": "循环次数", "Completion condition": "完成条件", "Wait for completion": "等待完成", "Activity reference": "活动", Format: "格式",
  "Create new ...": "新建……", "<none>": "<无>", Date: "日期", Duration: "时长", Cycle: "周期",
  "Select an element to edit its properties.": "请选择要编辑属性的元素。",
  "Multiple elements are selected. Select a single element to edit its properties.": "已选择多个元素。请只选择一个元素来编辑属性。",
  "Element must have an unique id.": "元素标识必须唯一。", "ID must be unique.": "标识必须唯一。", "ID must not be empty.": "标识不能为空。", "ID must not contain spaces.": "标识不能包含空格。",
  "ID must be a valid QName.": "标识只能包含字母、数字、下划线、连字符和点，且不能以数字开头。", "Must not be empty.": "不能为空。", "Must be unique.": "必须唯一。",
};
