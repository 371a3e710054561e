// SPDX-License-Identifier: Apache-2.0

// Go_peer is net/http under the eyes of the differential test: each answer says in X-Seen which request it belongs to, and how long
// its body was. It stands without a go.mod, so that any toolchain from Go 1.19 on builds it.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func seen(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		w.Header().Set("Connection", "close")
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Seen", fmt.Sprintf("%s %s %d", r.Method, r.URL.EscapedPath(), n))
	io.WriteString(w, "seen\n")
}

func main() {
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.SetOutput(io.Discard)
	http.Serve(listener, http.HandlerFunc(seen))
}
