#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that layering_test.sh can fail: passes a small good tree, then breaks one rule after the other in it.
set -euo pipefail

check="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/layering_test.sh"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# Writes one file of the tree: the licence line, for a header its guard, then the lines of the arguments.
put() {
  local file=$1 guard
  shift
  mkdir -p "$(dirname "$tree/$file")"
  {
    echo '// SPDX-License-Identifier: Apache-2.0'
    if [[ $file == *.h ]]; then
      guard=$(echo "WEFT_${file//[\/.]/_}_" | tr '[:lower:]' '[:upper:]')
      printf '#ifndef %s\n#define %s\n' "$guard" "$guard"
    fi
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi
  } >"$tree/$file"
}

good_tree() {
  rm -rf "${tree:?}"/*
  put concurrency/error.h '#include <string>'
  put concurrency/await.h '#include <boost/asio/any_io_executor.hpp>'
  put concurrency/loop.h '#include <weft/concurrency/internal/base/list.h>'
  put concurrency/loop_driver.h '#include <weft/concurrency/internal/runtime/loop_core.h>'
  put concurrency/internal/base/list.h
  put concurrency/internal/runtime/loop_core.h '#include <weft/concurrency/loop.h>'
  put concurrency/internal/asio/driver.h '#include <boost/asio/io_context.hpp>'
  put concurrency/internal/runtime/loop.cc '#include <weft/concurrency/internal/runtime/loop_core.h>' '#include <weft/concurrency/error.h>'
  echo 'set(sources internal/runtime/loop.cc)' >"$tree/concurrency/CMakeLists.txt"
  put net/stream.h '#include <weft/concurrency/error.h>'
  put net/internal/fd.h
  put http/fields.h '#include <weft/concurrency/error.h>'
  put http/internal/text.h
  put http/internal/names.h '#include <weft/http/internal/text.h>'
  put handlers/handler.h '#include <weft/concurrency/error.h>' '#include <weft/http/fields.h>'
  put handlers/internal/names.h '#include <weft/http/internal/text.h>'
  put handlers/routing/mux.h '#include <weft/handlers/handler.h>'
  put handlers/mux.h '#include <weft/handlers/routing/mux.h>'
  put handlers/internal/tree.h
  put clients/web/client.h '#include <weft/http/fields.h>' '#include <weft/net/stream.h>'
  put clients/web/internal/wire.h '#include <weft/net/internal/fd.h>'
  put handlers/proxy/proxy.h '#include <weft/handlers/handler.h>' '#include <weft/clients/web/client.h>'
  put server/server.h '#include <weft/handlers/handler.h>'
  put server/internal/accept.h '#include <weft/net/internal/fd.h>' '#include <weft/http/internal/text.h>'
  put weft.h '#include <weft/server/server.h>'
  put tests/concurrency/loop_test.cc '#include <weft/concurrency/internal/runtime/loop_core.h>'
  echo 'set(sources loop_test.cc)' >"$tree/tests/concurrency/CMakeLists.txt"
  put tests/server/server_test.cc '#include <weft/handlers/routing/mux.h>' '#include "helper.h"'
  echo 'set(sources server_test.cc)' >"$tree/tests/server/CMakeLists.txt"
}

# expect_breach <what the report must say> <file> [<line>...]: puts the file into a good tree and runs the check.
expect_breach() {
  local report=$1 output
  shift
  good_tree
  put "$@"
  expect_report "$report" "$1"
}

expect_report() {
  local output
  if output=$("$check" "$tree" 2>&1); then
    echo "FAILED: passed a tree in which $2 breaks: $1"
    failures=$((failures + 1))
  elif ! grep -qF "$2:" <<<"$output" || ! grep -qF "$1" <<<"$output"; then
    printf 'FAILED: no word of "%s" for %s, but:\n%s\n' "$1" "$2" "$output"
    failures=$((failures + 1))
  fi
}

good_tree
if ! output=$("$check" "$tree" 2>&1); then
  printf 'FAILED: a good tree does not pass:\n%s\n' "$output"
  failures=$((failures + 1))
fi

expect_breach 'must not include handlers/' concurrency/sleep.h '#include <weft/handlers/handler.h>'
expect_breach 'must not include server/' concurrency/sleep.h '  #  include <weft/server/server.h>'
expect_breach 'must not include server/' handlers/recover.h '#include <weft/server/server.h>'
expect_breach 'must not include handlers/' tests/concurrency/loop_test.cc '#include <weft/handlers/routing/mux.h>'
expect_breach 'interface headers of handlers/ only' server/server.h '#include <weft/handlers/routing/mux.h>'
expect_breach 'does not know ready-made handlers' handlers/handler.h '#include <weft/handlers/routing/mux.h>'
expect_breach 'must not include net/' concurrency/sleep.h '#include <weft/net/stream.h>'
expect_breach 'must not include handlers/' net/stream.h '#include <weft/handlers/handler.h>'
expect_breach 'neither includes the other' net/stream.h '#include <weft/http/fields.h>'
expect_breach 'neither includes the other' http/fields.h '#include <weft/net/stream.h>'
expect_breach 'neither includes the other' clients/web/client.h '#include <weft/handlers/handler.h>'
expect_breach 'neither includes the other' handlers/handler.h '#include <weft/clients/web/client.h>'
expect_breach 'must not include clients/' net/stream.h '#include <weft/clients/web/client.h>'
expect_breach 'belong to clients/' handlers/proxy/proxy.h '#include <weft/clients/web/internal/wire.h>'
expect_breach 'knows no fiber and no socket' http/fields.h '#include <weft/concurrency/await.h>'
expect_breach 'belong to net/' examples/hello.cc '#include <weft/net/internal/fd.h>'
expect_breach 'no internal/ header of another folder' server/server.h '#include <weft/net/internal/fd.h>'
expect_breach 'does not occur in net/' net/stream.h '// of an HTTP connection'
expect_breach 'needs itself, by way of others' http/internal/text.h '#include <weft/http/internal/names.h>'
expect_breach 'needs itself, by way of others' concurrency/internal/base/list.h '#include <weft/concurrency/loop.h>'
expect_breach 'runtime/loop_core.h is above it' concurrency/internal/base/list.h '#include <weft/concurrency/internal/runtime/loop_core.h>'
expect_breach 'runtime/loop_core.h is above it' concurrency/internal/context/node.h '#include <weft/concurrency/loop_driver.h>'
expect_breach 'has ranked folders' concurrency/internal/node.h
expect_breach 'lie in the folders of its internal/' concurrency/loop.cc
expect_breach 'belong to concurrency/' handlers/mux.h '#include <weft/concurrency/internal/runtime/loop_core.h>'
expect_breach 'belong to handlers/' tests/server/server_test.cc '#include <weft/handlers/internal/tree.h>'
expect_breach 'belong to concurrency/' examples/hello.cc '#include <weft/concurrency/internal/runtime/loop_core.h>'
expect_breach 'the word HTTP does not occur' concurrency/sleep.h '// as an HttpServer does'
expect_breach 'must not bring <boost/asio/ip/tcp.hpp>' server/server.h '#include <boost/asio/ip/tcp.hpp>'
expect_breach 'must not bring <boost/asio.hpp>' server/server.h '#include <boost/asio.hpp>'
expect_breach 'must not bring <spdlog/spdlog.h>' handlers/log.h '#include <spdlog/spdlog.h>'
expect_breach 'must not bring <openssl/ssl.h>' server/tls.h '#include <openssl/ssl.h>'
expect_breach 'must not bring <boost/asio/io_context.hpp>' concurrency/run.h '#include <weft/concurrency/internal/asio/driver.h>'
expect_breach 'must not bring <boost/asio/any_io_executor.hpp>' server/server.h '#include <weft/concurrency/await.h>'
expect_breach 'must not bring <spdlog/spdlog.h>' weft.h '#include <spdlog/spdlog.h>'
expect_breach 'slow to compile' weft.h '#include <regex>'
expect_breach 'slow to compile' handlers/mux.h '#include <iostream>'
expect_breach 'there is no <weft/handlers/gone.h>' handlers/mux.h '#include <weft/handlers/gone.h>'
expect_breach 'include lines have the form' handlers/mux.h '#include "handler.h"'
expect_breach 'makes system calls on a connection' server/internal/accept.h 'inline void F(int fd) { shutdown(fd, 2); }'
expect_breach 'does not list this file' concurrency/internal/runtime/loop_core.cc
expect_breach 'does not list this file' tests/server/more_test.cc
expect_breach 'no file has more than 500 lines' handlers/mux.h "$(seq -f '// %g' 501)"

# A class over two files, and one name for two classes.
good_tree
put server/internal/long.h 'class Long {' ' public:' '  void F();' '};'
put server/internal/long.cc 'void Long::F() {' "$(seq -f '  // %g' 300)" '}'
put server/internal/rest.cc 'int Long::G(int a,' '            int b) {' "$(seq -f '  // %g' 300)" '}'
echo 'set(sources internal/long.cc internal/rest.cc)' >"$tree/server/CMakeLists.txt"
expect_report 'no class has more than 500 lines (Long:' server/internal/long.h

good_tree
put server/internal/marked.h 'class [[nodiscard]] WEFT_CAPABILITY("lock") Marked {' "$(seq -f '  // %g' 501)" '};'
expect_report '(Marked:' server/internal/marked.h

# A lock: what stands after it without a word, a mutex that clang does not know, and all the ways in which a member is in order.
good_tree
put server/internal/locked.h 'class Locked {' '  ThreadMutex lock_;' '  int count_ WEFT_GUARDED_BY(lock_) = 0;' '  std::function<void()> call_;' '};'
expect_report 'lock_ guards it (WEFT_GUARDED_BY)' server/internal/locked.h
put server/internal/locked.h 'struct Locked {' '  mutable std::mutex lock;' '};'
expect_report 'which clang knows' server/internal/locked.h
put server/internal/locked.h 'class Locked {' '  int early_ = 0;' '  mutable internal::SmallLock lock_;' '  std::map<int, int> all_ WEFT_GUARDED_BY(lock_);' '  const int fixed_ = 0;' \
  '  std::atomic<int> seen_{0};' '  static void F();' '  // Unguarded: of one thread.' '  int own_ = 0;' '' '  void G() const;' '};' 'inline void F() {' '  SmallLock lock;' '  int local = 0;' '}'
if ! output=$("$check" "$tree" 2>&1); then
  printf 'FAILED: a class with a lock does not pass:\n%s\n' "$output"
  failures=$((failures + 1))
fi
put server/internal/locked.h 'class Locked {' '  mutable SmallLock lock_;' '  // Unguarded: of one thread.' '  int own_ = 0;' '' '  int other_[3];' '};'
expect_report 'lock_ guards it' server/internal/locked.h

good_tree
put net/internal/fd.h '#include <weft/concurrency/internal/base/thread_mutex.h>'
put concurrency/internal/base/thread_mutex.h
if ! output=$("$check" "$tree" 2>&1); then
  printf 'FAILED: a folder may not say what its locks guard:\n%s\n' "$output"
  failures=$((failures + 1))
fi

good_tree
put server/rest_of_server.cc 'void F() {}'
echo 'set(sources rest_of_server.cc)' >"$tree/server/CMakeLists.txt"
expect_report 'a source has a header of its name' server/rest_of_server.cc

good_tree
put net/stream.h 'namespace weft {' 'class Twice {' '};' '}  // namespace weft'
put server/server.h 'namespace weft {' 'namespace {' 'class Twice {' '};' '}  // namespace' 'class Twice final : Base {' '};' '}  // namespace weft'
expect_report 'has a class of this name' server/server.h

good_tree
echo '#include <string>' >"$tree/handlers/mux.h"
expect_report 'the SPDX licence line' handlers/mux.h

good_tree
sed 's/_ERROR_H_/_AWAIT_H_/' "$tree/concurrency/error.h" >"$tree/concurrency/fault.h"
expect_report 'is also that of' concurrency/fault.h

good_tree
sed 's/WEFT_HANDLERS_MUX_H_/MUX_H/' "$tree/handlers/mux.h" >"$tree/handlers/router.h"
expect_report 'the guard is named' handlers/router.h

good_tree
put server/observer.h '  virtual void OnOld(const Old&) {}' '  virtual void OnNews(const News&) {}'
put server/internal/observers.h '  void OnOld(const Old& event) override;'
expect_report 'OnNews is not there' server/internal/observers.h
put server/metrics_observer.h '  void OnNews(const News& event) override;'
expect_report 'OnOld is not there' server/metrics_observer.h

# The codemap: a file that is not named, and a name without a file.
codemap="$(dirname "$check")/codemap_test.sh"
good_tree
mkdir "$tree/docs"
printf '%s\n' '### net/' '`stream.h`, `internal/fd.h`' '### http/' '`fields.h`, `internal/text.h`, `names.h`' '### server/' '`server.h`, `internal/accept.h`' \
  '### concurrency/' '`error.h`, `await.h`, `loop.*`, `loop_driver.h`, `internal/base/list.h`, `loop_core.h`, `driver.h`' '### handlers/' '`handler.h`, `mux.h`, `internal/tree.h`, `names.h`, `proxy.h`' '### clients/' '`client.h`, `wire.h`' >"$tree/docs/architecture.md"
if ! output=$("$codemap" "$tree" 2>&1); then printf 'FAILED: a good codemap does not pass:\n%s\n' "$output" && failures=$((failures + 1)); fi
check=$codemap
put net/gone.h
expect_report 'net/gone.h is not named' docs/architecture.md
rm "$tree/net/gone.h" "$tree/net/stream.h"
expect_report '`stream.h` is named for net/' docs/architecture.md

# The words: a text full of an old one.
check="$(dirname "$codemap")/words_test.sh"
good_tree
if ! output=$("$check" "$tree" 2>&1); then printf 'FAILED: a good tree has bad words:\n%s\n' "$output" && failures=$((failures + 1)); fi
put server/words.h "$(seq -f '// behind it %g' 200)"
if output=$("$check" "$tree" 2>&1) || ! grep -q '"behind" occurs 200 times' <<<"$output"; then
  echo "FAILED: 200 old words pass: $output"
  failures=$((failures + 1))
fi

good_tree
put docs/page.md 'It waits for ever.'
if output=$("$check" "$tree" 2>&1) || ! grep -q 'is not for documents' <<<"$output"; then
  echo "FAILED: an old word passes in a document: $output"
  failures=$((failures + 1))
fi

# The links: a good page, then a link, a heading, a path and an option that are gone, and a page that nothing links.
check="$(dirname "$codemap")/links_test.sh"
good_tree
put docs/README.md '# Docs' '[a page](page.md#a-heading)'
put docs/page.md '## A heading' '`server/server.h`, `Error::Is`'
put concurrency/error.h 'struct Error { bool Is(); };'
if ! output=$("$check" "$tree" 2>&1); then printf 'FAILED: good documents do not pass:\n%s\n' "$output" && failures=$((failures + 1)); fi
put docs/page.md '## A heading' '[gone](gone.md), [gone](README.md#gone), `server/gone.h`, `Error::gone`'
put docs/lonely.md '# Nobody links this'
expect_report 'gone.md leads nowhere' docs/page.md
expect_report 'docs/README.md has no heading #gone' docs/page.md
expect_report 'server/gone.h is not there' docs/page.md
expect_report 'there is no gone in the sources' docs/page.md
expect_report 'lonely.md is not linked' docs/README.md

if [ "$failures" -gt 0 ]; then
  echo "$failures rules cannot fail"
  exit 1
fi
echo "every rule of layering_test.sh can fail"
