// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/work_ids.h>

#include <array>
#include <utility>

namespace weft {
namespace {

// An id of the usual length needs no separate memory, since each request has one.
class Id {
 public:
  explicit Id(std::string_view id) : size_(id.size()) {
    if (id.size() <= short_.size()) {
      id.copy(short_.data(), id.size());
    } else {
      long_ = id;
    }
  }
  std::string_view Text() const { return size_ <= short_.size() ? std::string_view(short_.data(), size_) : long_; }

 private:
  std::array<char, 36> short_;  // a UUID with its hyphens
  std::size_t size_;
  std::string long_;
};

constexpr Key<Id> kRequestId{"request id"};
constexpr Key<TraceIds> kTrace{"trace"};

}  // namespace

std::string_view RequestIdOf(const Context& ctx) {
  const Id* id = ctx.Value(kRequestId);
  return id != nullptr ? id->Text() : std::string_view();
}

std::string_view TraceIdOf(const Context& ctx) {
  const TraceIds* ids = TraceOf(ctx);
  return ids != nullptr ? std::string_view(ids->trace_id) : std::string_view();
}

const TraceIds* TraceOf(const Context& ctx) {
  return ctx.Value(kTrace);
}

Context WithRequestId(const Context& parent, std::string_view id) {
  return WithValue(parent, kRequestId, Id(id));
}

Context WithTrace(const Context& parent, TraceIds ids) {
  return WithValue(parent, kTrace, std::move(ids));
}

}  // namespace weft
