// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_CLIENT_STATE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_CLIENT_STATE_H_

#include <memory>
#include <utility>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/loop_part.h>
#include <weft/concurrency/per_loop.h>

namespace weft::internal {

// A client: the part that all loops share, and each loop's own.
struct ClientState {
  explicit ClientState(HttpClientOptions options)
      : shared(std::move(options)), per_loop([this] { return std::make_unique<LoopPart>(shared, *Loop::Current()); }) {}
  // Closes what is kept; may park.
  ~ClientState() {
    if (shared.out.load() != 0) AbortMisuse("~HttpClient", "a call, a response or an exchange of this client is still in use");
  }

  // Of the running fiber's loop. Aborts in the name of `function` on a plain thread.
  LoopPart& Part(const char* function) {
    if (Loop::Current() == nullptr) AbortMisuse(function, "a plain thread has no loop: use weft::Run(ctx, fn), which gives fn loops of its own");
    return *per_loop.Get();
  }

  ClientShared shared;
  PerLoop<std::unique_ptr<LoopPart>> per_loop;  // last, so that it is destroyed first
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_CLIENT_STATE_H_
