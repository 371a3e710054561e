# SPDX-License-Identifier: Apache-2.0
mutation "the first one goes, and the next one does not learn of it" internal/sync/rate_limiter.cc explore_rate_limiter_test \
  's/  if \(was_first\) Nudge\(waiters_\.Front\(\)\);\n//'

mutation "who waits does not learn of a new rate" internal/sync/rate_limiter.cc explore_rate_limiter_test \
  's/(CheckedRate\("RateLimiter::SetRate", rate\);\n)  Nudge\(waiters_\.Front\(\)\);\n/\1/'

mutation "one that gives up takes its token" internal/sync/rate_limiter.cc explore_rate_limiter_test \
  's/if \(outcome == Parker::kContextDone\) return ctx\.Err\(\);/if (outcome == Parker::kContextDone) {\n      Refill(NowNs());\n      (void)Take(waiter.n);\n      return ctx.Err();\n    }/'

mutation "not only the first one takes a token" internal/sync/rate_limiter.cc explore_rate_limiter_test \
  's/  if \(waiters_\.Front\(\) != &waiter\) return false;\n//'
