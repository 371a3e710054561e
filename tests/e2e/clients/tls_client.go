// SPDX-License-Identifier: Apache-2.0

// Go's net/http over HTTP/1.1 and TLS: go run tls_client.go https://127.0.0.1:PORT CA.pem. Prints "ok".
// Verifies the server, keeps a connection, comes back with a ticket, sends a large body, reads a response that ends with the connection,
// and meets one that is broken off.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
)

func check(what string, holds bool) {
	if !holds {
		fmt.Fprintln(os.Stderr, "not so:", what)
		os.Exit(1)
	}
}

func do(client *http.Client, method, path string, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequest(method, os.Args[1]+path, bytes.NewReader(body))
	check("a request", err == nil)
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, text, err
}

func newClient(config *tls.Config, keep bool) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: !keep}} // which is HTTP/1.1 alone
}

func checkKept(client *http.Client) {
	for i := 0; i < 3; i++ {
		reused := false
		request, _ := http.NewRequest("GET", os.Args[1]+"/hello", nil)
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
		response, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
		check("hello", err == nil && response.ProtoMajor == 1 && response.StatusCode == 200)
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		check("hello", err == nil && string(text) == "hello")
		check("a kept connection", reused == (i > 0))
	}
}

// By hand, since the client speaks no HTTP/1.0: a FIN without a close_notify would be io.ErrUnexpectedEOF.
func checkUntilClose(config *tls.Config) {
	address, err := url.Parse(os.Args[1])
	check("a URL", err == nil)
	conn, err := tls.Dial("tcp", address.Host, config)
	check("a connection", err == nil)
	defer conn.Close()
	fmt.Fprint(conn, "GET /until-close HTTP/1.0\r\n\r\n")
	all, err := io.ReadAll(conn)
	head := bytes.Index(all, []byte("\r\n\r\n"))
	check("until close", err == nil && len(all)-head-4 == 200_000)
}

func main() {
	ca, err := os.ReadFile(os.Args[2])
	check("a CA", err == nil)
	roots := x509.NewCertPool()
	check("a CA", roots.AppendCertsFromPEM(ca))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{RootCAs: roots, MaxVersion: version}
		client := newClient(config, true)
		checkKept(client)
		body := bytes.Repeat([]byte("weft "), 1_000_000)
		_, echo, err := do(client, "POST", "/echo", body)
		check("echo", err == nil && bytes.Equal(echo, body))
		_, _, err = do(client, "GET", "/broken", nil)
		check("a response that was broken off is an error", err != nil)
		checkUntilClose(config)

		returning := newClient(&tls.Config{RootCAs: roots, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}, false)
		for _, expected := range []string{"hello", "hello again"} {
			response, text, err := do(returning, "GET", "/hello", nil)
			check("it comes back with a ticket", err == nil && string(text) == expected && response.TLS.DidResume == (expected != "hello"))
		}
	}
	_, _, err = do(newClient(nil, false), "GET", "/hello", nil)
	var unknown x509.UnknownAuthorityError
	check("it trusts nobody whom it does not know", errors.As(err, &unknown))
	fmt.Println("ok")
}
