package notice

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"

	"entgo.io/ent/dialect"
	"github.com/go-chi/chi/v5"

	"broker/server/database"
)

//go:embed unsubscribe.html
var unsubscribeHTML string

var unsubscribePage = template.Must(template.New("unsubscribe").Parse(unsubscribeHTML))

// unsubscribing is what the page says.
type unsubscribing struct {
	Kinds []Kind
	Done  bool
}

// Unsubscribe answers UnsubscribePath and a code: GET shows what it is for, as whatever looks at mail opens its links; POST
// does it, from that page or as mail programs do (RFC 8058), without a sign-in.
func (s *Service) Unsubscribe() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, status := unsubscribing{}, http.StatusOK
		userID, kinds, ok := s.unsubscribes(chi.URLParam(r, "code"))
		switch {
		case !ok:
			status = http.StatusNotFound
		case r.Method == http.MethodPost:
			off := map[string]bool{}
			for _, kind := range kinds {
				off[kind.Name] = false
			}
			if err := s.Choose(r.Context(), userID, off); err != nil {
				s.Log.Error("somebody could not be unsubscribed", "error", err)
				http.Error(w, "The server cannot do this now. Try again.", http.StatusServiceUnavailable)
				return
			}
			page = unsubscribing{kinds, true}
		default:
			page = unsubscribing{kinds, false}
		}
		for name, value := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", "X-Robots-Tag": "noindex",
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		if err := unsubscribePage.Execute(w, page); err != nil {
			s.Log.Debug("a page was not taken", "error", err)
		}
	})
}

// lockReader holds a person's row until the transaction ends; SQLite has one writer.
func lockReader(ctx context.Context, tx *database.Tx, d, id string) error {
	if d != dialect.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT 1 FROM notice_readers WHERE id = $1 FOR UPDATE", id)
	return err
}
