package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// introspector counts how many values questions about the schema would answer, without answering them. A selection
// that is asked of the same type again is counted once and added again, so that types within types cost no more than
// there are selections and types.
type introspector struct {
	schema *ast.Schema
	known  map[introspected]int
}

// introspected is a selection, by its first element, asked of a type. Wrappers ([T], T!) are types of their own.
type introspected struct {
	selection ast.Selection
	of        string
}

// schemaAnswer counts a selection of __Schema.
func (i introspector) schemaAnswer(set ast.SelectionSet) int {
	total := 0
	for _, field := range roots(set) {
		switch field.Name {
		case "types":
			for name := range i.schema.Types {
				total = capped(total + i.ofType(field.SelectionSet, ast.NamedType(name, nil)))
			}
		case "queryType":
			total += i.ofType(field.SelectionSet, ast.NamedType(i.schema.Query.Name, nil))
		case "mutationType":
			total += i.ofType(field.SelectionSet, ast.NamedType(i.schema.Mutation.Name, nil))
		case "directives":
			for _, directive := range i.schema.Directives {
				total += 1 + i.ofInputs(field.SelectionSet, "args", directive.Arguments)
			}
		default:
			total++
		}
	}
	return capped(total)
}

// largestType counts a selection of __type, of whichever type answers most: its name may be a variable.
func (i introspector) largestType(set ast.SelectionSet) int {
	largest := 0
	for name := range i.schema.Types {
		largest = max(largest, i.ofType(set, ast.NamedType(name, nil)))
	}
	return largest
}

// ofType counts a selection of __Type.
func (i introspector) ofType(set ast.SelectionSet, of *ast.Type) int {
	if len(set) == 0 {
		return 1
	}
	key := introspected{set[0], of.String()}
	if n, known := i.known[key]; known {
		return n
	}
	i.known[key] = schemaAnswerMax // a type within itself is one of the selection's inside, not of the selection
	total := 1
	for _, field := range roots(set) {
		total = capped(total + i.ofTypeField(field, of))
	}
	i.known[key] = total
	return total
}

func (i introspector) ofTypeField(field *ast.Field, of *ast.Type) int {
	set := field.SelectionSet
	if field.Name == "ofType" {
		switch {
		case of.NonNull:
			inner := *of
			inner.NonNull = false
			return i.ofType(set, &inner)
		case of.Elem != nil:
			return i.ofType(set, of.Elem)
		}
		return 1
	}
	definition := i.schema.Types[of.NamedType]
	if of.NonNull || of.Elem != nil || definition == nil {
		return 1
	}
	total := 1
	switch field.Name {
	case "fields":
		for _, one := range definition.Fields {
			total = capped(total + 1 + i.ofInputs(set, "args", one.Arguments) + i.within(set, "type", one.Type) + len(roots(set)))
		}
	case "inputFields":
		for _, one := range definition.Fields {
			total = capped(total + 1 + i.within(set, "type", one.Type) + len(roots(set)))
		}
	case "enumValues":
		total += len(definition.EnumValues) * (1 + len(roots(set)))
	case "interfaces":
		for _, name := range definition.Interfaces {
			total += i.ofType(set, ast.NamedType(name, nil))
		}
	case "possibleTypes":
		for _, one := range i.schema.GetPossibleTypes(definition) {
			total += i.ofType(set, ast.NamedType(one.Name, nil))
		}
	}
	return capped(total)
}

// within counts the fields of a selection that have a name and answer a type.
func (i introspector) within(set ast.SelectionSet, name string, of *ast.Type) int {
	total := 0
	for _, field := range roots(set) {
		if field.Name == name {
			total += i.ofType(field.SelectionSet, of)
		}
	}
	return capped(total)
}

// ofInputs counts the fields of a selection that have a name and answer arguments.
func (i introspector) ofInputs(set ast.SelectionSet, name string, arguments ast.ArgumentDefinitionList) int {
	total := 0
	for _, field := range roots(set) {
		if field.Name != name {
			continue
		}
		for _, argument := range arguments {
			total = capped(total + 1 + i.within(field.SelectionSet, "type", argument.Type) + len(roots(field.SelectionSet)))
		}
	}
	return total
}

func capped(n int) int { return min(n, schemaAnswerMax+1) }
