package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"

	"broker/frontend"
	"broker/graph"
	"broker/server/auth"
	"broker/server/caller"
	"broker/server/composer"
	"broker/server/export"
	"broker/server/forwarded"
	"broker/server/notice"
	"broker/server/openid"
	"broker/server/upload"
)

// handlers are what the routes lead to.
type handlers struct {
	composer    *composer.Handler
	graph       http.Handler
	leaks       http.Handler
	webhooks    http.Handler
	unsubscribe http.Handler
	export      *export.Handler
	upload      *upload.Handler
	openid      *openid.Handler // nil: nobody signs in at a provider
	callers     *caller.Callers
	ready       func(context.Context) error
	secure      bool   // the public URL is https
	origin      string // scheme, host and port of the public URL
	proxies     forwarded.Proxies
	log         *slog.Logger
}

// routes is every route of the server. A request passes recover, then the client's address, then its route, which caller
// admits: Composer's by themselves (composer.Handler), the API's here.
func routes(h handlers) http.Handler {
	r := chi.NewRouter()
	r.Use(recoverer(h.log), h.proxies.Middleware, closing, middleware.GetHead)

	// Composer, with a token.
	r.Get("/packages.json", h.composer.Root())
	r.Get("/p2/*", h.composer.Metadata())
	r.Get("/dist/*", h.composer.Dist())
	r.Get("/list.json", h.composer.List())
	r.Get("/search.json", h.composer.Search())
	r.Get("/providers/*", h.composer.Providers())
	r.Post("/downloads", h.composer.Downloads())
	r.Post("/security-advisories", h.composer.Advisories())
	r.Post("/filter", h.composer.Filter())
	r.Post("/preflight", h.composer.Preflight())

	// Anyone.
	r.Get("/health", h.composer.Health())
	r.Get("/ready", composer.Ready(h.ready))
	r.Post("/leaks", h.leaks.ServeHTTP)

	// Whoever was sent a notice by mail, by the code in it.
	r.Method(http.MethodGet, notice.UnsubscribePath+"{code}", h.unsubscribe)
	r.Method(http.MethodPost, notice.UnsubscribePath+"{code}", h.unsubscribe)

	// Git hosts, by their signature.
	r.Post("/webhooks/{repository}", h.webhooks.ServeHTTP)

	// The API, with a session or a token. Pages of other origins may not use a session.
	people := sameOrigin(h.origin, graph.Refuse)
	r.Handle("/graphql", people(h.callers.Identify(h.graph, graph.Refuse)))
	r.Method(http.MethodGet, "/graphql/schema.graphql", people(h.callers.Identify(asGet(gzhttp.GzipHandler(graph.ServeDocument())), graph.Refuse)))
	r.Method(http.MethodGet, "/export/downloads.csv", people(h.callers.Identify(h.export.Downloads(), export.Refuse)))
	r.Method(http.MethodGet, "/export/usage.csv", people(h.callers.Identify(h.export.Usage(), export.Refuse)))
	r.Method(http.MethodGet, "/export/audit.csv", people(h.callers.Identify(h.export.AuditCSV(), export.Refuse)))
	r.Method(http.MethodGet, "/export/audit.jsonl", people(h.callers.Identify(h.export.AuditLines(), export.Refuse)))

	r.Method(http.MethodPut, "/upload/{repository}", sameOrigin(h.origin, upload.Refuse)(h.callers.Identify(h.upload, upload.Refuse)))

	// Signing in at a provider: the browser is sent there, and comes back from another site.
	start, callback := http.HandlerFunc(noProvider), http.HandlerFunc(noProvider)
	if h.openid != nil {
		start, callback = h.openid.Start, h.openid.Callback
	}
	r.Method(http.MethodGet, openid.Path, h.callers.Identify(start, refuseSignIn))
	r.Method(http.MethodGet, openid.CallbackPath, h.callers.Identify(callback, refuseSignIn))

	// The dashboard.
	dashboard := newDashboard(frontend.Files(), h.secure)
	r.Get(anything, readable(r, dashboard))
	r.MethodNotAllowed(otherMethod(r))
	return r
}

// asGet has HEAD answered as GET is: what compresses would else leave HEAD alone. The body is not sent.
func asGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get := *r
		get.Method = http.MethodGet
		next.ServeHTTP(w, &get)
	})
}

// sameOrigin refuses what pages of other origins send with a browser's session. An access token is sent by a program,
// and whatever its Origin says, no session is used beside it.
func sameOrigin(public string, refuse caller.Refuser) func(http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(public); err != nil { // it is an origin
		panic(err)
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, &auth.Refusal{Status: http.StatusForbidden, Code: auth.CodePermissionDenied,
			Message: "This request comes from a page of another site. Open this server by its own address, " + public + "."})
	}))
	return func(next http.Handler) http.Handler {
		protected := protection.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if auth.Credentials(r) {
				next.ServeHTTP(w, r)
				return
			}
			protected.ServeHTTP(w, r)
		})
	}
}

// closing has the connection of a request with a body of unknown length end with its answer: whatever a proxy in front
// takes for the end of the request, nothing behind it is read as another one. HTTP/2 frames each request.
func closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 && r.ProtoMajor < 2 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// recoverer turns a panic into a 500 and a line in the log.
func recoverer(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				cause := recover()
				if cause == nil {
					return
				}
				if cause == http.ErrAbortHandler {
					panic(cause)
				}
				log.Error("a handler panicked", "path", r.URL.Path, "cause", cause)
				http.Error(w, "The server has a fault. Its log says more.", http.StatusInternalServerError)
			}()
			next.ServeHTTP(w, r)
		})
	}
}
