// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_LOOP_PART_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_LOOP_PART_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/exchange.h>
#include <weft/clients/http/internal/kept_connections.h>
#include <weft/clients/http/internal/url.h>

namespace weft::internal {

// A loop's part of one client: its connections, and exchanges to reuse.
class LoopPart final : private Exchange::Home {
 public:
  LoopPart(ClientShared& client, Loop& loop) : kept_(client, loop) {}
  ~LoopPart();
  LoopPart(const LoopPart&) = delete;
  LoopPart& operator=(const LoopPart&) = delete;

  KeptConnections& kept() { return kept_; }
  ClientShared& client() { return kept_.client(); }
  UrlReader& urls() { return urls_; }

  // An exchange without a connection; it comes back by itself.
  Exchange* NewExchange();

 private:
  static constexpr std::size_t kExchangesMax = 64;  // that wait for their next use

  void Recycle(Exchange* exchange) noexcept override;

  KeptConnections kept_;
  UrlReader urls_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  // that are not in use
  std::uint32_t out_ = 0;                             // that are in use
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_LOOP_PART_H_
