// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_STREAM_LINE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_STREAM_LINE_H_

#include <algorithm>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/loop_signal.h>

namespace weft::internal {

// The requests of a loop that wait for a stream because the connections to an origin have none left: in order, so that none of them starves.
class StreamLine {
 public:
  // On the stack of a waiting fiber. The next one checks when this one has left.
  class Place {
   public:
    explicit Place(StreamLine& line) : line_(line) { line_.places_.push_back(this); }
    ~Place() {
      std::erase(line_.places_, this);
      line_.Look();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    bool IsFirst() const { return line_.places_.front() == this; }
    LoopSignal::Outcome Wait(const Context& ctx, TimePoint until) { return room_.Wait(ctx, "stream of a connection", until); }

   private:
    friend class StreamLine;
    StreamLine& line_;
    LoopSignal room_;
  };

  bool Empty() const { return places_.empty(); }
  // There may be room, or fewer connections than before: the first one checks.
  void Look() noexcept {
    if (!places_.empty()) places_.front()->room_.Notify();
  }

 private:
  std::vector<Place*> places_;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_STREAM_LINE_H_
