// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <vector>

#include <weft/handlers/live/events.h>

namespace {

weft::Error Events(weft::ResponseWriter& w, weft::Request& r, const NoteStore& store) {
  // Before the head is out: a page that reads the list once it is connected misses nothing.
  const weft::Subscription<NoteChange> changes = store.Changes().Subscribe({.capacity = 256, .when_full = weft::WhenFull::kDisconnect});
  weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
  if (weft::Error err = events.Err()) return err;  // 503: too many streams
  return events->Forward(r.Ctx(), changes, [](const NoteChange& change) {
    return weft::ServerSentEvent{.event = change.kind, .data = *change.json};
  });
}

}  // namespace

void AddEventRoutes(weft::Mux& mux, NoteStore& store, weft::Metrics& metrics) {
  mux.Handle("GET /api/events", [&store](weft::ResponseWriter& w, weft::Request& r) { return Events(w, r, store); });
  metrics.AddGauge("event_streams", "Clients that listen to changes of notes.", {}, [&store] {
    return std::vector<weft::MetricValue>{{{}, static_cast<double>(store.Changes().Subscribers())}};
  });
}
