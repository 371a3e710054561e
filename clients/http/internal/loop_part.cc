// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/loop_part.h>

#include <utility>

namespace weft::internal {

LoopPart::~LoopPart() {
  if (out_ != 0) AbortMisuse("HttpClient", "the loop of a response has ended before the response");
}

Exchange* LoopPart::NewExchange() {
  Exchange* exchange = nullptr;
  if (exchanges_.empty()) {
    exchanges_.reserve(kExchangesMax);  // so that it can come back
    exchange = new Exchange(*this, kept_);
  } else {
    exchange = exchanges_.back().release();
    exchanges_.pop_back();
  }
  ++out_;
  client().out.fetch_add(1, std::memory_order_relaxed);
  return exchange;
}

void LoopPart::Recycle(Exchange* exchange) noexcept {
  std::unique_ptr<Exchange> done(exchange);
  done->Reset();
  --out_;
  client().out.fetch_sub(1, std::memory_order_relaxed);
  if (exchanges_.size() < kExchangesMax) exchanges_.push_back(std::move(done));
}

}  // namespace weft::internal
