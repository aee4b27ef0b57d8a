package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"broker/ent"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/fault"
)

// The codes of errors, in extensions.code.
const (
	codeUnauthenticated = "UNAUTHENTICATED"
	codeForbidden       = "FORBIDDEN"
	codeInput           = "BAD_USER_INPUT"
	codeNotFound        = "NOT_FOUND"
	codeConflict        = "CONFLICT"
	codeRateLimited     = "RATE_LIMITED"
	codeTooComplex      = "TOO_COMPLEX"
	codeUnavailable     = "UNAVAILABLE"
	codeInternal        = "INTERNAL"
)

// presenter gives every error a code and a text that its caller may see. What is not known here is a fault of ours:
// logged, and told without its text.
func presenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := graphql.DefaultErrorPresenter(ctx, err)
		code, field, message := classify(err)
		switch {
		case code != "":
			shown.Message = message
			shown.Extensions = map[string]any{"code": code}
			if field != "" {
				shown.Extensions["field"] = field
			}
			if invalid, is := errors.AsType[*fault.Invalid](err); is && invalid.At != "" {
				shown.Extensions["at"] = invalid.At
			}
			return shown
		case !isPanic(err) && fromGraphQL(err, shown):
			return shown
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			shown.Message = fmt.Sprintf("This takes longer than %s. Ask for less at a time, or try again.", operationFor)
			errcode.Set(shown, codeTooComplex)
			return shown
		}
		level := slog.LevelError
		if errors.Is(ctx.Err(), context.Canceled) { // whoever asked has hung up
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "a field failed", "path", shown.Path.String(), "error", err)
		return &gqlerror.Error{
			Message: "The server has a fault. Its log says more.", Path: shown.Path,
			Extensions: map[string]any{"code": codeInternal},
		}
	}
}

// panicked is what a resolver panicked with, and where.
type panicked struct {
	cause any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.cause, p.stack) }

func isPanic(err error) bool {
	_, is := errors.AsType[*panicked](err)
	return is
}

// classify is the one table of errors and codes.
func classify(err error) (code, field, message string) {
	var (
		invalid         *fault.Invalid
		missing         *fault.NotFound
		conflict        *fault.Conflict
		forbidden       *fault.Forbidden
		unauthenticated *fault.Unauthenticated
		busy            *fault.Busy
		refusal         *auth.Refusal
	)
	switch {
	case errors.As(err, &invalid):
		return codeInput, invalid.Field, invalid.Message
	case errors.As(err, &missing):
		return codeNotFound, "", missing.Error()
	case errors.As(err, &conflict):
		return codeConflict, "", conflict.Message
	case errors.As(err, &forbidden):
		return codeForbidden, forbidden.Field, forbidden.Message
	case errors.As(err, &unauthenticated):
		return codeUnauthenticated, "", unauthenticated.Message
	case errors.As(err, &busy):
		return codeRateLimited, "", busy.Message
	case errors.As(err, &refusal):
		return codeOf(refusal), "", refusal.Message
	case ent.IsNotFound(err):
		return codeNotFound, "", "There is nothing with this id."
	case database.Unwritable(err):
		return codeUnavailable, "", "Nothing can be written just now: the disk of the database is full or read-only. Packages are served."
	case ent.IsValidationError(err):
		return codeInput, "", "A value is longer than is possible."
	}
	return "", "", ""
}

// codeOf is the API's code for a refusal.
func codeOf(r *auth.Refusal) string {
	switch r.Status {
	case http.StatusUnauthorized:
		return codeUnauthenticated
	case http.StatusForbidden:
		return codeForbidden
	case http.StatusTooManyRequests:
		return codeRateLimited
	}
	return codeInternal
}

// fromGraphQL tells errors of the query itself from ours, and gives them a code. Their text quotes the query at most.
func fromGraphQL(err error, shown *gqlerror.Error) bool {
	code, _ := shown.Extensions["code"].(string)
	switch code {
	case errcode.ParseFailed, errcode.ValidationFailed:
		errcode.Set(shown, codeInput)
		return true
	case complexityCode:
		errcode.Set(shown, codeTooComplex)
		return true
	case "":
		// Reading a query's variables, arguments and cursors fails without a code, and without a cause of ours.
		var plain *gqlerror.Error
		if errors.As(err, &plain) && plain.Err == nil || shown.Path != nil && isInputPath(err) {
			errcode.Set(shown, codeInput)
			return true
		}
		return false
	}
	return true
}

// complexityCode is what gqlgen's complexity limit says.
const complexityCode = "COMPLEXITY_LIMIT_EXCEEDED"

// isInputPath tells an argument that could not be read: gqlgen wraps what its scalars say with the argument's path.
func isInputPath(err error) bool {
	var wrapped *gqlerror.Error
	return errors.As(err, &wrapped) && wrapped.Rule == "" && wrapped.Err != nil && wrapped.Locations == nil
}
