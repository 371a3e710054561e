// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_LOG_FORMATTER_H_
#define WEFT_HANDLERS_INTERNAL_LOG_FORMATTER_H_

#include <memory>
#include <string>

#include <spdlog/formatter.h>

namespace weft::internal {

// A formatter of spdlog with the flags of log_pattern.h, and %* for "[id] ", or nothing without an
// id.
std::unique_ptr<spdlog::formatter> NewLogFormatter(std::string pattern);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_LOG_FORMATTER_H_
