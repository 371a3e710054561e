// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/log_pattern.h>

#include <utility>

#include <spdlog/logger.h>

#include <weft/handlers/internal/log_formatter.h>

namespace weft {

void SetLogPattern(spdlog::logger& logger, std::string pattern) {
  logger.set_formatter(internal::NewLogFormatter(std::move(pattern)));
}

}  // namespace weft
