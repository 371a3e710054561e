// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/limits.h>

#include <sys/resource.h>

#include <algorithm>

#include <weft/concurrency/resources.h>
#include <weft/http/internal/http2/session.h>

namespace weft::internal {
namespace {

constexpr std::uint64_t kAtLeast = 16;  // however little there is

}  // namespace

Resources MeasureResources() {
  Resources resources;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) resources.descriptors = files.rlim_cur;
  resources.memory_bytes = UsableMemory();
  return resources;
}

ServerLimits ResolveLimits(const ServerOptions& options, const Resources& resources) {
  const auto chosen = [](std::uint64_t option, std::uint64_t automatic) { return option != 0 ? option : automatic; };
  const std::uint64_t for_server = resources.descriptors - std::min(resources.descriptors, kDescriptorsForOthers);
  const std::uint64_t quarter = resources.memory_bytes / 4;

  ServerLimits limits;
  const std::uint64_t in_plain_text = kBytesPerConnection + (http2::SessionsExist() && options.http2_cleartext ? kBytesOfHttp2 : 0);
  const std::uint64_t each = options.tls ? kBytesPerTlsConnection : in_plain_text;
  const std::uint64_t connections = std::min(for_server / 8 * 7, quarter / each);
  limits.connections = chosen(options.connections_max, std::max(connections, kAtLeast));
  const std::uint64_t requests = std::max(std::min(limits.connections, quarter / kBytesPerRequest), kAtLeast);
  limits.requests = chosen(options.requests_max, requests);
  // Limited by the resources, too, and not by requests_max: a server that serves few at a time is meant to let the others wait.
  limits.queued_requests = chosen(options.queued_requests_max, std::max(requests / 2, kAtLeast));
  const std::uint64_t long_lived = std::min(limits.connections / 4 * 3, quarter / kBytesPerLongLived);
  limits.long_lived = chosen(options.long_lived_max, std::max(long_lived, kAtLeast));
  return limits;
}

}  // namespace weft::internal
