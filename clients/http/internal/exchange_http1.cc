// SPDX-License-Identifier: Apache-2.0
//
// What of Exchange is about the head of a response of HTTP/1.1.
#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/exchange.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

Error ExchangeOnWire::FillHead(Exchange& x, const Context& ctx, TimePoint until) {
  x.wire_->AwaitHead(x.in_.empty());
  const Result<std::size_t> got = x.wire_->Read(ctx, {x.in_.Reserve(Exchange::kHeadRoom), Exchange::kHeadRoom}, until);
  x.wire_->AwaitHead(false);
  if (Error err = got.Err()) return err;
  if (*got == 0) return kClosed;
  x.received_any_ = true;
  x.in_.Grow(*got);
  return {};
}

Error ExchangeOnWire::ReadHead(Exchange& x, const Context& ctx, TimePoint until) {
  const ResponseLimits limits{.head_bytes = x.options().head_bytes_max};
  for (;;) {
    if (!x.in_.empty()) {
      const ResponseResult result = ParseResponseHead(x.in_.View(), limits, x.head_);
      switch (result.verdict) {
        case ResponseResult::Verdict::kNeedMore:
          break;
        case ResponseResult::Verdict::kBad:
          return x.FailWith(ClientFailure::kMalformed, result.reason);
        case ResponseResult::Verdict::kTooLarge:
          return x.FailWith(ClientFailure::kTooLarge, result.reason);
        case ResponseResult::Verdict::kDone:
          if (x.head_.status >= 200 || x.head_.status == 101) return TakeFinal(x, result);
          if (Error err = TakeInterim(x, result)) return err;
          continue;
      }
    }
    if (Error err = FillHead(x, ctx, until)) {
      x.broken_ = true;
      if (!err.Is(kClosed)) return x.Failed(ctx, err, "wait for the response");
      return x.FailWith(ClientFailure::kEnded, x.received_any_ ? "within the head of the response" : "before the response");
    }
  }
}

Error ExchangeOnWire::TakeInterim(Exchange& x, const ResponseResult& result) {
  if (++x.interims_ > Exchange::kInterimsMax) return x.FailWith(ClientFailure::kMalformed, "too many interim responses");
  if (x.head_.status == 100) {
    x.continued_ = true;
  } else if (x.on_interim_ != nullptr && *x.on_interim_) {
    Fields fields;
    x.head_.AppendFieldsTo(fields, x.in_.data());
    (*x.on_interim_)(x.head_.status, fields);
  }
  x.in_.EraseFront(result.consumed);
  x.head_.Reset();
  return {};
}

Error ExchangeOnWire::TakeFinal(Exchange& x, const ResponseResult& result) {
  if (x.head_.status == 101 && !(x.wants_upgrade_ && x.head_.connection_upgrade && x.head_.has_upgrade)) {
    return x.FailWith(ClientFailure::kMalformed, "101 to a request that has not asked for it");
  }
  x.head_.AppendFieldsTo(x.header_, x.in_.data());
  x.framing_ = FrameReceived(x.head_, {.head = x.method_ == "HEAD", .connect = x.method_ == "CONNECT"});
  x.body_.Begin(x.framing_, x.in_.View().substr(result.consumed));
  x.wire_->CountEachByte(EqualsIgnoreCase(x.header_.Get("Content-Type").substr(0, 17), "text/event-stream"));
  x.head_done_ = true;
  x.FinishIfDone();
  return {};
}

Error ExchangeOnWire::WaitForContinue(Exchange& x, const Context& ctx, TimePoint until) {
  const ResponseLimits limits{.head_bytes = x.options().head_bytes_max};
  for (;;) {
    if (!x.in_.empty()) {
      const ResponseResult result = ParseResponseHead(x.in_.View(), limits, x.head_);
      if (result.verdict == ResponseResult::Verdict::kDone && x.head_.status < 200 && x.head_.status != 101) {
        if (Error err = TakeInterim(x, result)) return err;
        if (x.continued_) return {};
        continue;
      }
      if (result.verdict != ResponseResult::Verdict::kNeedMore) {  // ReadHead takes it
        x.head_.Reset();
        x.has_verdict_ = true;
        return {};
      }
    }
    if (Error err = FillHead(x, ctx, until)) {
      if (!ctx.Err() && err.Is(kTimeout)) return {};
      x.broken_ = true;
      if (!err.Is(kClosed)) return x.Failed(ctx, err, "wait for 100 Continue");
      return x.FailWith(ClientFailure::kEnded, "before the response");
    }
  }
}

}  // namespace weft::internal
