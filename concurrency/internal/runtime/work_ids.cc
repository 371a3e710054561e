// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/work_ids.h>

#include <utility>

namespace weft {
namespace {

constexpr Key<std::string> kRequestId{"request id"};
constexpr Key<TraceIds> kTrace{"trace"};

}  // namespace

std::string_view RequestIdOf(const Context& ctx) {
  const std::string* id = ctx.Value(kRequestId);
  return id != nullptr ? std::string_view(*id) : std::string_view();
}

std::string_view TraceIdOf(const Context& ctx) {
  const TraceIds* ids = TraceOf(ctx);
  return ids != nullptr ? std::string_view(ids->trace_id) : std::string_view();
}

const TraceIds* TraceOf(const Context& ctx) {
  return ctx.Value(kTrace);
}

Context WithRequestId(const Context& parent, std::string id) {
  return WithValue(parent, kRequestId, std::move(id));
}

Context WithTrace(const Context& parent, TraceIds ids) {
  return WithValue(parent, kTrace, std::move(ids));
}

}  // namespace weft
