// SPDX-License-Identifier: Apache-2.0

// The list of notes, the newest first. It knows each note's version, so that what comes late changes nothing.
import {listNotes} from "./api.js";

const element = (id) => document.getElementById(id);

export class NoteList {
  notes = new Map();
  gone = new Set();   // ids that are deleted: they are never used again
  next = undefined;   // where the next page begins
  selected = undefined;
  meanwhile = undefined;

  // onOpen(note): somebody wants to see it.
  constructor(onOpen) {
    this.onOpen = onOpen;
    element("notes").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) onOpen(this.notes.get(Number(button.dataset.id)));
    });
  }

  // Reads the first page anew; what was shown beyond it can be read again by loadMore. Changes that come meanwhile may be newer than
  // the page, so they are put on top of it.
  async reload() {
    this.gone.clear();
    this.meanwhile = [];
    const page = await listNotes();
    const meanwhile = this.meanwhile;
    this.meanwhile = undefined;
    this.notes.clear();
    this.take(page);
    for (const note of meanwhile ?? []) this.put(note);
  }
  async loadMore() {
    this.take(await listNotes(this.next));
  }
  take(page) {
    this.next = page.next;
    for (const note of page.notes) this.put(note, false);
    this.show();
  }

  // Whether this was news.
  put(note, show = true) {
    this.meanwhile?.push(note);
    if (this.gone.has(note.id) || (this.notes.get(note.id)?.version ?? 0) >= note.version) return false;
    this.notes.set(note.id, note);
    if (show) this.show();
    return true;
  }
  remove(note) {
    this.gone.add(note.id);
    this.notes.delete(note.id);
    this.show();
  }
  select(id) {
    this.selected = id;
    this.show();
  }

  // The buttons that are there already stay the same, so that the focus stays where it is.
  show() {
    const list = element("notes");
    const old = new Map([...list.children].map((item) => [Number(item.dataset.id), item]));
    const items = [...this.notes.values()].sort((a, b) => b.id - a.id).map((note) => this.itemOf(note, old.get(note.id)));
    items.forEach((item, place) => {
      if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
    });
    while (list.children.length > items.length) list.lastChild.remove();
    element("no-notes").hidden = items.length > 0;
    element("more").hidden = this.next === undefined;
  }
  itemOf(note, old) {
    const item = old ?? document.createElement("li");
    if (!old) {
      item.dataset.id = note.id;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.id = note.id;
      button.append(document.createElement("strong"), document.createElement("span"), document.createElement("time"));
      item.append(button);
    }
    const [title, text, time] = item.firstChild.children;
    title.textContent = note.title;
    text.textContent = note.text.slice(0, 80);
    time.dateTime = note.changed;
    time.textContent = new Date(note.changed).toLocaleString();
    item.firstChild.setAttribute("aria-current", String(note.id === this.selected));
    return item;
  }
}
