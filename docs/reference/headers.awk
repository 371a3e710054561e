# SPDX-License-Identifier: Apache-2.0
#
# A public header as Doxygen wants it. The headers have plain comments: a block of // stands before what it describes, a short one after it
# on the same line. Doxygen reads /// and ///< only, and takes some of what stands in prose for commands.
#
#   awk -v topic=concurrency -f headers.awk concurrency/group.h >group.h      topic: the @defgroup (topics.dox) that its contents belong to
#
# - A block right before a declaration becomes ///. It also holds for the declarations that follow it without an empty line, such as
#   overloads; those with a comment of their own, and those that are defaulted or deleted, excepted.
# - A comment after a declaration becomes ///<, together with the lines below it that begin in the same column.
# - A block before the first declaration, with an empty line after it, describes the file, and its classes that have no words of their own.
# - Lines of a comment that are indented by two blanks more are examples, or tables if no line of them looks like code.
# - Comments inside functions, and everything in a namespace internal or of others, are left out.
# Runs with mawk, gawk and the awk of BSD.

{ line[NR] = $0 }

# What Doxygen would take for markup; text between backticks stays as it is. Names of documents become links.
function escape(text,    parts, n, i, out) {
  n = split(text, parts, "`")
  for (i = 1; i <= n; i++) {
    if (i % 2 == 1 || i == n) {
      gsub(/[\\@<>#*%]/, "\\\\&", parts[i])
      gsub(/(^|[ (])::/, "\\\\&", parts[i])
      gsub(/\\ ::/, " \\::", parts[i])
      gsub(/\\\(::/, "(\\::", parts[i])
      parts[i] = link(parts[i])
    }
    # Two, since one would be ended by an apostrophe.
    out = out (i == 1 ? "" : n % 2 == 1 ? "``" : "`") parts[i]
  }
  return out
}
function link(text,    name, out) {
  while (match(text, /docs\/[a-z0-9_]+\.md/)) {
    name = substr(text, RSTART + 5, RLENGTH - 8)
    out = out substr(text, 1, RSTART - 1) "@ref docs_" name " \"docs/" name ".md\""
    text = substr(text, RSTART + RLENGTH)
  }
  return out text
}

# Without strings, characters and comments, so that braces can be counted. In a comment `comment_at` is where it begins.
function code_of(text,    out, i, c, quote) {
  comment_at = 0
  quote = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quote != "") {
      if (c == "\\") i++
      else if (c == quote) quote = ""
    } else if (c == "\"" || (c == "'" && substr(text, i - 1, 1) !~ /[0-9]/)) {
      quote = c
      out = out "0"
    } else if (c == "/" && substr(text, i + 1, 1) == "/") {
      comment_at = i
      break
    } else {
      out = out c
    }
  }
  return out
}

# What a { opens, by the words before it since the last declaration has ended.
function kind_of(words,    tail) {
  gsub(/\[\[[^\]]*\]\]/, " ", words)
  gsub(/alignas\([^)]*\)/, " ", words)
  if (words ~ /(^|[ \t])namespace([ \t]|$)/) return words ~ /namespace[ \t]+(weft|[a-z:]*postgres)[ \t]/ ? "scope" : "internal"
  tail = words
  if (tail !~ /(^|[ \t])(class|struct|union|enum)[ \t]/) return "body"
  while (match(tail, /(^|[ \t])(class|struct|union|enum)[ \t]/)) tail = substr(tail, RSTART + RLENGTH)
  return tail ~ /[(=]/ ? "body" : "scope"
}

# Follows one line of code: the stack of open braces, and how the line ends.
function follow(code,    i, c) {
  for (i = 1; i <= length(code); i++) {
    c = substr(code, i, 1)
    if (c == "(") round++
    if (c == ")") round--
    if (c == "{") {
      kind = round > 0 ? "body" : kind_of(words)
      if (depth == 0 && words !~ /namespace/) kind = "internal"  # a specialisation for others
      stack[++depth] = kind
      if (stack[depth] == "body") bodies++
      if (stack[depth] == "internal") hidden++
      if (stack[depth] == "scope" || stack[depth] == "internal") words = block = ""
    } else if (c == "}") {
      if (stack[depth] == "body") bodies--
      if (stack[depth] == "internal") hidden--
      if (stack[depth] == "body" && round == 0 && bodies == 0) ended_body = 1
      if (stack[depth] != "body") words = ""
      depth--
    } else if (bodies == 0 && round == 0 && (c == ";" || (c == "," && words !~ /[<]/) || (c == ":" && words ~ /^[ \t]*(public|private|protected)[ \t]*$/))) {
      words = ""
      ended_body = 0
    } else if (bodies == 0) {
      if (ended_body && c !~ /[ \t]/) {
        words = ""
        ended_body = 0
      }
      words = words c
    }
  }
  if (ended_body) {
    words = ""
    ended_body = 0
  }
  words = words " "
}

function close_topic() {
  if (topic_open && depth == 0) {
    print "/// @}"
    topic_open = 0
  }
}

function between_declarations() { return bodies == 0 && hidden == 0 && round == 0 && words ~ /^[ \t]*$/ }

function is_comment(text) { return text ~ /^[ \t]*\/\// }

# Prints lines first..last, which are a block of comments, with `indent` before each.
function print_block(first, last, indent,    i, j, text, state, example, end) {
  state = ""
  for (i = first; i <= last; i++) {
    text = line[i]
    sub(/^[ \t]*\/\//, "", text)
    if (state == "" && text ~ /^   +[^ ]/) {
      example = 0
      for (j = i; j <= last && line[j] ~ /^[ \t]*\/\/(   .*)?[ \t]*$/; j++) {
        if (line[j] !~ /^[ \t]*\/\/[ \t]*$/) end = j
        if (line[j] ~ /[;{}][ \t]*(\/\/.*)?$|^[ \t]*\/\/ +#include|\) \.\.\.$/) example = 1
      }
      state = example ? "code" : "verbatim"
      print indent "/// @" (example ? "code{.cpp}" : "verbatim")
    }
    if (state == "") {
      print indent "///" escape(text)
      continue
    }
    print indent "/// " substr(text, 4)
    if (i == end) {
      print indent "/// @end" state
      state = ""
    }
  }
}

END {
  begun = 0  # whether a declaration was seen
  for (i = 1; i <= NR; i++) {
    text = line[i]
    if (i == 1 && text ~ /SPDX/) { print "/// @file\n"; continue }
    # Preprocessor lines go through: they open no braces.
    if (text ~ /^[ \t]*#/) { print text; block = 0; continue }

    if (is_comment(text) && between_declarations()) {
      last = i
      while (last < NR && is_comment(line[last + 1])) last++
      indent = text
      sub(/\/\/.*/, "", indent)
      next_line = line[last + 1]
      if (next_line ~ /^[ \t]*$/ || next_line ~ /^(#[^d]|namespace)/) {
        if (depth == 0 && !begun) {
          print "/// @file"
          print_block(i, last, "")
          print ""
          file_block = i
          file_last = last
        }
        block = 0
      } else if (next_line !~ /^[ \t]*}/) {
        print_block(i, last, indent)
        block = i
        block_last = last
        fresh = 1
      }
      i = last
      continue
    }

    starts = between_declarations() && text !~ /^[ \t]*(}.*|(public|private|protected):.*)?$/
    if (text ~ /^[ \t]*$/ || text ~ /^[ \t]*(public|private|protected):/ || text ~ /^[ \t]*}/) { if (between_declarations()) block = 0 }
    was_hidden = hidden
    code = code_of(text)
    at = comment_at
    if (starts && code ~ /[^ \t]/ && code !~ /namespace|^[ \t]*(using namespace|friend)/) {
      begun = 1
      if (block > 0 && !fresh && at == 0 && code !~ /= *(delete|default) *;|~|operator/) {
        indent = text
        sub(/[^ \t].*/, "", indent)
        print_block(block, block_last, indent)
      } else if (block == 0 && file_block > 0 && depth == 1 && code ~ /^(class|struct) .*{/) {
        print_block(file_block, file_last, "")
      }
      fresh = 0
    }
    was_bodies = bodies
    follow(code)
    if (was_hidden || hidden || (depth == 0 && text ~ /^(template|struct|class|inline)/)) continue
    if (at > 0) {
      note = substr(text, at + 2)
      before = substr(text, 1, at - 1)
      sub(/[ \t]+$/, "", before)
      # The last of an enum has no comma.
      ended = between_declarations() || (bodies == 0 && round == 0 && before !~ /[{(,:]$/ && line[i + 1] ~ /^[ \t]*}/)
      if (note ~ /^ *NOLINT/ || !ended || before ~ /^[ \t]*(}.*)?$/ || before ~ /{$/) {
        close_topic()
        print before
      } else {
        print before "  ///<" escape(note)
        while (i < NR && is_comment(line[i + 1]) && index(line[i + 1], "//") == at) {
          i++
          print substr(sprintf("%" at "s", ""), 1, at - 1) "///<" escape(substr(line[i], at + 2))
        }
      }
      continue
    }
    # The topic is opened inside of the namespace, so that the namespace itself is no part of it.
    close_topic()
    print text
    if (depth == 1 && !topic_open && code ~ /^namespace weft(::[a-z]+)? {/) {
      print "/// @addtogroup " topic "\n/// @{"
      topic_open = 1
    }
  }
}
