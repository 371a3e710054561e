// SPDX-License-Identifier: Apache-2.0

// The service's API. What goes wrong is an ApiError with words for people: those of the service's problem details (RFC 9457)
// where there are some.

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The service responded with ${status}.`);
    this.status = status;
    this.fields = {};  // what is wrong with which field: {title: "must not be empty"}
    for (const {pointer, detail} of problem.errors ?? []) this.fields[pointer.replace(/^#?\//, "")] = detail;
  }
}

async function problemOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  return type.startsWith("application/problem+json") ? response.json() : {title: response.statusText};
}

async function call(method, path, {body, etag} = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag !== undefined) headers["If-Match"] = etag;
  let response;
  try {
    response = await fetch(path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
  } catch {
    throw new ApiError(0, {detail: "The service cannot be reached. Nothing was lost here: try again."});
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  return response.status === 204 ? undefined : response.json();
}

const tagOf = (note) => `"v${note.version}"`;

export const listNotes = (after) => call("GET", `/api/notes?limit=20${after === undefined ? "" : `&after=${after}`}`);
export const getNote = (id) => call("GET", `/api/notes/${id}`);
export const createNote = (draft) => call("POST", "/api/notes", {body: draft});
// Both fail with 412 if somebody else has changed the note since it was read.
export const updateNote = (note, draft) => call("PUT", `/api/notes/${note.id}`, {body: draft, etag: tagOf(note)});
export const deleteNote = (note) => call("DELETE", `/api/notes/${note.id}`, {etag: tagOf(note)});

// fetch does not tell how far an upload has come; XMLHttpRequest does.
export function uploadFile(file, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", file);
    const request = new XMLHttpRequest();
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onload = () =>
      request.status === 201 ? resolve(request.response) : reject(new ApiError(request.status, request.response ?? {}));
    request.onerror = () => reject(new ApiError(0, {detail: "The upload broke off: try again."}));
    request.open("POST", "/api/files");
    request.send(form);
  });
}

// Calls onNote and onDeleted for each change, and onConnected whenever the list has to be read: at the start, and after changes may have
// been missed. The browser connects again by itself, but not after a response that is an error.
export function listen({onConnected, onLost, onNote, onDeleted}) {
  const source = new EventSource("/api/events");
  source.addEventListener("open", onConnected);
  source.addEventListener("lagged", onConnected);
  source.addEventListener("saved", (event) => onNote(JSON.parse(event.data)));
  source.addEventListener("deleted", (event) => onDeleted(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    onLost();
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => listen({onConnected, onLost, onNote, onDeleted}), 1000 + 2000 * Math.random());
  });
}
