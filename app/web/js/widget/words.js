// The widget's own words: small enough to travel with it, so that no second request is needed.
const EN = {
  open: "Chat with us", close: "Close the chat", title: "Chat", hello: "Hello! How can we help?", away: "Nobody is here right now. Leave us a message and we will answer by mail.",
  write: "Write a message", send: "Send", attach: "Send a file", emoji: "Insert an emoji", start: "Start chat", leave: "Leave a message", name: "Your name",
  email: "Your mail address", topic: "What is it about?", message: "Message", choose: "Please choose", need: "(needed)", typing: "{name} is typing …", somebody: "Somebody",
  sent: "sent", waiting: "not sent yet", failed: "Not sent. Try again", got: "delivered", read: "read", lost: "No connection. Trying again …", back: "Connected again",
  end: "End chat", really: "End this chat?", yes: "Yes, end it", no: "No, go on", over: "This chat is over.", again: "Start a new chat", rate: "How was it?", stars: "{n} of 5",
  say: "Would you like to add something?", thanks: "Thank you!", mail: "Send me this chat by mail", mailed: "It is on its way.", you: "You", desk: "Service", fresh: "{n} new",
  left: "Thank you. We have your message and will answer by mail.", big: "{name} is too large. {size} MB is the limit.", kind: "{name}: files of this kind cannot be sent.",
  refused: "This could not be sent: {why}", slow: "That was very fast. Wait a moment and try again.", signed: "Sign in on this site first, then chat.", place: "You are number {n} in line.",
  wait: "About {n} min to wait.", joined: "{name} has joined", file: "File", more: "More", today: "Today",
};
const ZH = {
  open: "在线咨询", close: "关闭聊天窗口", title: "在线客服", hello: "您好！请问有什么可以帮您？", away: "客服目前不在线。请留言，我们会通过邮件回复您。",
  write: "请输入消息", send: "发送", attach: "发送文件", emoji: "插入表情", start: "开始咨询", leave: "提交留言", name: "您的称呼",
  email: "您的邮箱", topic: "咨询主题", message: "留言内容", choose: "请选择", need: "（必填）", typing: "{name}正在输入…", somebody: "客服",
  sent: "已发送", waiting: "尚未发送", failed: "发送失败，点此重试", got: "已送达", read: "已读", lost: "连接已断开，正在重连…", back: "已重新连接",
  end: "结束对话", really: "确定结束本次对话吗？", yes: "结束", no: "继续咨询", over: "本次对话已结束。", again: "发起新的对话", rate: "请对本次服务进行评价", stars: "{n} 分（满分 5 分）",
  say: "还有什么想说的吗？", thanks: "感谢您的评价！", mail: "将聊天记录发送到我的邮箱", mailed: "邮件已发出，请留意查收。", you: "我", desk: "客服", fresh: "{n} 条新消息",
  left: "感谢您的留言，我们会尽快通过邮件回复您。", big: "{name} 过大，上限为 {size} MB。", kind: "{name}：不支持发送此类文件。",
  refused: "未能发送：{why}", slow: "操作过于频繁，请稍后再试。", signed: "请先登录本网站，再发起咨询。", place: "您前面还有人，当前排在第 {n} 位。",
  wait: "预计等待约 {n} 分钟。", joined: "{name} 已为您服务", file: "文件", more: "更多", today: "今天",
};
const AR = {
  open: "تحدث معنا", close: "إغلاق المحادثة", title: "محادثة", hello: "مرحبًا! كيف يمكننا مساعدتك؟", away: "لا يوجد أحد الآن. اترك لنا رسالة وسنرد عليك بالبريد الإلكتروني.",
  write: "اكتب رسالة", send: "إرسال", attach: "إرسال ملف", emoji: "إدراج رمز تعبيري", start: "ابدأ المحادثة", leave: "اترك رسالة", name: "اسمك",
  email: "بريدك الإلكتروني", topic: "ما الموضوع؟", message: "الرسالة", choose: "اختر من فضلك", need: "(مطلوب)", typing: "{name} يكتب …", somebody: "الموظف",
  sent: "أُرسلت", waiting: "لم تُرسل بعد", failed: "لم تُرسل. أعد المحاولة", got: "وصلت", read: "قُرئت", lost: "انقطع الاتصال. جارٍ إعادة المحاولة …", back: "عاد الاتصال",
  end: "إنهاء المحادثة", really: "هل تريد إنهاء هذه المحادثة؟", yes: "نعم، أنهِها", no: "لا، تابع", over: "انتهت هذه المحادثة.", again: "ابدأ محادثة جديدة", rate: "كيف كانت الخدمة؟", stars: "{n} من 5",
  say: "هل تود إضافة شيء؟", thanks: "شكرًا لك!", mail: "أرسل لي هذه المحادثة بالبريد", mailed: "هي في الطريق إليك.", you: "أنت", desk: "الخدمة", fresh: "{n} جديدة",
  left: "شكرًا لك. وصلتنا رسالتك وسنرد بالبريد الإلكتروني.", big: "{name} كبير جدًا. الحد هو {size} ميغابايت.", kind: "{name}: لا يمكن إرسال هذا النوع من الملفات.",
  refused: "تعذّر الإرسال: {why}", slow: "كان ذلك سريعًا جدًا. انتظر قليلًا ثم حاول مجددًا.", signed: "سجّل الدخول في هذا الموقع أولًا ثم تحدث معنا.", place: "ترتيبك في الانتظار {n}.",
  wait: "الانتظار نحو {n} دقيقة.", joined: "انضم {name}", file: "ملف", more: "المزيد", today: "اليوم",
};
const ALL = { en: EN, zh: ZH, ar: AR };
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

// The widget's own choice, else the host page's language, else the browser's.
export function speak(wanted) {
  const tags = [wanted === "auto" ? "" : wanted, wanted === "auto" ? document.documentElement.lang : "", ...navigator.languages];
  const tag = tags.find((each) => each && ALL[each.toLowerCase().split("-")[0]]) ?? "en";
  const language = tag.toLowerCase().split("-")[0];
  const words = ALL[language];
  return {
    language: tags.find(Boolean) ?? "en", lang: tag, dir: RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr",
    say: (key, values = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (_gap, name) => values[name] ?? ""),
  };
}
