// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about databases that block, and about changes that must not be lost.
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <weft/concurrency/free_list.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/testing.h>
#include <weft/http/conditional.h>
#include "check.h"

struct Row {
  int version = 1;
  std::string text;
};

// Stands for a connection to a database: one thread at a time uses it, and each call may wait for the disk.
struct Connection {
  Row Find(int id) {
    const std::lock_guard hold(lock);
    return rows[id];
  }
  bool Update(int id, int version, const std::string& text) {
    const std::lock_guard hold(lock);
    if (rows[id].version != version) return false;
    rows[id] = {version + 1, text};
    return true;
  }
  inline static std::mutex lock;
  inline static std::map<int, Row> rows;
};

class Store {
 public:
  weft::Result<Row> Find(const weft::Context& ctx, int id) {
    return weft::Offload(ctx, [&] { return readers_.Get()->Find(id); });   // as many connections as threads of the pool
  }
  weft::Result<bool> Update(const weft::Context& ctx, int id, int version, const std::string& text) {
    const auto turn = turn_.Acquire(ctx);                         // one at a time: this parks the fiber, not a thread
    if (weft::Error err = turn.Err()) return err;
    return weft::Offload(ctx, [&] { return writer_.Update(id, version, text); });
  }

 private:
  weft::FreeList<Connection> readers_;
  weft::Mutex turn_;
  Connection writer_;
};

weft::Error Put(weft::ResponseWriter& w, weft::Request& r, Store& store) {
  weft::Result<std::string> text = r.Body().ReadAll();
  if (weft::Error err = text.Err()) return err;
  const weft::Result<Row> row = store.Find(r.Ctx(), 7);
  if (weft::Error err = row.Err()) return err;
  const std::string tag = "\"v" + std::to_string(row->version) + "\"";     // the ETag that GET gives
  if (!r.Header().Has("If-Match")) return weft::HttpError(428, "say in If-Match which version is meant");
  if (weft::CheckPreconditions(r.Method(), r.Header(), {.etag = tag}) == weft::Precondition::kFailed) return weft::HttpError(412);
  const weft::Result<bool> done = store.Update(r.Ctx(), 7, row->version, *text);   // "... WHERE id = ? AND version = ?"
  if (weft::Error err = done.Err()) return err;
  if (!*done) return weft::HttpError(412);                        // somebody else came first, between these two
  return w.Write("done\n");
}

int main() {
  return RunChecks([](const weft::Context&) {
    Store store;
    const auto put = [&](weft::ResponseWriter& w, weft::Request& r) { return Put(w, r, store); };
    weft::Recorder recorder;
    recorder.Serve(put, weft::RequestBuilder("PUT", "/").Body("a"));
    Check(recorder.Status() == 428);
    recorder.Serve(put, weft::RequestBuilder("PUT", "/").Header("If-Match", "\"v1\"").Body("a"));
    Check(recorder.Status() == 200 && Connection::rows[7].version == 2);
    recorder.Serve(put, weft::RequestBuilder("PUT", "/").Header("If-Match", "\"v1\"").Body("b"));
    Check(recorder.Status() == 412 && Connection::rows[7].text == "a");
  });
}
