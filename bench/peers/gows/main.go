// SPDX-License-Identifier: Apache-2.0

// A WebSocket echo as people write it with coder/websocket, on one core.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"runtime"

	"github.com/coder/websocket"
)

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err = c.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	http.HandleFunc("/echo", echo)
	panic(http.Serve(listener, nil))
}
