// SPDX-License-Identifier: Apache-2.0

// What the part "service" of bench/run compares examples/service with: its notes as a Go program would have them, with net/http,
// database/sql and mattn/go-sqlite3 on the same SQLite. It has ids of requests and the same fields in its responses, and no metrics.

//go:debug httpmuxgo121=0
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

type note struct {
	ID      int64  `json:"id"`
	Version int64  `json:"version"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	Changed string `json:"changed"`
}

type page struct {
	Notes []note `json:"notes"`
	Next  *int64 `json:"next,omitempty"`
}

type service struct {
	get, list *sql.Stmt
}

func (s *service) getNote(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "id is no number", http.StatusBadRequest)
		return
	}
	var n note
	err = s.get.QueryRowContext(r.Context(), id).Scan(&n.ID, &n.Version, &n.Title, &n.Text, &n.Changed)
	if errors.Is(err, sql.ErrNoRows) {
		http.Error(w, "there is no such note", http.StatusNotFound)
		return
	}
	if err != nil {
		fail(w, err)
		return
	}
	tag := fmt.Sprintf(`"v%d"`, n.Version)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	send(w, n)
}

func (s *service) listNotes(w http.ResponseWriter, r *http.Request) {
	limit, after := 20, int64(math.MaxInt64)
	var err error
	query := r.URL.Query()
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 100 {
			http.Error(w, "limit must be from 1 to 100", http.StatusBadRequest)
			return
		}
	}
	if text := query.Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			http.Error(w, "after is no number", http.StatusBadRequest)
			return
		}
	}
	rows, err := s.list.QueryContext(r.Context(), after, limit+1)
	if err != nil {
		fail(w, err)
		return
	}
	defer rows.Close()
	var p page
	for rows.Next() {
		if len(p.Notes) == limit {
			p.Next = &p.Notes[limit-1].ID
			break
		}
		var n note
		if err := rows.Scan(&n.ID, &n.Version, &n.Title, &n.Text, &n.Changed); err != nil {
			fail(w, err)
			return
		}
		p.Notes = append(p.Notes, n)
	}
	send(w, p)
}

func send(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print(err)
	}
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}

func withFields(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var id [16]byte
		rand.Read(id[:])
		h := w.Header()
		h.Set("X-Request-Id", hex.EncodeToString(id[:]))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "`HOST:PORT` to listen on")
	database := flag.String("database", "", "`FILE` that examples/service has made")
	flag.Parse()

	db, err := sql.Open("sqlite3", "file:"+*database+"?_busy_timeout=5000&_journal_mode=WAL")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxIdleConns(64) // the default, 2, closes connections under load
	const columns = "SELECT id, version, title, text, changed FROM notes "
	var s service
	if s.get, err = db.Prepare(columns + "WHERE id = ?"); err != nil {
		log.Fatal(err)
	}
	if s.list, err = db.Prepare(columns + "WHERE id < ? ORDER BY id DESC LIMIT ?"); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/notes/{id}", s.getNote)
	mux.HandleFunc("GET /api/notes", s.listNotes)

	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: withFields(mux), ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		server.Shutdown(context.Background())
	}()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
