// SPDX-License-Identifier: Apache-2.0

// The chat, over a WebSocket. Unlike an EventSource, one that has ended does not connect again by itself.
const element = (id) => document.getElementById(id);
const shown = 100;  // lines that are kept
let socket;

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/chat`);
  socket.onopen = () => { element("chat-send").disabled = false; };
  socket.onmessage = (event) => {
    const line = document.createElement("li");
    line.textContent = event.data;
    element("chat-lines").append(line);
    while (element("chat-lines").children.length > shown) element("chat-lines").firstChild.remove();
    line.scrollIntoView({block: "nearest"});
  };
  socket.onclose = () => {
    element("chat-send").disabled = true;
    setTimeout(connect, 1000 + 2000 * Math.random());
  };
}

element("chat").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("chat-text").value.trim();
  if (text === "" || socket.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  element("chat-text").value = "";
});

connect();
