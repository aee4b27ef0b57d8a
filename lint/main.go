// The program behind make lint, of which go vet makes use: it checks what go vet and what staticcheck check, in one reading
// of each package. Of libraries, and of what is generated, it learns what is deprecated, which functions print as Printf
// does, and which do not return; of the standard library all that those checks can know.
package main

import (
	"encoding/gob"
	"encoding/json"
	"fmt"
	"go/token"
	"log"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/appends"
	"golang.org/x/tools/go/analysis/passes/asmdecl"
	"golang.org/x/tools/go/analysis/passes/assign"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/buildtag"
	"golang.org/x/tools/go/analysis/passes/cgocall"
	"golang.org/x/tools/go/analysis/passes/composite"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/analysis/passes/defers"
	"golang.org/x/tools/go/analysis/passes/directive"
	"golang.org/x/tools/go/analysis/passes/errorsas"
	"golang.org/x/tools/go/analysis/passes/framepointer"
	"golang.org/x/tools/go/analysis/passes/hostport"
	"golang.org/x/tools/go/analysis/passes/httpresponse"
	"golang.org/x/tools/go/analysis/passes/ifaceassert"
	"golang.org/x/tools/go/analysis/passes/loopclosure"
	"golang.org/x/tools/go/analysis/passes/lostcancel"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/printf"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/sigchanyzer"
	"golang.org/x/tools/go/analysis/passes/slog"
	"golang.org/x/tools/go/analysis/passes/stdmethods"
	"golang.org/x/tools/go/analysis/passes/stdversion"
	"golang.org/x/tools/go/analysis/passes/stringintconv"
	"golang.org/x/tools/go/analysis/passes/structtag"
	"golang.org/x/tools/go/analysis/passes/testinggoroutine"
	"golang.org/x/tools/go/analysis/passes/tests"
	"golang.org/x/tools/go/analysis/passes/timeformat"
	"golang.org/x/tools/go/analysis/passes/unmarshal"
	"golang.org/x/tools/go/analysis/passes/unreachable"
	"golang.org/x/tools/go/analysis/passes/unsafeptr"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/analysis/passes/waitgroup"
	"golang.org/x/tools/go/analysis/unitchecker"
	"honnef.co/go/tools/analysis/facts/deprecated"
	"honnef.co/go/tools/analysis/lint"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/stylecheck"
	"honnef.co/go/tools/unused"
)

// vet is what go vet of Go 1.26 checks.
var vet = []*analysis.Analyzer{
	appends.Analyzer, asmdecl.Analyzer, assign.Analyzer, atomic.Analyzer, bools.Analyzer, buildtag.Analyzer,
	cgocall.Analyzer, composite.Analyzer, copylock.Analyzer, defers.Analyzer, directive.Analyzer, errorsas.Analyzer,
	framepointer.Analyzer, hostport.Analyzer, httpresponse.Analyzer, ifaceassert.Analyzer, loopclosure.Analyzer,
	lostcancel.Analyzer, nilfunc.Analyzer, printf.Analyzer, shift.Analyzer, sigchanyzer.Analyzer, slog.Analyzer,
	stdmethods.Analyzer, stdversion.Analyzer, stringintconv.Analyzer, structtag.Analyzer, testinggoroutine.Analyzer,
	tests.Analyzer, timeformat.Analyzer, unmarshal.Analyzer, unreachable.Analyzer, unsafeptr.Analyzer,
	unusedresult.Analyzer, waitgroup.Analyzer,
}

// unusedCode is staticcheck's U1000, which its own program reports without a Run of the analyzer.
var unusedCode = &analysis.Analyzer{
	Name:     "unused",
	Doc:      "reports code that nothing uses",
	Requires: []*analysis.Analyzer{unused.Analyzer.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		for _, object := range pass.ResultOf[unused.Analyzer.Analyzer].(unused.Result).Unused {
			pass.Reportf(position(pass, object.Position), "%s %s is unused", object.Kind, object.Name)
		}
		return nil, nil
	},
}

// position finds a line and column again; a file that is not of the package has no position.
func position(pass *analysis.Pass, p token.Position) token.Pos {
	for _, file := range pass.Files {
		if f := pass.Fset.File(file.FileStart); f.Name() == p.Filename {
			return f.LineStart(p.Line) + token.Pos(p.Column-1)
		}
	}
	return token.NoPos
}

// unit is what is read here of how go vet describes a package.
type unit struct {
	ImportPath string
	ModulePath string // empty for the standard library
	VetxOnly   bool   // nothing is reported: what depends on the package asks what is known of it
}

func main() {
	log.SetFlags(0)
	analyzers := slices.Clone(vet)
	for _, checks := range [][]*lint.Analyzer{simple.Analyzers, staticcheck.Analyzers, stylecheck.Analyzers} {
		for _, check := range checks {
			if !check.Doc.NonDefault {
				analyzers = append(analyzers, check.Analyzer)
			}
		}
	}
	analyzers = append(analyzers, unusedCode)
	registerFacts(analyzers, make(map[*analysis.Analyzer]bool))

	if description := os.Args[len(os.Args)-1]; strings.HasSuffix(description, ".cfg") {
		var u unit
		content, err := os.ReadFile(description)
		if err == nil {
			err = json.Unmarshal(content, &u)
		}
		if err != nil {
			log.Fatalf("lint: %v", err)
		}
		if u.VetxOnly && u.ModulePath != "" && (u.ModulePath != "broker" || generated(u.ImportPath)) {
			analyzers = []*analysis.Analyzer{deprecated.Analyzer, printf.Analyzer, ctrlflow.Analyzer}
		}
	}
	for i, a := range analyzers {
		analyzers[i] = heeding(a)
	}
	unitchecker.Main(analyzers...)
}

// generated tells whether ent and gqlgen write a package.
func generated(path string) bool {
	ent := path == "broker/ent" || strings.HasPrefix(path, "broker/ent/") && !strings.HasPrefix(path, "broker/ent/schema")
	return ent || path == "broker/graph/generated" || path == "broker/graph/model"
}

// heeding is an analyzer that names itself in what it reports, and reports nothing where a comment says
// //lint:ignore CHECK REASON.
func heeding(a *analysis.Analyzer) *analysis.Analyzer {
	heeding := *a
	heeding.Run = func(pass *analysis.Pass) (any, error) {
		report := pass.Report
		pass.Report = func(d analysis.Diagnostic) {
			if !ignored(pass, a.Name, d.Pos) {
				d.Message = fmt.Sprintf("%s (%s)", d.Message, a.Name)
				report(d)
			}
		}
		return a.Run(pass)
	}
	return &heeding
}

func ignored(pass *analysis.Pass, check string, at token.Pos) bool {
	where := pass.Fset.Position(at)
	return slices.ContainsFunc(lint.ParseDirectives(pass.Files, pass.Fset), func(d lint.Directive) bool {
		node := pass.Fset.Position(d.Node.Pos())
		return d.Command == "ignore" && len(d.Arguments) > 1 && slices.Contains(strings.Split(d.Arguments[0], ","), check) &&
			node.Filename == where.Filename && node.Line == where.Line
	})
}

// registerFacts has each package's knowledge be read, also by what looks for one kind of it alone.
func registerFacts(analyzers []*analysis.Analyzer, known map[*analysis.Analyzer]bool) {
	for _, a := range analyzers {
		if known[a] {
			continue
		}
		known[a] = true
		for _, fact := range a.FactTypes {
			gob.Register(fact)
		}
		registerFacts(a.Requires, known)
	}
}
