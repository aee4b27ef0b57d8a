package main

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"broker/server/auth"
)

// anything is the route of what no other route is for: the dashboard's.
const anything = "/*"

// methods are those of all routes.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut}

// allowed are the methods that a path may be asked by. One that no route but the dashboard's has is to be read.
func allowed(routes chi.Routes, r *http.Request) []string {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var found []string
	for _, method := range methods {
		switch pattern := routes.Find(chi.NewRouteContext(), method, path); {
		case pattern == "" || pattern == anything:
		case pattern == "/graphql" && method != http.MethodPost: // it answers the others by itself
		case method == http.MethodGet:
			found = append(found, method, http.MethodHead)
		default:
			found = append(found, method)
		}
	}
	if len(found) == 0 {
		return []string{http.MethodGet, http.MethodHead}
	}
	return found
}

// otherMethod answers a method that a path may not be asked by with those that it may; OPTIONS asks for just that.
func otherMethod(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		may := strings.Join(allowed(routes, r), ", ")
		if r.Method == http.MethodOptions {
			w.Header().Set("Allow", may+", OPTIONS")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Allow", may)
		refusal := auth.Refusal{Status: http.StatusMethodNotAllowed, Code: auth.CodeMethodNotAllowed, Message: "This address is asked by " + may + "."}
		refusal.Write(w)
	}
}

// readable has paths that another route has, and that cannot be read, answered as otherMethod does.
func readable(routes chi.Routes, next http.Handler) http.HandlerFunc {
	other := otherMethod(routes)
	return func(w http.ResponseWriter, r *http.Request) {
		if may := allowed(routes, r); may[0] != http.MethodGet {
			other(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}
