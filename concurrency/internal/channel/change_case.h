// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_CHANGE_CASE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_CHANGE_CASE_H_

#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/channel/version_queue.h>
#include <weft/concurrency/watch.h>

namespace weft::internal {

// See OnChange.
template <class T, class F>
class ChangeCase final : public VersionCase {
 public:
  ChangeCase(WatchReader<T>& reader, F f) : VersionCase(reader.state_->queue, reader.seen_), reader_(reader), f_(std::move(f)) {}
  Error Finish() override { return CallCase(f_, reader_.Take()); }

 private:
  WatchReader<T>& reader_;
  F f_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_CHANGE_CASE_H_
