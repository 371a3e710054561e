#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a build links: where it was configured without TLS or without HTTP/2, nothing of it needs OpenSSL or nghttp2; and weft::concurrency
# needs neither in any build. It looks at all libraries and programs that are there.
#
#   tests/linked_test.sh BUILD_DIR TLS HTTP2      TLS, HTTP2: ON or OFF, as configured
set -euo pipefail
export LC_ALL=C
cd "$1"
tls=$2 http2=$3

breaches=0
# needs_none FILE LIBRARIES SYMBOLS: both are extended regular expressions.
needs_none() {
  local found
  case $1 in
    *.a) found=$(nm --undefined-only "$1" 2>/dev/null | grep -E " U ($3)" | sort -u || true) ;;
    *) found=$(readelf --dynamic "$1" | grep -E "NEEDED.*\[($2)\." || true) ;;
  esac
  if [ -n "$found" ]; then
    echo "$1 needs what it may not:"
    head -n 3 <<<"$found"
    breaches=$((breaches + 1))
  fi
}
openssl_needed() { needs_none "$1" 'libssl|libcrypto' 'SSL_|EVP_|X509_|BIO_'; }
nghttp2_needed() { needs_none "$1" libnghttp2 nghttp2_; }

# What the linker has made: neither scripts nor objects, nor what benchmarks compare with.
made() {
  find . \( -name CMakeFiles -o -path ./bench \) -prune -o -type f \( -name 'lib*.a' -o -name 'lib*.so*' -o -executable \) -print |
    while read -r file; do
      case $file in
        *.a) echo "$file" ;;
        *) [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] && echo "$file" ;;
      esac
    done || true
}

mapfile -t files < <(made)
for file in "${files[@]}"; do
  case $file in
    *libweft_concurrency*) openssl_needed "$file" && nghttp2_needed "$file" ;;
    *)
      [ "$tls" = ON ] || openssl_needed "$file"
      [ "$http2" = ON ] || nghttp2_needed "$file"
      ;;
  esac
done
if ! printf '%s\n' "${files[@]}" | grep -q libweft_concurrency; then
  echo "there is no weft in $1"
  breaches=$((breaches + 1))
fi
echo "${#files[@]} libraries and programs, $breaches need what they may not"
[ "$breaches" -eq 0 ]
