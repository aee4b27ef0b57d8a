package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"broker/server/auth"
)

// The bounds of an operation's shape.
const (
	fieldsMax         = 1000   // of a document, each fragment counted wherever it is spread
	depthMax          = 12     // of an operation, but for what it asks of the schema
	schemaDepthMax    = 24     // of that: types within types, as code generators ask for them
	schemaAnswerMax   = 30_000 // values that it may answer; what tools ask is 13,000 of them
	mutationsMax      = 5
	signInsMax        = 1
	sameNameMax       = 200 // fields of a document that answer under one name: validation compares each with each, once for each inline fragment around them
	otherUnderNameMax = 40  // the same where they ask for different things: it tells of each pair that does
)

// shape bounds what an operation looks like, before and beside its price: how far it expands, how deep it is, how many
// mutations it holds, and what it asks of the schema.
type shape struct{ schema *ast.Schema }

var _ interface {
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
	graphql.HandlerExtension
} = shape{}

// ExtensionName implements graphql.HandlerExtension.
func (shape) ExtensionName() string { return "Shape" }

// Validate implements graphql.HandlerExtension.
func (shape) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters implements graphql.OperationParameterMutator: it refuses, before anything else walks over
// it, a document that fragments make large out of proportion. Everything after it (validation, price, execution) goes
// through fragments wherever they are spread, and so takes no longer than fieldsMax allows.
func (shape) MutateOperationParameters(_ context.Context, params *graphql.RawParams) *gqlerror.Error {
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: params.Query}, tokensMax)
	if err != nil {
		return nil // gqlgen finds the same, and says so
	}
	e := expansion{fragments: document.Fragments, sizes: map[string]int{}, names: map[string]*answerName{}}
	total := 0
	for _, operation := range document.Operations {
		total += e.size(operation.SelectionSet, 1)
	}
	for _, fragment := range document.Fragments {
		e.fragment(fragment)
	}
	switch {
	case e.circular != "":
		return coded(codeInput, "The fragment %s spreads itself.", e.circular)
	case total > fieldsMax:
		return coded(codeTooComplex, "With its fragments written out, the document has more than %d fields.", fieldsMax)
	case e.tooOften != "":
		return coded(codeTooComplex, "The document asks for too many fields under the name %.100s. Give them aliases, or ask for less at a time.", e.tooOften)
	}
	return nil
}

// expansion counts the fields of selections with their fragments written out; each fragment is looked at once.
type expansion struct {
	fragments ast.FragmentDefinitionList
	sizes     map[string]int // by the fragment's name; underWay while it is being counted
	circular  string         // a fragment that spreads itself; empty where there is none
	names     map[string]*answerName
	tooOften  string // a name that too many fields answer under; empty where there is none
}

// answerName is how often fields are written whose answers have one name.
type answerName struct {
	times  int
	first  string // what the first of them asks for
	differ bool   // another asks for something else
}

// note counts a field as it is written, once for each time that validation compares it with its like.
func (e *expansion) note(f *ast.Field, times int) {
	asks := f.Name
	for _, argument := range f.Arguments {
		asks += " " + argument.Name + ":" + argument.Value.String()
	}
	n := e.names[f.Alias]
	if n == nil {
		n = &answerName{first: asks}
		e.names[f.Alias] = n
	}
	n.times += times
	n.differ = n.differ || asks != n.first
	if n.times > sameNameMax || n.differ && n.times > otherUnderNameMax {
		e.tooOften = f.Alias
	}
}

const underWay = -1

// size is never more than a little above fieldsMax. The set is within so many others, itself among them, that are of
// the same object.
func (e *expansion) size(set ast.SelectionSet, within int) int {
	total := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			e.note(s, within)
			total += 1 + e.size(s.SelectionSet, 1)
		case *ast.InlineFragment:
			total += 1 + e.size(s.SelectionSet, within+1)
		case *ast.FragmentSpread:
			total += 1
			if fragment := e.fragments.ForName(s.Name); fragment != nil {
				total += e.fragment(fragment)
			}
		}
		total = min(total, fieldsMax+1)
	}
	return total
}

func (e *expansion) fragment(f *ast.FragmentDefinition) int {
	size, known := e.sizes[f.Name]
	switch {
	case size == underWay:
		e.circular = f.Name
		return 0
	case known:
		return size
	}
	e.sizes[f.Name] = underWay
	size = e.size(f.SelectionSet, 1)
	e.sizes[f.Name] = size
	return size
}

// MutateOperationContext implements graphql.OperationContextMutator.
func (s shape) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	set := op.Operation.SelectionSet
	null := nullFor(set, op.Variables)
	switch {
	case op.Operation.Operation == ast.Mutation && len(roots(set)) > mutationsMax:
		return coded(codeTooComplex, "A request may hold %d mutations.", mutationsMax)
	case signIns(op.Operation) > signInsMax:
		return coded(codeTooComplex, "A request may sign in %d time.", signInsMax)
	case depth(set, false) > depthMax:
		return coded(codeTooComplex, "The query is deeper than %d levels.", depthMax)
	case null != "":
		return coded(codeInput, "%s", null)
	}
	return s.introspection(ctx, op)
}

// introspection lets whoever may use the API ask for its schema, as long as the answer is one that tools ask for.
func (s shape) introspection(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	asked := false
	asker := introspector{schema: s.schema, known: map[introspected]int{}}
	answer := 0
	for _, field := range roots(op.Operation.SelectionSet) {
		switch field.Name {
		case "__schema":
			asked = true
			answer += asker.schemaAnswer(field.SelectionSet)
		case "__type":
			asked = true
			answer += asker.largestType(field.SelectionSet)
		}
	}
	switch {
	case !asked:
		return nil
	case auth.FromContext(ctx) == nil:
		return coded(codeUnauthenticated, "Sign in, or send an access token, to read the schema.")
	case depth(op.Operation.SelectionSet, true) > schemaDepthMax:
		return coded(codeTooComplex, "What is asked of the schema is deeper than %d levels.", schemaDepthMax)
	case answer > schemaAnswerMax:
		return coded(codeTooComplex, "What is asked of the schema would answer more than %d values.", schemaAnswerMax)
	}
	return nil
}

func coded(code, format string, values ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, values...)
	errcode.Set(err, code)
	return err
}

// depth is how deep a selection is: with what it asks of the schema, or without. Its size is bounded by now.
func depth(set ast.SelectionSet, schema bool) int {
	deepest := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if ofSchema := s.Name == "__schema" || s.Name == "__type"; ofSchema && !schema {
				continue
			}
			deepest = max(deepest, 1+depth(s.SelectionSet, schema))
		case *ast.InlineFragment:
			deepest = max(deepest, depth(s.SelectionSet, schema))
		case *ast.FragmentSpread:
			deepest = max(deepest, depth(s.Definition.SelectionSet, schema))
		}
	}
	return deepest
}

// proving are the mutations that try a password or a code.
var proving = map[string]bool{
	"setup": true, "signIn": true, "acceptInvitation": true, "changePassword": true, "startTotp": true, "confirmTotp": true,
	"disableTotp": true, "renewRecoveryCodes": true, "startPasskey": true, "finishPasskey": true, "removePasskey": true,
	"startPasskeySignIn": true, "finishPasskeySignIn": true, "acceptInvitationByOpenId": true, "linkOpenId": true, "unlinkOpenId": true,
}

// signIns counts the fields that try a password or a code.
func signIns(op *ast.OperationDefinition) int {
	n := 0
	for _, field := range roots(op.SelectionSet) {
		if op.Operation == ast.Mutation && proving[field.Name] {
			n++
		}
	}
	return n
}

// roots are the fields of a selection, those in fragments too: a fragment that is spread again counts again.
func roots(set ast.SelectionSet) []*ast.Field {
	var all []*ast.Field
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			all = append(all, s)
		case *ast.InlineFragment:
			all = append(all, roots(s.SelectionSet)...)
		case *ast.FragmentSpread:
			all = append(all, roots(s.Definition.SelectionSet)...)
		}
	}
	return all
}
