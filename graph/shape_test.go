package graph_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"broker/server/auth"
	"broker/server/database/databasetest"
)

// shapes are operations of about a size, in bytes, each growing in another way; with the variables that go with them.
var shapes = map[string]func(size int) (query, variables string){
	"a chain of fragments, each spread twice":  spreads(2, "...%s", "Query", "__typename"),
	"a chain of fragments, each spread thrice": spreads(3, "...%s", "Query", "__typename"),
	"a chain of fragments in inline fragments": spreads(2, "... on Query{...%s}", "Query", "__typename"),
	"a chain of fragments with a directive":    spreads(2, "...%s @include(if:true)", "Query", "__typename"),
	"a chain of fragments under aliases":       spreads(2, "a%[2]d:node(id:1){...%[1]s}", "Node", "id"),
	"a chain of fragments within a type":       spreads(2, "edges{node{...%s}}", "TokenConnection", "totalCount"),
	"a chain of fragments that does not end": func(size int) (string, string) {
		return "query{...a} fragment a on Query{...b ...b} fragment b on Query{...a ...a}" + strings.Repeat(" ", size/8), "{}"
	},
	"a tree of fragments":                  tree,
	"fields of one name":                   repeated("server{version}", "query{", "}"),
	"fields of one name within each other": nested("server{version a:version ", "}"),
	"aliases":                              manyOf("a%d:server{version}", "query{", "}"),
	"arguments that differ":                manyOf(`tokens(first:%d){totalCount}`, "query{", "}"),
	"directives":                           repeated("@include(if:true) ", "query{server{version ", "}}"),
	"inline fragments within each other":   nested("... on Query{", "}"),
	"one name in inline fragments":         inlined,
	"one status again and again": func(size int) (string, string) {
		return variable(`{"status":[` + strings.Repeat(`"ACTIVE",`, size/9) + `"ACTIVE"]}`)
	},
	"selections within each other": nested("server{", "}"),
	"lists within each other":      nestedArgument("[", "]"),
	"objects within each other":    nestedArgument("{and:", "}"),
	"lists in variables": func(size int) (string, string) {
		return variable(strings.Repeat("[", size/2) + strings.Repeat("]", size/2))
	},
	"objects in variables": func(size int) (string, string) {
		return variable(strings.Repeat(`{"a":`, size/6) + "1" + strings.Repeat("}", size/6))
	},
	"many variables":  variables,
	"many operations": manyOf("query q%d{server{version}} ", "query{server{version}} ", ""),
	"a comment":       func(size int) (string, string) { return "query{server{version}} #" + strings.Repeat("x", size), "{}" },
	"a block string": func(size int) (string, string) {
		return `query{node(id:"""` + strings.Repeat("x\n ", size/3) + `"""){id}}`, "{}"
	},
	"a long name":                      func(size int) (string, string) { return "query{" + strings.Repeat("x", size) + "}", "{}" },
	"the schema's types within types":  nested("fields{type{", "}}", "query{__schema{types{", "name}}}"),
	"the schema's wrapped types":       nested("ofType{", "}", "query{__schema{types{", "name}}}"),
	"the schema's types under aliases": manyOf("a%d:types{fields{args{type{name}}}}", "query{__schema{", "}}"),
	"garbage":                          func(size int) (string, string) { return strings.Repeat("{", size), "{}" },
}

func spreads(times int, spread, on, leaf string) func(int) (string, string) {
	return func(size int) (string, string) {
		var b strings.Builder
		b.WriteString("query{...a0}")
		n := 0
		for ; b.Len() < size; n++ {
			fmt.Fprintf(&b, " fragment a%d on %s{", n, on)
			for i := range times {
				fmt.Fprintf(&b, spread+" ", "a"+strconv.Itoa(n+1), i)
			}
			b.WriteString("}")
		}
		fmt.Fprintf(&b, " fragment a%d on %s{%s}", n, on, leaf)
		return strings.ReplaceAll(b.String(), "%!(EXTRA int=0)", ""), "{}"
	}
}

func tree(size int) (string, string) {
	var b strings.Builder
	b.WriteString("query{...a1}")
	n := 1
	for ; b.Len() < size; n++ {
		fmt.Fprintf(&b, " fragment a%d on Query{...a%d ...a%d}", n, 2*n, 2*n+1)
	}
	for leaf := n; leaf < 2*n+1; leaf++ {
		fmt.Fprintf(&b, " fragment a%d on Query{__typename}", leaf)
	}
	return b.String(), "{}"
}

// inlined are fields of one name, within inline fragments that are each of the same object.
func inlined(size int) (string, string) {
	const levels = 17
	names := strings.Repeat("__typename ", min(size/12, 190))
	return "query{" + strings.Repeat("... on Query{", levels) + names + strings.Repeat("}", levels) + "}", "{}"
}

func repeated(one, before, after string) func(int) (string, string) {
	return func(size int) (string, string) { return before + strings.Repeat(one, size/len(one)) + after, "{}" }
}

func manyOf(one, before, after string) func(int) (string, string) {
	return func(size int) (string, string) {
		var b strings.Builder
		b.WriteString(before)
		for n := 1; b.Len() < size; n++ {
			fmt.Fprintf(&b, one, n)
		}
		return b.String() + after, "{}"
	}
}

func nested(open, shut string, around ...string) func(int) (string, string) {
	if around == nil {
		around = []string{"query{", "__typename}"}
	}
	return func(size int) (string, string) {
		n := size / (len(open) + len(shut))
		return around[0] + strings.Repeat(open, n) + "__typename " + strings.Repeat(shut, n) + around[1], "{}"
	}
}

func nestedArgument(open, shut string) func(int) (string, string) {
	return func(size int) (string, string) {
		n := size / (len(open) + len(shut))
		return "query{tokens(where:" + strings.Repeat(open, n) + "1" + strings.Repeat(shut, n) + "){totalCount}}", "{}"
	}
}

func variable(value string) (string, string) {
	return "query($w:TokenWhere){tokens(where:$w){totalCount}}", `{"w":` + value + `}`
}

func variables(size int) (string, string) {
	var b strings.Builder
	b.WriteString("query(")
	n := 0
	for ; b.Len() < size/2; n++ {
		fmt.Fprintf(&b, "$v%d:ID!=%q ", n, "x")
	}
	b.WriteString("){")
	for i := range n {
		fmt.Fprintf(&b, "a%d:node(id:$v%d){id} ", i, i)
	}
	return b.String() + "}", "{}"
}

// Whatever an operation looks like, it is answered within a time and a memory that its bytes allow, whoever sends it,
// and never as a fault of the server.
func TestEveryShapeCostsWhatItsBytesAllow(t *testing.T) {
	w := newWorld(t, databasetest.New(t))
	owner := &auth.Subject{User: w.owner}
	for name, shape := range shapes {
		for _, kib := range []int{1, 2, 3, 4, 16, 60} {
			query, variables := shape(kib << 10)
			quoted, err := json.Marshal(query)
			w.must(err)
			body := `{"query":` + string(quoted) + `,"variables":` + variables + `}`
			for who, caller := range map[string]*auth.Subject{"anonymous": nil, "an owner": owner} {
				took, allocated := time.Hour, uint64(1<<40)
				tooMuch := func() bool { return took > 100*time.Millisecond || allocated > 40<<20 }
				var got answer
				for try := 0; try < 5 && tooMuch(); try++ {
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					start, computed := time.Now(), computing(t)
					got = w.post(caller, body)
					took = min(took, time.Since(start), computing(t)-computed) // on a busy machine much of the time is others'
					runtime.ReadMemStats(&after)
					allocated = min(allocated, after.TotalAlloc-before.TotalAlloc)
				}
				if testing.Verbose() {
					t.Logf("%6d bytes %8s %7d KiB %s, %s: %d %s", len(body), took.Round(10*time.Microsecond), allocated>>10, name, who, got.status, got.code())
				}
				if tooMuch() || got.code() == "INTERNAL" {
					t.Errorf("%s of %d bytes, %s: %s, %d KiB, %d %s", name, len(body), who, took, allocated>>10, got.status, got.code())
				}
			}
		}
	}
}

// computing is how long this process has computed so far.
func computing(t *testing.T) time.Duration {
	t.Helper()
	var all unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &all); err != nil {
		t.Fatal(err)
	}
	return time.Duration(all.Utime.Nano() + all.Stime.Nano())
}

// standardIntrospection is what GraphiQL, Altair and code generators ask (graphql-js, getIntrospectionQuery).
const standardIntrospection = `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
 subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations
 args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name description
 args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
 inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
 enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
 ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`

// A variable that is null where a value is needed is the caller's mistake, wherever it stands; where null may be it is
// taken.
func TestNullInPlaceOfAValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	for _, query := range []string{
		`query($n:Boolean=true){server @include(if:$n){publicUrl}}`,
		`query($n:Boolean=true){server{publicUrl @skip(if:$n)}}`,
		`query($n:Boolean=true){... @include(if:$n){server{publicUrl}}}`,
		`query($n:Boolean=true){...F @include(if:$n)} fragment F on Query{server{publicUrl}}`,
		`query($n:Boolean=true){...F} fragment F on Query{server{publicUrl @include(if:$n)}}`,
		`query($n:Boolean=true){__schema @include(if:$n){types{name}}}`,
		`query($n:ID="tok_x"){node(id:$n){id}}`,
		`query($n:TokenStatus=REVOKED){tokens(where:{status:[$n]}){totalCount}}`,
		`query($n:TokenStatus=REVOKED){revocationPreview(where:{status:[ACTIVE,$n]}){count}}`,
		`query($n:OrderDirection=ASC){tokens(orderBy:{field:CREATED_AT,direction:$n}){totalCount}}`,
		`query($n:String="a"){tokens(where:{label:{name:$n,value:"b"}}){totalCount}}`,
		`mutation($n:ID="tok_x"){disableTokens(ids:[$n]){id}}`,
		`mutation($n:String="a"){createToken(input:{description:"x",labels:[{name:"b",value:$n}]}){secret}}`,
	} {
		for _, caller := range []*auth.Subject{nil, {User: w.owner}} {
			if got := w.ask(caller, query, map[string]any{"n": nil}); got.code() != "BAD_USER_INPUT" || !strings.Contains(got.body, "The variable $n is null") {
				t.Errorf("%s: %d %s", query, got.status, got.body)
			}
		}
	}
	for _, query := range []string{
		`query($n:Int=5){tokens(first:$n){totalCount}}`,
		`query($n:String="a"){auditEvents(where:{actor:$n}){totalCount}}`,
	} {
		if got := w.ask(&auth.Subject{User: w.owner}, query, map[string]any{"n": nil}); got.code() != "" {
			t.Errorf("null where it may be: %s: %s", query, got.body)
		}
	}
}

// Tools read the schema as they do anywhere, for whoever may use the API; nobody else reads it.
func TestToolsReadTheSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	body, err := json.Marshal(map[string]any{"query": standardIntrospection, "operationName": "IntrospectionQuery"})
	w.must(err)
	for who, caller := range map[string]*auth.Subject{
		"an owner": {User: w.owner}, "a token": {Token: &auth.Token{ID: w.token.ID, Description: "CI"}},
	} {
		got := w.post(caller, string(body))
		if got.code() != "" || !strings.Contains(got.body, `"name":"CreateTokenInput"`) || !strings.Contains(got.body, `"name":"TokenConnection"`) {
			t.Errorf("%s: %d %.300s", who, got.status, got.body)
		}
	}
	if got := w.post(nil, string(body)); got.code() != "UNAUTHENTICATED" || strings.Contains(got.body, "CreateTokenInput") {
		t.Errorf("anonymous: %d %.300s", got.status, got.body)
	}
	if got := w.post(nil, `{"query":"{__type(name:\"Token\"){name}}"}`); got.code() != "UNAUTHENTICATED" {
		t.Errorf("anonymous, one type: %.300s", got.body)
	}
	deep, err := json.Marshal(map[string]any{"query": "{__schema{types{fields{type{fields{type{fields{type{name}}}}}}}}}"})
	w.must(err)
	if got := w.post(&auth.Subject{User: w.owner}, string(deep)); got.code() == "" || strings.Contains(got.body, "CreateTokenInput") {
		t.Errorf("types within types: %d %.300s", got.status, got.body)
	}
}
