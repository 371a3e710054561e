// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/request/request_run.h>

#include <utility>

#include <weft/handlers/error_status.h>

namespace weft::internal {

void RequestRun::ReportTrouble(const Error& handlers, const Error& failure, bool taken_over) {
  Observer& observer = shard_.observer();
  if (failure && (ResponseAborted() || taken_over)) {
    observer.OnResponseAborted({owner_.PeerName(), request_.Method(), request_.Target(), writer_.BytesWritten(), failure,
                                request_.Id()});
  } else if (failure) {
    // A CONNECT to a handler that responds 200 to everything gets a 501, which is not a failure of the handler.
    const int status = StatusOf(failure);
    if (status >= 500 && (handlers || status != 501)) {
      observer.OnHandlerFailed({owner_.PeerName(), request_.Method(), request_.Target(), status, failure, request_.Id()});
    }
  }
  if (context_.Done() && ctx_->Cause().Is(shard_.server().request_deadline)) {
    observer.OnTimedOut({owner_.PeerName(), TimeoutKind::kRequest, shard_.options().request_timeout, request_.Id()});
  }
  if (const Error body = RequestAccess::BodyError(request_); body && body.Is(kTooLarge)) {
    observer.OnLimitReached({owner_.PeerName(), LimitKind::kBodyBytes, RequestAccess::BodyLimit(request_), request_.Id()});
  }
}

void RequestRun::End() {
  ResponseAccess::End(writer_);
  has_handler_ = false;
  // The request releases its context first: one without another holder needs no cancel.
  RequestAccess::End(request_);
  context_.End(shard_.server().handler_returned);
  if (std::exchange(long_lived_, false)) shard_.slots().ReleaseLongLived();
}

// Without a slot of that kind it keeps its own slot and its deadline.
bool RequestRun::LongLived() {
  if (long_lived_) return true;
  if (!shard_.slots().AcquireLongLived()) {
    shard_.observer().OnLimitReached(
        {owner_.PeerName(), LimitKind::kLongLivedRequests, shard_.slots().LongLivedMax(), request_.Id()});
    return false;
  }
  long_lived_ = true;
  context_.DropDeadline();
  owner_.OnLongLived();
  return true;
}

}  // namespace weft::internal
