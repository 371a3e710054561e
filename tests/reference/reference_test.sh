#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The API reference can be built without a warning, and has what users look for, in the words of the headers. Ends with 77 (skipped) without
# Doxygen.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

breaches=0
report() {
  echo "$1"
  breaches=$((breaches + 1))
}

awk -v topic=samples -f "$top/docs/reference/headers.awk" "$here/sample.h" >"$work/sample"
diff -u "$here/sample.expected" "$work/sample" || report "headers.awk makes something else of sample.h than sample.expected"

if ! command -v doxygen >/dev/null; then
  echo "doxygen is not installed (scripts/setup docs)"
  [ "$breaches" -gt 0 ] || [ "${WEFT_NEED_PROGRAMS:-}" = 1 ] && exit 1
  exit 77
fi
WEFT_DOCS_DIR=$work/docs "$top/scripts/docs" --check || report "scripts/docs has found mistakes"
html=$work/docs/html

# has PAGE TEXT: as it is written on that page, without its markup.
has() {
  if [ ! -e "$html/$1" ]; then
    report "there is no $1"
  elif ! sed -E 's/<[^>]*>//g; s/&amp;/\&/g; s/&lt;/</g; s/&gt;/>/g; s/&#160;/ /g' "$html/$1" | tr -s ' \n' ' ' | grep -qF -- "$2"; then
    report "$1 does not say: $2"
  fi
}
# first_words HEADER DECLARATION: the first line of the comment above it.
first_words() { awk -v declaration="$2" '/^ *\/\// { if (!open) first = $0; open = 1; next } index($0, declaration) == 1 { print first; exit } !/^template|^requires/ { open = 0 }' "$top/$1" | sed 's|^ *// *||; s|`||g'; }

while read -r page header declaration; do
  words=$(first_words "$header" "$declaration")
  if [ -z "$words" ]; then
    report "$header has no words above $declaration"
    continue
  fi
  has "$page" "$words"
done <<'END'
group__server.html server/listen_and_serve.h Error ListenAndServe(
group__concurrency.html concurrency/context.h CancelScope WithTimeout(
classweft_1_1Group.html concurrency/group.h class Group {
classweft_1_1ResponseWriter.html handlers/response_writer.h class ResponseWriter {
classweft_1_1HttpClient.html clients/http/http_client.h class HttpClient {
END
has classweft_1_1Group.html '#include <weft/concurrency/group.h>'
has index.html 'weft::ListenAndServe(ctx'
for page in "$top"/docs/*.md; do
  [ -e "$html/docs_$(basename "$page" .md).html" ] || report "docs/$(basename "$page") is no page"
done

# What is not for users has no page, and neither has a type that is private.
for page in "$html"/*internal*.html "$html"/*BehindFilters*; do
  [ ! -e "$page" ] || report "there is a page for what is internal: $(basename "$page")"
done

if [ "$breaches" -gt 0 ]; then
  echo "$breaches breaches of the reference"
  exit 1
fi
echo "the reference has what users look for"
