# SPDX-License-Identifier: Apache-2.0
#
# A document of the repository as a page of the reference: its headings get the anchors that GitHub gives them, and links to other documents
# become links to pages. Links to files that are no pages become their names.
#
#   awk -v page=docs_client -v folder=docs -v pages="docs/client.md docs/tls.md README.md" -f pages.awk docs/client.md >docs_client.md
#
# Runs with mawk, gawk and the awk of BSD.

function page_of(path) {
  sub(/\.md$/, "", path)
  gsub(/[^A-Za-z0-9]/, "_", path)
  return path
}

function slug(text) {
  text = tolower(text)
  gsub(/[^a-z0-9 _-]/, "", text)
  gsub(/ /, "-", text)
  return text
}

# A path from this document's folder, from the top of the repository.
function from_top(path) {
  path = (folder == "" ? "" : folder "/") path
  while (match(path, /[^\/]+\/\.\.\//)) path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
  return path
}

function target_of(address,    path, anchor) {
  path = address
  anchor = ""
  if (index(path, "#") > 0) {
    anchor = substr(path, index(path, "#") + 1)
    path = substr(path, 1, index(path, "#") - 1)
  }
  path = path == "" ? self : from_top(path)
  if (index(" " pages " ", " " path " ") == 0) return ""
  return page_of(path) (anchor == "" ? "" : "_" anchor)
}

function links(text,    out, whole, shown, address, target) {
  while (match(text, /\[[^]\[]+\]\([^) ]+\)/)) {
    whole = substr(text, RSTART, RLENGTH)
    out = out substr(text, 1, RSTART - 1)
    text = substr(text, RSTART + RLENGTH)
    shown = substr(whole, 2, index(whole, "](") - 2)
    address = substr(whole, index(whole, "](") + 2)
    sub(/\)$/, "", address)
    if (address ~ /^[a-z]+:/) {
      out = out whole
    } else if ((target = target_of(address)) != "") {
      gsub(/`/, "", shown)
      out = out "[" shown "](@ref " target ")"
    } else {
      out = out (shown ~ /`/ ? shown : "`" shown "`")
    }
  }
  return out text
}

BEGIN { self = "" }
FNR == 1 { self = FILENAME }
/^ *```/ {
  fenced = !fenced
  sub(/```cpp$/, "```{.cpp}")
  print
  next
}
fenced || /^    / { print; next }
/^<!--.*-->$/ { next }
/^#+ / {
  head = $0
  sub(/^#+ +/, "", head)
  mark = $0
  sub(/ .*/, "", mark)
  # A name of a type in a heading would be a link.
  gsub(/`/, "", head)
  print mark " " head " {#" page (mark == "#" ? "" : "_" slug(head)) "}"
  next
}
{
  text = links($0)
  # A code span of Doxygen's is ended by an apostrophe, unless it has two backticks on either side.
  if (text !~ /``/ && gsub(/`/, "&", text) % 2 == 0) gsub(/`/, "``", text)
  print text
}
