// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/observers.h>

#include <algorithm>
#include <iterator>

namespace weft::internal {

Observers::Observers(const ServerOptions& options) : name_(options.name), all_(options.observers) {
  if (options.observer != nullptr) all_.push_back(options.observer);
  if (all_.empty()) all_.push_back(&DefaultObserver());
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(watching_), [](Observer* one) { return one->WatchesConnections(); });
}

}  // namespace weft::internal
