#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the order of the layers over the real include lines of a tree, and the house rules that a machine can check.
#
#   tests/layering_test.sh [TREE]      TREE: the top of the repository, by default the one this script is in
#
# Prints one line for each breach, "file:line: rule", and ends with 1 if there was any. layering_selftest.sh proves that
# each rule can fail.
set -euo pipefail
export LC_ALL=C

cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

# What server/ may include of handlers/: the interface between a server and a handler, and no ready-made handler; the log, which
# both write to and whose thread lives as long as a server; and metrics, which both count.
interface_headers="access.h body.h body_filter.h error_status.h handler.h log.h metric.h metrics.h readiness.h refusal_body.h request.h response_writer.h server_side.h stream.h"

# Whose internal/ headers others may include, besides their own folder: FOLDER-THAT-INCLUDES/FOLDER-OF-THE-HEADER.
internal_pairs="clients/http clients/net handlers/http handlers/net server/http server/net"

# What http/ uses of concurrency/: bytes in, facts out; no fiber.
http_uses="concurrency/error.h concurrency/result.h"

# Internal headers for every folder of the library: they say which lock guards what, and nothing else.
for_all="concurrency/internal/base/thread_mutex.h"

# Folders of handlers/ that hold ready-made handlers: they are on one level with server/, above the interface, which does not know them.
ready_made="routing middleware content live debug proxy"

# Folders in which no component (a header and its .cc) needs itself by way of others. A public header of concurrency/ is a component
# by itself, since lower folders may know what a higher one implements. What a header only hands on, at its end ("IWYU pragma: export"), it
# does not need.
acyclic="concurrency net http clients handlers server"

# The folders of concurrency/internal/, the lowest first: none includes a higher one, nor a public header that brings one along. The sources
# of public headers lie there, too.
concurrency_ranks="base context runtime sync structure channel asio observe run test"

# Sources without a header of their own in those folders: what a lower header declares and a higher layer does (context.h, clock.h, group.h,
# await.h); parts of LoopCore and FiberCore; parts of ResponseWriter and Request, which users see as one; the classes of the two
# headers for tests; and what stands in for OpenSSL and nghttp2 where they are not.
slices="concurrency/internal/structure/after_func.cc concurrency/internal/structure/with_grace.cc concurrency/internal/structure/notify_context.cc
  concurrency/internal/runtime/sleep.cc concurrency/internal/asio/resolve.cc
  concurrency/internal/runtime/loop_explore.cc concurrency/internal/runtime/fiber_layout.cc concurrency/internal/observe/trace_json.cc
  handlers/hijack.cc handlers/response_lifecycle.cc handlers/send_file.cc handlers/parameters.cc handlers/recorder.cc
  handlers/request_builder.cc server/testing_client.cc server/testing_server.cc net/internal/tls/without_openssl.cc
  clients/postgres/internal/stop.cc clients/postgres/internal/cancel_without_tls.cc clients/postgres/internal/open_connection.cc clients/postgres/internal/prepared.cc clients/postgres/internal/copy.cc
  http/internal/http2/without_nghttp2.cc http/internal/http2/session_callbacks.cc"

# Folders in which no class has more than class_lines_max lines: its body, and its members' definitions wherever they are.
small_classes="concurrency net http clients handlers server"
class_lines_max=500

# What a public header must not bring along, directly or through another header of ours; the bridges are for people who bring
# code of Asio or Beast.
foreign_headers='^(boost/asio|boost/beast|spdlog|fmt|openssl)[/.]'
bridge_headers="concurrency/await.h handlers/beast.h"

# Slow to compile, so not for a public header.
heavy_headers='^(iostream|sstream|regex|filesystem|format|ranges)$'

breaches=$(mktemp)
trap 'rm -f "$breaches"' EXIT

mapfile -t folders < <(for f in concurrency net http clients handlers server weft.h version.h examples bench tests; do if [ -e "$f" ]; then echo "$f"; fi; done)
mapfile -t sources < <(find "${folders[@]}" -type f \( -name '*.h' -o -name '*.cc' \) | sort)
if [ "${#sources[@]}" -eq 0 ]; then
  echo "no .h or .cc file under $PWD: nothing to check"
  exit 1
fi

# Reads all files; prints the breaches of the rules on include lines, guards and first lines.
check_sources() {
  awk -v ready_made="$ready_made" -v pairs="$internal_pairs" -v http_uses="$http_uses $for_all" -v for_all="$for_all" -v interface="$interface_headers" -v foreign="$foreign_headers" -v heavy="$heavy_headers" \
    -v bridges="$bridge_headers" '
  function Report(line, rule) { print FILENAME ":" line ": " rule }

  # The lowest layer is 1; 0 is outside of the layers.
  function Rank(folder) {
    return folder == "concurrency" ? 1 : folder == "net" || folder == "http" ? 2 : folder == "handlers" || folder == "clients" ? 3 : folder == "server" ? 4 : 0
  }

  function CheckOurs(path, parts, folder) {
    split(path, parts, "/")
    folder = parts[1]
    if (!(path in known)) { Report(FNR, "there is no <weft/" path ">"); return }
    if (side && Rank(folder) > Rank(side)) {
      Report(FNR, side "/ must not include " folder "/, which is above it (<weft/" path ">)")
    }
    if (side && side != folder && Rank(folder) == Rank(side) && !(folder == "clients" && top == "handlers" && at[2] in is_ready_made)) {
      Report(FNR, side "/ and " folder "/ stand side by side: neither includes the other (<weft/" path ">)")
    }
    if (path in is_for_all && Rank(top)) return
    if (path ~ /\/internal\// && side != folder && tested != folder && !((side "/" folder) in may_look_into)) {
      Report(FNR, "internal/ headers belong to " folder "/ and its tests (<weft/" path ">)")
    }
    if (path ~ /\/internal\// && is_public && top != folder) {
      Report(FNR, "a public header includes no internal/ header of another folder (<weft/" path ">)")
    }
    if (top == "http" && folder == "concurrency" && !(path in http_may_use)) {
      Report(FNR, "http/ knows no fiber and no socket: of concurrency/ it uses error.h and result.h (<weft/" path ">)")
    }
    if (top == "handlers" && folder == "handlers" && parts[2] in is_ready_made && !(at[2] in is_ready_made) && at[2] != parts[3]) {
      Report(FNR, "the interface does not know ready-made handlers (<weft/" path ">)")
    }
    if (top == "server" && folder == "handlers" && !(parts[2] in in_interface)) {
      Report(FNR, "server/ includes the interface headers of handlers/ only (<weft/" path ">)")
    }
    edges[FILENAME] = edges[FILENAME] " " path
  }

  # The header of others that a header of ours brings along, or nothing.
  function Brings(file, list, n, i, found) {
    if (file in visited) return ""
    visited[file] = 1
    if (file in brings_itself) return brings_itself[file]
    n = split(edges[file], list, " ")
    for (i = 1; i <= n; i++) {
      found = Brings(list[i])
      if (found != "") return found
    }
    return ""
  }

  BEGIN {
    n = split(interface, list, " ")
    for (i = 1; i <= n; i++) in_interface[list[i]] = 1
    n = split(ready_made, list, " ")
    for (i = 1; i <= n; i++) is_ready_made[list[i]] = 1
    n = split(pairs, list, " ")
    for (i = 1; i <= n; i++) may_look_into[list[i]] = 1
    n = split(for_all, list, " ")
    for (i = 1; i <= n; i++) is_for_all[list[i]] = 1
    n = split(http_uses, list, " ")
    for (i = 1; i <= n; i++) http_may_use[list[i]] = 1
    n = split(bridges, list, " ")
    for (i = 1; i <= n; i++) is_bridge[list[i]] = 1
    for (i = 1; i < ARGC; i++) known[ARGV[i]] = 1
  }

  FNR == 1 {
    split(FILENAME, at, "/")
    top = at[1]
    side = Rank(top) ? top : ""
    # Tests see the folder that they test; those of the server and the end-to-end ones see all public headers.
    if (top == "tests" && Rank(at[2])) side = at[2]
    # Those of clients play their servers.
    tested = ""
    if (top == "tests" && at[2] == "clients") { tested = side; side = "server" }
    # Tables and targets are played against the pure functions of http/, too; attacks and launchers use its helpers for descriptors.
    if (top == "tests" && (at[2] == "conformance" || at[2] == "fuzz" || at[2] == "hostile" || at[2] == "e2e")) side = "server"
    # The streams of a client are such a target.
    if (FILENAME == "tests/fuzz/fuzz_http2_client.cc") tested = "clients"
    is_header = FILENAME ~ /\.h$/
    is_public = is_header && (Rank(top) || FILENAME == "weft.h" || FILENAME == "version.h") && FILENAME !~ /\/internal\//
    if (is_public) public_headers[FILENAME] = 1
    if ($0 != "// SPDX-License-Identifier: Apache-2.0") Report(1, "the first line is the SPDX licence line")
    guard_seen = 0
  }

  is_header && Rank(top) && !guard_seen && /^#ifndef/ {
    guard_seen = 1
    if ($2 !~ "^WEFT_" toupper(top) "_[A-Z0-9_]*_H_$") Report(FNR, "the guard is named WEFT_FOLDER_FILE_H_, not " $2)
    if ($2 in guards) Report(FNR, "the guard " $2 " is also that of " guards[$2])
    guards[$2] = FILENAME
  }

  /^[ \t]*#[ \t]*include/ {
    target = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
    if (target !~ /^</) {
      if (Rank(top)) Report(FNR, "include lines have the form <weft/folder/file.h>, not " target)
      next
    }
    sub(/^</, "", target)
    sub(/>.*/, "", target)
    if (target ~ /^weft\//) CheckOurs(substr(target, 6))
    if (target ~ foreign) brings_itself[FILENAME] = target
    if (is_public && target ~ heavy) Report(FNR, "public headers do not include <" target ">, which is slow to compile")
  }

  END {
    for (file in public_headers) {
      if (file in is_bridge) continue
      split("", visited)
      found = Brings(file)
      if (found != "") print file ":1: public headers must not bring <" found "> along"
    }
  }' "${sources[@]}"
}

# Takes away, again and again, the components that need no other one: what is left needs itself.
check_cycles() {
  local folder files
  for folder in $acyclic; do
    mapfile -t files < <(printf '%s\n' "${sources[@]}" | grep "^$folder/" || true)
    [ "${#files[@]}" -gt 0 ] || continue
    awk -v folder="$folder" '
    function Component(path) { sub(/\.(h|cc)$/, "", path); return path }
    FNR == 1 { forwards = 0 }
    /this line stays for one release/ { forwards = 1 }
    !forwards && !/IWYU pragma: export/ && /^#include <weft\// {
      to = $2
      gsub(/^<weft\/|>.*$/, "", to)
      from = Component(FILENAME)
      if (to ~ "^" folder "/" && Component(to) != from) { needs[from, Component(to)] = 1; all[from] = all[Component(to)] = 1 }
    }
    END {
      do {
        gone = 0
        split("", waits)
        for (edge in needs) { split(edge, ends, SUBSEP); if (ends[2] in all) waits[ends[1]] = 1 }
        for (one in all) if (!(one in waits)) { delete all[one]; gone = 1 }
      } while (gone)
      for (one in all) print one ".h:1: this component needs itself, by way of others of " folder "/ that are listed here"
    }' "${files[@]}"
  done
}

# Follows the include lines of each file of concurrency/internal/ through public headers up to the next internal one.
check_ranks() {
  local files
  mapfile -t files < <(printf '%s\n' "${sources[@]}" | grep '^concurrency/' || true)
  [ "${#files[@]}" -gt 0 ] || return 0
  awk -v ranks="$concurrency_ranks" '
  function RankOf(path, parts) {
    if (path !~ /^concurrency\/internal\//) return 0
    split(path, parts, "/")
    return rank[parts[3]]
  }
  # The first internal header above `most` that this file brings along, or nothing.
  function Higher(file, most, list, n, i, found) {
    if (file in visited) return ""
    visited[file] = 1
    n = split(edges[file], list, " ")
    for (i = 1; i <= n; i++) {
      if (RankOf(list[i]) > most) return list[i]
      if (RankOf(list[i]) == 0 && (found = Higher(list[i], most)) != "") return found
    }
    return ""
  }
  BEGIN {
    n = split(ranks, list, " ")
    for (i = 1; i <= n; i++) rank[list[i]] = i
  }
  FNR == 1 {
    forwards = 0
    all[FILENAME] = 1
    if (FILENAME ~ /^concurrency\/internal\// && !RankOf(FILENAME)) print FILENAME ":1: concurrency/internal/ has ranked folders: " ranks
    if (FILENAME ~ /^concurrency\/[^\/]*\.cc$/) print FILENAME ":1: the sources of concurrency/ lie in the folders of its internal/"
  }
  /this line stays for one release/ { forwards = 1 }
  !forwards && !/IWYU pragma: export/ && /^#include <weft\/concurrency\// {
    to = $2
    gsub(/^<weft\/|>.*$/, "", to)
    edges[FILENAME] = edges[FILENAME] " " to
  }
  END {
    for (file in all) {
      if (!RankOf(file)) continue
      split("", visited)
      found = Higher(file, RankOf(file))
      if (found != "") print file ":1: " found " is above it: " ranks
    }
  }' "${files[@]}"
}

# A class that is cut over several files to meet a line count is as long as before.
check_classes() {
  local folder files
  for folder in $small_classes; do
    mapfile -t files < <(printf '%s\n' "${sources[@]}" | grep "^$folder/" || true)
    [ "${#files[@]}" -gt 0 ] || continue
    awk -v most="$class_lines_max" '
    FNR == 1 { open = ""; comment = 0 }
    # The body of a class of namespace scope.
    open == "" && /^(class|struct) / && !/;/ {
      head = $0
      gsub(/\[\[[^\]]*\]\] |WEFT_[A-Z_]+(\([^)]*\))? /, "", head)
      if (head ~ /^(class|struct) [A-Za-z_0-9:]+( final)?( :.*)?( [{]|$)/) {
        split(head, words, " ")
        open = words[2]
        end = "^};"
        if (!(open in where)) where[open] = FILENAME ":" FNR
      }
    }
    # The definition of a member: a line at the margin that names the class before "::", up to the brace at the margin.
    open == "" && /^[A-Za-z\[].*::~?[A-Za-z_]+.*[^;]$/ {
      name = $0
      sub(/\(.*/, "", name)
      n = split(name, parts, "::")
      class = parts[n - 1]
      sub(/.*[^A-Za-z_0-9]/, "", class)
      if (n > 1 && class ~ /^[A-Z]/ && $0 !~ /[}]$/) { open = class; end = "^}"; lines[open] += comment }
      else if (n > 1 && class ~ /^[A-Z]/) lines[class] += comment + 1
    }
    /^\/\// { comment++; next }
    { if (open == "") comment = 0 }
    open != "" { lines[open]++; if ($0 ~ end) { open = ""; comment = 0 } }
    END { for (class in lines) if (lines[class] > most) print (class in where ? where[class] : FILENAME ":1") ": no class has more than " most " lines (" class ": " lines[class] ")" }' "${files[@]}"
  done
}

# A class with a lock says of each member after it that the lock guards it, which clang then checks, or why not: in a paragraph that begins
# with a line "// Unguarded: ...". What never changes, atomics, references and condition variables need no lock.
check_guards() {
  mapfile -t files < <(printf '%s\n' "${sources[@]}" | grep -E '^(concurrency|net|http|clients|handlers|server)/' || true)
  [ "${#files[@]}" -gt 0 ] || return 0
  awk '
  FNR == 1 { split("", opened); lock = ""; unguarded = 0 }
  {
    line = $0
    sub(/ *\/\/.*/, "", line)
    match($0, /^ */)
    at = RLENGTH
  }
  lock != "" && $0 !~ /^ *$/ && at < deep - 1 { lock = "" }
  /^ *$/ { unguarded = 0; next }
  at == deep && /^ *\/\/ Unguarded: / { unguarded = 1 }
  line ~ /^ +(mutable )?std::(shared_|recursive_)?mutex [a-z_]+;$/ {
    print FILENAME ":" FNR ": a lock is an internal::ThreadMutex or a SmallLock, which clang knows"
  }
  line ~ /^ +(mutable )?(weft::)?(internal::)?(SmallLock|ThreadMutex) [a-z_]+;$/ && opened[at - 2] ~ /^ *(template <.*> )?(class|struct) / {
    lock = line
    sub(/;$/, "", lock)
    sub(/.* /, "", lock)
    deep = at
    unguarded = 0
    next
  }
  line ~ /{$/ { opened[at] = line }
  lock != "" && at == deep && !unguarded && line !~ /WEFT_GUARDED_BY|std::atomic|std::condition_variable|& [a-z_]+;|^ *(static|using|friend|const|constexpr|inline|return|typedef|enum|class|struct) |\* const / &&
      line ~ /[A-Za-z0-9_>*\])] \*?[a-z][a-z0-9_]*( = .*|[{].*[}]|\[.*\])?( : [0-9]+)?;$/ && line !~ / (const|noexcept|override|final|default|delete)( = [^;]*)?;$/ {
    print FILENAME ":" FNR ": " lock " guards it (WEFT_GUARDED_BY), or the paragraph says why not (// Unguarded: ...)"
  }' "${files[@]}"
}

# A class whose members are defined in some other file cannot be found by its name.
check_slices() {
  local file
  for file in "${sources[@]}"; do
    [[ $file =~ ^(concurrency|net|http|clients|handlers|server)/.*\.cc$ ]] || continue
    [ -e "${file%.cc}.h" ] && continue
    # Those of concurrency/ lie in the ranked folders.
    [[ $file == concurrency/* && -e concurrency/$(basename "${file%.cc}").h ]] && continue
    [[ " ${slices//$'\n'/ } " == *" $file "* ]] || echo "$file:1: a source has a header of its name, or stands on the list of slices"
  done
}

# Two classes of one name in one namespace are one class to the linker, which takes the members of either.
check_names() {
  mapfile -t files < <(printf '%s\n' "${sources[@]}" | grep -E '^(concurrency|net|http|clients|handlers|server)/' || true)
  [ "${#files[@]}" -gt 0 ] || return 0
  awk '
  function Here(i, name) {
    name = ""
    for (i = 1; i <= depth; i++) name = name "::" space[i]
    return name
  }
  FNR == 1 { depth = 0 }
  /^namespace( [a-z0-9_:]+)? [{]$/ { space[++depth] = $2 == "{" ? "(" FILENAME ")" : $2 }
  /^}  \/\/ namespace/ { depth-- }
  /^(class|struct|enum class) ([[][^]]*[]] )?[A-Za-z_0-9]+( final)?( :[^:].*)?( [{].*)?$/ && !/;[ ]*$/ {
    name = $0
    sub(/^(class|struct|enum class) ([[][^]]*[]] )?/, "", name)
    sub(/[^A-Za-z_0-9].*/, "", name)
    name = Here() "::" name
    if (name in where && where[name] !~ "^" FILENAME ":") print FILENAME ":" FNR ": " where[name] " has a class of this name in this namespace, too"
    else where[name] = FILENAME ":" FNR
  }' "${files[@]}"
}

# Only http/ and what stands above it know the protocol.
check_protocol_word() {
  local folder
  for folder in concurrency net; do
    if [ -d "$folder" ]; then
      grep -rniI 'http' "$folder" | sed -E "s/^([^:]*:[0-9]+):.*/\\1: the word HTTP does not occur in $folder\\//" || true
    fi
  done
}

# One file speaks to the kernel about a connection, so that TLS and other pollers have one place. internal/test_wire.cc plays a client, and
# a cancel of PostgreSQL is 16 bytes, not on libpq's own socket.
check_socket_calls() {
  local folder
  for folder in http clients handlers server; do
    if [ -d "$folder" ]; then
      grep -rnE '(^|[^A-Za-z_.>])(recv|send|recvmsg|sendmsg|recvfrom|sendto|sendfile|shutdown|setsockopt)\(' "$folder" --include='*.h' --include='*.cc' |
        grep -vE '^server/internal/test_wire\.cc:|^clients/postgres/internal/cancel_layer\.cc:|^[^:]*:[0-9]+: *//' |
        sed -E 's/^([^:]*:[0-9]+):.*/\1: only net\/internal\/socket.* makes system calls on a connection/' || true
    fi
  done
}

# What is not handed on reaches no observer, and what is not counted is in no metric. OnAnswerAborted is the old name of another one.
check_observers() {
  local event knows
  for knows in server/internal/observers.h server/metrics_observer.h; do
    [ -f "$knows" ] || continue
    for event in $(grep -oE 'virtual void On[A-Za-z]+' server/observer.h | awk '$3 != "OnAnswerAborted" { print $3 }'); do
      grep -q "void $event(" "$knows" || echo "$knows:1: it takes all events of an Observer, and $event is not there"
    done
  done
}

# A file that no CMakeLists.txt lists is never compiled, and its tests never fail.
check_listed() {
  local file dir
  for file in "${sources[@]}"; do
    [[ $file == *.cc && $file != tests/api/* ]] || continue
    dir=$(dirname "$file")
    while [ ! -f "$dir/CMakeLists.txt" ] && [ "$dir" != . ]; do dir=$(dirname "$dir"); done
    if ! grep -qE "(^|[[:space:]])${file#"$dir/"}([[:space:])]|\$)" "$dir/CMakeLists.txt" 2>/dev/null; then
      echo "$file:1: $dir/CMakeLists.txt does not list this file"
    fi
  done
}

check_lengths() {
  local file lines short=0
  for file in "${sources[@]}"; do
    lines=$(wc -l <"$file")
    if [ "$lines" -le 200 ]; then short=$((short + 1)); fi
    if [ "$lines" -gt 500 ]; then echo "$file:501: no file has more than 500 lines (this one: $lines)"; fi
  done
  echo "$((100 * short / ${#sources[@]})) % of ${#sources[@]} files have at most 200 lines (aim: 80 %)" >&2
}

{ check_sources; check_cycles; check_ranks; check_classes; check_guards; check_slices; check_names; check_protocol_word; check_socket_calls; check_observers; check_listed; check_lengths; } | sort -t: -k1,1 -k2,2n >"$breaches"
cat "$breaches"
if [ -s "$breaches" ]; then
  echo "$(wc -l <"$breaches") breaches of the layering and house rules"
  exit 1
fi
echo "the layering and house rules hold"
