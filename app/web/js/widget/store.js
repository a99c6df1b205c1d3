// What a browser keeps of its chat, for all pages and tabs of the host: the token, and lines that are not sent yet.
export function openStore(key) {
  const name = `ringback-chat-${key}`;
  let own = {};
  const load = () => {
    try {
      own = JSON.parse(localStorage.getItem(name)) ?? {};
    } catch { /* a browser that keeps nothing: the chat lasts as long as this page */ }
    return own;
  };
  return {
    load,
    keep: (values) => {
      own = { ...load(), ...values };
      try {
        localStorage.setItem(name, JSON.stringify(own));
      } catch { /* as above */ }
    },
    // Another tab has begun, gone on or ended.
    onChange: (heard) => addEventListener("storage", (event) => event.key === name && heard(load())),
  };
}

export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
