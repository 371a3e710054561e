// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_LIVE_REQUEST_H_
#define WEFT_SERVER_INTERNAL_SHARD_LIVE_REQUEST_H_

#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft::internal {

// A request that has a handler, or whose response is on its way, of any protocol: what a drain waits for and
// cancels. A connection may have many.
class LiveRequest {
 public:
  LiveRequest(const LiveRequest&) = delete;
  LiveRequest& operator=(const LiveRequest&) = delete;

  virtual std::string_view Method() const = 0;
  virtual std::string_view Target() const = 0;
  virtual std::string PeerName() const = 0;
  // The id that middleware has given it (Request::Id); empty without one.
  virtual std::string_view Id() const = 0;
  // Its handler has not returned yet.
  virtual bool HasHandler() const = 0;
  // Ends the context of its handler. Any stack of the loop.
  virtual void Cancel(const Error& cause) noexcept = 0;

  std::string Name() const { return std::string(Method()) + ' ' + std::string(Target()); }

 protected:
  LiveRequest() = default;
  ~LiveRequest() = default;

 private:
  friend class LiveRequests;
  LiveRequest* prev_ = nullptr;
  LiveRequest* next_ = nullptr;
};

// All live requests of a loop, in the order in which they began. It is traversed in pieces: a walk continues where it stopped,
// whatever has ended meanwhile, and does not visit requests that began after it.
class LiveRequests {
 public:
  LiveRequests() = default;
  LiveRequests(const LiveRequests&) = delete;
  LiveRequests& operator=(const LiveRequests&) = delete;

  void Add(LiveRequest& request) {
    request.prev_ = last_;
    request.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &request;
    last_ = &request;
  }
  void Remove(LiveRequest& request) {
    if (&request == walk_at_) walk_at_ = &request == walk_end_ ? nullptr : request.next_;
    if (&request == walk_end_) walk_end_ = request.prev_;
    (request.prev_ != nullptr ? request.prev_->next_ : first_) = request.next_;
    (request.next_ != nullptr ? request.next_->prev_ : last_) = request.prev_;
  }

  // One walk at a time.
  void BeginWalk() {
    walk_at_ = first_;
    walk_end_ = last_;
  }
  // The next one; null: there are no more. It may end while it is visited.
  LiveRequest* Next() {
    LiveRequest* const request = walk_at_;
    if (request != nullptr) walk_at_ = request == walk_end_ ? nullptr : request->next_;
    return request;
  }

 private:
  LiveRequest* first_ = nullptr;
  LiveRequest* last_ = nullptr;
  LiveRequest* walk_at_ = nullptr;   // the next one of the walk
  LiveRequest* walk_end_ = nullptr;  // the last one of the walk
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_LIVE_REQUEST_H_
