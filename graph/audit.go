package graph

import (
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// checkTakesTooLong refuses to check a log that takes longer than an operation may.
func checkTakesTooLong() error {
	err := gqlerror.Errorf("The audit log is too long to be checked within %s. Run broker audit verify on the server: it has no limit.", operationFor)
	errcode.Set(err, codeTooComplex)
	return err
}
