// SPDX-License-Identifier: Apache-2.0

// The page: a list of notes that is always up to date, and a form for one of them.
import * as api from "./api.js";
import {NoteList} from "./list.js";

const element = (id) => document.getElementById(id);
const fields = {title: element("title"), text: element("text")};
const list = new NoteList(open);
let note = undefined;  // the one in the form, as it was when it was read; undefined: a new one

function say(text) {
  element("message").textContent = text;
  element("message").hidden = text === "";
}

function showErrors(wrong) {
  for (const [name, field] of Object.entries(fields)) {
    const text = wrong[name] ?? "";
    field.setAttribute("aria-invalid", String(text !== ""));
    element(`${name}-error`).textContent = text === "" ? "" : `The ${name} ${text}.`;
    element(`${name}-error`).hidden = text === "";
  }
  fields[Object.keys(wrong)[0]]?.focus();
}

function draft() {
  return {title: fields.title.value, text: fields.text.value};
}

function isChanged() {
  return fields.title.value !== (note?.title ?? "") || fields.text.value !== (note?.text ?? "");
}

// Puts a note into the form, or nothing for a new one.
function fill(next) {
  note = next;
  fields.title.value = note?.title ?? "";
  fields.text.value = note?.text ?? "";
  element("form-title").textContent = note ? `Note ${note.id}` : "New note";
  element("delete").hidden = !note;
  element("conflict").hidden = true;
  showErrors({});
  list.select(note?.id);
}

function open(next) {
  if (isChanged() && !confirm("Leave this note without saving it?")) return;
  say("");
  fill(next);
  fields.title.focus();
}

// Somebody else was faster: both versions are shown, and the user decides.
function showConflict(theirs) {
  element("conflict-title").textContent =
    theirs ? "Somebody else has changed this note. Theirs is:" : "Somebody else has deleted this note.";
  element("theirs").textContent = theirs ? `${theirs.title}\n\n${theirs.text}` : "";
  element("take-theirs").textContent = theirs ? "Take theirs" : "Let it go";
  element("keep-mine").textContent = theirs ? "Save mine over it" : "Save mine as a new note";
  element("take-theirs").onclick = () => { fill(theirs); fields.title.focus(); };
  element("keep-mine").onclick = () => { note = theirs; element("conflict").hidden = true; save(); };
  element("conflict").hidden = false;
  element("conflict-title").focus();
}

async function currentVersion(id) {
  try {
    return await api.getNote(id);
  } catch (error) {
    if (error.status === 404) return undefined;
    throw error;
  }
}

// Does one thing at a time, and says what has gone wrong.
let busy = false;
async function attempt(action) {
  if (busy) return;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    say("");
    showErrors({});
    await action();
  } catch (error) {
    if (note && (error.status === 412 || error.status === 404)) {
      await currentVersion(note.id).then(showConflict, (failed) => say(failed.message));
    } else {
      if (Object.keys(error.fields ?? {}).length === 0) say(error.message);
      showErrors(error.fields ?? {});
    }
  } finally {
    busy = false;
    document.body.setAttribute("aria-busy", "false");
  }
}

const save = () => attempt(async () => {
  const saved = note ? await api.updateNote(note, draft()) : await api.createNote(draft());
  list.put(saved);
  fill(saved);
});

const erase = () => attempt(async () => {
  if (!confirm("Delete this note?")) return;
  const erased = note;
  await api.deleteNote(erased);
  list.remove(erased);
  fill(undefined);
  element("new").focus();
});

const upload = () => attempt(async () => {
  const file = element("file").files[0];
  if (!file) return say("Choose a file first.");
  const progress = element("progress");
  progress.hidden = false;
  try {
    const saved = await api.uploadFile(file, (part) => { progress.value = part; });
    const link = Object.assign(document.createElement("a"), {href: saved.url, textContent: `${saved.name} (${saved.size} bytes)`});
    element("files").appendChild(document.createElement("li")).append(link);
    element("upload").reset();
  } finally {
    progress.hidden = true;
  }
});

element("form").addEventListener("submit", (event) => { event.preventDefault(); save(); });
element("upload").addEventListener("submit", (event) => { event.preventDefault(); upload(); });
element("delete").addEventListener("click", erase);
element("new").addEventListener("click", () => open(undefined));
element("more").addEventListener("click", () => list.loadMore().catch((error) => say(error.message)));
window.addEventListener("keydown", (event) => { if (event.altKey && event.code === "KeyN") { event.preventDefault(); open(undefined); } });
window.addEventListener("beforeunload", (event) => { if (isChanged()) event.preventDefault(); });

api.listen({
  onConnected() {
    element("connection").textContent = "live";
    list.reload().then(() => element("connection").dataset.state = "live", (error) => say(error.message));
  },
  onLost() { element("connection").textContent = "connecting again"; element("connection").dataset.state = "lost"; },
  onNote(changed) {
    if (list.put(changed) && changed.id === note?.id && !isChanged()) fill(changed);
  },
  onDeleted: (gone) => list.remove(gone),
});
